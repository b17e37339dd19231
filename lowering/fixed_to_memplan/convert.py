"""From values to places: each tensor gets a memref, each form writes into one (destination-passing style).

Every form writes a buffer of its own, or its part of a concatenation's; the last form before a returned value writes
the caller's output directly. Slices are read where they lie. Nothing is placed yet; execution order is the order of
the tensors' definitions. `rounds.py` turns scans into loops.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    MemRefType,
    ModuleOp,
    NoneAttr,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.errors import UserError
from ...dialects.fixed import ConcatOp, ConstantOp, NextOp, ReshapeOp, ScanOp, SliceOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.structured import StructuredForm, segments
from ...dialects.fixed.types import DomainAttr, IntsAttr, PortAttr
from ...dialects.memplan import FLASH, AliasOp, BufferOp
from ...dialects.names import identifier
from ...passes.fixed.layouts.transposes import identity_body
from .indices import refuse_wild_indices
from .joined_places import Part, absolute, base_of, is_written, join
from .places import Place, whole
from .rounds import Rounds, is_settled

ANYWHERE = NoneAttr()
"""The memory space of everything that is not a constant."""


@dataclass(frozen=True)
class ConvertFixedToMemplanPass(ModulePass):
    """Lower every function with `fixed.inputs` from tensors to memrefs: inputs, then outputs, no results.

    Raises UserError on operations that are not of the level `fixed`.
    """

    name = "convert-fixed-to-memplan"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and "fixed.inputs" in function.attributes:
                Conversion(function).convert()


def memref_of(type: Attribute, memory: Attribute = ANYWHERE) -> MemRefType:
    """The memref with a tensor's shape and elements, in a memory space."""
    if not isinstance(type, TensorType):
        raise UserError(f"convert-fixed-to-memplan: expected a tensor, got {type}: is this the level `fixed`?")
    return MemRefType(type.element_type, type.get_shape(), memory_space=memory)


def is_fixed(op: Operation) -> bool:
    """True for the ops of the level `fixed`; forms that write into memrefs are below it."""
    moves = ConcatOp | ConstantOp | NextOp | ReshapeOp | ScanOp | SliceOp | ReturnOp
    return isinstance(op, moves) or (isinstance(op, StructuredForm) and op.outs is None)


class Conversion:
    """The conversion of one function: `places` says where every tensor lies that has been converted."""

    def __init__(self, function: FuncOp):
        self.function, self.old = function, function.body.block
        unknown = [op.name for op in ops_of(self.old) if not is_fixed(op)]
        if unknown:
            raise UserError(*(f"`{name}` does not belong to the level `fixed`: lower it first" for name in unknown))
        refuse_wild_indices(function)
        last = self.old.last_op
        assert isinstance(last, ReturnOp), "a verified function ends in func.return"
        self.returned = tuple(last.operands)
        results = [memref_of(value.type) for value in self.returned]
        self.block = Block(arg_types=[*(memref_of(argument.type) for argument in self.old.args), *results])
        self.outputs = self.block.args[len(self.old.args) :]
        arguments = zip(self.old.args, self.block.args, strict=False)
        self.places: dict[SSAValue, Place] = {old: whole(new) for old, new in arguments}
        self.steps = self.block
        """Where forms are appended: the block of the function, or of the innermost loop."""
        self.blocks = {self.old: self.block}
        """The block for the forms of each block of the level `fixed`."""
        self.trips: list[int] = []
        """The rounds of the loops around, the outermost first."""
        self.levels: dict[StructuredForm, tuple[int, ...]] = {}
        """The loops whose round the first dimensions of a form's domain count."""
        self.spare: set[ConstantOp] = set()
        """Constants for which others may stand."""
        self.in_place: dict[SSAValue, Place] = {}
        """The state that a form's result may be written over."""
        self.destinations: dict[SSAValue, Place] = {}
        """The place that a form's result is written into: an output argument, or a part of a stacked output."""
        self.copies: list[tuple[int, SSAValue]] = []
        """Outputs that no form can write directly: an input, a constant, or a value returned twice."""
        for number, (value, output) in enumerate(zip(self.returned, self.outputs, strict=True)):
            base = base_of(value)
            if is_written(base) and base not in self.destinations:
                self.destinations[base] = whole(output)
            else:
                self.copies.append((number, value))
        self.parts = join(self.old, self.destinations)
        self.copied: set[tuple[SSAValue, Part]] = set()

    def convert(self) -> None:
        """Replace the body of the function."""
        for old, new in zip(self.old.args, self.block.args, strict=False):
            new.name_hint = old.name_hint
        for number, output in enumerate(self.outputs):
            output.name_hint = "out" if len(self.outputs) == 1 else f"out{number}"
        for op in self.old.ops:
            self.convert_op(op)
        for number, value in self.copies:
            self.copy(self.places[value], whole(self.outputs[number]), f"{self._label(number)}.copy")
        self.block.add_op(ReturnOp())
        for op in self.spare:
            if not op.result.first_use:
                self.block.erase_op(op)
        region = self.function.body
        region.detach_block(self.old)
        region.add_block(self.block)
        self.old.erase()
        self._change_signature()

    @contextmanager
    def within(self, old: Block, new: Block, trips: int) -> Generator[None]:
        """Convert the body of a scan into the block of a loop."""
        outer, self.steps, self.blocks[old] = self.steps, new, new
        self.trips.append(trips)
        yield
        self.trips.pop()
        self.steps = outer

    def convert_op(self, op: Operation) -> None:
        """Convert one op of the level `fixed`."""
        match op:
            case ConstantOp():
                constant = ConstantOp(op.value, memref_of(op.result.type, FLASH))
                constant.node, constant.layout = op.node, op.layout
                self._define(op.result, constant)
            case ReshapeOp():
                self._reshape(op)
            case SliceOp():
                self._slice(op)
            case ConcatOp():
                self._concat(op)
            case StructuredForm():
                self._compute(op)
            case ScanOp():
                Rounds(op, self).convert()
            case _:
                pass

    def define(self, op: Operation) -> SSAValue:
        """Append an op that makes a memref: in the function's block, whatever loop is being written."""
        self.block.add_op(op)
        return op.results[0]

    def memref_of(self, value: SSAValue) -> MemRefType:
        """The type of a tensor in RAM."""
        return memref_of(value.type)

    def _define(self, tensor: SSAValue, op: Operation) -> Place:
        """Append an op whose result is the place of a tensor."""
        self.places[tensor] = whole(self.define(op))
        op.results[0].name_hint = tensor.name_hint
        return self.places[tensor]

    def _reshape(self, op: ReshapeOp) -> None:
        source, output = self.places[op.source], self.destinations.get(base_of(op.result))
        type = memref_of(op.result.type, source.type.memory_space)
        if output is not None and not output.turns and output.type == type:
            self.places[op.result] = output
        elif source.turns and source.is_stack:
            self.places[op.result] = self._seen(op.result, source, type, op.node)
        else:
            dense = self._dense(op.source)
            type = memref_of(op.result.type, dense.type.memory_space)  # a copy of a part of a constant is in RAM
            self._define(op.result, AliasOp(dense.memref, 0, type, op.node))

    def _seen(self, tensor: SSAValue, place: Place, type: MemRefType, node: StringAttr | None) -> Place:
        """The place of a tensor in a slice that rounds give, or in all of a memref, with other sizes or elements."""
        rounds = [place.type.get_shape()[dim] for dim, _ in place.turns]
        whole_type = MemRefType(type.element_type, [*rounds, *type.get_shape()], memory_space=place.type.memory_space)
        alias = self.define(AliasOp(place.memref, 0, whole_type, node))
        alias.name_hint = tensor.name_hint
        turns = tuple((dim, turn) for dim, (_, turn) in enumerate(place.turns))
        return Place(alias, (0,) * type.get_num_dims(), type.get_shape(), turns)

    def _slice(self, op: SliceOp) -> None:
        source = self.places[op.source]
        type = memref_of(op.result.type, source.type.memory_space)
        self._lay(op.result, source.box(op.offsets.data, type.get_shape()), type, op.node)

    def _concat(self, op: ConcatOp) -> None:
        """Copy the parts there that were not written there."""
        state = self.in_place.get(op.result)
        place = self.destination(op.result, op.node) if state is None else self.places.setdefault(op.result, state)
        for number, (part, start) in enumerate(zip(op.parts, op.starts, strict=True)):
            there = absolute(Part(op, start), self.parts)
            known = self.parts.get(base_of(part))
            if (known is None or absolute(known, self.parts) != there) and (part, there) not in self.copied:
                self.copied.add((part, there))
                name = op.name if op.node is None else op.node.data
                self.copy(self.places[part], self._box(place, Part(op, start), part), f"{name}.copy{number}")

    def _box(self, place: Place, part: Part, value: SSAValue) -> Place:
        """Where a part lies in the place of its concatenation."""
        axis, shape = part.whole.axis_index, list(place.shape)
        offsets = [part.start if dim == axis else 0 for dim in range(len(shape))]
        shape[axis] = prod(memref_of(value.type).get_shape()) * shape[axis] // prod(shape)
        return place.box(offsets, shape)

    def destination(self, result: SSAValue, node: StringAttr | None) -> Place:
        """The place that a form writes, or that the parts of a concatenation are written into, made on first use."""
        inside: list[tuple[SSAValue, Part, StringAttr | None]] = []
        while result not in self.places and (part := self.parts.get(result)) is not None:
            inside.append((result, part, node))
            result, node = part.whole.result, part.whole.node
        place = self._outermost(result, node)
        for value, part, name in reversed(inside):
            place = self._lay(value, self._box(place, part, value), memref_of(value.type), name)
        return place

    def _outermost(self, result: SSAValue, node: StringAttr | None) -> Place:
        """The place of a value that is part of no concatenation: an output argument, or a buffer of its own."""
        if result in self.places:
            return self.places[result]
        type, output = memref_of(result.type), self.destinations.get(result)
        if output is None:
            return self._define(result, BufferOp(type, None if node is None else node.data))
        same = output.type.element_type == type.element_type and output.shape == type.get_shape()
        self.places[result] = output if same else self._seen(result, output, type, node)
        return self.places[result]

    def _lay(self, tensor: SSAValue, box: Place, type: MemRefType, node: StringAttr | None) -> Place:
        """Let a tensor lie in a box: as an alias where it is one block of bytes."""
        offset = box.block_offset
        if offset is not None:
            return self._define(tensor, AliasOp(box.memref, offset, type, node))
        self.places[tensor] = box
        return box

    def _dense(self, tensor: SSAValue) -> Place:
        """A place of the tensor that is all of a memref: its own, or a copy that is made now, where it is computed."""
        place = self.places[tensor]
        if not place.is_whole:
            buffer = self._define(tensor, BufferOp(memref_of(tensor.type), None))
            old = tensor.owner if isinstance(tensor.owner, Block) else tensor.owner.parent
            assert old is not None, "a value is defined in a block"
            here, self.steps = self.steps, self.blocks[old]
            self.copy(place, buffer, f"{self._name(tensor)}.dense")
            self.steps = here
        return self.places[tensor]

    def _name(self, tensor: SSAValue) -> str:
        """The node that computes a tensor, else its number."""
        node = tensor.owner.properties.get("node") if isinstance(tensor.owner, Operation) else None
        return node.data if isinstance(node, StringAttr) else f"value{len(self.places)}"

    def _compute(self, op: StructuredForm) -> None:
        """Convert a form. One that computes the next state may turn out to need a buffer of its own."""
        assert op.result is not None, "a form on tensors has a result"
        state = self.in_place.get(op.result)
        if state is None:
            self._append(*self._form(op, self.destination(op.result, op.node)))
            return
        type = memref_of(op.result.type)
        same = state.type.element_type == type.element_type and state.shape == type.get_shape()
        place = self.places[op.result] = state if same else self._seen(op.result, state, type, op.node)
        form, levels = self._form(op, place)
        if not is_settled(form, place, levels):
            buffer = self._define(op.result, BufferOp(type, None if op.node is None else op.node.data))
            form.operands[sum(form.segments[:3])] = buffer.memref
        self._append(form, levels)

    def _append(self, form: StructuredForm, levels: tuple[int, ...]) -> None:
        """Append a form, whose first dimensions count the rounds of some loops around."""
        self.steps.add_op(form)
        self.levels[form] = levels

    def _domain(self, domain: DomainAttr, levels: Sequence[int]) -> DomainAttr:
        """A domain with a dimension for the rounds of each of some loops before the others."""
        return DomainAttr([*(self.trips[level] for level in levels), *domain.parallel.data], domain.reduction.data)

    def _form(self, form: StructuredForm, place: Place) -> tuple[StructuredForm, tuple[int, ...]]:
        """The same form writing into `place`, and the loops whose rounds it counts; its body moves along."""
        accesses = [m.data for m in form.maps.data]
        places: list[Place] = []
        for index, value in enumerate((*form.ins, *form.params)):
            source = self.places[value]
            places.append(source if source.holds(accesses[index], form.sizes) else self._dense(value))
        places.append(place)
        levels = tuple(sorted(frozenset[int]().union(*(each.levels for each in places))))
        accesses = [each.reach(access, levels) for each, access in zip(places, accesses, strict=True)]
        operands = [each.memref for each in places[:-1]]
        tables = [self._dense(value).memref for value in form.tables]
        body = form.detach_region(form.body)
        for argument, table in zip(body.block.args[len(body.block.args) - len(tables) :], tables, strict=True):
            Rewriter.replace_value_with_new_type(argument, table.type)
        indices = [self._dense(value) for value in form.indices]
        sizes = segments(len(form.ins), len(form.params), len(tables), 1, len(indices))
        held = {} if form.held is None else held_behind(form, indices, levels)
        maps = ArrayAttr(AffineMapAttr(access) for access in accesses)
        domain = self._domain(form.domain, levels)
        converted = type(form).create(
            operands=[*operands, *tables, place.memref, *(index.memref for index in indices)],
            properties={**form.properties, **held, "domain": domain, "maps": maps, "operandSegmentSizes": sizes},
            attributes=form.attributes,
            regions=[body],
        )
        return converted, levels

    def copy(self, source: Place, target: Place, node: str) -> None:
        """Copy a tensor, element by element; where the source has size 1, its one element everywhere."""
        identity = AffineMap.identity(len(target.shape))
        levels = tuple(sorted(source.levels | target.levels))
        maps = [source.reach(first_only(source.shape, target.shape), levels), target.reach(identity, levels)]
        body, domain = identity_body(target.type.element_type), self._domain(DomainAttr(target.shape), levels)
        self._append(MapOp([source.memref], target.memref, domain, maps, body, node=node), levels)

    def _label(self, number: int) -> str:
        """The name of an output, from its port's label."""
        ports = self.function.attributes.get("fixed.outputs")
        port = ports.data[number] if isinstance(ports, ArrayAttr) and number < len(ports) else None
        return identifier(port.label.data, "output") if isinstance(port, PortAttr) else f"output{number}"

    def _change_signature(self) -> None:
        function, count = self.function, len(self.function.function_type.inputs)
        function.function_type = FunctionType.from_lists([argument.type for argument in self.block.args], [])
        if function.arg_attrs is not None or function.res_attrs is not None:
            arguments = attributes_of(function.arg_attrs, count)
            function.arg_attrs = ArrayAttr([*arguments, *attributes_of(function.res_attrs, len(self.outputs))])
            function.res_attrs = None


def first_only(sizes: Sequence[int], points: Sequence[int]) -> AffineMap:
    """The access of each point to its own index, to index 0 in the dimensions that have size 1."""
    pairs = enumerate(zip(sizes, points, strict=True))
    return AffineMap(
        len(points),
        0,
        tuple(
            AffineExpr.constant(0) if size == 1 and points > 1 else AffineExpr.dimension(dim)
            for dim, (size, points) in pairs
        ),
    )


def ops_of(block: Block) -> Iterator[Operation]:
    """The ops of a block, and those in the bodies of scans there."""
    for op in block.ops:
        yield op
        if isinstance(op, ScanOp):
            yield from ops_of(op.body.block)


def attributes_of(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> Sequence[DictionaryAttr]:
    """One dictionary for each of `count` arguments or results."""
    return [DictionaryAttr({})] * count if attributes is None else attributes.data


def held_behind(form: StructuredForm, indices: Sequence[Place], levels: Sequence[int]) -> dict[str, Attribute]:
    """The held dimensions of a form and the accesses of their indices behind the dimensions of some loops."""
    maps = [index.reach(access, levels) for index, access in zip(indices, form.held_maps, strict=True)]
    return {
        "held": IntsAttr(tuple(dim + len(levels) for dim in form.held_dims)),
        "index_maps": ArrayAttr(AffineMapAttr(access) for access in maps),
    }
