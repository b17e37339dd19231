"""Which integers a value of the model can be, from how it is made: so that arithmetic on it need not wrap."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import BlockArgument, SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import element_of, shape_of
from ....dialects.onnx.scan import enclosing_scan
from ....dialects.onnx.weights import is_weight
from ....passes.fixed.scales.stated import INTEGER_MOVES
from ..builder import FixedBuilder

Bounds = tuple[int, int]


def bounds_of(builder: FixedBuilder, value: SSAValue) -> Bounds:
    """The least and greatest stored integer of a value."""
    known = builder.bounds.get(value)
    if known is None:
        known = builder.bounds[value] = found(builder, value)
    return known


def found(builder: FixedBuilder, value: SSAValue) -> Bounds:
    """Of a constant its numbers, of an index its axis, of a move its operands', of a sum so many; else its type's."""
    op = value.owner
    if is_weight(value):
        integers = builder.integers(value)[0]
        return int(integers.min()), int(integers.max())
    if isinstance(op, onnx.ArgMaxOp):
        return 0, shape_of(op.x)[op.axis_index] - 1
    if isinstance(op, onnx.ReduceSumOp):
        low, high = (op.count * bound for bound in bounds_of(builder, op.x))
        least, greatest = builder.type_of(value).limits
        return (low, high) if least <= low and high <= greatest else (least, greatest)
    if isinstance(op, onnx.TakeOp):
        return bounds_of(builder, op.x)
    if isinstance(op, onnx.WhereOp):
        return hull(builder, (op.x, op.y))
    scan = enclosing_scan(value)
    if isinstance(value, BlockArgument) and scan is not None and value.index < len(scan.states):
        builder.bounds[value] = builder.type_of(value).limits  # what it is where it depends on itself
        return hull(builder, (scan.states[value.index], scan.end.states[value.index]))
    if isinstance(op, onnx.ScanOp) and (number := op.results.index(value)) < len(op.states):
        return bounds_of(builder, op.body.block.args[number])
    if isinstance(op, INTEGER_MOVES) and not isinstance(op, onnx.PadOp | onnx.MaxPoolOp):
        return hull(builder, [o for o in op.operands if element_of(o) == element_of(value)])
    return builder.type_of(value).limits


def hull(builder: FixedBuilder, values: Iterable[SSAValue]) -> Bounds:
    """The bounds of what is one of some values."""
    known = [bounds_of(builder, value) for value in values]
    return min(low for low, _ in known), max(high for _, high in known)
