"""`onnx-carry-rows`: a model that looks at a window of an endless input becomes a scan over the input's rows.

Each layer of which a row depends on some rows alone computes that row once and carries what the next window needs of
its operand. Where a row no longer follows from rows (a global pool, a dense layer), the last rows are carried as they
stood in the whole, and what comes after the scan is what it was: after all rows the outputs are the model's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from ...dialects.onnx.base import OnnxOp, shape_of
from ...dialects.onnx.scan import ScanOp
from .windows.rows import FIRST_SPATIAL, NoRowsError, Rows, rows_of
from .windows.steps import Steps


@dataclass(frozen=True)
class CarryRowsPass(ModulePass):
    """Make a scan over its rows of the layers behind a function's one input; what reads it in a scan stays."""

    name = "onnx-carry-rows"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.run(op)

    def run(self, op: ModuleOp) -> tuple[str, ...]:
        """Do so; says where rows end, so that all of them are computed anew in each step."""
        functions = [function for function in op.ops if isinstance(function, FuncOp)]
        return tuple(remark for function in functions for remark in carry(function))


def carry(function: FuncOp) -> list[str]:
    """Put what makes row of row into a scan."""
    if len(function.body.block.args) != 1 or feeds_scan(x := function.body.block.args[0]):
        return []
    axis = row_axis(x)
    if axis is None:
        return []
    known, remarks = values_with_rows(function, Rows(axis, 1), shape_of(x)[axis])
    if len(known) == 1 and sum(size > 1 for size in shape_of(x)) < 2:
        raise UserError(
            f"the input of @{function.sym_name.data} is a vector that its first layer reads as a whole: no rows; "
            "leave --input steps out"
        )
    Steps(function, known).write()
    return remarks


def feeds_scan(x: SSAValue) -> bool:
    """Whether a scan reads a value as it is, or moved."""
    users = [use.operation for use in x.uses]
    return any(
        isinstance(u, ScanOp) or (len(u.results) == 1 and len(u.operands) == 1 and feeds_scan(u.results[0]))
        for u in users
    )


def row_axis(x: SSAValue) -> int | None:
    """The dimension of an input that counts rows: that along which the first window moves, else the first that does."""
    shape = shape_of(x)
    for axis in range(len(shape)):
        if shape[axis] > 1 and leads_to_window(x, Rows(axis, 1)):
            return axis
    return next((axis for axis, size in enumerate(shape) if size > 1), None)


def leads_to_window(value: SSAValue, rows: Rows) -> bool:
    """Whether the first layer behind a value moves along its rows, and before it along no other dimension."""
    for use in value.uses:
        op = use.operation
        if isinstance(op, onnx.ConvOp | onnx.MaxPoolOp | onnx.AveragePoolOp):
            return rows.axis == FIRST_SPATIAL
        try:
            following = rows_of(op, {value: rows}, shape_of(value)[rows.axis])
        except NoRowsError:
            continue
        if leads_to_window(op.results[0], following):
            return True
    return False


def values_with_rows(function: FuncOp, first: Rows, whole: int) -> tuple[dict[SSAValue, Rows], list[str]]:
    """The values that have rows, in order, and for each op where these end a remark."""
    known: dict[SSAValue, Rows] = {function.body.block.args[0]: first}
    remarks: list[str] = []
    for op in function.body.block.ops:
        if not any(value in known for value in op.operands) or isinstance(op, ReturnOp):
            continue
        try:
            known[op.results[0]] = rows_of(op, known, whole)
        except NoRowsError as error:
            label = in_quotes(op.label) if isinstance(op, OnnxOp) else op.name
            remarks.append(f"steps: from {op.name} {label} on each step computes the whole window: it {error}")
    return known, remarks
