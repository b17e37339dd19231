"""Everything that `tinyml explain` says of a program, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...dialects.fixed import ConstantOp
from ...dialects.memplan.sizes import sizes_text
from ..analyze import Analysis, analyze
from ..compiling.compilation import Compilation
from ..constants import constant_kinds, kind_of, layout_text, stored_bytes
from .savings import Saving, savings
from .values import Value, values_of


@dataclass(frozen=True)
class Share:
    """A part of a total: bytes or cycles, and what it is."""

    name: str
    amount: int
    remark: str = ""


@dataclass(frozen=True)
class Explanation:
    """The parts of RAM, flash (both in bytes) and cycles of an inference, every value, and the next steps.

    Cycles are an estimate (targets/costs.py), and so is the code's part of flash.
    """

    analysis: Analysis
    ram: list[Share]
    flash: list[Share]
    constants: list[Share]
    cycles: list[Share]
    values: list[Value]
    savings: list[Saving]

    @property
    def total_cycles(self) -> int:
        """About how many cycles an inference takes."""
        return sum(share.amount for share in self.cycles)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        analysis = self.analysis
        totals = {
            "model": analysis.model,
            "board": analysis.board,
            "ram_bytes": analysis.peak_ram_bytes,
            "ram_limit_bytes": analysis.ram_limit_bytes,
            "flash_bytes": analysis.flash_bytes,
            "cycles_estimate": self.total_cycles,
            "misfit": list(analysis.misfit),
        }
        parts = ("ram", "flash", "constants", "cycles", "values", "savings")
        return {**totals, **{name: [asdict(part) for part in getattr(self, name)] for name in parts}}


def explain(compilation: Compilation) -> Explanation:
    """Explain a program."""
    analysis = analyze(compilation)
    cycles: dict[str, int] = {}
    for row in analysis.rows:
        cycles[row.node] = cycles.get(row.node, 0) + row.cycles
    stored = {row.node: row.output_bytes for row in analysis.rows}
    return Explanation(
        analysis,
        ram_shares(analysis),
        flash_shares(compilation, analysis),
        constant_shares(compilation),
        sorted((Share(name, amount) for name, amount in cycles.items()), key=lambda share: -share.amount),
        values_of(compilation, stored),
        savings(compilation, analysis),
    )


def ram_shares(analysis: Analysis) -> list[Share]:
    """What lies in RAM; of the arena, what makes its peak."""
    buffers = sizes_text(analysis.peak_buffers)
    shares = [
        Share("arena", analysis.arena_bytes, f"fullest at {analysis.peak_node}: {buffers or 'nothing'}"),
        Share("input and output", analysis.io_bytes, "the caller's"),
        Share("state", analysis.state_bytes, "what lasts from call to call"),
        Share("padding", analysis.padding_bytes),
    ]
    return [share for share in shares if share.amount]


def flash_shares(compilation: Compilation, analysis: Analysis) -> list[Share]:
    """What lies in flash."""
    kinds = constant_kinds(compilation.memplan)
    other = analysis.constant_bytes - kinds.parameters - kinds.multipliers - kinds.tables
    shares = [
        Share("parameters", kinds.parameters, "weights with their indices, biases"),
        Share("multipliers", kinds.multipliers, "between scales"),
        Share("tables", kinds.tables, "of functions"),
        Share("plan", other, "weights in the order of a machine, tables of rows and slices, padding"),
        Share("code", analysis.code_bytes, f"an estimate, as of {analysis.code_measured}"),
    ]
    return [share for share in shares if share.amount > 0]


def constant_shares(compilation: Compilation) -> list[Share]:
    """The constants, the largest first, each with how it is stored."""
    found = [op for op in compilation.memplan.walk() if isinstance(op, ConstantOp)]
    shares = [
        Share(
            kind_of(op) if op.node is None else op.node.data,
            stored_bytes(op),
            f"{'x'.join(map(str, op.value.get_shape()))} {op.value.get_element_type()} {layout_text(op)}",
        )
        for op in found
    ]
    return sorted((share for share in shares if share.amount), key=lambda share: -share.amount)
