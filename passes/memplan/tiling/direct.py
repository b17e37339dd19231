"""The kernel `direct`: convolutions and matrix products on bytes where they lie, some channels at one or two pixels.

A *run* is taps that lie one after the other in memory; `rows` runs, `pitch` bytes apart, are what a block of machine
operations sums, for `channels` output channels at each of some pixels: each weight is loaded once for all pixels, each
element once for all channels. Weights are packed in the order of use, `[channels / group][tap][group]`; channels that
fill no group are a smaller one of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i16, i32

from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan.loops import round_dims
from .roles import Roles

SUMS = (i16, IntegerType(24), i32)
"""What sums are added up in."""

MOST_TAPS = 510
"""Taps of a run, at most: turns of a loop are counted in 8 bits."""


MANY_TAPS = 64
"""Taps from which on four sums are computed together: a twentieth faster than two, for a dozen bytes of stack."""


@dataclass(frozen=True)
class Direct:
    """What blocks a form has.

    The taps of `run` dimensions are a run; `rows` is the dimension of the runs of a block, if there is one, and `outer`
    dimensions are loops around blocks. `pixels` are dimensions of the data alone that no loop around the form holds.
    """

    roles: Roles
    pixels: tuple[int, ...]
    outer: tuple[int, ...]
    rows: int | None
    run: tuple[int, ...]

    @staticmethod
    def of(form: StructuredForm, held: Collection[int] | None = None) -> Direct | None:
        """The blocks of a form; None where the kernel does not fit it.

        Dimensions in `held` have one value in a call: by default those of the loops around the form.
        """
        roles = Roles.of(form, SUMS)
        if roles is None or roles.both or len(roles.channels) != 1 or not roles.taps or form.is_padded(0):
            return None
        if held is None:
            held = sorted(round_dims(form))
        pixels = tuple(dim for dim in roles.pixels if dim not in held)
        if (pixels and pixels[-1] > roles.channels[0]) or {*held} & {*roles.channels, *roles.taps}:
            return None
        assert isinstance(form, ContractOp), "checked: roles are those of a contraction"
        weights = roles.weights((*roles.channels, *roles.taps))
        if form.zero_points.data[0] or weights.min() < -128 or weights.max() > 127:
            return None
        run = roles.contiguous()
        rest = roles.taps[: len(roles.taps) - len(run)]
        if not run or roles.size(run) > MOST_TAPS:
            return None
        row = rest[-1] if rest and roles.step(rest[-1]) > 0 and roles.form.sizes[rest[-1]] < 256 else None
        return Direct(roles, pixels, rest if row is None else rest[:-1], row, run)

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.roles.size(self.roles.channels)

    @property
    def together(self) -> int:
        """Pixels of a block; sums of words are of one, which a plan in place takes better."""
        return 2 if self.roles.size(self.pixels) > 1 and not self.wide else 1

    @property
    def wide(self) -> bool:
        """Whether sums are words."""
        return self.roles.form.acc == i32

    def group(self, pixels: int) -> int:
        """Channels of a block: as many as there are registers for, and few left over."""
        if pixels > 1:
            return min(2, self.channels)
        most = min(4 if self.wide or self.roles.size(self.roles.taps) >= MANY_TAPS else 2, self.channels)
        return next((n for n in range(most, 1, -1) if self.channels % n == 0), most)

    @property
    def row_count(self) -> int:
        """Runs of a block."""
        return 1 if self.rows is None else self.roles.form.sizes[self.rows]

    @property
    def length(self) -> int:
        """Taps of a run."""
        return self.roles.size(self.run)

    @property
    def pitch(self) -> int:
        """Bytes from a run of a block to the next."""
        return self.length if self.rows is None else self.roles.step(self.rows)

    def packed(self, pixels: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """The weights of whole groups, (groups, taps * channels), and those of the channels left over, (taps * n)."""
        weights = self.roles.weights((*self.roles.channels, *self.roles.taps)).reshape(self.channels, -1)
        size = self.group(pixels)
        whole = self.channels // size
        first = weights[: whole * size].reshape(whole, size, -1).transpose(0, 2, 1).reshape(whole, -1)
        return first.astype(np.int8), weights[whole * size :].T.reshape(-1).astype(np.int8)
