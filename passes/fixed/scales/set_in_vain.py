"""Widths and scales that are set where nothing follows them: better said than passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xdsl.dialects.builtin import Float32Type
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.settings import setting_of
from ....dialects.harmless import in_quotes
from ....dialects.onnx.base import OnnxOp, element_of
from ....dialects.onnx.weights import is_weight

LAYERS = (onnx.ConvOp, onnx.ConvTransposeOp, onnx.GemmOp)


def set_in_vain(function: FuncOp, preserves: Callable[[Operation], bool]) -> list[str]:
    """The reasons, each with the op that should have been named; none where all that is set counts."""
    values = [result for op in function.walk() if isinstance(op, OnnxOp) for result in op.results]
    return [reason for value in values if setting_of(value) for reason in reasons(value, preserves)]


def reasons(value: SSAValue, preserves: Callable[[Operation], bool]) -> Iterator[str]:
    """Why what is set of a value does not count."""
    op = value.owner
    assert isinstance(op, OnnxOp)
    where = f"{op.name} {in_quotes(op.label)} has a width or scale set, but "
    if isinstance(op, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
        yield where + "the model states its type: leave it out"
    elif not isinstance(element_of(value), Float32Type):
        yield where + "holds integers, which are stored as they are: leave it out"
    elif is_weight(value):
        if setting_of(value).range is not None:
            yield where + "a weight has its own range: set `clip` instead of `range`"
        yield from (where + reason for use in value.uses if (reason := unread(use.operation, use.index)))
    elif preserves(op):
        maker = op.operands[0].owner
        name = in_quotes(maker.label) if isinstance(maker, OnnxOp) else "the input"
        yield where + f"it is stored as {name} is: set that"
    elif setting_of(value).per is not None:
        yield where + "only weights have scales per row or tensor: leave `per` out"


def unread(reader: Operation, index: int) -> str | None:
    """Why a constant that an op reads as this operand has no type of its own."""
    if isinstance(reader, LAYERS) and index > 1:
        return "a bias has the scale of its layer's accumulator: set the layer's weights"
    if isinstance(reader, onnx.BatchNormalizationOp):
        return "numbers of a BatchNormalization have 32 bits: leave it out"
    if isinstance(reader, onnx.ConcatOp):
        return f"it is stored as {in_quotes(reader.label)} is: set that"
    if isinstance(reader, onnx.SquaredDistanceOp):
        return "it is stored as what it is subtracted from: set that"
    return None
