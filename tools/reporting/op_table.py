"""A row per op: work, time, flash, RAM and how near its integers are to the model's values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr

from ...dialects import emitc
from ...dialects.emitc.types import NODE
from ...targets.code_size import function_bytes
from ...targets.core import core_of
from ..sampling import sample_of

if TYPE_CHECKING:
    from ..analyze import Analysis
    from ..compiling.compilation import Compilation
    from ..verifying.node_table import NodeRow

OPS = (
    *("op", "form", "output", "MACs", "cycles (about)", "share"),
    *("constants", "code (about)", "output bytes", "live bytes"),
)
WITH_SNR = (*OPS, "SNR, dB")


def op_rows(compilation: Compilation, analysis: Analysis, nodes: Sequence[NodeRow]) -> Iterator[tuple[object, ...]]:
    """A row per op; code is that of its function, where it has one of its own."""
    code, near = code_by_node(compilation, analysis), {row.node.name: snr_text(row) for row in nodes}
    for r in analysis.rows:
        shape = "x".join(map(str, r.output_shape))
        share = f"{100 * r.cycles / max(1, analysis.cycles):.1f} %"
        sizes = r.constant_bytes, code.get(r.node, ""), r.output_bytes, r.live_bytes
        yield r.node, r.kind, shape, r.macs, r.cycles, share, *sizes, *([near.get(r.node, "")] if nodes else [])


def code_by_node(compilation: Compilation, analysis: Analysis) -> dict[str, int]:
    """Bytes of code by node; none of large programs, of which a sample is generated."""
    if analysis.unreachable or sample_of(compilation.memplan) is not None:
        return {}
    found: dict[str, int] = {}
    for op in compilation.emitc.ops:
        node = op.attributes.get(NODE)
        if isinstance(op, emitc.FuncOp) and isinstance(node, StringAttr):
            found[node.data] = found.get(node.data, 0) + function_bytes(op, core_of(compilation.board))
    return found


def snr_text(row: NodeRow) -> str:
    """The SNR of a node in decibels."""
    return "equal" if row.distance.equal else "none" if row.distance.snr_db is None else f"{row.distance.snr_db:.1f}"
