"""The kernel `planes`: windows of 3 x 3 over each channel by itself, on rows of 16-bit numbers, channel by channel.

Rows of data lie in scratch memory taken apart by channels, with their padding: `[channel][slot][cells]`, two cells a
word. Row `r` of the data (counted with its padding) lies in slot `r % 3` until no window needs it. Of each row of taps
weights are two words, taps (0, 1) and (1, 2): `[channel][tap row][2][2]`; or they are bytes, `[channel][tap row][3]`,
of which these words are made for each channel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import WIDE
from .lanes import Lanes
from .lifts import lifted

MOST_OUTPUTS = 6
"""Sums that find registers beside two words of weights, two of data and four pointers."""

FURTHEST_PAIR = 1020
"""The greatest offset of a load of two words from a pointer (LDRD with an immediate)."""

TAPS = 3
"""Rows and columns of a window."""


@dataclass(frozen=True)
class Planes:
    """The windows of a form, as `lanes` knows them."""

    lanes: Lanes

    @staticmethod
    def of(form: StructuredForm) -> Planes | None:
        """The planes of a form; None where the kernel does not fit it."""
        lanes = Lanes.of(form)
        if lanes is None or lanes.taps != (TAPS, TAPS) or lanes.strides[1] not in (1, 2) or min(lanes.padding) < 0:
            return None
        planes = Planes(lanes)
        return planes if TAPS * planes.row_words * 4 <= FURTHEST_PAIR else None

    @property
    def row_words(self) -> int:
        """Words of a row of a channel."""
        last = (self.lanes.size[1] - 1) * self.lanes.strides[1]
        return last // 2 + 2

    @property
    def outputs(self) -> int:
        """Outputs of a row that are computed together: as many as there are registers for, and few left over.

        Blocks begin with a word.
        """
        columns, stride = self.lanes.size[1], self.lanes.strides[1]
        if columns <= MOST_OUTPUTS:
            return columns
        fitting = [n for n in range(3, MOST_OUTPUTS + 1) if n * stride % 2 == 0]
        return min(fitting, key=lambda n: (columns // n + min(columns % n, 1), -n))

    @property
    def scratch_words(self) -> int:
        """Words of all rows."""
        return self.lanes.channels * TAPS * self.row_words

    @property
    def held_words(self) -> int:
        """Words of the packed weights, as halves."""
        return self.lanes.channels * TAPS * 2

    def packed(self, bits: int = WIDE, amounts: NDArray[np.int64] | None = None) -> NDArray[np.int16 | np.int8]:
        """The weights in the order of use, a list: halves, or bytes, and as many more as a word behind the last has.

        Those of each channel are shifted by `amounts`, if there are any (lifts.py).
        """
        weights = lifted(self.lanes.roles.weights((self.lanes.channel, *self.lanes.roles.taps)), amounts)
        if bits < WIDE:
            return np.append(weights.reshape(-1), np.zeros(4, np.int64)).astype(np.int8)
        return weights[:, :, [0, 1, 1, 2]].reshape(-1).astype(np.int16)
