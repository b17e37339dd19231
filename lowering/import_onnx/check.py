"""What holds for every ONNX node: sensible attributes, operands of float32, results that are not empty.

A file that `onnx.checker` never saw can break each of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.dialects.builtin import Float32Type, TensorType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import onnx
from ...dialects.dense import to_numpy
from ...dialects.harmless import in_quotes, in_terminal
from ...dialects.onnx.base import element_of
from .node import Unsupported

KINDS: dict[str, tuple[type, ...]] = {
    "one integer": (int,),
    "integers": (list,),
    "one number": (int, float),
    "text": (str,),
}
"""What an attribute can hold, and its Python types."""

ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(("alpha", "beta", "bias", "epsilon", "max", "min"), "one number"),
    **dict.fromkeys(
        ("allowzero", "axis", "block_size", "ceil_mode", "channels_last", "count_include_pad", "fmod", "group"),
        "one integer",
    ),
    **dict.fromkeys(
        (
            "detect_negative",
            "detect_positive",
            "exclusive",
            "keepdims",
            "largest",
            "narrow",
            "noop_with_empty_axes",
            "num_outputs",
            "num_groups",
            "opset",
            "output_dtype",
            "reverse",
            "select_last_index",
            "signed",
            "spatial",
            "training_mode",
            "transA",
            "transB",
        ),
        "one integer",
    ),
    **dict.fromkeys(
        ("axes", "dilations", "ends", "kernel_shape", "pads", "perm", "split", "starts", "strides"), "integers"
    ),
    "auto_pad": "text",
    "direction": "text",
    "mode": "text",
    "rounding_mode": "text",
}
"""What the attributes of all operators must hold, by name."""

GREATEST = 1 << 30
"""The greatest stride, dilation, count: what is computed with them fits 63 bits."""

POSITIVE = ("kernel_shape", "strides", "dilations", "group", "num_outputs")
"""Attributes that count something, or list counts."""

MOVES = (
    onnx.ConcatOp,
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TakeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops that move elements of any type."""

ARITHMETIC = (onnx.CastOp, onnx.CompareOp, onnx.IntegerBinaryOp, onnx.IntegerUnaryOp, onnx.WhereOp)
"""Ops on integers and truth values."""

INTEGER_OPERANDS = (
    *ARITHMETIC,
    *MOVES,
    *(onnx.ArgMaxOp, onnx.ArgMinOp, onnx.CumSumOp, onnx.DequantizeLinearOp, onnx.MaxPoolOp, onnx.PadOp),
    onnx.MaskedSoftmaxOp,
    *(onnx.ReduceL1Op, onnx.ReduceMaxOp, onnx.ReduceMinOp, onnx.ReduceSumOp, onnx.ReduceSumSquareOp),
)
"""Ops that take integers and truth values as well as float32, or quantized integers."""


MASKING = (onnx.AddOp, onnx.WhereOp)
"""Ops that may leave elements out of the softmax behind them, with minus infinity."""

INFINITE = "a weight is infinite, which is taken as the mask of a softmax only; train or export the model again"


def check_attributes(attributes: dict[str, Any]) -> None:
    """Raise Unsupported for an attribute of the wrong kind, and for a window, stride or group that is not positive."""
    for name, value in attributes.items():
        kind = ATTRIBUTES.get(name)
        if kind is None:
            continue
        shown = in_terminal(repr(value))
        entries = value if isinstance(value, list) else [value]
        if not isinstance(value, KINDS[kind]) or (kind == "integers" and not all(isinstance(n, int) for n in entries)):
            raise Unsupported(f"attribute {name} must hold {kind}, not {shown}; export the model again")
        if name in POSITIVE and not all(0 < n <= GREATEST for n in entries):
            raise Unsupported(
                f"attribute {name} = {shown} must be positive and at most {GREATEST:,}; export the model again"
            )
        if kind == "one number" and not np.isfinite(value) and name not in ("max", "min"):
            raise Unsupported(f"attribute {name} = {shown} must be finite; export the model again")


def check_real(operand: SSAValue, index: int) -> None:
    """Raise Unsupported for an operand that is no real tensor."""
    element = element_of(operand)
    if not isinstance(element, Float32Type):
        raise Unsupported(
            f"input {index} holds {element}, only float32 is supported; put a Cast before it, in a quantized "
            "model a DequantizeLinear"
        )


def has_infinite_weight(op: Operation) -> bool:
    """Whether an operand is a constant of which a number is infinite."""
    constants = [operand.owner for operand in op.operands if isinstance(operand.owner, onnx.ConstantOp)]
    return not all(np.isfinite(to_numpy(constant.value)).all() for constant in constants)


def infinite_masks(block: Block) -> list[str]:
    """The reasons against what was taken as the mask of a softmax and is none."""
    masking = [op for op in block.walk() if isinstance(op, MASKING) and has_infinite_weight(op)]
    return [f"{op.name} {in_quotes(op.label)}: {INFINITE}" for op in masking]


def check_op(op: onnx.OnnxOp) -> None:
    """Raise Unsupported for an op on integers that takes real numbers only, infinite weights, and an empty result."""
    if has_infinite_weight(op) and not isinstance(op, MASKING):
        raise Unsupported(INFINITE)
    for index, operand in enumerate(op.operands):
        assert isinstance(operand.type, TensorType)
        if not isinstance(op, INTEGER_OPERANDS):
            check_real(operand, index)
    for result in () if isinstance(op, onnx.ConstantOp) else op.results:
        assert isinstance(result.type, TensorType)
        if any(size < 1 for size in result.type.get_shape()):
            raise Unsupported(f"the result of shape {list(result.type.get_shape())} is empty: the input is too small")
