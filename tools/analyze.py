"""`tinyml analyze`: what a model needs on a board, and which op and buffers make the peak."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, MemRefType, StringAttr
from xdsl.dialects.func import FuncOp

from ..dialects.fixed import ConstantOp
from ..dialects.fixed_forms import ContractOp, MapOp, ReduceOp, StructuredForm
from ..dialects.memplan import size_in_bytes
from ..passes.fixed.calibrate import the_function
from .compiler import Compilation

KINDS: dict[type[StructuredForm], str] = {ContractOp: "contract", ReduceOp: "reduce", MapOp: "map"}


@dataclass(frozen=True)
class OpRow:
    """One step of the program. `live_bytes` counts the buffers alive while it runs, with the caller's."""

    node: str
    kind: str
    output_shape: tuple[int, ...]
    macs: int
    output_bytes: int
    constant_bytes: int
    live_bytes: int


@dataclass(frozen=True)
class Analysis:
    """Sizes in bytes. RAM is the arena plus the caller's input and output; flash is constants, without code."""

    model: str
    board: str
    peak_ram_bytes: int
    lower_bound_bytes: int
    arena_bytes: int
    io_bytes: int
    flash_bytes: int
    macs: int
    board_ram_bytes: int
    board_flash_bytes: int
    pointer_bits: int
    peak_node: str
    rows: tuple[OpRow, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def analyze(compilation: Compilation) -> Analysis:
    """Read sizes from the memplan level."""
    from ..passes.memplan.liveness import Liveness

    function = the_function(compilation.memplan)
    plan = plan_of(function)
    io_bytes = sum(size_in_bytes(a.type) for a in function.body.block.args if isinstance(a.type, MemRefType))
    liveness = Liveness(function)
    live: dict[StructuredForm, int] = {}
    for step, bytes in zip(liveness.steps, liveness.live_bytes, strict=True):
        if isinstance(step.op, StructuredForm):
            live[step.op] = max(live.get(step.op, 0), bytes)
    rows = tuple(op_row(form, bytes + io_bytes) for form, bytes in live.items())
    board = compilation.board
    return Analysis(
        model=function.sym_name.data,
        board=board.name,
        peak_ram_bytes=plan["peak"] + io_bytes,
        lower_bound_bytes=plan["lower_bound"] + io_bytes,
        arena_bytes=plan["peak"],
        io_bytes=io_bytes,
        flash_bytes=constant_bytes(function),
        macs=sum(row.macs for row in rows),
        board_ram_bytes=board.ram_bytes,
        board_flash_bytes=board.flash_bytes,
        pointer_bits=board.index_bits,
        peak_node=max(rows, key=lambda row: row.live_bytes).node if rows else "",
        rows=rows,
    )


def plan_of(function: FuncOp) -> dict[str, int]:
    """The integers of the `memplan.plan` attribute that memplan-place left."""
    plan = function.attributes["memplan.plan"]
    assert isinstance(plan, DictionaryAttr)
    return {name: value.value.data for name, value in plan.data.items() if isinstance(value, IntegerAttr)}


def constant_bytes(function: FuncOp) -> int:
    """Bytes of all constants."""
    constants = [op.result.type for op in function.body.block.ops if isinstance(op, ConstantOp)]
    return sum(size_in_bytes(type) for type in constants if isinstance(type, MemRefType))


def op_row(form: StructuredForm, live: int) -> OpRow:
    """Sizes of one form."""
    out = form.target.type
    assert isinstance(out, MemRefType)
    used = [*form.ins, *form.params, *form.tables]
    constants = [v.type for v in used if isinstance(v.owner, ConstantOp)]
    node = form.node.data if isinstance(form.node, StringAttr) else form.name
    return OpRow(
        node=node,
        kind=KINDS[type(form)],
        output_shape=out.get_shape(),
        macs=form.macs,
        output_bytes=size_in_bytes(out),
        constant_bytes=sum(size_in_bytes(t) for t in constants if isinstance(t, MemRefType)),
        live_bytes=live,
    )
