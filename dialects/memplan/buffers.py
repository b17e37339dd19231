"""Memory: arenas, buffers, views and rows of arenas, aliases, and the end of a life."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    I64,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    i8,
    i32,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from ..dense import from_numpy, to_numpy
from ..memories import DEFAULT_MEMORY
from .sizes import element_bytes, row_bytes, size_in_bytes, verify_rows


@irdl_op_definition
class ArenaOp(IRDLOperation):
    """A block of static memory that views share. `memory` names one of the board's memories.

    Of several arenas in a function the first is the one that the caller writes the input into, if he does.

    ```mlir
    %arena = memplan.arena size 1234 align 4 in "sram" : memref<1234xi8>
    ```
    """

    name = "memplan.arena"
    size = prop_def(IntegerAttr[I64])
    alignment = prop_def(IntegerAttr[I64])
    memory = prop_def(StringAttr)
    result = result_def(MemRefType)
    assembly_format = "`size` $size `align` $alignment `in` $memory attr-dict `:` type($result)"

    def __init__(self, size: int, alignment: int, memory: str = DEFAULT_MEMORY):
        super().__init__(
            properties={
                "size": IntegerAttr(size, i64),
                "alignment": IntegerAttr(alignment, i64),
                "memory": StringAttr(memory),
            },
            result_types=[MemRefType(i8, [size])],
        )

    def verify_(self) -> None:
        alignment = self.alignment.value.data
        if self.result.type != MemRefType(i8, [self.size.value.data]):
            raise VerifyException("an arena of N bytes is a memref<Nxi8>")
        if alignment < 1 or alignment & (alignment - 1):
            raise VerifyException(f"alignment must be a power of two, got {alignment}")


@irdl_op_definition
class BufferOp(IRDLOperation):
    """Memory of its own, not placed yet. Its life begins at its first write.

    With `rows N` the buffer is `N` buffers, one per index of its outermost dimension that is not 1: each row has a life
    and, once placed, an address of its own.

    ```mlir
    %b = memplan.buffer : memref<1x14x14x8x!fixed.q<i8, 2^-4>>
    %c = memplan.buffer rows 14 : memref<1x14x14x8x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "memplan.buffer"
    rows = opt_prop_def(IntegerAttr[I64])
    node = opt_prop_def(StringAttr)
    result = result_def(MemRefType)
    assembly_format = "(`rows` $rows^)? (`node` $node^)? attr-dict `:` type($result)"

    def __init__(self, type: MemRefType, node: str | None = None, rows: int | None = None):
        super().__init__(
            properties={
                "node": None if node is None else StringAttr(node),
                "rows": None if rows is None else IntegerAttr(rows, i64),
            },
            result_types=[type],
        )

    def verify_(self) -> None:
        if self.rows is not None:
            verify_rows(self.result.type, self.rows.value.data)


@irdl_op_definition
class ViewOp(IRDLOperation):
    """The bytes of an arena from an offset on, as a typed memref.

    ```mlir
    %b = memplan.view %arena at 128 : memref<1234xi8> -> memref<1x14x14x2x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "memplan.view"
    arena = operand_def(MemRefType)
    offset = prop_def(IntegerAttr[I64])
    node = opt_prop_def(StringAttr)
    result = result_def(MemRefType)
    assembly_format = "$arena `at` $offset (`node` $node^)? attr-dict `:` type($arena) `->` type($result)"

    def __init__(self, arena: SSAValue | Operation, offset: int, type: MemRefType, node: StringAttr | None = None):
        super().__init__(
            operands=[arena],
            properties={"offset": IntegerAttr(offset, i64), "node": node},
            result_types=[type],
        )

    def verify_(self) -> None:
        assert isinstance(self.arena.type, MemRefType)
        offset, size = self.offset.value.data, size_in_bytes(self.result.type)
        whole = size_in_bytes(self.arena.type)
        if offset < 0 or offset + size > whole:
            raise VerifyException(f"view [{offset}, {offset + size}) leaves the arena of {whole} bytes")
        if offset % element_bytes(self.result.type):
            raise VerifyException(f"offset {offset} is not aligned to the element size")


@irdl_op_definition
class RowsOp(IRDLOperation):
    """A memref whose rows lie apart: row `r` is at byte `offsets[r]` of an arena, contiguous in itself.

    The rows are the indices of the outermost dimension that is not 1. Their lives are not in the text: the bytes of a
    row hold it from its write to its last read, and a plan in which they do not is refused by `memplan-check`.

    ```mlir
    %b = memplan.rows %arena at dense<[0, 28, 0]> : tensor<3xi32> : memref<56xi8> -> memref<1x3x14x2x!fixed.q<i8, 2>>
    ```
    """

    name = "memplan.rows"
    arena = operand_def(MemRefType)
    offsets = prop_def(DenseIntOrFPElementsAttr)
    node = opt_prop_def(StringAttr)
    result = result_def(MemRefType)
    assembly_format = "$arena `at` $offsets (`node` $node^)? attr-dict `:` type($arena) `->` type($result)"

    def __init__(
        self, arena: SSAValue | Operation, offsets: NDArray[Any], type: MemRefType, node: StringAttr | None = None
    ):
        super().__init__(
            operands=[arena],
            properties={
                "offsets": from_numpy(np.asarray(offsets, np.int32)),
                "node": node,
            },
            result_types=[type],
        )

    @property
    def row_offsets(self) -> NDArray[Any]:
        """The byte offset of each row, int32."""
        return to_numpy(self.offsets)

    def verify_(self) -> None:
        assert isinstance(self.arena.type, MemRefType)
        if self.offsets.get_element_type() != i32:
            raise VerifyException("the offsets of rows are i32")
        offsets = self.row_offsets.astype(np.int64)
        verify_rows(self.result.type, offsets.size)
        whole, size = size_in_bytes(self.arena.type), row_bytes(self.result.type)
        if offsets.min() < 0 or offsets.max() + size > whole:
            raise VerifyException(f"a row of {size} bytes leaves the arena of {whole} bytes")
        if (offsets % element_bytes(self.result.type)).any():
            raise VerifyException("the offset of a row is not aligned to the element size")


@irdl_op_definition
class AliasOp(IRDLOperation):
    """The bytes of another buffer from an offset on, under another type: reshapes, slices, in-place results.

    ```mlir
    %r = memplan.alias %b at 0 : memref<1x4x4x2x!fixed.q<i8, 2^-4>> -> memref<1x32x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "memplan.alias"
    source = operand_def(MemRefType)
    offset = prop_def(IntegerAttr[I64])
    node = opt_prop_def(StringAttr)
    result = result_def(MemRefType)
    assembly_format = "$source `at` $offset (`node` $node^)? attr-dict `:` type($source) `->` type($result)"

    def __init__(self, source: SSAValue, offset: int, type: MemRefType, node: StringAttr | None = None):
        super().__init__(
            operands=[source],
            properties={"offset": IntegerAttr(offset, i64), "node": node},
            result_types=[type],
        )

    def verify_(self) -> None:
        assert isinstance(self.source.type, MemRefType)
        offset, whole = self.offset.value.data, size_in_bytes(self.source.type)
        size = size_in_bytes(self.result.type)
        if offset < 0 or offset + size > whole:
            raise VerifyException(f"alias [{offset}, {offset + size}) leaves the {whole} bytes of its source")
        if offset % element_bytes(self.result.type):
            raise VerifyException(f"offset {offset} is not aligned to the element size")
        if self.result.type.memory_space != self.source.type.memory_space:
            raise VerifyException("an alias stays in the memory space of its source")


@irdl_op_definition
class RetireOp(IRDLOperation):
    """End the life of a buffer: from here on its bytes belong to others.

    ```mlir
    memplan.retire %b : memref<1x32x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "memplan.retire"
    buffer = operand_def(MemRefType)
    assembly_format = "$buffer attr-dict `:` type($buffer)"

    def __init__(self, buffer: SSAValue):
        super().__init__(operands=[buffer])
