"""Types that the model states, and those that follow from operands and ranges: a forward walk."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, IntegerType
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.errors import UserError
from ....dialects.fixed.types import QType, integer_type
from ....dialects.harmless import in_quotes
from ....dialects.onnx.base import element_of
from ....dialects.onnx.weights import is_weight
from ..calibrate import argument_types, label_of
from ..scales.between import between, feeds_resize
from ..scales.of_features import feature_types, normalized
from ..scales.ranges import whole_bytes
from ..scales.repeated import (
    assign_slices,
    assign_stacked,
    pin_integers,
)
from ..scales.stated import INTEGER_MOVES, stated_type, type_by_reading
from ..scales.tables import RESULTS
from .constants import taken_type
from .kinds import numbers, preserves
from .state import Known

NAMED = 8
"""Inputs without a range that are named one by one."""


def assign_integers(known: Known, ops: list[Operation]) -> None:
    """Types that the model states: of integers from what makes them on, of reals behind a DequantizeLinear.

    Integers that no QuantizeLinear made stand for themselves.
    """
    for argument in known.function.body.block.args:
        if isinstance(element_of(argument), IntegerType):
            known.types[argument] = type_by_reading(argument)
    for op in ops:
        if isinstance(op, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
            stated = stated_type(op)
            if stated is None:
                raise UserError(
                    f"{op.name} '{label_of(op)}': a scale per channel is supported for constant weights only; "
                    "quantize activations per tensor"
                )
            known.types[op.results[0]] = stated
        elif isinstance(op, onnx.ScanOp):
            assign_slices(op, known.types)
            pin_integers(op, known.types)
        elif isinstance(op, onnx.NextOp):
            if isinstance(scan := op.parent_op(), onnx.ScanOp):
                assign_stacked(scan, known.types)
        elif len(op.results) == 1 and isinstance(storage := element_of(op.results[0]), IntegerType):
            moved = op.operands if isinstance(op, INTEGER_MOVES) else op.operands[: isinstance(op, onnx.TakeOp)]
            passed = [known.types[operand] for operand in moved if operand in known.types]
            known.types[op.results[0]] = passed[0] if passed else integer_type(storage)


def assign_arguments(known: Known) -> None:
    """Input types: from their uses, else from the calibrated ranges."""
    arguments = known.function.body.block.args
    ranges = known.function.attributes.get("fixed.input_ranges")
    missing: list[str] = []
    names = list(argument_types(known.function))
    for index, argument in enumerate(arguments):
        if argument in known.types:
            continue
        if isinstance(ranges, ArrayAttr):
            low, high = numbers(ranges.data[index])
            if assign_features(known, argument, low >= 0):
                continue
            known.types[argument] = whole_bytes(known.ranges_of(argument).of_range(low, high))
            known.own.append(argument)
        else:
            missing.append(in_quotes(names[index]))
    if missing:
        reason = "no range and no QuantizeLinear; give calibration data (--calib)"
        plural = "s" if len(missing) > NAMED else ""
        if len(missing) > NAMED:
            missing = [f"{', '.join(missing[:NAMED])} and {len(missing) - NAMED:,} more"]
        raise UserError(*(f"input{plural} {name}: {reason}" for name in missing))
    known.function.attributes["fixed.input_types"] = ArrayAttr([known.types[a] for a in arguments])


def assign_features(known: Known, argument: SSAValue, is_positive: bool) -> bool:
    """An input's type by that of its normalizations, where it has a scale for each feature."""
    norms = normalized(argument)
    if any(op.results[0] not in known.types and "fixed.range" not in op.attributes for op in norms):
        return False
    wanted = {known.types.get(op.results[0]) or known.from_range(op) for op in norms}
    types = feature_types(norms[0], wanted.pop(), is_positive) if len(wanted) == 1 else None
    if types is None:
        return False
    known.types[argument], result = types
    known.own += [op.results[0] for op in norms if op.results[0] not in known.types]
    known.types |= {op.results[0]: result for op in norms}
    return True


def assign_result(known: Known, op: Operation) -> None:
    """The type of a result that its uses left open."""
    if len(op.results) != 1 or op.results[0] in known.types:
        return
    result = op.results[0]
    if (given := from_operand(known, op)) is not None:
        known.types[result] = given
        return
    known.own.append(result)
    if op in known.shared:
        known.types[result] = RESULTS[op.name]
    elif isinstance(op, onnx.SoftmaxOp | onnx.MaskedSoftmaxOp) or op.name == "onnx.Sigmoid":
        known.types[result] = known.ranges_of(result).unit()
    elif "fixed.range" in op.attributes:
        known.types[result] = known.from_range(op)


def from_operand(known: Known, op: Operation) -> QType | None:
    """The type of a result that follows from its operand's; None where it has one of its own."""
    if isinstance(op, onnx.TakeOp) and is_weight(op.x):
        return taken_type(known, op)
    if preserves(op) and op.operands[0] in known.types:
        return known.types[op.operands[0]]
    if isinstance(op, onnx.CastOp):
        return of_integers(known, op)
    if isinstance(op, onnx.ResizeOp) and feeds_resize(op) and op.x in known.types:
        return between(op, known.types[op.x])
    return None


def of_integers(known: Known, op: onnx.CastOp) -> QType | None:
    """The type of reals that are integers: these themselves where 16 bits hold them, else that of their range."""
    storage = element_of(op.x)
    if not isinstance(storage, IntegerType):
        return None
    integers = integer_type(storage)
    if integers.bits <= 16:
        return integers
    if "fixed.range" not in op.attributes:
        return None
    low, high = numbers(op.attributes["fixed.range"])
    narrow = QType(IntegerType(16), 1.0)
    return narrow if narrow.limits[0] <= low and high <= narrow.limits[1] else known.ranges.of_range(low, high)
