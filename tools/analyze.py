"""`tinyml analyze`: what a model needs on a board, and which op and buffers make the peak."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, IntegerType, MemRefType, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from ..dialects.errors import UserError
from ..dialects.fixed import ConstantOp
from ..dialects.fixed.structured import StructuredForm
from ..dialects.memplan import INPUT_STEPS, size_in_bytes
from ..dialects.memplan.loops import rounds_of
from ..passes.fixed.calibrate import the_function
from ..passes.memplan.costing.forms import form_work
from ..targets.board import Board
from ..targets.code_size import code_bytes
from ..targets.core import core_of
from ..targets.costs import CostModel, cost_model
from ..targets.ports import input_rows
from ..targets.static_data import static_data
from .compiling.compilation import Compilation
from .constants import stored_bytes
from .fit import misfits
from .memory_map import Line, Plan
from .sampling import sample_of


@dataclass(frozen=True)
class OpRow:
    """One form of the program, `cycles` about. `live_bytes` is the most RAM in use while it runs, with the caller's
    buffers."""

    node: str
    kind: str
    output_shape: tuple[int, ...]
    macs: int
    output_bytes: int
    constant_bytes: int
    live_bytes: int
    cycles: int


@dataclass(frozen=True)
class Analysis:
    """Sizes in bytes, as the linked ELF has them.

    RAM is the static data of NAME.c (arenas, what a model by rows remembers, padding between these) and the caller's
    input and output; of an input by rows the caller holds one row, and an input that the caller writes into the arena
    counts there only. The stack is not part of it: `ram_limit_bytes` is what the board has beside the reserve for the
    stack, or less where the user said so. Flash is constants, with their padding, and an estimate of the code by
    what was measured with the compiler and core of `code_measured`.
    `peak_buffers` are the sizes of what lies in the arena during `peak_node`. `plan` is what the passes say of the
    plan; see `plan_of`. `unreachable` says what of the program the board's index width does not reach: then the sizes
    are those of 32-bit indices. `misfit` says all that keeps the model from the board. `cycles` of an inference are
    estimated by the prices of the core `cycles_core`, `cycle_error` is by how many percent models were off where these
    were fitted, `clock_hz` is 0 where the board's file has none, `cycles_limit` where there is none.
    `board_flash_bytes` is what the user allows of it.
    """

    model: str
    board: str
    peak_ram_bytes: int
    lower_bound_bytes: int
    arena_bytes: int
    io_bytes: int
    state_bytes: int
    padding_bytes: int
    stack_reserve_bytes: int
    flash_bytes: int
    constant_bytes: int
    code_bytes: int
    code_measured: str
    macs: int
    cycles: int
    cycle_error: float
    cycles_core: str
    clock_hz: int
    cycles_limit: int
    board_ram_bytes: int
    ram_limit_bytes: int
    board_flash_bytes: int
    pointer_bits: int
    has_far_flash: bool
    peak_node: str
    peak_buffers: dict[str, int]
    input_rows: int
    in_steps: bool
    plan: dict[str, Any]
    rows: tuple[OpRow, ...]
    unreachable: tuple[str, ...] = ()
    misfit: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def _repr_html_(self) -> str:
        from .reporting.totals import totals_html

        return totals_html(self)


def analyze(compilation: Compilation) -> Analysis:
    """Sizes from the plan and from the program in emitc, and what does not fit. Raises UserError for an FPGA."""
    if compilation.board.fpga is not None:
        name = compilation.board.name
        raise UserError(
            f"board '{name}' is an FPGA, which has no program in flash: tinyml run --board {name} measures it"
        )
    function = the_function(compilation.memplan)
    plan = plan_of(function)
    memory = Plan(function)
    costs = cost_model(compilation.board)
    rows = tuple(op_row(line.op, line, costs) for line in memory.lines if isinstance(line.op, StructuredForm))
    peak = max(memory.lines, key=lambda line: line.usage.total, default=None)
    board = compilation.board
    sample = sample_of(compilation.memplan)
    module, unreachable = reachable(compilation, None if sample is None else sample.module)
    core = core_of(board)
    data, code = static_data(module, board), code_bytes(module, core, () if sample is None else sample.counts)
    beside = memory.caller + data.ram - plan["peak"] + data.ram_padding
    analysis = Analysis(
        model=function.sym_name.data,
        board=board.name,
        peak_ram_bytes=plan["peak"] + beside,
        lower_bound_bytes=plan["lower_bound"] + beside,
        arena_bytes=plan["peak"],
        io_bytes=memory.caller,
        state_bytes=data.ram - plan["peak"],
        padding_bytes=data.ram_padding,
        stack_reserve_bytes=board.stack_bytes,
        flash_bytes=data.constants + code,
        constant_bytes=data.constants,
        code_bytes=code,
        code_measured=core.measured,
        macs=sum(row.macs for row in rows),
        cycles=sum(row.cycles for row in rows),
        cycle_error=core.cycle_error,
        cycles_core=core.title,
        clock_hz=board.clock_hz or 0,
        cycles_limit=compilation.options.cycles or 0,
        board_ram_bytes=board.ram_bytes,
        ram_limit_bytes=ram_limit(board, compilation.options.ram),
        board_flash_bytes=compilation.options.flash_limit(board),
        pointer_bits=board.index_bits,
        has_far_flash=board.near_flash_bytes > 0,
        peak_node="" if peak is None else peak.node,
        peak_buffers={} if peak is None else memory.liveness.buffers_at(peak.step),
        input_rows=input_rows(function),
        in_steps=INPUT_STEPS in function.attributes,
        plan=plan,
        rows=rows,
        unreachable=unreachable,
    )
    return replace(analysis, misfit=tuple(misfits(analysis)))


def ram_limit(board: Board, ram: int | None) -> int:
    """The bytes that static data and the caller's buffers may have: `ram`, but never the bytes of the stack."""
    most = max(0, board.ram_bytes - board.stack_bytes)
    return most if ram is None else min(ram, most)


def reachable(compilation: Compilation, sample: ModuleOp | None) -> tuple[ModuleOp, tuple[str, ...]]:
    """The program in emitc, or a sample of it; with 32-bit indices, and the reasons, where the board's do not reach."""
    bits = compilation.board.index_bits
    try:
        if sample is None:
            return compilation.emitc, ()
        return compilation.lowered(sample, bits, whole=False), ()
    except UserError as error:
        if bits == 32:
            raise
        return compilation.lowered(sample or compilation.memplan, 32, sample is None), error.reasons


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


def op_row(form: StructuredForm, line: Line, costs: CostModel) -> OpRow:
    """Sizes and cycles of one form."""
    out = form.target.type
    assert isinstance(out, MemRefType)
    used = [*form.ins, *form.params, *form.tables, *form.indices]
    constants = [v.owner for v in used if isinstance(v.owner, ConstantOp)]
    return OpRow(
        node=line.node,
        kind=line.kind,
        output_shape=out.get_shape(),
        macs=form.macs * rounds_of(form),
        output_bytes=size_in_bytes(out),
        constant_bytes=sum(map(stored_bytes, constants)),
        live_bytes=line.usage.total,
        cycles=round(costs.cycles(form_work(form))),
    )
