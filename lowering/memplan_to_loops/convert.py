"""From plans to loops: every structured form becomes a function of nested loops, every place of the plan an address.

The public function keeps its name and its ports; it takes the addresses and calls the steps in the plan's order. Where
the input is delivered row by row, it takes one row and runs the slices that become possible, or a round of a loop
(`pushed.py`); where the caller writes it into the arena, it takes no input at all.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast, get_args

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ArrayAttr, FunctionType, IndexType, MemRefType, ModuleOp, StringAttr, UnitAttr, i16
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ...dialects.dataflow import AWAITS, STAGE
from ...dialects.emitc.types import COMPUTES, NODE, RESET, RESETS
from ...dialects.errors import UserError
from ...dialects.fixed.structured import StructuredForm
from ...dialects.fixed.types import PER_TENSOR, QType, scale_text
from ...dialects.mcu import FINISH_CLOCKS, MULTIPLIERS
from ...dialects.memplan import (
    INPUT_ARENA,
    INPUT_ROWS,
    INPUT_STEPS,
    LoopOp,
    RetireOp,
    StreamOp,
    caller_form,
    loops_around,
    pushed_loop,
)
from .copies import build_copy
from .emit import Emitter, signless_memref
from .index import Padding, Style
from .memory import Memory, Place, Symbols, write_place
from .nest import Storage, build_nest
from .pushed import RowCounter, on_slices, slice_types, slices_of, uses_dim
from .rows import Rows
from .stream import Stream
from .tiles.build import build_tile


@dataclass(frozen=True)
class ConvertMemplanToLoopsPass(ModulePass):
    """Lower `fixed` forms on memrefs and `memplan` to func, scf, arith, memref and mcu.

    `padding=clip` shortens reduction loops so that padding is never visited; `padding=guard` keeps constant trip counts
    and tests each access (what HLS wants). `word_bits` is the width in which the target computes well. `sections` names
    the linker's section of each memory that has one, such as `dtcm=.dtcm`; `operations` are the core's machine
    operations. With `flat` kernels of pixels in a row have no sizes in their types. Raises UserError on operations that
    have no place in a plan.
    """

    name = "convert-memplan-to-loops"
    padding: str = "clip"
    word_bits: int = 32
    sections: str = ""
    operations: str = ""
    flat: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.padding not in get_args(Padding):
            raise UserError(f"convert-memplan-to-loops: padding is `clip` or `guard`, not `{self.padding}`")
        functions = [f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration]
        symbols = [f.sym_name.data for f in op.ops if isinstance(f, func.FuncOp)]
        for function in functions:
            style = Style(cast(Padding, self.padding), self.word_bits, frozenset(self.operations.split(",")), self.flat)
            sections = dict(entry.split("=") for entry in self.sections.split(",") if "=" in entry)
            lowering = Lowering(function, Symbols(function.sym_name.data, symbols), style, sections)
            lowered = lowering.lower()
            drop_unused(lowering, lowered)
            op.body.block.insert_ops_before([*lowering.memory.globals, *lowering.steps, *lowered], function)
            op.body.block.erase_op(function)


class Lowering:
    """The lowering of one function: `memory.globals` and `steps` are what it needs beside it."""

    def __init__(self, function: func.FuncOp, names: Symbols, style: Style, sections: Mapping[str, str]):
        self.function, self.names = function, names
        self.style = style
        self.pushed, self.given = caller_form(function, INPUT_ROWS), caller_form(function, INPUT_ARENA)
        self.loop, self.in_steps = pushed_loop(function), INPUT_STEPS in function.attributes
        self.slices = self._slices()
        slices = {} if self.loop is None else slice_types(self.loop, self.slices)
        self.memory = Memory(names, INPUT_ARENA in function.attributes, sections, slices)
        self.steps: list[func.FuncOp] = []
        for argument in function.args:
            self.memory.argument(argument, is_row=self.pushed is not None and argument in self.pushed.ins)
        taken = [a for a in function.args if self.given is None or a not in self.given.ins]
        block = Block(arg_types=[self.memory.place(argument).type for argument in taken])
        self.arguments: dict[SSAValue, SSAValue] = dict(zip(taken, block.args, strict=True))
        for old, new in self.arguments.items():
            new.name_hint = old.name_hint
        self.emit = Emitter(block)
        self.written: dict[Place, SSAValue] = {}
        self.made: dict[StructuredForm, Step] = {}
        """The functions of forms outside of streams."""
        self.rounds: dict[LoopOp, SSAValue] = {}
        """The rounds of the loops that are being written."""

    def _slices(self) -> dict[SSAValue, int]:
        """The memrefs of which a call has one slice: the input where rounds take it, in steps the outputs, too."""
        if self.loop is None:
            return {}
        arguments = list(self.function.args)
        return slices_of(self.loop, arguments if self.in_steps else arguments[:1])

    def lower(self) -> list[func.FuncOp]:
        """The public function with addresses and calls in place of the plan; the one that starts anew before it."""
        others: list[func.FuncOp] = []
        if self.loop is None:
            for op in self.function.body.block.ops:
                self._lower_op(op)
        elif self.in_steps:
            others = [self._lower_steps(self.loop)]
        else:
            self._lower_rows(self.loop)
        block, attributes = self.emit.entry, self.function.arg_attrs
        if attributes is not None:
            pairs = zip(self.function.args, attributes, strict=True)
            attributes = ArrayAttr([attribute for argument, attribute in pairs if argument in self.arguments])
        lowered = func.FuncOp(
            self.names.model,
            FunctionType.from_lists([argument.type for argument in block.args], [i16] if self.in_steps else []),
            Region(block),
            self.function.sym_visibility,
            arg_attrs=attributes,
        )
        lowered.attributes.update(self.function.attributes)
        return [*others, lowered]

    def _lower_rows(self, loop: LoopOp) -> None:
        """A call is a round; what comes before the loop runs at the first row, what comes after it at the last."""
        first = Block()
        with self._branch(first):
            for op in self._ops(loop, before=True):
                self._lower_op(op)
        counter = RowCounter(self.emit, self.memory.state("row"), loop.trips)
        counter.at_first(first)
        self._round(loop, counter.row)
        rest = counter.at_last()
        with self._branch(rest):
            for op in self._ops(loop, before=False):
                self._lower_op(op)
        rest.add_op(scf.YieldOp())
        self.emit.entry.add_op(func.ReturnOp())

    def _lower_steps(self, loop: LoopOp) -> func.FuncOp:
        """A call is a round; what comes before the loop is a function, which is returned."""
        entry, arguments = self.emit, dict(self.arguments)
        self.emit = Emitter(Block())
        for op in self._ops(loop, before=True):
            self._lower_op(op)
        block = self.emit.entry
        block.add_op(func.ReturnOp())
        self.emit, self.arguments, self.written = entry, arguments, {}
        self._round(loop, self.emit.index(0))
        for op in self._ops(loop, before=False):
            self._lower_op(op)
        self.emit.block.add_op(func.ReturnOp(self.emit.constant(1, i16)))
        reset = func.FuncOp(f"{self.names.model}{RESET}", FunctionType.from_lists([], []), Region(block), "public")
        reset.attributes[RESETS] = UnitAttr()
        return reset

    def _ops(self, loop: LoopOp, before: bool) -> list[Operation]:
        """The ops of the function before a loop, or after it but for the end."""
        ops = list(self.function.body.block.ops)
        at = ops.index(loop)
        return ops[:at] if before else ops[at + 1 : -1]

    def _round(self, loop: LoopOp, turn: SSAValue) -> None:
        """Call the forms of a loop once."""
        self._prepare(loop)
        self.rounds[loop] = turn
        for inner in loop.body.block.ops:
            self._lower_op(inner)

    @contextmanager
    def _branch(self, block: Block) -> Generator[None]:
        """Append to a block; the addresses that are written there are not seen elsewhere."""
        written, arguments = dict(self.written), dict(self.arguments)
        with self.emit.inside(block):
            yield
        self.written, self.arguments = written, arguments

    def _lower_op(self, op: Operation) -> None:
        match op:
            case StructuredForm() if op is self.given:
                pass
            case StructuredForm():
                self._call(op)
            case LoopOp():
                self._loop(op)
            case StreamOp():
                self._stream(op)
            case RetireOp():
                pass
            case func.ReturnOp():
                if self.emit.block is not self.emit.entry:
                    self.emit.block.add_op(scf.YieldOp())
                self.emit.entry.add_op(func.ReturnOp())
            case _:
                if not self.memory.declare(op):
                    raise UserError(f"convert-memplan-to-loops: `{op.name}` has no meaning in a plan; lower it first")

    def _call(self, form: StructuredForm) -> None:
        """Turn a form into a function, and call it, with the rounds that it depends on."""
        if form not in self.made:
            self._make(form)
        step, rounds = self.made[form], [self.rounds[loop] for loop in loops_around(form)]
        passed = [turn for turn, is_passed in zip(rounds, step.takes, strict=True) if is_passed]
        self.emit.block.add_op(func.CallOp(step.symbol, [*passed, *step.addresses], []))

    def _make(self, form: StructuredForm) -> None:
        """Turn a form into a function of the rounds that it depends on."""
        own = on_slices(form, self.slices)
        dims = [loop.dims.get(form) for loop in loops_around(form)]
        takes = [dim is not None and uses_dim(own, dim) for dim in dims]
        step = self._step(own, [dim for dim in dims if dim is not None and uses_dim(own, dim)], "t")
        self.made[form] = replace(step, takes=tuple(takes))
        if own is not form:
            own.erase()

    def _prepare(self, op: LoopOp) -> None:
        """Turn the forms of a loop into functions; their addresses are written here, before the loop."""
        for form in op.forms:
            if form not in self.made:
                self._make(form)

    def _loop(self, op: LoopOp) -> None:
        """Call the forms of a loop once a round."""
        self._prepare(op)
        emit, block = self.emit, Block(arg_types=[IndexType()])
        block.args[0].name_hint = "round"
        self.rounds[op] = block.args[0]
        emit.block.add_op(scf.ForOp(emit.index(0), emit.index(op.trips), emit.index(1), [], block))
        with emit.inside(block):
            for inner in op.body.block.ops:
                self._lower_op(inner)
            block.add_op(scf.YieldOp())

    def _stream(self, op: StreamOp) -> None:
        """Turn the forms of a stream into functions of one slice each, and call them in the order of a table."""
        steps = [self._step(form, [dim], "row") for form, dim in zip(op.forms, op.dims, strict=True)]
        stream = Stream(self.emit, self.memory, [(step.symbol, step.addresses) for step in steps], op.slices)
        if self.pushed is not None and self.pushed.parent_op() is op:
            # What follows runs once, after the last row.
            self.emit.block = stream.write_pushed(op.forms.index(self.pushed))
        else:
            stream.write()

    def _step(self, form: StructuredForm, along: Sequence[int], hint: str) -> Step:
        """Turn a form, or its slice at values of some dimensions, into a private function."""
        operands = dict.fromkeys(operands_of(form))
        passed = [value for value in operands if self.memory.is_passed(value)]
        addresses = [self._address(value) for value in passed]
        node = form.node.data if form.node is not None else form.name.rpartition(".")[2]
        symbol = self.names.new(node)
        held = [IndexType()] * len(along)
        block = Block(arg_types=[*held, *(address.type for address in addresses)])
        step = Emitter(block)
        for number, (value, argument) in enumerate(zip(passed, block.args[len(held) :], strict=True)):
            argument.name_hint = "out" if value is form.target else f"in{number}"
        arguments: dict[SSAValue, SSAValue] = dict(zip(passed, block.args[len(held) :], strict=True))
        tables = {*form.tables}
        memory = {value: self._operand(step, value, arguments.get(value), value in tables) for value in operands}
        label = symbol.removeprefix(f"{self.names.model}_")
        for argument in block.args[: len(held)]:
            argument.name_hint = hint
        values = dict(zip(along, block.args, strict=False))
        if form.tile is not None:
            build_tile(form, memory, step, self.style, partial(self.memory.packed, step), values)
        elif not build_copy(form, memory, step, self.style, values, self.memory.alignment(form.target)):
            build_nest(form, memory, step, self.style, label, values)
        block.add_op(func.ReturnOp())
        type = FunctionType.from_lists([argument.type for argument in block.args], [])
        lowered = func.FuncOp(symbol, type, Region(block), "private")
        lowered.attributes |= description(form, node)
        kept = (STAGE, AWAITS, MULTIPLIERS, FINISH_CLOCKS)
        lowered.attributes |= {name: form.attributes[name] for name in kept if name in form.attributes}
        self.steps.append(lowered)
        return Step(symbol, addresses)

    def _operand(self, step: Emitter, value: SSAValue, argument: SSAValue | None, is_table: bool) -> Storage:
        """An operand inside the function of a step: an argument, a constant, or rows."""
        place = self.memory.place(value)
        if not is_table and (number := self.memory.number(value)) is not None:
            return number
        if (encoded := self.memory.encoded(step, value)) is not None:
            return encoded
        if place.rows is not None:
            return self.memory.write_rows(step, place)
        if argument is None:
            return write_place(step, self.memory.get_root(step, place.root), place)
        if self.pushed is not None and value in self.pushed.ins:
            assert isinstance(value.type, MemRefType)
            return Rows(argument, signless_memref(value.type))
        return argument

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


def description(form: StructuredForm, node: str) -> dict[str, Attribute]:
    """What a reader of the code is told of a form: its node, shape and type of what it writes."""
    type = form.target.type
    assert isinstance(type, MemRefType)
    shape, element = "x".join(map(str, type.get_shape())), type.element_type
    if isinstance(element, QType):
        one = element.axis.data == PER_TENSOR
        scale = f"scale {scale_text(element.scale)}, zero point {element.zp}" if one else "a scale per channel"
        element = f"{element.storage}, {scale}"
    return {NODE: StringAttr(node), COMPUTES: StringAttr(f"{shape} of {element}")}


def operands_of(form: StructuredForm) -> list[SSAValue]:
    """The memrefs that the function of a form reads and writes; a kernel packs weights of its own."""
    ins = form.ins if form.tile is None else form.ins[:1]
    scratch = [] if form.scratch is None else [form.scratch]
    return [*ins, *form.params, *form.tables, *form.indices, form.target, *scratch]


def drop_unused(lowering: Lowering, lowered: Sequence[func.FuncOp]) -> None:
    """Drop constants that nobody reads: kernels have packed their own of them."""
    if not lowering.memory.has_packed:
        return
    used = set(lowering.memory.unread)
    for block in (function.body.block for function in (*lowered, *lowering.steps)):
        for op in list(block.walk()):
            if isinstance(op, memref.GetGlobalOp) and op.memref.uses:
                used.add(op.name_.string_value())
            elif isinstance(op, memref.GetGlobalOp):
                op.detach()
                op.erase()
    globals = lowering.memory.globals
    globals[:] = [op for op in globals if op.constant is None or op.sym_name.data in used]


@dataclass(frozen=True)
class Step:
    """A function of one form: its name, and the addresses that it takes (a slice takes its numbers before them)."""

    symbol: str
    addresses: list[SSAValue]
    takes: tuple[bool, ...] = ()
    """For each loop around, whether the function takes its round."""
