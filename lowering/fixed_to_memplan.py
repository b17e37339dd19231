"""From values to places: each tensor gets a memref, each form writes into one (destination-passing style).

Every form writes a buffer of its own, and the last form before a returned value writes the caller's output directly.
Nothing is placed yet; execution order is the order of the tensors' definitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FunctionType,
    MemRefType,
    ModuleOp,
    NoneAttr,
    TensorType,
    i32,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ..dialects.errors import UserError
from ..dialects.fixed import ConstantOp, ReshapeOp
from ..dialects.fixed_forms import MapOp, StructuredForm
from ..dialects.fixed_type import DomainAttr, PortAttr
from ..dialects.memplan import FLASH, AliasOp, BufferOp
from ..passes.fixed.transposes import identity_body

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
    return isinstance(op, ConstantOp | ReshapeOp | ReturnOp) or (isinstance(op, StructuredForm) and op.outs is None)


def base_of(value: SSAValue) -> SSAValue:
    """The value whose elements these are, through reshapes."""
    while isinstance(value.owner, ReshapeOp):
        value = value.owner.source
    return value


class Conversion:
    """The conversion of one function: `places` holds the memref of every tensor that has been converted."""

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
        self.places: dict[SSAValue, SSAValue] = dict(zip(self.old.args, self.block.args, strict=False))
        self.destinations: dict[SSAValue, SSAValue] = {}
        """The output argument that a form's result is written into."""
        self.copies: list[tuple[int, SSAValue]] = []
        """Outputs that no form can write directly: an input, a constant, or a value returned twice."""
        for number, (value, output) in enumerate(zip(self.returned, self.outputs, strict=True)):
            base = base_of(value)
            if isinstance(base.owner, StructuredForm) and base not in self.destinations:
                self.destinations[base] = output
            else:
                self.copies.append((number, value))

    def convert(self) -> None:
        """Replace the body of the function."""
        for old, new in zip(self.old.args, self.block.args, strict=False):
            new.name_hint = old.name_hint
        for number, output in enumerate(self.outputs):
            output.name_hint = "out" if len(self.outputs) == 1 else f"out{number}"
        for op in self.old.ops:
            self._convert_op(op)
        for number, value in self.copies:
            self._copy(number, value)
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
            case StructuredForm():
                assert op.result is not None, "a form on tensors has a result"
                place = self._destination(op, op.result)
                self.places[op.result] = place
                self.block.add_op(self._form(op, place))
            case _:
                pass

    def _define(self, tensor: SSAValue, op: Operation) -> SSAValue:
        """Append an op whose result is the place of a tensor."""
        self.block.add_op(op)
        self.places[tensor] = op.results[0]
        op.results[0].name_hint = tensor.name_hint
        return op.results[0]

    def _reshape(self, op: ReshapeOp) -> None:
        source = self.places[op.source]
        assert isinstance(source.type, MemRefType)
        type = memref_of(op.result.type, source.type.memory_space)
        output = self.destinations.get(base_of(op.result))
        if output is not None and output.type == type:
            self.places[op.result] = output
        else:
            self._define(op.result, AliasOp(source, 0, type, op.node))

    def _destination(self, form: StructuredForm, result: SSAValue) -> SSAValue:
        type, output = memref_of(result.type), self.destinations.get(result)
        if output is None:
            return self._define(result, BufferOp(type, None if form.node is None else form.node.data))
        if output.type == type:
            return output
        return self._define(result, AliasOp(output, 0, type, form.node))

    def _form(self, form: StructuredForm, place: SSAValue) -> StructuredForm:
        """The same form writing into `place`; its body moves along."""
        groups = [[self.places[value] for value in group] for group in (form.ins, form.params, form.tables)]
        body = form.detach_region(form.body)
        for argument, table in zip(body.block.args[len(body.block.args) - len(form.tables) :], groups[2], strict=True):
            Rewriter.replace_value_with_new_type(argument, table.type)
        segments = DenseArrayBase.from_list(i32, [*(len(group) for group in groups), 1])
        return type(form).create(
            operands=[*groups[0], *groups[1], *groups[2], place],
            properties={**form.properties, "operandSegmentSizes": segments},
            attributes=form.attributes,
            regions=[body],
        )

    def _copy(self, number: int, value: SSAValue) -> None:
        """Copy a value to an output, element by element."""
        output, place = self.outputs[number], self.places[value]
        assert isinstance(output.type, MemRefType)
        shape = output.type.get_shape()
        identity = AffineMap.identity(len(shape))
        node = f"{self._label(number)}.copy"
        body = identity_body(output.type.element_type)
        self.block.add_op(MapOp([place], output, DomainAttr(shape), [identity, identity], body, node=node))

    def _label(self, number: int) -> str:
        """The name of an output: its port's label."""
        ports = self.function.attributes.get("fixed.outputs")
        port = ports.data[number] if isinstance(ports, ArrayAttr) and number < len(ports) else None
        return port.label.data if isinstance(port, PortAttr) else f"output{number}"

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
