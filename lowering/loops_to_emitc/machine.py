"""Machine operations that touch memory, as calls of what the file's head defines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IntegerAttr, MemRefType, i32
from xdsl.ir import SSAValue

from ...dialects import emitc
from ...dialects.mcu import BlockOp, element_bits
from ...dialects.mcu.bytes import ClippedBlockOp, DirectBlockOp, SparseBlockOp
from ...dialects.mcu.columns import ByteBlockOp, DotBlockOp, FinishBlockOp, GatherBlockOp, PairBlockOp
from ...dialects.mcu.groups import GroupsBlockOp
from ...dialects.mcu.vectors import CopyBlockOp, RequantizeBlockOp, WideBlockOp
from ...dialects.mcu.windows import LanesBlockOp, PlaneBlockOp, PlanesBlockOp
from ...dialects.mcu.words import AtOp, LoadWordOp
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


def write_block(body: BodyWriter, op: BlockOp) -> None:
    """`tinyml_dot_4x2_16(&w[i], column, sums);`: the name says the kind of block and the numbers of its window."""
    place = body.places[op.weights]
    weights = write_address(body.w, place, [body.value(index) for index in op.indices])
    data = [write_start(body, memref, at) for memref, at in op.places]
    counts = [body.value(count) for count in op.counts]
    name = f"tinyml_{SPELLED[type(op)](op)}{'_far' if place.far else ''}"
    body.w.block.add_op(emitc.CallOpaqueOp(name, [weights, *data, *counts, body.places[op.sums].base]))


def dot(op: BlockOp) -> str:
    """`dot_4x2_16`: channels, pixels and quads; `dot8` has weights of bytes, `dotn` is told how many turns it takes."""
    return quads_of(f"dot{short(op)}", op)


def quads_of(kind: str, op: BlockOp) -> str:
    """`pairs_4x2_16`, or `pairsn_4x2_2` where turns of so many quads are counted."""
    quads, pixels = op.numbers
    return f"{kind}{'n' if op.counts else ''}_4x{pixels}_{quads}"


def plane(op: BlockOp) -> str:
    """`plane_2_1_16_32_0`: outputs, stride, and the bytes where rows begin."""
    outputs, stride, *rows = op.numbers
    return f"plane_{outputs}_{stride}_{joined([4 * row for row in rows])}"


def planes(op: BlockOp) -> str:
    """`planes_32_4_6_1_0_56_112_168_...`: as in the op, rows and planes in bytes; `planes32` has weights in words."""
    numbers = op.numbers
    return f"planes{held(op)}_{joined([*numbers[:4], *(4 * words for words in numbers[4:8]), *numbers[8:]])}"


def held(op: BlockOp) -> str:
    """`32` in the names of blocks whose weights may be held in words, and are."""
    return "32" if element_bits(op.weights) == 32 else ""


def short(op: BlockOp) -> str:
    """`8` in the names of blocks whose weights may have 16 bits, and are bytes."""
    return "8" if element_bits(op.weights) == 8 else ""


def joined(numbers: Sequence[int]) -> str:
    """`16_32_n5`: numbers in a name, `n` before those below 0."""
    return "_".join(f"n{-number}" if number < 0 else str(number) for number in numbers)


SPELLED: dict[type[BlockOp], Callable[[BlockOp], str]] = {
    DotBlockOp: dot,
    PairBlockOp: lambda op: quads_of("pairs", op),
    ByteBlockOp: lambda op: f"bytes_{op.numbers[0]}x{joined(op.numbers[1:])}",
    LanesBlockOp: lambda op: f"lanes{short(op)}_{op.numbers[0]}x{joined(op.numbers[1:])}",
    PlaneBlockOp: plane,
    DirectBlockOp: lambda op: f"direct_{element_bits(op.sums)}_{op.numbers[0]}x{joined(op.numbers[1:])}",
    WideBlockOp: lambda op: f"wide_{op.numbers[0]}x{joined(op.numbers[1:])}",
    RequantizeBlockOp: lambda op: f"requantize_{joined(op.numbers)}",
    FinishBlockOp: lambda op: f"finish_{joined(op.numbers)}",
    GroupsBlockOp: lambda op: f"groups{held(op)}_{joined(op.numbers)}",
    PlanesBlockOp: planes,
    GatherBlockOp: lambda op: f"gather_{joined(op.numbers)}",
    CopyBlockOp: lambda op: f"{'copy' if element_bits(op.weights) == 8 else 'held'}_{joined(op.numbers)}",
    ClippedBlockOp: lambda op: f"clipped_{element_bits(op.sums)}_{joined(op.numbers)}",
}
"""The names of blocks in C (targets/machine/blocks)."""


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
    variable = emitc.VariableOp(emitc.ArrayType(type.get_shape() or [1], element_type(type)))
    body.w.block.add_op(variable)
    variable.result.name_hint = op.memref.name_hint
    body.places[op.memref] = Place(variable.result, type)


def write_start(body: BodyWriter, memref: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
    """A pointer to an element of data: `x` where it is the first one, else `&x[i]`."""
    if all(constant_of(index) == 0 for index in indices):
        return write_pointer(body.w, body.places[memref])
    return write_address(body.w, body.places[memref], [body.value(index) for index in indices])


def constant_of(value: SSAValue) -> int | None:
    """The number, where it is a constant."""
    op = value.owner
    return op.value.value.data if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr) else None


def write_address(w: Writer, place: Place, indices: Sequence[SSAValue]) -> SSAValue:
    """A pointer to an element of a memref."""
    element = write_subscript(w, place, indices)
    return w.do(emitc.AddressOfOp(element, place.attributes))
