"""From values to places: each tensor gets a memref, each form writes into one (destination-passing style).

Every form writes a buffer of its own, or its part of a concatenation's; the last form before a returned value writes
the caller's output directly. Slices are read where they lie. Nothing is placed yet; execution order is the order of
the tensors' definitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FunctionType,
    MemRefType,
    ModuleOp,
    NoneAttr,
    StringAttr,
    TensorType,
    i32,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.errors import UserError
from ...dialects.fixed import ConcatOp, ConstantOp, ReshapeOp, SliceOp
from ...dialects.fixed.forms import MapOp, StructuredForm
from ...dialects.fixed.types import DomainAttr, PortAttr
from ...dialects.memplan import FLASH, AliasOp, BufferOp
from ...dialects.names import identifier
from ...passes.fixed.layouts.transposes import identity_body
from .joined_places import Part, absolute, base_of, join
from .places import Place, whole

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
    moves = ConcatOp | ConstantOp | ReshapeOp | SliceOp | ReturnOp
    return isinstance(op, moves) or (isinstance(op, StructuredForm) and op.outs is None)


class Conversion:
    """The conversion of one function: `places` says where every tensor lies that has been converted."""

    def __init__(self, function: FuncOp):
        self.function, self.old = function, function.body.block
        unknown = [op.name for op in self.old.ops if not is_fixed(op)]
        if unknown:
            raise UserError(*(f"`{name}` does not belong to the level `fixed`: lower it first" for name in unknown))
        last = self.old.last_op
        assert isinstance(last, ReturnOp), "a verified function ends in func.return"
        self.returned = tuple(last.operands)
        results = [memref_of(value.type) for value in self.returned]
        self.block = Block(arg_types=[*(memref_of(argument.type) for argument in self.old.args), *results])
        self.outputs = self.block.args[len(self.old.args) :]
        arguments = zip(self.old.args, self.block.args, strict=False)
        self.places: dict[SSAValue, Place] = {old: whole(new) for old, new in arguments}
        self.destinations: dict[SSAValue, SSAValue] = {}
        """The output argument that a form's result is written into."""
        self.copies: list[tuple[int, SSAValue]] = []
        """Outputs that no form can write directly: an input, a constant, or a value returned twice."""
        for number, (value, output) in enumerate(zip(self.returned, self.outputs, strict=True)):
            base = base_of(value)
            if isinstance(base.owner, StructuredForm | ConcatOp) and base not in self.destinations:
                self.destinations[base] = output
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
            self._convert_op(op)
        for number, value in self.copies:
            self._copy(self.places[value], whole(self.outputs[number]), f"{self._label(number)}.copy")
        self.block.add_op(ReturnOp())
        region = self.function.body
        region.detach_block(self.old)
        region.add_block(self.block)
        self.old.erase()
        self._change_signature()

    def _convert_op(self, op: Operation) -> None:
        match op:
            case ConstantOp():
                constant = ConstantOp(op.value, memref_of(op.result.type, FLASH))
                constant.node = op.node
                self._define(op.result, constant)
            case ReshapeOp():
                self._reshape(op)
            case SliceOp():
                self._slice(op)
            case ConcatOp():
                self._concat(op)
            case StructuredForm():
                assert op.result is not None, "a form on tensors has a result"
                self.block.add_op(self._form(op, self._destination(op.result, op.node)))
            case _:
                pass

    def _define(self, tensor: SSAValue, op: Operation) -> Place:
        """Append an op whose result is the place of a tensor."""
        self.block.add_op(op)
        self.places[tensor] = whole(op.results[0])
        op.results[0].name_hint = tensor.name_hint
        return self.places[tensor]

    def _reshape(self, op: ReshapeOp) -> None:
        source = self._dense(op.source)
        type = memref_of(op.result.type, source.type.memory_space)
        output = self.destinations.get(base_of(op.result))
        if output is not None and output.type == type:
            self.places[op.result] = whole(output)
        else:
            self._define(op.result, AliasOp(source.memref, 0, type, op.node))

    def _slice(self, op: SliceOp) -> None:
        source = self.places[op.source]
        type = memref_of(op.result.type, source.type.memory_space)
        self._lay(op.result, source.box(op.offsets.data, type.get_shape()), type, op.node)

    def _concat(self, op: ConcatOp) -> None:
        """Copy the parts there that were not written there."""
        place = self._destination(op.result, op.node)
        for number, (part, start) in enumerate(zip(op.parts, op.starts, strict=True)):
            there = absolute(Part(op, start), self.parts)
            known = self.parts.get(base_of(part))
            if (known is None or absolute(known, self.parts) != there) and (part, there) not in self.copied:
                self.copied.add((part, there))
                name = op.name if op.node is None else op.node.data
                self._copy(self.places[part], self._box(place, Part(op, start), part), f"{name}.copy{number}")

    def _box(self, place: Place, part: Part, value: SSAValue) -> Place:
        """Where a part lies in the place of its concatenation."""
        axis, shape = part.whole.axis_index, list(place.shape)
        offsets = [part.start if dim == axis else 0 for dim in range(len(shape))]
        shape[axis] = prod(memref_of(value.type).get_shape()) * shape[axis] // prod(shape)
        return place.box(offsets, shape)

    def _destination(self, result: SSAValue, node: StringAttr | None) -> Place:
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
        if output.type == type:
            self.places[result] = whole(output)
            return self.places[result]
        return self._define(result, AliasOp(output, 0, type, node))

    def _lay(self, tensor: SSAValue, box: Place, type: MemRefType, node: StringAttr | None) -> Place:
        """Let a tensor lie in a box: as an alias where it is one block of bytes."""
        offset = box.block_offset
        if offset is not None:
            return self._define(tensor, AliasOp(box.memref, offset, type, node))
        self.places[tensor] = box
        return box

    def _dense(self, tensor: SSAValue) -> Place:
        """A place of the tensor that is all of a memref: its own, or a copy that is made now."""
        place = self.places[tensor]
        if not place.is_whole:
            buffer = self._define(tensor, BufferOp(memref_of(tensor.type), None))
            self._copy(place, buffer, f"{self._name(tensor)}.dense")
        return self.places[tensor]

    def _name(self, tensor: SSAValue) -> str:
        """The node that computes a tensor, else its number."""
        node = tensor.owner.properties.get("node") if isinstance(tensor.owner, Operation) else None
        return node.data if isinstance(node, StringAttr) else f"value{len(self.places)}"

    def _form(self, form: StructuredForm, place: Place) -> StructuredForm:
        """The same form writing into `place`; its body moves along."""
        accesses = [m.data for m in form.maps.data]
        operands: list[SSAValue] = []
        for index, value in enumerate((*form.ins, *form.params)):
            source = self.places[value]
            if not source.holds(accesses[index], form.sizes):
                source = self._dense(value)
            accesses[index] = source.shifted(accesses[index])
            operands.append(source.memref)
        accesses[-1] = place.shifted(accesses[-1])
        tables = [self._dense(value).memref for value in form.tables]
        body = form.detach_region(form.body)
        for argument, table in zip(body.block.args[len(body.block.args) - len(tables) :], tables, strict=True):
            Rewriter.replace_value_with_new_type(argument, table.type)
        segments = DenseArrayBase.from_list(i32, (len(form.ins), len(form.params), len(tables), 1, 0))
        maps = ArrayAttr(AffineMapAttr(access) for access in accesses)
        return type(form).create(
            operands=[*operands, *tables, place.memref],
            properties={**form.properties, "maps": maps, "operandSegmentSizes": segments},
            attributes=form.attributes,
            regions=[body],
        )

    def _copy(self, source: Place, target: Place, node: str) -> None:
        """Copy a tensor, element by element."""
        identity = AffineMap.identity(len(target.shape))
        maps = [source.shifted(identity), target.shifted(identity)]
        body = identity_body(target.type.element_type)
        self.block.add_op(MapOp([source.memref], target.memref, DomainAttr(target.shape), maps, body, node=node))

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


def attributes_of(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> Sequence[DictionaryAttr]:
    """One dictionary for each of `count` arguments or results."""
    return [DictionaryAttr({})] * count if attributes is None else attributes.data
