"""All groups of four channels at two pixels, from what sums begin with to results."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from .block import BlockOp
from .columns import FURTHEST, LONGEST_SHIFT

PIXELS, CHANNELS = 2, 4


@irdl_op_definition
class GroupsBlockOp(BlockOp):
    """Groups of four channels at two pixels: sums begin in a table of channels, take the products of `mcu.dot_block`,
    and end as in `mcu.finish_block`; `data` are the column and the table, `sums` the results.

    `window [groups, quads, apart, step, row, multiplier, shift, addend]`: of channel `c` and pixel `p`
    `sums[p * apart + c * step] = saturate(multiply_high_add(sum, table[c * row + multiplier], addend) >> shift)`, where
    `sum` is `table[c * row]` and the products of the column with the weights of group `c / 4`, which lie one after the
    other. Where the distance `apart` of two pixels is not known it is 0 there, and a count.

    ```mlir
    mcu.groups_block %w[%c0, %c0] data(%x, %table) at(%c0, %c0, %c0) sums %out window [16, 16, 64, 1, 2, 1, 6, -8160]
        : memref<16x256xi16, "flash"> (memref<64xi32>, memref<64x2xi32, "flash">) memref<128xi8>
    ```
    """

    name = "mcu.groups_block"
    NUMBERS: ClassVar[int] = 8
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (16, 32)
    SUM_BITS: ClassVar[tuple[int, ...]] = (8,)

    @property
    def counts_needed(self) -> int:
        return int(not self.numbers[2])

    @property
    def sums_needed(self) -> int:
        groups, _, apart, step, *_ = self.numbers
        return (PIXELS - 1) * apart + (CHANNELS * groups - 1) * step + 1

    def verify_window(self) -> None:
        groups, quads, apart, step, row, multiplier, shift, _ = self.numbers
        if min(groups, quads, step) < 1 or apart < 0 or len(self.data) != 2:
            raise VerifyException("groups have at least one quad, a column and a table, and results in order")
        if not 0 < multiplier < row:
            raise VerifyException("a row of the table has what a sum begins with, and a multiplier")
        if apart + CHANNELS * step > FURTHEST or 4 * CHANNELS * row > FURTHEST:
            raise VerifyException(f"results of a group, and rows of the table, lie within {FURTHEST} bytes")
        if not 1 <= shift <= LONGEST_SHIFT:
            raise VerifyException("results are shifted by 1 to 31")
