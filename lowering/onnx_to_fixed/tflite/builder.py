"""The builder of TFLite's integers: what a layer's sums are multiplied with depends on its kernel."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i64
from xdsl.ir import Operation
from xdsl.ir.affine import AffineMap

from ....dialects import onnx
from ....dialects.fixed.types import QType
from ....dialects.onnx.base import element_of, shape_of
from ..biases import Integers, Reals, magnitudes
from ..builder import TYPE, FixedBuilder
from .multipliers import DoubleRounding, SingleRounding
from .recurrent import is_round, product_type

REDUCED_BITS = 15
"""Bits of the multiplier of a convolution of 16-bit values, whose sums have 64."""


class TfliteBuilder(FixedBuilder):
    """Builds forms that compute what TFLite's reference kernels do."""

    def requantizer(
        self, factors: Reals, sums: NDArray[Any], bias: Integers | None, access: AffineMap | None, op: Operation
    ) -> tuple[DoubleRounding | SingleRounding, Integers | None]:
        """The change of scale of a layer with weights: one rounding for products of matrices, two for other ones."""
        bounds = magnitudes(sums, bias)
        factors = np.broadcast_to(self.svdf_factors(op), factors.shape) if is_svdf(op) else factors
        if isinstance(op, onnx.GemmOp) and is_round(op):
            factors = factors.astype(np.float32).astype(np.float64)
            return DoubleRounding(self, factors, bounds, product_type(op), access), bias
        if isinstance(op, onnx.GemmOp):
            return SingleRounding(self, factors, int(bounds.max()), access), bias
        if self.type_of(op.operands[0]).bits > 8 and has_wide_bias(op):
            return SingleRounding(self, factors, int(bounds.max()), access, REDUCED_BITS), bias
        return DoubleRounding(self, factors, bounds, stored_type(op), access), bias

    def svdf_factors(self, op: onnx.ConvOp) -> Reals:
        """The factor of a product of SVDF, which its kernel computes in float32 (tensorflow/lite/kernels/svdf.cc)."""
        x, y = np.float32(self.type_of(op.x).scale), np.float32(stored_type(op).scale)
        scales = np.asarray(self.integers(op.w)[1].scales.data, np.float32)
        return (x * scales / y).astype(np.float64)


def is_svdf(op: Operation) -> TypeGuard[onnx.ConvOp]:
    """True for a window along one dimension that covers all of it: TFLite has no other convolution of one."""
    return isinstance(op, onnx.ConvOp) and shape_of(op.x)[2:] == shape_of(op.w)[2:] and len(shape_of(op.w)) == 3


def stored_type(op: Operation) -> QType:
    """How the result of an op is stored."""
    type = op.attributes[TYPE]
    assert isinstance(type, QType), "every result has a type"
    return type


def has_wide_bias(op: Operation) -> bool:
    """Whether a layer's bias has 64 bits, and its sums with it; one of 32 bits is what the file states."""
    bias = op.operands[2] if len(op.operands) > 2 else None
    if bias is None or not isinstance(bias.owner, onnx.DequantizeLinearOp):
        return False
    return element_of(bias.owner.x) == i64
