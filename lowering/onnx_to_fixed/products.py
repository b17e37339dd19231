"""Matrix products of two computed tensors as contractions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr

from ...dialects import onnx
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.types import DomainAttr
from .bodies import Body
from .builder import FixedBuilder, Requantizer, access, dimensions, shape_of
from .elementwise import name_of
from .rows import accumulator, reach_of


def lower_mat_mul(builder: FixedBuilder, op: onnx.MatMulOp) -> SSAValue:
    """`y[.., m, n] = round(M sum_k (x[.., m, k] - zx) (w[.., k, n] - zw)) + zy`; dimensions before broadcast."""
    x, w, y = builder.type_of(op.x), builder.type_of(op.w), builder.type_of(op.result)
    shape, depth, name = shape_of(op.result), shape_of(op.x)[-1], name_of(op)
    bound = reach_of(x) * reach_of(w) * depth
    acc = accumulator(bound, name)
    requantizer = Requantizer(builder, np.asarray(x.scale * w.scale / y.scale), bound)
    rank = len(shape)
    *outer, row, column, inner = dimensions(rank + 1)
    body = Body([acc])
    region = body.finish(body.to_storage(requantizer.apply(body, body.arguments[0]), y))
    maps = [
        access(rank + 1, *stretched(shape_of(op.x)[:-2], outer), row, inner),
        access(rank + 1, *stretched(shape_of(op.w)[:-2], outer), inner, column),
        access(rank + 1, *outer, row, column),
    ]
    operands, type = [builder.value(op.x), builder.value(op.w)], TensorType(y, shape)
    domain = DomainAttr(shape, (depth,))
    return builder.emit(ContractOp(operands, type, domain, maps, region, acc, (x.zp, w.zp), node=name))


def stretched(shape: Sequence[int], outer: Sequence[AffineExpr]) -> list[AffineExpr | int]:
    """The indices of an operand's outer dimensions: 0 where it is stretched."""
    return [0 if n == 1 else d for n, d in zip(shape, outer[len(outer) - len(shape) :], strict=True)]
