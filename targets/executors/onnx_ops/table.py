"""The real meaning of every `onnx` op, on numpy arrays with a leading batch axis: (B, *shape).

Reals are float32 or float64: an op computes in the type of its operands, DequantizeLinear in the one it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import Operation

from ....dialects import onnx
from ....dialects.errors import UserError
from .elementwise import clip, dequantize, mean, mod, p_relu, quantize, several
from .integers import cast, function, not_finite, where
from .normalizations import layer_normalization, lp_normalization, lrn, rms_normalization
from .products import gemm, mat_mul
from .reductions import (
    REDUCTIONS,
    arg,
    batch_normalization,
    cum_sum,
    hardmax,
    log_softmax,
    masked_softmax,
    reduction,
    softmax,
    squared_distance,
)
from .shapes import concat, gather, pad, same_elements, slice_, take
from .types import Array, Evaluate, Real
from .windows import average_pool, conv, conv_transpose, global_average_pool, max_pool, resize

EVALUATE: dict[type[Operation], Evaluate] = {
    onnx.AddOp: several(np.add),
    onnx.ArgMaxOp: arg(np.argmax),
    onnx.ArgMinOp: arg(np.argmin),
    onnx.AveragePoolOp: average_pool,
    onnx.BatchNormalizationOp: batch_normalization,
    onnx.CastOp: cast,
    onnx.ClipOp: clip,
    onnx.CompareOp: function,
    onnx.ConcatOp: concat,
    onnx.ConvOp: conv,
    onnx.ConvTransposeOp: conv_transpose,
    onnx.CumSumOp: cum_sum,
    onnx.DequantizeLinearOp: dequantize,
    onnx.DivOp: several(np.divide),
    onnx.FlattenOp: same_elements,
    onnx.GatherOp: gather,
    onnx.GemmOp: gemm,
    onnx.GlobalAveragePoolOp: global_average_pool,
    onnx.HardmaxOp: hardmax,
    onnx.IdentityOp: same_elements,
    onnx.IntegerBinaryOp: function,
    onnx.IntegerUnaryOp: function,
    onnx.LRNOp: lrn,
    onnx.LayerNormalizationOp: layer_normalization,
    onnx.LogSoftmaxOp: log_softmax,
    onnx.LpNormalizationOp: lp_normalization,
    onnx.MatMulOp: mat_mul,
    onnx.MaxOp: several(np.maximum),
    onnx.MaxPoolOp: max_pool,
    onnx.MeanOp: mean,
    onnx.MinOp: several(np.minimum),
    onnx.ModOp: mod,
    onnx.MulOp: several(np.multiply),
    onnx.NotFiniteOp: not_finite,
    onnx.PReluOp: p_relu,
    onnx.PadOp: pad,
    onnx.PowOp: several(np.power),
    onnx.QuantizeLinearOp: quantize,
    onnx.RMSNormalizationOp: rms_normalization,
    onnx.ReluOp: lambda op, v: np.maximum(v[0], 0),
    onnx.ReshapeOp: same_elements,
    onnx.ResizeOp: resize,
    onnx.SliceOp: slice_,
    onnx.MaskedSoftmaxOp: masked_softmax,
    onnx.SoftmaxOp: softmax,
    onnx.SquaredDistanceOp: squared_distance,
    onnx.SqueezeOp: same_elements,
    onnx.SubOp: several(np.subtract),
    onnx.TakeOp: take,
    onnx.TransposeOp: lambda op, v: v[0].transpose(0, *(axis + 1 for axis in op.permutation)),
    onnx.UnsqueezeOp: same_elements,
    onnx.WhereOp: where,
    **dict.fromkeys(onnx.FUNCTIONS.values(), lambda op, v: op.evaluate(v[0])),
    **{op: reduction(function) for op, function in REDUCTIONS.items()},
}

"""Per op: from its operands (B or 1, *shape) to its result. An elementwise operator is one line."""


def evaluate(op: Operation, operands: Sequence[Array], real: Real = np.float32) -> Array:
    """The value of one op. Raises UserError for an op that does not belong to the level `onnx`."""
    if type(op) not in EVALUATE:
        raise UserError(f"`{op.name}` does not belong to the level `onnx`")
    with np.errstate(all="ignore"):  # whoever takes the values looks for what is not finite
        if isinstance(op, onnx.DequantizeLinearOp):
            return dequantize(op, operands, real)
        if isinstance(op, onnx.CastOp):
            return cast(op, operands, real)
        return EVALUATE[type(op)](op, operands)
