"""`convert-onnx-to-fixed`: every ONNX op becomes structured forms on integers.

Scales and widths were chosen before (`fixed-assign-types`); here they turn into multipliers, shifts and clamps. An
operator is one line in `REWRITES` and one function; a function takes the builder and the op and returns the value that
stands for its result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, TensorType
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.onnx.base import port_names
from ...dialects.onnx.weights import is_weight
from ...passes.fixed.scales.repeated import STATE_TYPES
from .along_axes import lower_arg_max, lower_arg_min, lower_cum_sum, lower_hardmax
from .builder import TYPE, WIDE_PRODUCT, FixedBuilder, shape_of
from .channels import lower_batch_normalization
from .contractions import lower_conv, lower_gemm
from .conv_transpose import lower_conv_transpose
from .distances import lower_squared_distance
from .elementwise import lower_add, lower_clip, lower_mul, lower_quantize, lower_relu, lower_sub
from .exponentials import lower_log_softmax, lower_reduce_log_sum_exp
from .functions import lower_function
from .integers.arithmetic import lower_integers
from .integers.casts import lower_cast
from .integers.comparisons import lower_compare, lower_not_finite
from .integers.selection import lower_where
from .joins import lower_concat, lower_slice
from .lrn import lower_lrn
from .means import lower_global_average_pool, lower_reduce_mean
from .moves import lower_gather
from .normalizations import lower_layer_normalization, lower_lp_normalization, lower_rms_normalization
from .pads import lower_pad
from .pools import lower_average_pool, lower_max_pool
from .ports import ports
from .products import lower_mat_mul
from .quotients import lower_div
from .reductions import (
    lower_reduce_l1,
    lower_reduce_l2,
    lower_reduce_log_sum,
    lower_reduce_max,
    lower_reduce_min,
    lower_reduce_sum,
    lower_reduce_sum_square,
)
from .requantize import NotInArithmetic, ScaleError
from .resize import lower_resize
from .scans import lower_scan
from .several import lower_extreme, lower_mean, lower_mod, lower_p_relu, lower_pow
from .shapes import lower_dequantize, lower_identity, lower_reshape, lower_transpose
from .softmax import lower_softmax
from .takes import lower_take
from .tflite.builder import TfliteBuilder
from .tflite.rewrites import tflite_rewrite

Rewrite = Callable[[FixedBuilder, Any], SSAValue]

REWRITES: dict[type[Operation], Rewrite] = {
    onnx.AddOp: lower_add,
    onnx.ArgMaxOp: lower_arg_max,
    onnx.ArgMinOp: lower_arg_min,
    onnx.AveragePoolOp: lower_average_pool,
    onnx.BatchNormalizationOp: lower_batch_normalization,
    onnx.CastOp: lower_cast,
    onnx.ClipOp: lower_clip,
    onnx.CompareOp: lower_compare,
    onnx.ConcatOp: lower_concat,
    onnx.ConvOp: lower_conv,
    onnx.ConvTransposeOp: lower_conv_transpose,
    onnx.CumSumOp: lower_cum_sum,
    onnx.DequantizeLinearOp: lower_dequantize,
    onnx.DivOp: lower_div,
    onnx.FlattenOp: lower_reshape,
    onnx.GatherOp: lower_gather,
    onnx.GemmOp: lower_gemm,
    onnx.GlobalAveragePoolOp: lower_global_average_pool,
    onnx.HardmaxOp: lower_hardmax,
    onnx.IdentityOp: lower_identity,
    onnx.IntegerBinaryOp: lower_integers,
    onnx.IntegerUnaryOp: lower_integers,
    onnx.LRNOp: lower_lrn,
    onnx.LayerNormalizationOp: lower_layer_normalization,
    onnx.LogSoftmaxOp: lower_log_softmax,
    onnx.LpNormalizationOp: lower_lp_normalization,
    onnx.MatMulOp: lower_mat_mul,
    onnx.MaxOp: lower_extreme,
    onnx.MaxPoolOp: lower_max_pool,
    onnx.MeanOp: lower_mean,
    onnx.MinOp: lower_extreme,
    onnx.ModOp: lower_mod,
    onnx.MulOp: lower_mul,
    onnx.NotFiniteOp: lower_not_finite,
    onnx.PReluOp: lower_p_relu,
    onnx.PadOp: lower_pad,
    onnx.PowOp: lower_pow,
    onnx.QuantizeLinearOp: lower_quantize,
    onnx.RMSNormalizationOp: lower_rms_normalization,
    onnx.ReduceL1Op: lower_reduce_l1,
    onnx.ReduceL2Op: lower_reduce_l2,
    onnx.ReduceLogSumExpOp: lower_reduce_log_sum_exp,
    onnx.ReduceLogSumOp: lower_reduce_log_sum,
    onnx.ReduceMaxOp: lower_reduce_max,
    onnx.ReduceMeanOp: lower_reduce_mean,
    onnx.ReduceMinOp: lower_reduce_min,
    onnx.ReduceSumOp: lower_reduce_sum,
    onnx.ReduceSumSquareOp: lower_reduce_sum_square,
    onnx.ReluOp: lower_relu,
    onnx.ReshapeOp: lower_reshape,
    onnx.ResizeOp: lower_resize,
    onnx.SliceOp: lower_slice,
    onnx.MaskedSoftmaxOp: lower_softmax,
    onnx.SoftmaxOp: lower_softmax,
    onnx.SquaredDistanceOp: lower_squared_distance,
    onnx.SqueezeOp: lower_reshape,
    onnx.SubOp: lower_sub,
    onnx.TakeOp: lower_take,
    onnx.TransposeOp: lower_transpose,
    onnx.UnsqueezeOp: lower_reshape,
    onnx.WhereOp: lower_where,
    **dict.fromkeys(onnx.FUNCTIONS.values(), lower_function),
}

EXACT, TFLITE = ARITHMETICS = ("exact", "tflite")
"""How integers are computed: to nearest of what the model means, or as TFLite's reference kernels do."""

BUILDERS: dict[str, type[FixedBuilder]] = {EXACT: FixedBuilder, TFLITE: TfliteBuilder}

OTHERS = (onnx.ConstantOp, onnx.NextOp, onnx.ScanOp, func.ReturnOp)
"""Ops that no table rewrites."""


@dataclass(frozen=True)
class ConvertOnnxToFixedPass(ModulePass):
    """Turn ONNX ops with assigned types into structured forms on integers.

    `arithmetic` is "exact", or "tflite" for the integers of TFLite's reference kernels. With `product_bits` below 64
    nothing is done for the last digits of products that `fixed-legalize-bitwidths` then writes in fewer bits.
    """

    name = "convert-onnx-to-fixed"
    arithmetic: str = EXACT
    product_bits: int = WIDE_PRODUCT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.arithmetic not in ARITHMETICS:
            raise UserError(f"{self.name}: arithmetic is {' or '.join(ARITHMETICS)}, not {self.arithmetic}")
        for function in [f for f in op.ops if isinstance(f, func.FuncOp)]:
            refuse_unknown(function)
            Rewriter.replace_op(function, convert_function(function, self.arithmetic, self.product_bits)[0])


def refuse_unknown(function: func.FuncOp) -> None:
    """Raise one UserError that names every op without a rewrite, and every value without a type."""
    reasons: list[str] = []
    for op in function.body.walk():
        known = type(op) in REWRITES or isinstance(op, OTHERS)
        label = getattr(op, "node", None)
        where = f"{op.name} '{label.data if label else ''}'"
        if not known:
            reasons.append(f"{where}: no lowering to `fixed` for this operator here; `tinyml supported-ops` lists them")
        elif (STATE_TYPES if isinstance(op, onnx.ScanOp) else TYPE) not in op.attributes and needs_type(op):
            reasons.append(f"{where}: the result has no type; run fixed-assign-types (and fixed-calibrate) first")
    if reasons:
        raise UserError(*reasons)


def needs_type(op: Operation) -> bool:
    """True for all but constants."""
    return bool(op.results) and not is_weight(op.results[0])


def convert_function(
    function: func.FuncOp, arithmetic: str = EXACT, product_bits: int = WIDE_PRODUCT
) -> tuple[func.FuncOp, dict[SSAValue, SSAValue]]:
    """A new function on `fixed` tensors with the ports of the old one, and which of its values stands for which.

    All values have the shapes that they have in the model: layouts are chosen later.
    """
    input_types = function.attributes.get("fixed.input_types")
    if not isinstance(input_types, ArrayAttr):
        raise UserError(f"function {function.sym_name.data} has no fixed.input_types; run fixed-assign-types first")
    old = function.body.block
    types = [TensorType(t, shape_of(a)) for a, t in zip(old.args, input_types, strict=True)]
    block = Block(arg_types=types)
    builder = BUILDERS[arithmetic](block, product_bits)
    builder.values.update(zip(old.args, block.args, strict=True))
    convert_ops(builder, old)
    returned = old.last_op
    assert isinstance(returned, func.ReturnOp)
    builder.block.add_op(func.ReturnOp(*(builder.value(v) for v in returned.operands)))
    terminator = block.last_op
    assert isinstance(terminator, func.ReturnOp)
    new = func.FuncOp(
        function.sym_name.data,
        (types, [v.type for v in terminator.operands]),
        Region(block),
        function.sym_visibility,
    )
    new.attributes["fixed.inputs"] = ports(old.args, block.args, port_names(function.arg_attrs, "input", len(types)))
    names = port_names(function.res_attrs, "output", len(returned.operands))
    new.attributes["fixed.outputs"] = ports(returned.operands, terminator.operands, names)
    return new, builder.values


def convert_ops(builder: FixedBuilder, block: Block) -> None:
    """What stands for each op of a block, its terminator apart."""
    for op in block.ops:
        if isinstance(op, onnx.ScanOp):
            lower_scan(builder, op, convert_ops)
        elif not isinstance(op, func.ReturnOp | onnx.NextOp) and not is_weight(op.results[0]):
            builder.values[op.results[0]] = rewritten(builder, op)


def rewritten(builder: FixedBuilder, op: Operation) -> SSAValue:
    """The value that stands for the result of an op. Raises UserError where its scales have no integer form."""
    try:
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            rewrite = REWRITES[type(op)]
            if isinstance(builder, TfliteBuilder):
                rewrite = tflite_rewrite(builder, op, rewrite)
            return rewrite(builder, op)
    except NotInArithmetic as error:
        raise UserError(f"{op.name} '{op.label if isinstance(op, onnx.OnnxOp) else ''}': {error}") from None
    except ScaleError as error:
        label = op.label if isinstance(op, onnx.OnnxOp) else ""
        raise UserError(f"{op.name} '{label}': {error}; look at its weights, and calibrate on real data") from None
