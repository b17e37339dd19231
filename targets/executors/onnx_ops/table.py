"""The real meaning of every `onnx` op, on numpy arrays with a leading batch axis: (B, *shape).

Reals are float32 or float64: an op computes in the type of its operands, DequantizeLinear in the one it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import Operation

from ....dialects import onnx
from ....dialects.errors import UserError
from ....dialects.onnx.base import shape_of
from .elementwise import clip, dequantize, mean, mod, p_relu, quantize, several
from .reductions import axis_of, batch_normalization, gemm, reduce_mean, softmax
from .shapes import concat, gather, pad, same_elements, slice_
from .types import Array, Evaluate, Real
from .windows import average_pool, conv, global_average_pool, max_pool

EVALUATE: dict[type[Operation], Evaluate] = {
    onnx.AddOp: several(np.add),
    onnx.ArgMaxOp: lambda op, v: v[0].argmax(axis=axis_of(op)).reshape(len(v[0]), *shape_of(op.result)),
    onnx.AveragePoolOp: average_pool,
    onnx.BatchNormalizationOp: batch_normalization,
    onnx.ClipOp: clip,
    onnx.ConcatOp: concat,
    onnx.ConvOp: conv,
    onnx.DequantizeLinearOp: dequantize,
    onnx.DivOp: several(np.divide),
    onnx.FlattenOp: same_elements,
    onnx.GatherOp: gather,
    onnx.GemmOp: gemm,
    onnx.GlobalAveragePoolOp: global_average_pool,
    onnx.IdentityOp: same_elements,
    onnx.MatMulOp: lambda op, v: v[0] @ v[1],
    onnx.MaxOp: several(np.maximum),
    onnx.MaxPoolOp: max_pool,
    onnx.MeanOp: mean,
    onnx.MinOp: several(np.minimum),
    onnx.ModOp: mod,
    onnx.MulOp: several(np.multiply),
    onnx.PReluOp: p_relu,
    onnx.PadOp: pad,
    onnx.PowOp: several(np.power),
    onnx.QuantizeLinearOp: quantize,
    onnx.ReduceMeanOp: reduce_mean,
    onnx.ReluOp: lambda op, v: np.maximum(v[0], 0),
    onnx.ReshapeOp: same_elements,
    onnx.SliceOp: slice_,
    onnx.SoftmaxOp: softmax,
    onnx.SqueezeOp: same_elements,
    onnx.SubOp: several(np.subtract),
    onnx.TransposeOp: lambda op, v: v[0].transpose(0, *(axis + 1 for axis in op.permutation)),
    onnx.UnsqueezeOp: same_elements,
    **dict.fromkeys(onnx.FUNCTIONS.values(), lambda op, v: op.evaluate(v[0])),
}

"""Per op: from its operands (B or 1, *shape) to its result. An elementwise operator is one line."""


def evaluate(op: Operation, operands: Sequence[Array], real: Real = np.float32) -> Array:
    """The value of one op. Raises UserError for an op that does not belong to the level `onnx`."""
    if type(op) not in EVALUATE:
        raise UserError(f"`{op.name}` does not belong to the level `onnx`")
    with np.errstate(all="ignore"):  # whoever takes the values looks for what is not finite
        if isinstance(op, onnx.DequantizeLinearOp):
            return dequantize(op, operands, real)
        return EVALUATE[type(op)](op, operands)
