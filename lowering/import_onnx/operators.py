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
from .products import gemm, mat_mul
from .quantization import dequantize_linear, quantize_linear
from .real_functions import real_functions
from .reductions import arg_max, reduce_mean, softmax
from .shapes import constant_of_shape, dropout, flatten, reshape, squeeze, transpose, unsqueeze

TRANSLATIONS: dict[str, Translation] = {
    "Add": binary(onnx.AddOp),
    "ArgMax": arg_max,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "CastLike": cast_like,
    "Clip": clip,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "DequantizeLinear": dequantize_linear,
    "Div": div,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Identity": same,
    "MatMul": mat_mul,
    "MaxPool": max_pool,
    "Mul": binary(onnx.MulOp),
    "Pad": pad,
    "QuantizeLinear": quantize_linear,
    "ReduceMean": reduce_mean,
    "Relu": unary(onnx.ReluOp),
    "Reshape": reshape,
    "Slice": slice_,
    "Softmax": softmax,
    "Split": split,
    "Squeeze": squeeze,
    "Sub": binary(onnx.SubOp),
    "Sum": sum_,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    **real_functions(""),
}


LIMITS: dict[str, str] = {
    "ArgMax": "first of equals; the result is int32",
    "AveragePool": "1-D and 2-D; ceil_mode only without count_include_pad",
    "BatchNormalization": "inference; constant parameters",
    "Cast": "between real types",
    "CastLike": "between real types",
    "Clip": "constant bounds",
    "ConstantOfShape": "constant shape",
    "Conv": "1-D and 2-D; groups, strides, pads, dilations; constant weights",
    "DequantizeLinear": "4, 8, 16 bits; per tensor; of constants also per axis",
    "Gemm": "constant weights and bias; no transA",
    "MatMul": "one operand constant, a matrix",
    "MaxPool": "1-D and 2-D; without the index output",
    "Pad": "constant mode, constant pads that are not negative",
    "QuantizeLinear": "4 (for HLS), 8, 16 bits; per tensor",
    "Reshape": "constant shape",
    "Slice": "constant bounds, steps of 1",
    "Softmax": "fewer than 65,536 elements",
    "Split": "constant sizes",
}

"""What `tinyml supported-ops` says of an operator beside its name."""
