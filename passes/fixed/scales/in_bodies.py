"""Values that never reach memory: what `fixed-fuse-maps` will do, known before types are chosen.

An elementwise op of one computed value moves into the body of the form that computes it; the value between them then is
a number in a register, whose width costs neither RAM nor a store.
"""

from __future__ import annotations

from math import prod

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.weights import is_weight

ELEMENTWISE = (
    onnx.AddOp,
    onnx.BatchNormalizationOp,
    onnx.ClipOp,
    onnx.DivOp,
    onnx.FunctionOp,
    onnx.MulOp,
    onnx.QuantizeLinearOp,
    onnx.ReluOp,
    onnx.SubOp,
)
"""Ops that become one map."""

NO_FORMS = (
    onnx.ConcatOp,
    onnx.DequantizeLinearOp,
    onnx.MaskedSoftmaxOp,
    onnx.SliceOp,
    onnx.SoftmaxOp,
    onnx.SquaredDistanceOp,
    onnx.TakeOp,
)
"""Ops whose result is reshaped, or that no one body computes, beside those that only rearrange."""


REARRANGING = (
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.ReshapeOp,
    onnx.SqueezeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops that compute nothing."""


def stays_in_body(value: SSAValue) -> bool:
    """Whether a value's one reader becomes part of the form that computes it."""
    maker, uses = value.owner, list(value.uses)
    if not isinstance(maker, Operation) or len(uses) != 1 or is_weight(value):
        return False
    if isinstance(maker, (*NO_FORMS, *REARRANGING)):
        return False
    reader = uses[0].operation
    if not isinstance(reader, ELEMENTWISE) or any(not is_weight(v) for v in reader.operands if v is not value):
        return False
    return prod(shape_of(reader.results[0])) == prod(shape_of(value))


def stays_in_merged(value: SSAValue) -> bool:
    """Whether maps of several inputs become one (`fixed-fuse-maps{merge}`) that computes a value and all its readers.

    All that elementwise ops make of it must come together in one result.
    """
    if not isinstance(value.owner, ELEMENTWISE):
        return False
    last: set[SSAValue] = set()
    pending, seen = [value], {value}
    while pending:
        inner = pending.pop()
        further = results_of_maps(inner)
        if further is None:
            last.add(inner)
        else:
            pending += [result for result in further if result not in seen]
            seen.update(further)
    return len(last) == 1 and value not in last


def results_of_maps(value: SSAValue) -> list[SSAValue] | None:
    """The results of all readers of a value, where these are elementwise ops on as many elements beside it."""
    maker, readers = value.owner, [use.operation for use in value.uses]
    size = prod(shape_of(value))
    if not readers or not isinstance(maker, Operation):
        return None
    if any(not isinstance(r, ELEMENTWISE) or r.parent is not maker.parent for r in readers):
        return None
    results: list[SSAValue] = [reader.results[0] for reader in readers]
    return results if all(prod(shape_of(result)) == size for result in results) else None
