"""No program reads outside its memory: run-time indices are proven to stay within their dimensions."""

from __future__ import annotations

from xdsl.dialects.func import FuncOp

from ...dialects.errors import UserError
from ...dialects.fixed.structured import StructuredForm
from ...passes.fixed.intervals.analysis import Analysis


def refuse_wild_indices(function: FuncOp) -> None:
    """Raise UserError for each index that may leave its dimension for some input of the ports' types."""
    if not any(isinstance(op, StructuredForm) and op.held_dims for op in function.walk()):
        return
    findings = [finding for finding in Analysis(function).findings if finding.reads_outside]
    if findings:
        raise UserError(*(f"{finding}: put a Clip before it" for finding in findings))
