"""`tinyml analyze`: what a model needs on a board, and which op and buffers make the peak."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, IntegerType, MemRefType, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from ..dialects.fixed import ConstantOp
from ..dialects.fixed.forms import StructuredForm
from ..dialects.memplan import size_in_bytes
from ..passes.fixed.calibrate import the_function
from ..targets.ports import input_rows
from .compiler import Compilation
from .memory_map import Line, Plan


@dataclass(frozen=True)
class OpRow:
    """One form of the program. `live_bytes` is the most RAM in use while it runs, with the caller's buffers."""

    node: str
    kind: str
    output_shape: tuple[int, ...]
    macs: int
    output_bytes: int
    constant_bytes: int
    live_bytes: int


@dataclass(frozen=True)
class Analysis:
    """Sizes in bytes. RAM is the arena plus the caller's input and output; flash is constants, without code.

    Of an input by rows the caller holds one row; an input that the caller writes into the arena counts there only.
    `ram_limit_bytes` is what it may need of RAM. `peak_buffers` are the sizes of what lies in the arena during
    `peak_node`. `plan` is what the passes say of the plan; see `plan_of`.
    """

    model: str
    board: str
    peak_ram_bytes: int
    lower_bound_bytes: int
    arena_bytes: int
    io_bytes: int
    flash_bytes: int
    macs: int
    board_ram_bytes: int
    ram_limit_bytes: int
    board_flash_bytes: int
    pointer_bits: int
    peak_node: str
    peak_buffers: dict[str, int]
    input_rows: int
    plan: dict[str, Any]
    rows: tuple[OpRow, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def analyze(compilation: Compilation) -> Analysis:
    """Read sizes from the memplan level."""
    function = the_function(compilation.memplan)
    plan = plan_of(function)
    memory = Plan(function)
    rows = tuple(op_row(line.op, line) for line in memory.lines if isinstance(line.op, StructuredForm))
    peak = max(memory.lines, key=lambda line: line.usage.total, default=None)
    board, ram = compilation.board, compilation.options.ram
    return Analysis(
        model=function.sym_name.data,
        board=board.name,
        peak_ram_bytes=plan["peak"] + memory.caller,
        lower_bound_bytes=plan["lower_bound"] + memory.caller,
        arena_bytes=plan["peak"],
        io_bytes=memory.caller,
        flash_bytes=constant_bytes(function),
        macs=sum(row.macs for row in rows),
        board_ram_bytes=board.ram_bytes,
        ram_limit_bytes=board.ram_bytes if ram is None else min(ram, board.ram_bytes),
        board_flash_bytes=board.flash_bytes,
        pointer_bits=board.index_bits,
        peak_node="" if peak is None else peak.node,
        peak_buffers={} if peak is None else memory.liveness.buffers_at(peak.step),
        input_rows=input_rows(function),
        plan=plan,
        rows=rows,
    )


def plan_of(function: FuncOp) -> dict[str, Any]:
    """The attribute `memplan.plan` that memplan-place left, as plain data.

    What other passes left (`memplan.schedule`, `memplan.stream`) is below the last part of its name.
    """
    attributes = {name.removeprefix("memplan."): value for name, value in function.attributes.items()}
    found = {name: plain(value) for name, value in attributes.items() if isinstance(value, DictionaryAttr)}
    return {**found.pop("plan"), **found}


def plain(attribute: Attribute) -> Any:
    """An attribute as JSON has it."""
    match attribute:
        case DictionaryAttr():
            return {name: plain(value) for name, value in attribute.data.items()}
        case ArrayAttr():
            return [plain(value) for value in attribute]
        case IntegerAttr(value=value, type=IntegerType(width=width)) if width.data == 1:
            return bool(value.data)
        case IntegerAttr():
            return attribute.value.data
        case StringAttr():
            return attribute.data
        case _:
            return str(attribute)


def constant_bytes(function: FuncOp) -> int:
    """Bytes of all constants."""
    constants = [op.result.type for op in function.body.block.ops if isinstance(op, ConstantOp)]
    return sum(size_in_bytes(type) for type in constants if isinstance(type, MemRefType))


def op_row(form: StructuredForm, line: Line) -> OpRow:
    """Sizes of one form."""
    out = form.target.type
    assert isinstance(out, MemRefType)
    used = [*form.ins, *form.params, *form.tables]
    constants = [v.type for v in used if isinstance(v.owner, ConstantOp)]
    return OpRow(
        node=line.node,
        kind=line.kind,
        output_shape=out.get_shape(),
        macs=form.macs,
        output_bytes=size_in_bytes(out),
        constant_bytes=sum(size_in_bytes(t) for t in constants if isinstance(t, MemRefType)),
        live_bytes=line.usage.total,
    )
