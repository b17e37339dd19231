"""The kernel `lanes`: windows over each channel by itself (depthwise convolutions), four channels of a word at a time.

The rows of data that one row of the output needs lie in scratch memory with their padding, the zero point, so that no
window knows of borders: `[tap row][cell][channel]`, bytes. Weights are packed `[channels / 4][tap][2][2]`, channels
(0, 2) and (1, 3) of the four, which is how `unpack_bytes` takes four channels apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from ....dialects.access import Linear
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import WIDE
from .lifts import lifted
from .roles import Roles

CHANNELS = 4
"""Channels of a word."""

WIDE_CHANNELS = 8
"""Channels of a vector."""

FURTHEST_BYTE = 4095
"""The greatest offset of a load from a pointer (LDR with an immediate)."""

MOST_TAPS = 127
"""Taps whose weights are in reach of a pointer to the first (LDRD with an immediate)."""


@dataclass(frozen=True)
class Lanes:
    """Dimensions of the domain, and what a window is: taps, strides, padding before, data, as (height, width)."""

    roles: Roles
    row: int
    column: int
    channel: int
    taps: tuple[int, int]
    strides: tuple[int, int]
    padding: tuple[int, int]
    data: tuple[int, int]

    @staticmethod
    def of(form: StructuredForm) -> Lanes | None:
        """The windows of a form; None where the kernel does not fit it."""
        roles = Roles.of(form)
        if roles is None or roles.channels or tuple(map(len, (roles.pixels, roles.both, roles.taps))) != (2, 1, 2):
            return None
        (row, column), (channel,), (high, wide) = roles.pixels, roles.both, roles.taps
        channels, sizes = form.sizes[channel], form.sizes
        indices = [r for r, size in zip(roles.index, roles.shape, strict=True) if size > 1]
        shape = [size for size in roles.shape if size > 1]
        if channel < column or channels % CHANNELS or len(shape) != 3 or shape[2] != channels:
            return None
        vertical, horizontal = window(indices[0], row, high), window(indices[1], column, wide)
        if vertical is None or horizontal is None or window(indices[2], channel, None) != (1, 0):
            return None
        (down, top), (across, left) = vertical, horizontal
        found = Lanes(
            roles, row, column, channel, (sizes[high], sizes[wide]), (down, across), (top, left), (shape[0], shape[1])
        )
        reach = (found.taps[1] - 1) * channels
        return found if reach <= FURTHEST_BYTE and prod(found.taps) <= MOST_TAPS else None

    @property
    def channels(self) -> int:
        """Channels."""
        return self.roles.form.sizes[self.channel]

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the output."""
        return self.roles.form.sizes[self.row], self.roles.form.sizes[self.column]

    @property
    def cells(self) -> int:
        """Pixels of a row in scratch memory, padding included."""
        return (self.size[1] - 1) * self.strides[1] + self.taps[1]

    @property
    def pixels(self) -> int:
        """Neighbours that are computed together: two where there are, and all that they read is in reach."""
        reach = (self.taps[1] - 1 + self.strides[1]) * self.channels
        return 2 if self.size[1] > 1 and reach <= FURTHEST_BYTE else 1

    @property
    def scratch_words(self) -> int:
        """Words of the rows."""
        return self.taps[0] * self.cells * self.channels // 4

    def packed(self, bits: int = WIDE, amounts: NDArray[np.int64] | None = None) -> NDArray[np.int16 | np.int8]:
        """The weights in the order of use, shape (channels / 4, taps * 4): halves, or bytes by channels.

        Those of each channel are shifted by `amounts`, if there are any (lifts.py).
        """
        weights = lifted(self.roles.weights((self.channel, *self.roles.taps)), amounts)
        weights = weights.reshape(-1, 2, 2, prod(self.taps))
        if bits < WIDE:
            return weights.transpose(0, 3, 1, 2).reshape(len(weights), -1).astype(np.int8)
        return weights.transpose(0, 3, 2, 1).reshape(len(weights), -1).astype(np.int16)

    @property
    def fits_bytes(self) -> bool:
        """True where no weight, less its zero point, leaves 8 bits."""
        weights = self.roles.weights((self.channel, *self.roles.taps))
        return weights.min() >= -128 and weights.max() <= 127

    @property
    def is_wide(self) -> bool:
        """Whether vectors of eight channels cover all of them, with weights of bytes."""
        return self.channels % WIDE_CHANNELS == 0 and self.fits_bytes

    def packed_wide(self) -> NDArray[np.int8]:
        """The weights as vectors take them, shape (channels / 8, taps * 8)."""
        weights = self.roles.weights((self.channel, *self.roles.taps)).reshape(-1, WIDE_CHANNELS, prod(self.taps))
        return weights.transpose(0, 2, 1).reshape(len(weights), -1).astype(np.int8)


def window(index: Linear, moving: int, tap: int | None) -> tuple[int, int] | None:
    """The stride and the padding of an index that one dimension moves and one tap moves by 1; None for any other."""
    dims = [dim for dim, coefficient in enumerate(index.coefficients) if coefficient]
    if dims != [dim for dim in (moving, tap) if dim is not None] or index.coefficients[moving] < 1:
        return None
    if tap is not None and index.coefficients[tap] != 1:
        return None
    return index.coefficients[moving], -index.offset
