"""The kernel `bytes`: the columns of `columns` as bytes, for cores without products of halves in pairs.

A column has its taps as they lie in a quad, padded with anything to whole steps: those whose weights are beyond the
last tap are 0. Cores with vectors take 16 taps at once, `lanes`, of a column that is one piece; others a tap at a time,
from pieces of four unsigned bytes (x + 128) for each pixel in turn. Weights are packed
`[channels / n][tap / lanes][n][lanes]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .columns import Columns

VECTOR = 16
"""Bytes of a vector."""

PIECE = 4
"""Bytes of a piece."""


@dataclass(frozen=True)
class Bytes:
    """How the columns are cut: `channels` at a time, `lanes` taps at once, pieces of so many bytes."""

    columns: Columns
    channels: int
    lanes: int

    @staticmethod
    def of(columns: Columns | None, vectors: bool) -> Bytes | None:
        """The columns of a form as bytes; None where weights leave 8 bits."""
        if columns is None or not columns.fits_bytes:
            return None
        return Bytes(columns, 4, VECTOR) if vectors else Bytes(columns, 2, 1)

    @property
    def taps(self) -> int:
        """Taps of a column, with those that are not there."""
        return ceil(self.columns.quads * 4 / self.lanes) * self.lanes

    @property
    def piece(self) -> int:
        """Bytes of a pixel that follow each other."""
        return self.taps if self.lanes > 1 else PIECE

    @property
    def shift(self) -> int:
        """What is added to data: pieces hold unsigned bytes, which take an instruction less to load."""
        return 0 if self.lanes > 1 else 128

    @property
    def groups(self) -> int:
        """Groups of channels, the last of which may be cut."""
        return ceil(self.columns.channels / self.channels)

    def scratch_words(self, pixels: int) -> int:
        """Words of the columns of so many pixels."""
        return self.taps // 4 * pixels

    def packed(self) -> NDArray[np.int8]:
        """The weights in the order of use, shape (groups, taps * channels)."""
        columns = self.columns
        dims = (*columns.roles.channels, *columns.roles.taps)
        weights = columns.roles.weights(dims).reshape(columns.channels, -1)
        padded = np.zeros((self.groups * self.channels, weights.shape[1] + 1), np.int8)
        padded[: columns.channels, :-1] = weights
        order = np.full(self.taps, -1)
        order[: columns.quads * 4] = columns.order()
        ordered = padded[:, order].reshape(self.groups, self.channels, -1, self.lanes)
        return ordered.transpose(0, 2, 1, 3).reshape(self.groups, -1)
