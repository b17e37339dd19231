"""Blocks of products of windows over each channel by itself."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from .block import BlockOp
from .columns import FURTHEST, LONGEST_SHIFT


@irdl_op_definition
class LanesBlockOp(BlockOp):
    """Add products of weights and data to sums, four channels of a word each with weights of its own.

    `window [kh, kw, pixels, stride, pitch, row]`: `sums[p * 4 + c] += sum over taps (h, w) of weight[h * kw + w][c] *
    byte(h * row + (p * stride + w) * pitch + c)`, bytes from the given word of the rows on, modulo 2^32. Weights are
    packed by fours, channels 0, 2, 1, 3, or as bytes in the order of channels.

    ```mlir
    mcu.lanes_block %w[%group, %c0] data(%rows) at(%at) sums %sums window [3, 3, 2, 1, 64, 448]
        : memref<16x36xi16, "flash"> (memref<336xi32>) memref<8xi32>
    ```
    """

    name = "mcu.lanes_block"
    NUMBERS: ClassVar[int] = 6
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (16, 8)

    @property
    def sums_needed(self) -> int:
        return 4 * self.numbers[2]

    def verify_window(self) -> None:
        if min(self.numbers) < 1 or self.numbers[2] > 2 or len(self.data) != 1:
            raise VerifyException("a window of lanes has numbers of at least 1, and one or two pixels")


@irdl_op_definition
class PlaneBlockOp(BlockOp):
    """Add products of a window of 3 x 3 taps to the sums of one to six neighbouring outputs of one channel.

    `window [outputs, stride, r0, r1, r2]`: each of three rows is halves in words, so many words behind an index,
    modulo 2^32: `sums[o] += sum over taps (h, w) of weight[h][w] * half(row h, o * stride + w)`. The weights of a row
    are the halves of two words, taps 0, 1 and 1, 2.

    ```mlir
    mcu.plane_block %w[%i] data(%rows) at(%at) sums %sums window [2, 1, 4, 8, 0]
        : memref<768xi16, "flash"> (memref<672xi32>) memref<2xi32>
    ```
    """

    name = "mcu.plane_block"
    NUMBERS: ClassVar[int] = 5
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (16, 32)

    @property
    def sums_needed(self) -> int:
        return self.numbers[0]

    def verify_window(self) -> None:
        outputs, stride, *rows = self.numbers
        if min(rows) < 0 or not 1 <= outputs <= 6 or stride not in (1, 2) or len(self.data) != 1:
            raise VerifyException("a block of a plane has three rows, one to six outputs, a stride of 1 or 2")


@irdl_op_definition
class PlanesBlockOp(BlockOp):
    """A row of the output, all channels of it, of windows of 3 x 3 taps: sums begin in a table of channels, take the
    products of `mcu.plane_block`, and end as in `mcu.finish_block`; `data` are rows and the table, `sums` the results.

    `window [channels, blocks, outputs, stride, r0, r1, r2, plane, apart, step, row, multiplier, shift, addend]`:
    `sums[c * step + n * apart] = saturate(multiply_high_add(sum, table[c * row + multiplier], addend) >> shift)` for
    all `n` below `blocks * outputs`, where `sum` is `table[c * row]` and the products with the weights of `c`, of
    rows that begin `plane` words behind those of the channel before.

    ```mlir
    mcu.planes_block %w[%c0] data(%x, %table) at(%c0, %c0, %c0) sums %out
        window [32, 4, 6, 1, 0, 14, 28, 42, 32, 1, 2, 1, 4, -2040]
        : memref<384xi16, "flash"> (memref<1344xi32>, memref<32x2xi32, "flash">) memref<768xi8>
    ```
    """

    name = "mcu.planes_block"
    NUMBERS: ClassVar[int] = 14
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (16, 32)
    SUM_BITS: ClassVar[tuple[int, ...]] = (8,)

    @property
    def sums_needed(self) -> int:
        channels, blocks, outputs, *_, apart, step, _, _, _, _ = self.numbers
        return (channels - 1) * step + (blocks * outputs - 1) * apart + 1

    def verify_window(self) -> None:
        channels, blocks, outputs, stride, *rows, plane, apart, step, row, multiplier, shift, _ = self.numbers
        if min(*rows, plane) < 0 or not 1 <= outputs <= 6 or stride not in (1, 2) or len(self.data) != 2:
            raise VerifyException("planes have three rows and a table, one to six outputs, a stride of 1 or 2")
        if min(channels, blocks, apart, step) < 1 or outputs * stride % 2 and blocks > 1:
            raise VerifyException("there is a channel and a block, and blocks begin with a word")
        if blocks * outputs * apart > FURTHEST - step or 4 * max(row, plane, *rows) >= FURTHEST:
            raise VerifyException(f"results of a channel, and its rows, lie within {FURTHEST} bytes")
        if not 0 < multiplier < row or not 1 <= shift <= LONGEST_SHIFT:
            raise VerifyException("a row of the table has what a sum begins with, and a multiplier; shifts are 1 to 31")
