"""`onnx-fold-bias`: one op per layer.

MatMul with a constant matrix becomes Gemm (weights [out, in]); an Add of a constant per output channel after MatMul,
Gemm or Conv becomes its bias, also where the rows of a Gemm are those of a sequence. Quantized weights stay quantized:
the integers are transposed, and the axis of their scales with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.weights import is_weight, transposed_weight
from .folding.constants import constant_value, erase_unused, insert_before, insert_constant


@dataclass(frozen=True)
class FoldBiasPass(ModulePass):
    """Make Gemm of MatMul, and biases of Adds."""

    name = "onnx-fold-bias"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for product in [o for o in op.walk() if isinstance(o, onnx.MatMulOp)]:
            if is_weight(product.w) and len(shape_of(product.x)) == len(shape_of(product.w)) == 2:
                to_gemm(product)
        for add in [o for o in op.walk() if isinstance(o, onnx.AddOp)]:
            for layer, bias in ((add.lhs, add.rhs), (add.rhs, add.lhs)):
                if fold_add(add, layer, bias):
                    break
        erase_unused(op)


def to_gemm(product: onnx.MatMulOp) -> None:
    """x w as x (w^T)^T, w constant."""
    weights = [insert_before(product, op) for op in transposed_weight(product.w)]
    gemm = onnx.GemmOp(product.x, weights[-1], None, TensorType(element_of(product.x), shape_of(product.result)))
    gemm.properties.update(product.properties)
    insert_before(product, gemm)
    product.result.replace_all_uses_with(gemm.result)
    Rewriter.erase_op(product)


def fold_add(add: onnx.AddOp, value: SSAValue, bias: SSAValue) -> bool:
    """Make `bias` the bias of the layer that computes `value`, where it has none; says whether it did."""
    shape = shape_of(value)
    if value.uses.get_length() != 1 or not is_weight(bias) or shape_of(add.result) != shape:
        return False
    layer, axis = value.owner, 1
    if is_rows_of_gemm(value):
        assert isinstance(layer, onnx.ReshapeOp)
        layer, axis = layer.x.owner, len(shape) - 1
    if not isinstance(layer, onnx.GemmOp | onnx.ConvOp | onnx.ConvTransposeOp) or layer.bias is not None:
        return False
    per_channel = tuple(size if a == axis else 1 for a, size in enumerate(shape))
    stretched = (1,) * (len(shape) - len(shape_of(bias))) + shape_of(bias)
    if stretched != per_channel:
        return False
    if len(shape_of(bias)) != 1:
        array = constant_value(bias)
        if array is None:
            return False
        bias = insert_constant(add, array.reshape(-1), bias)
    (old,) = layer.results
    new = type(layer).build(
        operands=[layer.x, layer.w, bias], properties=dict(layer.properties), result_types=[old.type]
    )
    result = insert_before(add, new)
    if old is not value:
        result = insert_before(add, onnx.ReshapeOp(result, TensorType(element_of(value), shape), add.label))
    add.result.replace_all_uses_with(result)
    Rewriter.erase_op(add)
    return True


def is_rows_of_gemm(value: SSAValue) -> bool:
    """Whether a value is the result of a Gemm, in more dimensions before the last one: a layer on a sequence."""
    op = value.owner
    if not isinstance(op, onnx.ReshapeOp) or not isinstance(op.x.owner, onnx.GemmOp):
        return False
    return op.x.uses.get_length() == 1 and shape_of(value)[-1:] == shape_of(op.x)[-1:]
