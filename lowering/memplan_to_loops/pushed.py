"""A loop whose rounds are calls: the first function of a model that takes one slice of its input at a time.

By rows there is one function; the number of the row lasts from call to call:

    if row == 0: what comes before the loop
    a round
    row = row + 1; if it was the last: row = 0, what comes after the loop

In steps, without end, a call is a round, and what comes before the loop is a function of its own, NAME_reset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, IndexType, MemRefType, i16
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, from_linear, linear_map
from ...dialects.fixed.structured import StructuredForm
from ...dialects.fixed.types import DomainAttr
from ...dialects.memplan import LoopOp
from ...dialects.memplan.liveness import root_of, touched
from .emit import Emitter


class RowCounter:
    """The row that a call takes, written at the end of the emitter's block."""

    def __init__(self, emit: Emitter, state: memref.GlobalOp, rounds: int):
        self.emit, self.rounds, self.zero = emit, rounds, emit.index(0)
        self.state = emit.do(memref.GetGlobalOp(state.sym_name.data, state.type))
        entry = emit.do(memref.LoadOp.get(self.state, [self.zero]))
        self.row = emit.do(arith.IndexCastOp(entry, IndexType()), "row")

    def at_first(self, block: Block) -> None:
        """Run a block at the first row."""
        if block.first_op is not None:
            is_first = self.emit.do(arith.CmpiOp(self.row, self.zero, "eq"))
            block.add_op(scf.YieldOp())
            self.emit.block.add_op(scf.IfOp(is_first, [], Region(block)))

    def at_last(self) -> Block:
        """Count on; returns the block that runs at the last row."""
        emit = self.emit
        after = emit.index(emit.add(self.row, 1))
        is_last = emit.do(arith.CmpiOp(after, emit.index(self.rounds), "eq"))
        following = emit.do(arith.SelectOp(is_last, self.zero, after))
        emit.block.add_op(memref.StoreOp.get(emit.do(arith.IndexCastOp(following, i16)), self.state, [self.zero]))
        rest = Block()
        emit.block.add_op(scf.IfOp(is_last, [], Region(rest)))
        return rest


def slices_of(loop: LoopOp, arguments: Sequence[SSAValue]) -> dict[SSAValue, int]:
    """The memrefs in these arguments of which a round has a slice, with the dimension that counts the slices."""
    found: dict[SSAValue, int] = {}
    for form, dim in loop.dims.items():
        for value, access in touched(form):
            if root_of(value) in arguments and access is not None:
                moving = [number for number, index in enumerate(linear_map(access)) if index.coefficients[dim]]
                found.update((value, number) for number in moving)
    return found


def on_slices(form: StructuredForm, slices: Mapping[SSAValue, int]) -> StructuredForm:
    """The same form where the memrefs `slices` are one slice each: their index in that dimension is 0.

    What counts the slices and nothing else is a dimension of size 1 then.
    """
    operands = [*form.ins, *form.params, form.target]
    if not any(value in slices for value in operands):
        return form
    maps: list[AffineMap] = []
    for value, access in zip(operands, (m.data for m in form.maps), strict=True):
        results = list(linear_map(access))
        if value in slices:
            results[slices[value]] = Linear((0,) * access.num_dims, 0)
        maps.append(from_linear(results, access.num_dims))
    copy = form.clone()
    copy.maps = ArrayAttr(AffineMapAttr(access) for access in maps)
    used = {d for access in maps for result in linear_map(access) for d, c in enumerate(result.coefficients) if c}
    sizes = [size if d in used else 1 for d, size in enumerate(form.domain.parallel.data)]
    copy.properties["domain"] = DomainAttr(sizes, form.domain.reduction.data)
    return copy


def uses_dim(form: StructuredForm, dim: int) -> bool:
    """True where an access of a form depends on a dimension."""
    return any(index.coefficients[dim] for access in form.maps for index in linear_map(access.data))


def slice_types(loop: LoopOp, slices: Mapping[SSAValue, int]) -> dict[SSAValue, MemRefType]:
    """The type of one slice of each memref: size 1 in the dimension that counts them; flat where that is none's own."""
    types = {value: slice_type(value, dim) for value, dim in slices.items()}
    for root in {root_of(value) for value in slices} - set(slices):
        assert isinstance(root.type, MemRefType)
        shape = root.type.get_shape()
        dims = [dim for dim, size in enumerate(shape) if size == loop.trips and prod(shape[:dim]) == 1]
        flat = MemRefType(root.type.element_type, [prod(shape) // loop.trips])
        types[root] = slice_type(root, dims[0]) if dims else flat
    return types


def slice_type(value: SSAValue, dim: int) -> MemRefType:
    """The type of one slice, with size 1 in the dimension that counts them."""
    type = value.type
    assert isinstance(type, MemRefType)
    shape = [1 if number == dim else size for number, size in enumerate(type.get_shape())]
    return MemRefType(type.element_type, shape, memory_space=type.memory_space)
