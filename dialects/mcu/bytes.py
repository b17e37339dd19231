"""Blocks of products of weights with data where they lie, both bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, StringAttr, i16
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from .block import BlockOp
from .places import element_bits, verify_place

STARTS = i16
"""What says where rows that lie apart begin."""


@irdl_op_definition
class DirectBlockOp(BlockOp):
    """Add products of weights and data, both bytes, to sums: some channels at one or two pixels.

    `window [channels, pixels, rows, taps, pitch]`: `sums[p * channels + c] += sum over rows r, taps t of
    w[(r * taps + t) * channels + c] * x_p[r * pitch + t]`, from an element of the weights on; `x_p` are bytes from an
    element of the data on, one for each pixel (two may lie in rows of their own). No sum leaves the type of the sums.

    ```mlir
    mcu.direct_block %w[%group, %c0] data(%x, %x) at(%i, %c0, %i, %c6) sums %sums window [2, 2, 5, 30, 72]
        : memref<8x300xi8, "flash"> (memref<12x72xi8>, memref<12x72xi8>) memref<4xi24>
    ```

    Rows that lie apart have a pitch of 0: a last place of data, i16, has how far behind the pixels each row begins.
    This is for sums of 24 bits: for words, a block for each row is as fast.

    ```mlir
    mcu.direct_block %w[%group, %c0] data(%x, %x, %rows) at(%i, %j, %c0) sums %sums window [2, 2, 5, 30, 0]
        : memref<8x300xi8, "flash"> (memref<864xi8>, memref<864xi8>, memref<5xi16>) memref<4xi24>
    ```
    """

    name = "mcu.direct_block"
    NUMBERS: ClassVar[int] = 5
    DATA_BITS: ClassVar[int] = 8
    SUM_BITS: ClassVar[tuple[int, ...]] = (24, 32)

    @property
    def sums_needed(self) -> int:
        return self.numbers[0] * self.numbers[1]

    def verify_window(self) -> None:
        channels, pixels, rows, taps, pitch = self.numbers
        if min(self.numbers[:4]) < 1 or pitch < 0:
            raise VerifyException("a window has numbers of at least 1")
        if channels > 4 or pixels > 2 or channels * pixels > 4 or rows > 255 or (rows > 1 and 0 < pitch < taps):
            raise VerifyException("a block has at most four sums, two pixels and 255 rows, one after the other")
        if len(self.data) != (pixels if pitch else pixels + 1) or (not pitch and element_bits(self.sums) != 24):
            raise VerifyException(
                f"a block of {pixels} pixels has as many places of data, and where sums have 24 bits one of rows apart"
            )

    def data_bits(self, number: int) -> int:
        return STARTS.width.data if number == self.numbers[1] else self.DATA_BITS


@irdl_op_definition
class ClippedBlockOp(BlockOp):
    """Add products of a window, as far as it lies in the data, to the sums of one to four channels; bytes.

    `window [channels, each, taps, pitch, step, offset]`, and counts of rows and taps at run time: `sums[c] += sum over
    rows r, taps t < count of w[(r * taps + t) * channels + c] * (x[r * pitch + t * step + (each ? c : 0)] + offset)`.
    The offset is 0, or 128, which makes the data bytes without sign. No sum leaves 24 bits.

    ```mlir
    mcu.clipped_block %w[%g, %t] data(%x) at(%i, %j, %k) counts(%n, %m) sums %sums window [4, 1, 3, 96, 12, 128]
        : memref<3x36xi8, "flash"> (memref<8x8x12xi8>) memref<4xi24>
    ```

    Rows that lie apart have a pitch of 0: a second place of data, i16, has how far behind the first each row begins.

    ```mlir
    mcu.clipped_block %w[%g, %t] data(%x, %rows) at(%i, %c0) counts(%n, %m) sums %sums window [4, 1, 3, 0, 12, 128]
        : memref<3x36xi8, "flash"> (memref<768xi8>, memref<3xi16>) memref<4xi24>
    ```
    """

    name = "mcu.clipped_block"
    NUMBERS: ClassVar[int] = 6
    DATA_BITS: ClassVar[int] = 8
    SUM_BITS: ClassVar[tuple[int, ...]] = (24,)
    COUNTS: ClassVar[int] = 2

    @property
    def sums_needed(self) -> int:
        return self.numbers[0]

    def verify_window(self) -> None:
        channels, each, taps, pitch, step, offset = self.numbers
        if not (1 <= channels <= 4 and each in (0, 1) and 1 <= taps <= 255 and offset in (0, 128)):
            raise VerifyException("a clipped block has one to four channels, 255 taps at most, an offset of 0 or 128")
        if pitch < 0 or step < (channels if each else 1) or len(self.data) != (1 if pitch else 2):
            raise VerifyException("a clipped block moves forward, or by the numbers that it has beside the data")

    def data_bits(self, number: int) -> int:
        return STARTS.width.data if number else self.DATA_BITS


@irdl_op_definition
class SparseBlockOp(IRDLOperation):
    """A sum and the products of one row of encoded weights with data: `sum + sum over entries of w * x[k]`.

    The row is `count` entries of the encoding (dialects/fixed/layout.py), `delta8` or `delta4`, from a byte on; `k`
    counts elements of the data, bytes one after the other from an element on.

    ```mlir
    %1 = mcu.sparse_block "delta4" %w[%at] data %x[%c0, %c0] count %n sum %acc
        : memref<1189xi8, "flash">, memref<1x256xi8>
    ```
    """

    name = "mcu.sparse_block"
    encoding = prop_def(StringAttr)
    weights = operand_def(MemRefType)
    at = operand_def(IndexType())
    data = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    count = operand_def(IndexType())
    sum = operand_def(IntegerType(24))
    result = result_def(IntegerType(24))
    assembly_format = (
        "$encoding $weights `[` $at `]` `data` $data `[` $indices `]` `count` $count `sum` $sum attr-dict "
        "`:` type($weights) `,` type($data)"
    )

    def __init__(
        self,
        encoding: str,
        weights: SSAValue,
        at: SSAValue,
        place: tuple[SSAValue, Sequence[SSAValue]],
        count: SSAValue,
        sum: SSAValue,
    ):
        super().__init__(
            operands=[weights, at, place[0], place[1], count, sum],
            properties={"encoding": StringAttr(encoding)},
            result_types=[IntegerType(24)],
        )

    def verify_(self) -> None:
        if self.encoding.data not in ("delta8", "delta4"):
            raise VerifyException(f"a sparse block has weights of delta8 or delta4, not of {self.encoding.data}")
        verify_place(self.weights, 1, 8)
        verify_place(self.data, len(self.indices), 8)
