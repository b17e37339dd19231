"""One translation per ONNX operator: check its attributes, make them explicit, build the `onnx` op.

A translation raises `Unsupported` with what is wrong and what to do; the importer adds the node and collects them all.
"""

from __future__ import annotations

from ...dialects import onnx
from .casts import cast, cast_like
from .elementwise import binary, clip, div, sum_, unary
from .joins import concat, pad, same, slice_, split
from .layers import average_pool, batch_normalization, conv, global_average_pool, max_pool
from .node import Translation
from .normalizations import (
    group_normalization,
    instance_normalization,
    layer_normalization,
    lp_normalization,
    lrn,
    mean_variance_normalization,
    rms_normalization,
)
from .products import gemm, mat_mul
from .quantization import dequantize_linear, quantize_linear
from .reductions import along_axis, arg, cum_sum, reduce_prod, reduction, top_k
from .shapes import constant_of_shape, dropout, flatten, reshape, squeeze, transpose, unsqueeze

TRANSLATIONS: dict[str, Translation] = {
    "Add": binary(onnx.AddOp),
    "ArgMax": arg(onnx.ArgMaxOp),
    "ArgMin": arg(onnx.ArgMinOp),
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "CastLike": cast_like,
    "Clip": clip,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "CumSum": cum_sum,
    "DequantizeLinear": dequantize_linear,
    "Div": div,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GroupNormalization": group_normalization,
    "Hardmax": along_axis(onnx.HardmaxOp),
    "Identity": same,
    "InstanceNormalization": instance_normalization,
    "LRN": lrn,
    "LayerNormalization": layer_normalization,
    "LogSoftmax": along_axis(onnx.LogSoftmaxOp),
    "LpNormalization": lp_normalization,
    "MatMul": mat_mul,
    "MaxPool": max_pool,
    "MeanVarianceNormalization": mean_variance_normalization,
    "Mul": binary(onnx.MulOp),
    "Pad": pad,
    "QuantizeLinear": quantize_linear,
    "RMSNormalization": rms_normalization,
    "ReduceL1": reduction(onnx.ReduceL1Op),
    "ReduceL2": reduction(onnx.ReduceL2Op),
    "ReduceLogSum": reduction(onnx.ReduceLogSumOp),
    "ReduceLogSumExp": reduction(onnx.ReduceLogSumExpOp),
    "ReduceMax": reduction(onnx.ReduceMaxOp),
    "ReduceMean": reduction(onnx.ReduceMeanOp),
    "ReduceMin": reduction(onnx.ReduceMinOp),
    "ReduceProd": reduce_prod,
    "ReduceSum": reduction(onnx.ReduceSumOp),
    "ReduceSumSquare": reduction(onnx.ReduceSumSquareOp),
    "Relu": unary(onnx.ReluOp),
    "Reshape": reshape,
    "Sigmoid": unary(onnx.SigmoidOp),
    "Slice": slice_,
    "Softmax": along_axis(onnx.SoftmaxOp),
    "Split": split,
    "Squeeze": squeeze,
    "Sub": binary(onnx.SubOp),
    "Sum": sum_,
    "Tanh": unary(onnx.TanhOp),
    "TopK": top_k,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}


LIMITS: dict[str, str] = {
    "ArgMax": "the result is int32",
    "ArgMin": "the result is int32",
    "AveragePool": "1-D and 2-D; ceil_mode only without count_include_pad",
    "BatchNormalization": "inference; constant parameters",
    "Cast": "between real types",
    "CastLike": "between real types",
    "Clip": "constant bounds",
    "ConstantOfShape": "constant shape",
    "Conv": "1-D and 2-D; groups, strides, pads, dilations; constant weights",
    "CumSum": "constant axis",
    "DequantizeLinear": "4, 8, 16 bits; per tensor; of constants also per axis",
    "Div": "by a constant",
    "GroupNormalization": "constant scale and bias",
    "InstanceNormalization": "constant scale and bias",
    "LayerNormalization": "constant scale and bias; only the first result",
    "LpNormalization": "p = 1 and 2",
    "MaxPool": "1-D and 2-D; without the index output",
    "Pad": "constant mode, constant pads that are not negative",
    "QuantizeLinear": "4 (for HLS), 8, 16 bits; per tensor",
    "RMSNormalization": "constant scale",
    "ReduceProd": "at most 16 factors",
    "Reshape": "constant shape",
    "Sigmoid": "8-bit values",
    "Slice": "constant bounds, steps of 1",
    "Split": "constant sizes",
    "Tanh": "8-bit values",
    "TopK": "k = 1",
}

"""What `tinyml supported-ops` says of an operator beside its name."""
