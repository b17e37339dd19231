"""The kernel `pairs`: columns, with the weights of two taps in one half, so that bytes are multiplied as halves are.

Of four taps a, b, c, d with the data x and the weights w a word of weights is the halves `256 * wa + wb` and
`256 * wc + wd`; taking bytes apart gives `wb` and `wd` of it. The words of data are `256 * xb + 127 - xa` and
`256 * xd + 127 - xc`, which is four bytes with two of them inverted, and `xa`, `xc`. Then

    (256 * wa + wb) * xa + wb * (256 * xb + 127 - xa) = 256 * (wa * xa + wb * xb) + 127 * wb

in which nothing leaves 16 bits. Sums are 256 times those of the form, modulo 2^32, and begin with what the last term
adds taken off: a shift gives them back, if they have 24 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....dialects.fixed.structured import StructuredForm
from ...fixed.fold_zero_points import added_bias
from .columns import CHANNELS, Columns

SHIFT = 8
"""Bits by which sums are shifted."""

INVERTED = 127
"""What a byte with all bits but the sign inverted is, as an unsigned one: 127 less the byte."""


@dataclass(frozen=True)
class Pairs:
    """The columns of a form whose weights and sums are small enough."""

    columns: Columns

    @staticmethod
    def of(form: StructuredForm) -> Pairs | None:
        """The pairs of a form; None where the kernel does not fit it."""
        columns = Columns.of(form)
        if columns is None or not columns.fits_bytes:
            return None
        pairs = Pairs(columns)
        halves, sums = pairs.halves(), pairs.sums()
        limit = 1 << 31 - SHIFT
        fits = halves.min() >= -(1 << 15) and halves.max() < 1 << 15 and sums[0].min() >= -limit
        return pairs if fits and sums[1].max() < limit else None

    def taps(self) -> NDArray[np.int64]:
        """The weights, shape (groups, channels of a group, quads, halves, taps of a half)."""
        columns = self.columns
        return columns.ordered().reshape(columns.groups, CHANNELS, columns.quads, 2, 2)

    def halves(self) -> NDArray[np.int64]:
        """Weights two by two, shape (groups, quads, channels of a group, halves)."""
        taps = self.taps()
        return ((taps[..., 0] << SHIFT) + taps[..., 1]).transpose(0, 2, 1, 3)

    def packed(self) -> NDArray[np.int8]:
        """The weights in the order of use, as the bytes of halves: shape (groups, quads * 16)."""
        return self.halves().astype("<i2").reshape(self.columns.groups, -1).view(np.int8)

    def sums(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The least and the greatest sum of each channel, of any bytes."""
        weights = self.taps().reshape(self.columns.groups * CHANNELS, -1)[: self.columns.channels]
        low, high = weights * -128, weights * 127
        start = self.columns.roles.start(added_bias(self.columns.roles.form)).astype(np.int64)
        return start + np.minimum(low, high).sum(axis=1), start + np.maximum(low, high).sum(axis=1)

    def starts(self, bias: int | None) -> NDArray[np.int32]:
        """Where sums begin, for each channel, modulo 2^32, with the param of that number as the bias."""
        taps = self.taps()[..., 1].reshape(self.columns.groups * CHANNELS, -1)[: self.columns.channels]
        start = self.columns.roles.start(bias).astype(np.int64)
        return ((start << SHIFT) - INVERTED * taps.sum(axis=1)).astype(np.int32)
