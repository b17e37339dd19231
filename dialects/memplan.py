"""The `memplan` dialect: where every byte lives and when it dies.

At this level the structured forms write into memrefs. A buffer is first only a size and a lifetime (`memplan.buffer`);
placement turns it into a view of an arena at a byte offset (`memplan.view`), and `memplan.retire` marks the end of its
life, after which its bytes may hold anything. An alias is the same bytes under another type.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import I64, IntegerAttr, MemRefType, StringAttr, i8, i64
from xdsl.ir import Dialect, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.utils.exceptions import VerifyException

from .fixed_forms import scalar_type

FLASH = StringAttr("flash")
"""The memory space of constants: read-only, not part of any arena."""


def size_in_bytes(type: MemRefType) -> int:
    """Bytes of a memref in memory; an element takes the next of 1, 2, 4 or 8 bytes that holds its bits."""
    return prod(type.get_shape()) * element_bytes(type)


def element_bytes(type: MemRefType) -> int:
    """Bytes of one element of a memref: 1, 2, 4 or 8."""
    bits = scalar_type(type.element_type).width.data
    return 1 << max(0, (bits - 1).bit_length() - 3)


@irdl_op_definition
class ArenaOp(IRDLOperation):
    """A block of static memory that views share. `memory` names one of the board's memories.

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

    def __init__(self, size: int, alignment: int, memory: str = "sram"):
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

    ```mlir
    %b = memplan.buffer : memref<1x14x14x8x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "memplan.buffer"
    node = opt_prop_def(StringAttr)
    result = result_def(MemRefType)
    assembly_format = "(`node` $node^)? attr-dict `:` type($result)"

    def __init__(self, type: MemRefType, node: str | None = None):
        super().__init__(properties={"node": None if node is None else StringAttr(node)}, result_types=[type])


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


@irdl_op_definition
class OpaqueOp(IRDLOperation):
    """A step that reads all of `ins`, then writes all of `outs`, and means nothing: no level can run it.

    It is the entry point for research: any graph can be scheduled, placed and checked.

    ```mlir
    memplan.opaque ins(%a, %b : memref<8xi8>, memref<4xi8>) outs(%c : memref<16xi8>) node "add"
    ```
    """

    name = "memplan.opaque"
    ins = var_operand_def(MemRefType)
    outs = var_operand_def(MemRefType)
    node = opt_prop_def(StringAttr)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "(`ins` `(` $ins^ `:` type($ins) `)`)? `outs` `(` $outs `:` type($outs) `)` (`node` $node^)? attr-dict"
    )

    def __init__(self, ins: Sequence[SSAValue], outs: Sequence[SSAValue], node: str | None = None):
        super().__init__(operands=[ins, outs], properties={"node": None if node is None else StringAttr(node)})

    def verify_(self) -> None:
        if not self.outs:
            raise VerifyException("an opaque step writes at least one memref")


Memplan = Dialect("memplan", [ArenaOp, BufferOp, ViewOp, AliasOp, RetireOp, OpaqueOp], [])
