"""One translation per ONNX operator: check its attributes, make them explicit, build the `onnx` op.

A translation raises `Unsupported` with what is wrong and what to do; the importer adds the node and collects them all.
"""

from __future__ import annotations

from ...dialects import onnx
from .casts import cast, cast_like
from .elementwise import binary, clip, div, sum_, unary
from .joins import concat, pad, same, slice_, split
from .layers import average_pool, batch_normalization, conv, global_average_pool, max_pool
from .moves import (
    compress,
    expand,
    gather,
    gather_elements,
    gather_nd,
    reverse_sequence,
    scatter_elements,
    scatter_nd,
    tile,
)
from .node import Translation
from .products import gemm, mat_mul
from .quantization import dequantize_linear, quantize_linear
from .real_functions import real_functions
from .reductions import arg_max, reduce_mean, softmax
from .several import extreme, mean, mod, p_relu, pow_
from .shapes import (
    center_crop_pad,
    constant_of_shape,
    depth_to_space,
    dropout,
    flatten,
    reshape,
    space_to_depth,
    squeeze,
    transpose,
    unsqueeze,
)

TRANSLATIONS: dict[str, Translation] = {
    "Add": binary(onnx.AddOp),
    "ArgMax": arg_max,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "CastLike": cast_like,
    "CenterCropPad": center_crop_pad,
    "Clip": clip,
    "Compress": compress,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "DepthToSpace": depth_to_space,
    "DequantizeLinear": dequantize_linear,
    "Div": div,
    "Dropout": dropout,
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Identity": same,
    "MatMul": mat_mul,
    "Max": extreme(onnx.MaxOp),
    "MaxPool": max_pool,
    "Mean": mean,
    "Min": extreme(onnx.MinOp),
    "Mod": mod,
    "Mul": binary(onnx.MulOp),
    "PRelu": p_relu,
    "Pad": pad,
    "Pow": pow_,
    "QuantizeLinear": quantize_linear,
    "ReduceMean": reduce_mean,
    "Relu": unary(onnx.ReluOp),
    "Reshape": reshape,
    "ReverseSequence": reverse_sequence,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "Slice": slice_,
    "Softmax": softmax,
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Squeeze": squeeze,
    "Sub": binary(onnx.SubOp),
    "Sum": sum_,
    "Tile": tile,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    **real_functions(""),
}


LIMITS: dict[str, str] = {
    "ArgMax": "first of equals",
    "AveragePool": "1-D and 2-D; ceil_mode only without count_include_pad",
    "BatchNormalization": "inference; constant parameters",
    "Cast": "between real types",
    "CastLike": "between real types",
    "Clip": "constant bounds",
    "CenterCropPad": "constant shape",
    "Compress": "constant condition",
    "ConstantOfShape": "constant shape",
    "Conv": "1-D and 2-D; groups, strides, pads, dilations; constant weights",
    "DequantizeLinear": "4, 8, 16 bits; per tensor; of constants also per axis",
    "Expand": "constant shape",
    "Gather": "constant indices, of few runs",
    "GatherElements": "constant indices, of few runs",
    "GatherND": "constant indices, of few runs",
    "Gemm": "constant weights and bias; no transA",
    "MatMul": "one operand constant, a matrix",
    "MaxPool": "1-D and 2-D; without the index output",
    "Mod": "of real numbers",
    "Pad": "constant pads",
    "Pow": "the exponent or the base is one constant number",
    "QuantizeLinear": "4 (for HLS), 8, 16 bits; per tensor",
    "Reshape": "constant shape",
    "ReverseSequence": "constant lengths",
    "ScatterElements": "constant indices, of few runs; no reduction",
    "ScatterND": "constant indices, of few runs; no reduction",
    "Slice": "constant bounds and steps",
    "Softmax": "fewer than 65,536 elements",
    "Split": "constant sizes",
    "Tile": "constant repeats",
}

"""What `tinyml supported-ops` says of an operator beside its name."""
