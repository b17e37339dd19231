"""Blocks of cores with vectors: words that are copied, windows of eight channels, sums that become results."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from .block import BlockOp
from .columns import LONGEST_SHIFT


@irdl_op_definition
class CopyBlockOp(BlockOp):
    """Copy words; here `weights` are bytes at any address, or halves, and `sums` the words that are written.

    `window [words]`: `sums[i]` are the bytes 4 * i to 4 * i + 3 from `weights` on, the first one lowest.

    ```mlir
    mcu.copy_block %x[%row, %c0] data() at() sums %words window [16] : memref<4x64xi8> () memref<16xi32>
    ```
    """

    name = "mcu.copy_block"
    NUMBERS: ClassVar[int] = 1
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (8, 16, 32)

    @property
    def sums_needed(self) -> int:
        return self.numbers[0]

    def verify_window(self) -> None:
        if self.numbers[0] < 1 or self.data:
            raise VerifyException("a copy has at least one word, and no other data")


@irdl_op_definition
class WideBlockOp(BlockOp):
    """Add products of weights and data to sums, eight channels that lie together each with weights of its own.

    `window [kh, kw, pixels, stride, pitch, row]`: `sums[p * 8 + i] += sum over taps (h, w) of weight[h * kw + w][c] *
    byte(h * row + (p * stride + w) * pitch + c)`, bytes from the given word of the rows on, modulo 2^32. Sums have the
    even channels first, as vectors multiply them: `c = 2 * i % 8 + i / 4`.

    ```mlir
    mcu.wide_block %w[%group, %c0] data(%rows) at(%at) sums %sums window [3, 3, 2, 1, 64, 448]
        : memref<8x72xi8, "flash"> (memref<336xi32>) memref<16xi32>
    ```
    """

    name = "mcu.wide_block"
    NUMBERS: ClassVar[int] = 6

    @property
    def sums_needed(self) -> int:
        return 8 * self.numbers[2]

    def verify_window(self) -> None:
        if min(self.numbers) < 1 or self.numbers[2] > 2 or len(self.data) != 1:
            raise VerifyException("a wide window has numbers of at least 1, and one or two pixels")


@irdl_op_definition
class RequantizeBlockOp(BlockOp):
    """Sums as results of 8 bits, one after the other in memory; `weights` are a table of channels, `sums` the results.

    `window [channels, row, shift, addend, low, high]`: `sums[c] = clamp(multiply_high_add(data[i] + table[i],
    table[row + i], addend) >> shift, low, high)`, modulo 2^32 before the product, of one to four channels `i = c`; of
    eight, `i` is where a wide block has channel c. With a shift of 0 it is `multiply_high_round_add`.

    ```mlir
    mcu.requantize_block %table[%c0, %first] data(%sums) at(%c4) sums %out window [4, 64, 6, -8160, -128, 127]
        : memref<2x64xi32, "flash"> (memref<8xi32>) memref<4xi8>
    ```
    """

    name = "mcu.requantize_block"
    NUMBERS: ClassVar[int] = 6
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (32,)
    SUM_BITS: ClassVar[tuple[int, ...]] = (8,)

    @property
    def sums_needed(self) -> int:
        return self.numbers[0]

    def verify_window(self) -> None:
        channels, row, shift, _, low, high = self.numbers
        if channels not in (1, 2, 3, 4, 8) or row < channels or len(self.data) != 1:
            raise VerifyException("sums of one to four channels, or eight, become results, from a table that has them")
        if not 0 <= shift <= LONGEST_SHIFT or not -128 <= low <= high <= 127:
            raise VerifyException("results are shifted by 0 to 31, and have 8 bits")
