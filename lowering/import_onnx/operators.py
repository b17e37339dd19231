"""One translation per ONNX operator: check its attributes, make them explicit, build the `onnx` op.

A translation raises `Unsupported` with what is wrong and what to do; the importer adds the node and collects them all.
"""

from __future__ import annotations

from ...dialects import onnx
from .attention import attention
from .casts import cast, cast_like
from .conv_transpose import conv_transpose
from .einsum import einsum
from .elementwise import binary, clip, div, sum_, unary
from .integer_products import integer_product
from .integers import compare, is_infinite, is_nan, where
from .joins import concat, pad, same, slice_, split
from .layers import average_pool, batch_normalization, conv, global_average_pool, global_max_pool, max_pool
from .lp_pools import global_lp_pool, lp_pool
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
from .real_functions import real_functions
from .reductions import along_axis, arg, cum_sum, reduce_prod, reduction, top_k
from .resize import resize
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
    "ArgMax": arg(onnx.ArgMaxOp),
    "ArgMin": arg(onnx.ArgMinOp),
    "Attention": attention,
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
    "ConvInteger": integer_product("Conv", conv, 0),
    "ConvTranspose": conv_transpose,
    "CumSum": cum_sum,
    "DepthToSpace": depth_to_space,
    "DequantizeLinear": dequantize_linear,
    "Div": div,
    "Dropout": dropout,
    "Einsum": einsum,
    "Equal": compare("equal"),
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GlobalLpPool": global_lp_pool,
    "GlobalMaxPool": global_max_pool,
    "Greater": compare("less", exchanged=True),
    "GreaterOrEqual": compare("less_or_equal", exchanged=True),
    "GroupNormalization": group_normalization,
    "Hardmax": along_axis(onnx.HardmaxOp),
    "Identity": same,
    "InstanceNormalization": instance_normalization,
    "IsInf": is_infinite,
    "IsNaN": is_nan,
    "LRN": lrn,
    "LayerNormalization": layer_normalization,
    "Less": compare("less"),
    "LessOrEqual": compare("less_or_equal"),
    "LogSoftmax": along_axis(onnx.LogSoftmaxOp),
    "LpNormalization": lp_normalization,
    "LpPool": lp_pool,
    "MatMul": mat_mul,
    "MatMulInteger": integer_product("MatMul", mat_mul, -1),
    "Max": extreme(onnx.MaxOp),
    "MaxPool": max_pool,
    "Mean": mean,
    "MeanVarianceNormalization": mean_variance_normalization,
    "Min": extreme(onnx.MinOp),
    "Mod": mod,
    "Mul": binary(onnx.MulOp),
    "PRelu": p_relu,
    "Pad": pad,
    "Pow": pow_,
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
    "Resize": resize,
    "ReverseSequence": reverse_sequence,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "Slice": slice_,
    "Softmax": along_axis(onnx.SoftmaxOp),
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Squeeze": squeeze,
    "Sub": binary(onnx.SubOp),
    "Sum": sum_,
    "Tile": tile,
    "TopK": top_k,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Upsample": resize,
    "Where": where,
    **real_functions(""),
}


LIMITS: dict[str, str] = {
    "Attention": "no past, no causal mask; a mask is a constant of finite numbers",
    "AveragePool": "1-D, 2-D and 3-D",
    "BatchNormalization": "inference; constant parameters",
    "Cast": "between float, bool and integers of 8 to 64 bits, uint64 excepted",
    "CastLike": "as Cast",
    "CenterCropPad": "constant shape",
    "Clip": "constant bounds",
    "Compress": "constant condition",
    "ConstantOfShape": "constant shape",
    "Conv": "1-D and 2-D; groups, strides, pads, dilations; constant weights",
    "ConvTranspose": "1-D and 2-D; constant weights",
    "CumSum": "constant axis",
    "DequantizeLinear": "4, 8, 16 bits; per tensor; of constants also per axis",
    "Einsum": "one operand, or two; no diagonals",
    "Expand": "constant shape",
    "Gather": "constant indices, of few runs, or computed ones within bounds that their arithmetic shows",
    "GatherElements": "constant indices, of few runs",
    "GatherND": "constant indices, of few runs",
    "GlobalLpPool": "p = 1 and 2",
    "GroupNormalization": "constant scale and bias",
    "InstanceNormalization": "constant scale and bias",
    "LayerNormalization": "constant scale and bias",
    "LpNormalization": "p = 1 and 2",
    "LpPool": "p = 1 and 2; 1-D, 2-D and 3-D",
    "MaxPool": "1-D, 2-D and 3-D; without the index output",
    "Mod": "of real numbers",
    "Pad": "constant pads",
    "Pow": "the exponent or the base is one constant number",
    "QuantizeLinear": "4 (for HLS), 8, 16 bits; per tensor",
    "RMSNormalization": "constant scale",
    "ReduceProd": "at most 16 factors",
    "Reshape": "constant shape",
    "Resize": "constant scales or sizes; nearest, linear, cubic",
    "ReverseSequence": "constant lengths",
    "ScatterElements": "constant indices, of few runs; no reduction",
    "ScatterND": "constant indices, of few runs; no reduction",
    "Slice": "constant bounds and steps",
    "Softmax": "fewer than 65,536 elements",
    "Split": "constant sizes",
    "Tile": "constant repeats",
    "TopK": "k = 1",
    "Upsample": "constant scales; nearest, linear, cubic",
}

"""What `tinyml supported-ops` says of an operator beside its name."""
