"""The kernel `clipped`: windows that leave the data, cut there, and windows over each channel by itself; bytes.

A window has rows of taps. Of a convolution the taps of a row are those along the width and the input channels behind
them, which lie one after the other; of a window over each channel they are those along the width alone, a pixel apart.
Weights are packed in the order of use, `[channels / group][row][tap][group]`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i16

from ....dialects.access import full_box
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import round_dims
from .roles import Roles

SUMS = (i16, IntegerType(24))
"""What sums are added up in."""

OFFSETS = {0: 0, -128: 128}
"""What is added to the data instead of subtracting the zero point: bytes stay bytes, with or without sign."""

MOST_TAPS = 255
"""Taps of a row, at most: they are counted in 8 bits."""


@dataclass(frozen=True)
class Clipped:
    """What windows a form has: `rows` and `columns` are dimensions of taps that may leave the data, `inner` are not."""

    roles: Roles
    channel: int
    pixels: tuple[int, ...]
    rows: int
    columns: int
    inner: tuple[int, ...]

    @staticmethod
    def of(form: StructuredForm, held: Collection[int] | None = None) -> Clipped | None:
        """The windows of a form; None where the kernel does not fit it. Dimensions in `held` have one value a call."""
        roles = Roles.of(form, SUMS)
        if roles is None or not isinstance(form, ContractOp) or form.zero_points.data[0] not in OFFSETS:
            return None
        channels = (*roles.channels, *roles.both)
        if len(channels) != 1 or len(roles.taps) < 2:
            return None
        if held is None:
            held = sorted(round_dims(form))
        rows, columns, *inner = roles.taps
        pixels = tuple(dim for dim in roles.pixels if dim not in held)
        found = Clipped(roles, channels[0], pixels, rows, columns, tuple(inner))
        weights = roles.weights((*channels, *roles.taps))
        if {*held} & {*channels, *roles.taps} or (roles.pixels and roles.pixels[-1] > channels[0]):
            return None
        bytes = weights.min() >= -128 and weights.max() <= 127
        return found if bytes and found.taps <= MOST_TAPS and found._moves_well() else None

    def _moves_well(self) -> bool:
        """Whether rows and columns move an index each, by 1, which leaves the data in part at most."""
        roles, sizes = self.roles, self.roles.form.sizes
        if self.each:
            if self.inner or roles.step(self.channel) != 1 or self.step < self.group:
                return False
        elif roles.contiguous()[-1 - len(self.inner) :] != (self.columns, *self.inner):
            return False
        axes = [self.axis(dim) for dim in (self.rows, self.columns)]
        box = full_box(sizes)
        for number, result in enumerate(roles.index):
            low, high = result.interval(box)
            if number not in axes and (low < 0 or high >= roles.shape[number]):
                return False
        for dim, axis in zip((self.rows, self.columns), axes, strict=True):
            if axis is None or roles.index[axis].coefficients[dim] != 1:
                return False
            base = roles.index[axis].interval(tuple((0, 0) if d == dim else ends for d, ends in enumerate(box)))
            if base[0] <= -sizes[dim] or base[1] >= roles.shape[axis]:
                return False
        return axes[0] != axes[1]

    def axis(self, tap: int) -> int | None:
        """The axis of the data whose index a tap moves."""
        axes = [number for number, result in enumerate(self.roles.index) if result.coefficients[tap]]
        return axes[0] if len(axes) == 1 else None

    @property
    def each(self) -> bool:
        """Whether each channel has data of its own."""
        return bool(self.roles.both)

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.roles.form.sizes[self.channel]

    @property
    def group(self) -> int:
        """Channels of a block."""
        return next((n for n in (4, 3, 2) if self.channels % n == 0), min(4, self.channels))

    @property
    def step(self) -> int:
        """Bytes from a column to the next."""
        return self.roles.step(self.columns)

    @property
    def pitch(self) -> int:
        """Bytes from a row to the next."""
        return self.roles.step(self.rows)

    @property
    def inner_taps(self) -> int:
        """Taps of a column."""
        return self.roles.size(self.inner)

    @property
    def taps(self) -> int:
        """Taps of a row."""
        return self.roles.form.sizes[self.columns] * self.inner_taps

    @property
    def offset(self) -> int:
        """What is added to the data."""
        form = self.roles.form
        return OFFSETS[form.zero_points.data[0]]

    def packed(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """The weights of whole groups, (groups, taps * channels), and those of the channels left over, (taps * n)."""
        weights = self.roles.weights((self.channel, *self.roles.taps)).reshape(self.channels, -1)
        whole = self.channels // self.group
        first = weights[: whole * self.group].reshape(whole, self.group, -1).transpose(0, 2, 1).reshape(whole, -1)
        return first.astype(np.int8), weights[whole * self.group :].T.reshape(-1).astype(np.int8)
