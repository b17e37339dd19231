"""The kernel `columns`: convolutions and matrix products over gathered columns, four output channels at a time.

A *quad* is four taps: of those that lie one after the other in memory, else of what is left over. In a column a quad is
two words, taps (0, 2) and taps (1, 3), which is how `unpack_bytes` takes four bytes apart; of several pixels the words
of one follow those of the other: `[quad][half][pixel]`. Weights are packed in the order of use,
`[channels / 4][quad][half][4][2]` as halves or `[channels / 4][quad][4][4]` as bytes, with 0 where there is no tap or
no channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import WIDE
from .lifts import lifted
from .roles import Roles

CHANNELS = 4
"""Output channels whose sums are computed together."""

MOST_LEFT = 64
"""Taps that do not fill words, at most: each is read by code of its own."""


FEW_PIXELS = 15
"""Pixels up to which an odd one makes a difference."""


@dataclass(frozen=True)
class Columns:
    """How the columns of a form are gathered.

    The taps of `run` dimensions lie one after the other in memory, `length` of them; `outer` dimensions move the run.
    `whole` says that no run is padded in part.
    """

    roles: Roles
    outer: tuple[int, ...]
    run: tuple[int, ...]
    length: int
    whole: bool

    @staticmethod
    def of(form: StructuredForm) -> Columns | None:
        """The columns of a form; None where the kernel does not fit it."""
        roles = Roles.of(form)
        if roles is None or roles.both or len(roles.channels) != 1 or not roles.taps:
            return None
        if roles.pixels and roles.pixels[-1] > roles.channels[0]:
            return None
        plain = split_run(roles, padded=False)
        run = plain if roles.size(plain) % 4 == 0 and plain else split_run(roles, padded=True)
        if not run:
            return None
        outer = roles.taps[: len(roles.taps) - len(run)]
        length = roles.size(run)
        if form.tile is None and length % 4 * roles.size(outer) > MOST_LEFT:
            return None
        return Columns(roles, outer, run, length, not any(roles.padded(dim) for dim in run))

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.roles.size(self.roles.channels)

    @property
    def groups(self) -> int:
        """Groups of channels, the last of which may be cut."""
        return ceil(self.channels / CHANNELS)

    @property
    def left(self) -> int:
        """Taps of a run that fill no word."""
        return self.length % 4

    @property
    def words(self) -> int:
        """Words of a run."""
        return self.length // 4

    @property
    def runs(self) -> int:
        """Runs of a column."""
        return self.roles.size(self.outer)

    @property
    def quads(self) -> int:
        """Quads of a column."""
        return self.runs * self.words + ceil(self.runs * self.left / 4)

    def scratch_words(self, pixels: int) -> int:
        """Words of the columns of so many pixels."""
        return self.quads * 2 * pixels

    @property
    def held_words(self) -> int:
        """Words of the packed weights, as halves."""
        return self.groups * self.quads * 2 * CHANNELS

    def order(self) -> NDArray[np.int64]:
        """The row-major number of the tap at each place of a column, -1 where there is none."""
        taps = np.arange(self.runs * self.length).reshape(self.runs, self.length)
        full, rest = taps[:, : self.words * 4].reshape(-1), taps[:, self.words * 4 :].reshape(-1)
        return np.concatenate([full, rest, np.full(self.quads * 4 - taps.size, -1)])

    def ordered(self, amounts: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The weights of four taps of each quad of all channels, with 0 where there is none, a list."""
        dims = (*self.roles.channels, *self.roles.taps)
        weights = lifted(self.roles.weights(dims).reshape(self.channels, -1), amounts)
        padded = np.zeros((self.groups * CHANNELS, weights.shape[1] + 1), np.int64)
        padded[: self.channels, :-1] = weights
        return padded[:, self.order()].reshape(-1)

    def packed(self, bits: int = WIDE, amounts: NDArray[np.int64] | None = None) -> NDArray[np.int16 | np.int8]:
        """The weights in the order of use, shape (groups, quads * 16): halves, or bytes in the order of the taps.

        Those of each channel are shifted by `amounts`, if there are any (lifts.py).
        """
        ordered = self.ordered(amounts).reshape(self.groups, CHANNELS, self.quads, 2, 2)
        if bits < WIDE:
            return ordered.transpose(0, 2, 1, 3, 4).reshape(self.groups, -1).astype(np.int8)
        return ordered.transpose(0, 2, 4, 1, 3).reshape(self.groups, -1).astype(np.int16)

    @cached_property
    def fits_bytes(self) -> bool:
        """True where no weight, less its zero point, leaves 8 bits."""
        weights = self.roles.weights((*self.roles.channels, *self.roles.taps))
        return weights.min() >= -128 and weights.max() <= 127


def split_run(roles: Roles, padded: bool) -> tuple[int, ...]:
    """The innermost taps that lie one after the other in memory; none padded, or at most the outermost of them."""
    length, run = 1, ()
    for dim in reversed(roles.taps):
        if roles.step(dim) != length or roles.leaves_row(dim):
            break
        if roles.padded(dim) and not padded:
            break
        run = (dim, *run)
        length = prod(roles.form.sizes[d] for d in run)
        if roles.padded(dim):
            break
    return run


def cuts_last(pixels: int, together: int, bits: int) -> bool:
    """Whether the last of some pixels, of which two are computed together, is computed by itself: where few are.

    Of many, the last is computed twice, which takes less code; and where weights are bytes, as flash is short.
    """
    return bits == WIDE and together == 2 and pixels % 2 == 1 and 1 < pixels <= FEW_PIXELS
