"""Inputs whose features differ in size: each gets a scale of its own where the model brings them to one size first.

That is a factor and a summand for each index of dimension 1 (a BatchNormalization, which a scaler or a product with a
constant becomes), `y_j = a_j x_j + b_j`. Where all b are 0 the integers of y are those of x, whose index j stands for
`scale / a_j`: the caller scales, and nothing is computed. Otherwise x reaches as far as y does, index by index.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import IntegerType, Signedness
from xdsl.ir import BlockArgument, SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType
from ....dialects.onnx.base import shape_of
from ...onnx.fold_batch_normalization import normalization
from .ranges import whole_bytes

CHANNELS = 1
"""The dimension whose indices are features."""

SPREAD = 4.0
"""Features whose scales differ by less share one."""


def normalized(argument: SSAValue) -> list[onnx.BatchNormalizationOp]:
    """The normalizations of an input, all alike, where nothing else reads it; else none."""
    readers = [use.operation for use in argument.uses]
    found = [op for op in readers if isinstance(op, onnx.BatchNormalizationOp) and op.x is argument]
    if not isinstance(argument, BlockArgument) or not found or len(found) < len(readers):
        return []
    first, *others = map(normalization, found)
    alike = all(np.array_equal(first.factor, o.factor) and np.array_equal(first.summand, o.summand) for o in others)
    return found if alike else []


def feature_types(norm: onnx.BatchNormalizationOp, y: QType, is_positive: bool) -> tuple[QType, QType] | None:
    """The types of a normalization's operand and result, by that of the result; None where one scale does as well.

    `is_positive` says that the data hold no negative number.
    """
    affine = normalization(norm)
    factors, summands = (np.broadcast_to(v, shape_of(norm.x)[CHANNELS]) for v in (affine.factor, affine.summand))
    if not (np.isfinite(factors).all() and (factors != 0).all() and np.isfinite(summands).all()):
        return None
    if np.abs(factors).max() < SPREAD * np.abs(factors).min():
        return None
    if (factors > 0).all() and not summands.any():
        y = whole_bytes(y)
        return QType(y.storage, (y.scale / factors).tolist(), y.zp, CHANNELS), y
    storage = IntegerType(y.bits, Signedness.UNSIGNED) if is_positive else IntegerType(y.bits)
    most = max(abs(limit - y.zp) for limit in y.limits) * y.scale
    type = QType(storage, 1.0)
    reach = (most + np.abs(summands)) / np.abs(factors)
    return whole_bytes(QType(storage, (reach / type.limits[1]).tolist(), 0, CHANNELS)), y
