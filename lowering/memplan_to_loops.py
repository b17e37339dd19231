"""From plans to loops: every structured form becomes a function of nested loops, every place of the plan an address.

The public function keeps its name and its ports; it takes the addresses and calls the steps in the plan's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ..dialects.errors import UserError
from ..dialects.fixed_forms import StructuredForm
from ..dialects.memplan import RetireOp
from .loops_emit import Emitter
from .loops_index import Padding, Style
from .loops_memory import Memory, Names, Place, write_place
from .loops_nest import build_nest


@dataclass(frozen=True)
class ConvertMemplanToLoopsPass(ModulePass):
    """Lower `fixed` forms on memrefs and `memplan` to func, scf, arith, memref and mcu.

    `padding=clip` shortens reduction loops so that padding is never visited; `padding=guard` keeps constant trip counts
    and tests each access (what HLS wants). `word_bits` is the width in which the target computes well. Raises UserError
    on operations that have no place in a plan.
    """

    name = "convert-memplan-to-loops"
    padding: str = "clip"
    word_bits: int = 32

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.padding not in get_args(Padding):
            raise UserError(f"convert-memplan-to-loops: padding is `clip` or `guard`, not `{self.padding}`")
        functions = [f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration]
        symbols = [f.sym_name.data for f in op.ops if isinstance(f, func.FuncOp)]
        for function in functions:
            style = Style(cast(Padding, self.padding), self.word_bits)
            lowering = Lowering(function, Names(function.sym_name.data, symbols), style)
            lowered = lowering.lower()
            op.body.block.insert_ops_before([*lowering.memory.globals, *lowering.steps, lowered], function)
            op.body.block.erase_op(function)


class Lowering:
    """The lowering of one function: `memory.globals` and `steps` are what it needs beside it."""

    def __init__(self, function: func.FuncOp, names: Names, style: Style):
        self.function, self.names = function, names
        self.style = style
        self.memory = Memory(names)
        self.steps: list[func.FuncOp] = []
        for argument in function.args:
            self.memory.argument(argument)
        block = Block(arg_types=[self.memory.place(argument).type for argument in function.args])
        self.arguments: dict[SSAValue, SSAValue] = dict(zip(function.args, block.args, strict=True))
        for old, new in zip(function.args, block.args, strict=True):
            new.name_hint = old.name_hint
        self.emit = Emitter(block)
        self.written: dict[Place, SSAValue] = {}

    def lower(self) -> func.FuncOp:
        """The public function with addresses and calls in place of the plan."""
        for op in self.function.body.block.ops:
            self._lower_op(op)
        block = self.emit.entry
        lowered = func.FuncOp(
            self.names.model,
            FunctionType.from_lists([argument.type for argument in block.args], []),
            Region(block),
            self.function.sym_visibility,
            arg_attrs=self.function.arg_attrs,
        )
        lowered.attributes.update(self.function.attributes)
        return lowered

    def _lower_op(self, op: Operation) -> None:
        match op:
            case StructuredForm():
                self._call(op)
            case RetireOp():
                pass
            case func.ReturnOp():
                self.emit.block.add_op(func.ReturnOp())
            case _:
                if not self.memory.declare(op):
                    raise UserError(f"convert-memplan-to-loops: `{op.name}` has no meaning in a plan; lower it first")

    def _call(self, form: StructuredForm) -> None:
        """Turn a form into a function, and call it."""
        operands = dict.fromkeys([*form.ins, *form.params, *form.tables, form.target])
        passed = [value for value in operands if not self.memory.is_constant(value)]
        addresses = [self._address(value) for value in passed]
        node = form.node.data if form.node is not None else form.name.rpartition(".")[2]
        symbol = self.names.new(node)
        block = Block(arg_types=[address.type for address in addresses])
        step = Emitter(block)
        memory: dict[SSAValue, SSAValue] = dict(zip(passed, block.args, strict=True))
        for value in operands:
            if value not in memory:
                place = self.memory.place(value)
                memory[value] = write_place(step, self.memory.get_root(step, place.root), place)
        for number, value in enumerate(passed):
            memory[value].name_hint = "out" if value is form.target else f"in{number}"
        build_nest(form, memory, step, self.style, symbol.removeprefix(f"{self.names.model}_"))
        block.add_op(func.ReturnOp())
        type = FunctionType.from_lists([address.type for address in addresses], [])
        self.steps.append(func.FuncOp(symbol, type, Region(block), "private"))
        self.emit.block.add_op(func.CallOp(symbol, addresses, []))

    def _address(self, value: SSAValue) -> SSAValue:
        """The memref of a value of the plan in the public function, written at its first use."""
        place = self.memory.place(value)
        if place not in self.written:
            self.written[place] = write_place(self.emit, self._root(place.root), place)
            hint = value.name_hint or self.written[place].name_hint
            self.written[place].name_hint = hint
        return self.written[place]

    def _root(self, root: SSAValue) -> SSAValue:
        if root not in self.arguments:
            self.arguments[root] = self.memory.get_root(self.emit, root)
        return self.arguments[root]
