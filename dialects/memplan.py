"""The `memplan` dialect: where every byte lives and when it dies.

At this level the structured forms write into memrefs. A buffer is first only a size and a lifetime (`memplan.buffer`);
placement turns it into a view of an arena at a byte offset (`memplan.view`), and `memplan.retire` marks the end of its
life, after which its bytes may hold anything. An alias is the same bytes under another type.

Row streaming: `memplan.stream` runs the forms of a chain slice by slice instead of one after the other, and a buffer
whose `rows` are placed one by one (`memplan.rows`) keeps no more of them than are still to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
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
from xdsl.ir import Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException

from .dense import from_numpy, to_numpy
from .fixed_forms import ReduceOp, StructuredForm, scalar_type
from .fixed_scalar import YieldOp
from .fixed_type import IntsAttr, Reduction
from .memories import DEFAULT_MEMORY

FLASH = StringAttr("flash")
"""The memory space of constants: read-only, not part of any arena."""

TIMES = "memplan.times"
"""The attribute of a function whose steps have times of their own: an i64 for each, ascending."""

INPUT_ROWS = "memplan.input_rows"
"""The attribute of a function whose caller delivers the input row by row: the node of the form that takes a row."""

INPUT_ARENA = "memplan.input_arena"
"""The attribute of a function whose caller writes the input into the arena: the node of the form that stands for it.

That form copies the input at the start. Compiled code has no such form: the caller has done it.
"""


def caller_form(function: Operation, attribute: str) -> StructuredForm | None:
    """The form that takes the input from the caller: INPUT_ROWS or INPUT_ARENA of the function names it, if at all."""
    node = function.attributes.get(attribute)
    if node is None:
        return None
    return next((op for op in function.walk() if isinstance(op, StructuredForm) and op.node == node), None)


def size_in_bytes(type: MemRefType) -> int:
    """Bytes of a memref in memory; an element takes the next of 1, 2, 4 or 8 bytes that holds its bits."""
    return prod(type.get_shape()) * element_bytes(type)


def element_bytes(type: MemRefType) -> int:
    """Bytes of one element of a memref: 1, 2, 4 or 8."""
    bits = scalar_type(type.element_type).width.data
    return 1 << max(0, (bits - 1).bit_length() - 3)


def row_dimension(type: MemRefType) -> int | None:
    """The dimension whose indices are rows: the outermost that is not 1; None where a row would be a single element."""
    dims = [dim for dim, size in enumerate(type.get_shape()) if size != 1]
    return dims[0] if len(dims) > 1 else None


def row_bytes(type: MemRefType) -> int:
    """Bytes of one row of a memref."""
    dim = row_dimension(type)
    return size_in_bytes(type) // (1 if dim is None else type.get_shape()[dim])


def verify_rows(type: MemRefType, rows: int) -> None:
    """Raise VerifyException unless a memref has this many rows."""
    dim = row_dimension(type)
    if dim is None or type.get_shape()[dim] != rows:
        raise VerifyException(f"{type} does not have {rows} rows")


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
        offsets = self.row_offsets
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


@irdl_op_definition
class StreamOp(IRDLOperation):
    """Run the forms of the region slice by slice: a slice is a form with one dimension of its domain held at a value.

    `along` names that dimension for each form, `order` lists the slices in order of execution as pairs (form, value).
    Each value of each form's dimension occurs exactly once, in increasing order. Along a reduction dimension the slices
    accumulate in the destination; such a form is a `fixed.reduce` that yields its accumulator unchanged.

    ```mlir
    memplan.stream along <0, 0> order dense<[[0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [1, 2]]> : tensor<6x2xi32> {
      fixed.reduce max ins(%x : memref<1x6x8x!fixed.q<i8, 2^-4>>) outs(%y : memref<1x3x8x!fixed.q<i8, 2^-4>>) ...
      fixed.map ins(%y : memref<1x3x8x!fixed.q<i8, 2^-4>>) outs(%z : memref<1x3x8x!fixed.q<i8, 2^-4>>) ...
    }
    ```
    """

    name = "memplan.stream"
    along = prop_def(IntsAttr)
    order = prop_def(DenseIntOrFPElementsAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "`along` $along `order` $order attr-dict-with-keyword $body"

    def __init__(self, along: Sequence[int], order: NDArray[Any], body: Region):
        pairs = np.asarray(order, np.int32)
        super().__init__(
            properties={
                "along": IntsAttr(tuple(along)),
                "order": from_numpy(pairs),
            },
            regions=[body],
        )

    @property
    def forms(self) -> tuple[StructuredForm, ...]:
        """The forms that the first numbers of `order` mean."""
        return tuple(op for op in self.body.block.ops if isinstance(op, StructuredForm))

    @property
    def dims(self) -> tuple[int, ...]:
        """Per form, the dimension of its domain along which it runs."""
        return self.along.data

    @property
    def slices(self) -> NDArray[Any]:
        """The slices in order of execution, shape (slices, 2): form, value."""
        return to_numpy(self.order)

    def verify_(self) -> None:
        forms = self.forms
        if len(forms) != len(self.body.block.ops) or any(form.outs is None for form in forms):
            raise VerifyException("a stream holds structured forms on memrefs and nothing else")
        if len(forms) != len(self.dims):
            raise VerifyException(f"`along` names {len(self.dims)} dimensions for {len(forms)} forms")
        for form, dim in zip(forms, self.dims, strict=True):
            if not 0 <= dim < len(form.sizes):
                raise VerifyException(f"a form of {len(form.sizes)} dimensions has no dimension {dim}")
            if dim >= len(form.domain.parallel.data) and not accumulates(form):
                raise VerifyException(
                    "only a fixed.reduce whose body yields its accumulator runs along a reduction dimension"
                )
        type = self.order.type
        if self.order.get_element_type() != i32 or len(type.get_shape()) != 2 or type.get_shape()[1] != 2:
            raise VerifyException("`order` is a list of pairs of i32")
        slices = self.slices
        for number, (form, dim) in enumerate(zip(forms, self.dims, strict=True)):
            values = slices[slices[:, 0] == number, 1]
            if not np.array_equal(values, np.arange(form.sizes[dim])):
                raise VerifyException(
                    f"the slices of form {number} must be 0 to {form.sizes[dim] - 1}, each once and in this order"
                )
        if len(slices) != sum(form.sizes[dim] for form, dim in zip(forms, self.dims, strict=True)):
            raise VerifyException("`order` names a form that the region does not have")


def accumulates(form: StructuredForm) -> bool:
    """True where partial results of a form can be combined in its destination: its body yields the accumulator."""
    block = form.body.block
    last = block.last_op
    return (
        isinstance(form, ReduceOp)
        and form.kind.data is not Reduction.ARGMAX
        and isinstance(last, YieldOp)
        and last.values[0] is block.args[0]
    )


Memplan = Dialect("memplan", [ArenaOp, BufferOp, ViewOp, RowsOp, AliasOp, RetireOp, OpaqueOp, StreamOp], [])
