"""Machine operations that touch memory, as calls of what the file's head defines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType, i32
from xdsl.ir import SSAValue

from ...dialects import emitc
from ...dialects.mcu import (
    AtOp,
    ByteBlockOp,
    ClippedBlockOp,
    DirectBlockOp,
    DotBlockOp,
    LanesBlockOp,
    LoadWordOp,
    PlaneBlockOp,
    SparseBlockOp,
    element_bits,
)
from .memory import Place, element_type, write_pointer, write_subscript
from .writer import Writer

if TYPE_CHECKING:
    from .control import BodyWriter


def write_load_word(body: BodyWriter, op: LoadWordOp) -> None:
    """`tinyml_load_word(&x[i])`"""
    address = write_address(body.w, body.places[op.memref], [body.value(index) for index in op.indices])
    call = emitc.CallOpaqueOp("tinyml_load_word", [address], i32)
    body.w.block.add_op(call)
    assert call.result is not None
    call.result.name_hint = op.result.name_hint
    body.values[op.result] = call.result


def write_at(body: BodyWriter, op: AtOp) -> None:
    """`int8_t *at = &x[i];`"""
    place = body.places[op.memref]
    pointer = write_address(body.w, place, [body.value(index) for index in op.indices])
    pointer.name_hint = op.result.name_hint
    assert isinstance(op.result.type, MemRefType)
    body.places[op.result] = Place(pointer, op.result.type, const=place.const, flash=place.flash, far=place.far)


def write_dot_block(body: BodyWriter, op: DotBlockOp) -> None:
    """`tinyml_dot_4x2_16(&w[i], column, sums);`: channels, pixels and quads; `dot8` has weights of bytes."""
    weights = write_address(body.w, body.places[op.weights], [body.value(index) for index in op.indices])
    column, sums = write_pointer(body.w, body.places[op.column]), body.places[op.sums].base
    kind = "dot8" if element_bits(op.weights) == 8 else "dot"
    name = f"tinyml_{kind}_4x{op.pixels.value.data}_{op.quads.value.data}"
    body.w.block.add_op(emitc.CallOpaqueOp(name, [weights, column, sums]))


def write_byte_block(body: BodyWriter, op: ByteBlockOp) -> None:
    """`tinyml_bytes_4x2_64_16_64(&w[i], column, sums);`: the name says the window."""
    weights = write_address(body.w, body.places[op.weights], [body.value(index) for index in op.indices])
    column, sums = write_pointer(body.w, body.places[op.column]), body.places[op.sums].base
    channels, *others = op.numbers
    name = f"tinyml_bytes_{channels}x{'_'.join(map(str, others))}"
    body.w.block.add_op(emitc.CallOpaqueOp(name, [weights, column, sums]))


def write_lanes_block(body: BodyWriter, op: LanesBlockOp) -> None:
    """`tinyml_lanes_3x3_2_1_64_448(&w[i], &rows[at], sums);`: the name says the window."""
    weights = write_address(body.w, body.places[op.weights], [body.value(index) for index in op.indices])
    rows, sums = write_address(body.w, body.places[op.rows], [body.value(op.at)]), body.places[op.sums].base
    high, *others = op.numbers
    name = f"tinyml_lanes_{high}x{'_'.join(map(str, others))}"
    body.w.block.add_op(emitc.CallOpaqueOp(name, [weights, rows, sums]))


def write_plane_block(body: BodyWriter, op: PlaneBlockOp) -> None:
    """`tinyml_plane_2_1_16_32_0(&w[i], &rows[at], sums);`: outputs, stride, and the bytes where rows begin."""
    weights = write_address(body.w, body.places[op.weights], [body.value(op.index)])
    rows = write_address(body.w, body.places[op.rows], [body.value(op.at)])
    starts = "_".join(str(4 * start) for start in op.numbers)
    name = f"tinyml_plane_{op.outputs.value.data}_{op.stride.value.data}_{starts}"
    body.w.block.add_op(emitc.CallOpaqueOp(name, [weights, rows, body.places[op.sums].base]))


def write_direct_block(body: BodyWriter, op: DirectBlockOp) -> None:
    """`tinyml_direct_24_2x2_5_30_72(&w[i], &x[a], &x[b], sums);`: the name says the bits of a sum, and the window."""
    place, sums = body.places[op.weights], body.places[op.sums]
    weights = write_address(body.w, place, [body.value(index) for index in op.indices])
    data = [write_address(body.w, body.places[d], [body.value(index) for index in at]) for d, at in op.places]
    channels, *others = op.numbers
    name = f"tinyml_direct_{sums.element.width.data}_{channels}x{'_'.join(map(str, others))}"
    body.w.block.add_op(emitc.CallOpaqueOp(f"{name}_far" if place.far else name, [weights, *data, sums.base]))


def write_clipped_block(body: BodyWriter, op: ClippedBlockOp) -> None:
    """`tinyml_clipped_24_4_1_3_96_12_128(&w[i], &x[a], rows, count, sums);`: the name says the window."""
    place = body.places[op.weights]
    weights = write_address(body.w, place, [body.value(index) for index in op.indices])
    data = write_address(body.w, body.places[op.data], [body.value(index) for index in op.at])
    name = f"tinyml_clipped_24_{'_'.join(map(str, op.numbers))}{'_far' if place.far else ''}"
    counts = [body.value(op.rows), body.value(op.count)]
    body.w.block.add_op(emitc.CallOpaqueOp(name, [weights, data, *counts, body.places[op.sums].base]))


def write_sparse_block(body: BodyWriter, op: SparseBlockOp) -> None:
    """`tinyml_sparse_24_delta4(&w[at], &x[i], n, acc)`"""
    place = body.places[op.weights]
    weights = write_address(body.w, place, [body.value(op.at)])
    data = write_address(body.w, body.places[op.data], [body.value(index) for index in op.indices])
    name = f"tinyml_sparse_24_{op.encoding.data}{'_far' if place.far else ''}"
    arguments = [weights, data, body.value(op.count), body.value(op.sum)]
    call = emitc.CallOpaqueOp(name, arguments, body.w.scalar_type(op.result.type))
    body.w.block.add_op(call)
    assert call.result is not None
    call.result.name_hint = op.result.name_hint
    body.values[op.result] = call.result


def write_local(body: BodyWriter, op: memref.AllocaOp) -> None:
    """An array on the stack."""
    type = op.memref.type
    assert isinstance(type, MemRefType)
    variable = emitc.VariableOp(emitc.ArrayType(type.get_shape(), element_type(type)))
    body.w.block.add_op(variable)
    variable.result.name_hint = op.memref.name_hint
    body.places[op.memref] = Place(variable.result, type)


def write_address(w: Writer, place: Place, indices: Sequence[SSAValue]) -> SSAValue:
    """A pointer to an element of a memref."""
    element = write_subscript(w, place, indices)
    return w.do(emitc.AddressOfOp(element, place.attributes))
