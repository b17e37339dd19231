"""`onnx-fuse-distances`: sums of squared differences of operands that are stretched become one op.

    sum (x - w)^2               ->  SquaredDistance(x, w)       a product, a power or a ReduceSumSquare
    c * SquaredDistance(x, w)   ->  SquaredDistance(x, w, c)    c one number

Written out, the differences of x with each row of w are a buffer as large as w. The op is a matrix product: its
lowering writes `sum x^2 - 2 x.w + sum w^2`, which integers of one type hold exactly. Where nothing is stretched, or
somebody else reads the differences, they stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.reductions import ReductionOp
from .folding.constants import constant_value, erase_unused, insert_before


@dataclass(frozen=True)
class FuseDistancesPass(ModulePass):
    """Make one op of a sum of squared differences of broadcast operands."""

    name = "onnx-fuse-distances"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in [o for o in op.walk() if isinstance(o, onnx.ReduceSumOp | onnx.ReduceSumSquareOp)]:
            new = fused(inner)
            if new is not None:
                insert_before(inner, new)
                inner.result.replace_all_uses_with(new.result)
                Rewriter.erase_op(inner)
        for distance in [o for o in op.walk() if isinstance(o, onnx.SquaredDistanceOp)]:
            scale(distance)
        erase_unused(op)


def fused(op: ReductionOp) -> onnx.SquaredDistanceOp | None:
    """The squared distance that a reduction computes; None where it computes another thing, or nothing is stretched."""
    base = op.x if isinstance(op, onnx.ReduceSumSquareOp) else base_of_square(op.x)
    if base is None or not only_here(op.x, 1):
        return None
    difference = base.owner
    if not isinstance(difference, onnx.SubOp) or not only_here(base, 2):
        return None
    whole, operands = shape_of(base), (difference.lhs, difference.rhs)
    if not any(shape_of(operand) != whole for operand in operands):
        return None
    node = None if op.node is None else op.node.data
    return onnx.SquaredDistanceOp(*operands, op.reduced, op.result.type, node)


def scale(op: onnx.SquaredDistanceOp) -> None:
    """Take the number by which a distance is multiplied into it, where nothing else reads the distance."""
    product = next((use.operation for use in op.result.uses), None)
    if not isinstance(product, onnx.MulOp) or not only_here(op.result, 1):
        return
    other = constant_value(product.rhs if product.lhs is op.result else product.lhs)
    if other is None or other.size != 1 or not np.isfinite(other).all() or not other.all():
        return
    if shape_of(product.result) != shape_of(op.result):
        return
    node = None if product.node is None else product.node.data
    factor = op.times * float(other.reshape(()))
    new = onnx.SquaredDistanceOp(op.x, op.w, op.reduced, product.result.type, node, factor)
    insert_before(product, new)
    product.result.replace_all_uses_with(new.result)
    Rewriter.erase_op(product)


def base_of_square(value: SSAValue) -> SSAValue | None:
    """What a value is the square of."""
    op = value.owner
    if isinstance(op, onnx.MulOp) and op.lhs is op.rhs:
        return op.lhs
    if isinstance(op, onnx.PowOp):
        exponent = constant_value(op.rhs)
        if exponent is not None and (exponent == 2).all() and shape_of(op.lhs) == shape_of(op.result):
            return op.lhs
    return None


def only_here(value: SSAValue, operands: int) -> bool:
    """Whether one op alone reads a value, as at most so many of its operands."""
    users = {use.operation for use in value.uses}
    return len(users) == 1 and value.uses.get_length() <= operands
