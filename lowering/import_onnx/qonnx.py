"""Translations of QONNX (Pappalardo et al., 2022): `Quant` and `BipolarQuant`, reals rounded to a grid of any width.

`Quant(x, scale, zeropt, bitwidth)` is `(clip(round(x / scale + zeropt), least, greatest) - zeropt) scale`. Constants
become their integers, everything else a QuantizeLinear and a DequantizeLinear of integers of that width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, Signedness, f32, i1
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import is_weight
from .node import Node, Translation, Unsupported, like

DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
"""Where exporters have put these operators, the newest first."""

MOST_BITS = 16

ROUNDINGS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "ROUND": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": lambda x: np.copysign(np.ceil(np.abs(x)), x),
    "DOWN": np.trunc,
    "ROUND_TO_ZERO": np.trunc,
    "HALF_UP": lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x),
    "HALF_DOWN": lambda x: np.copysign(np.ceil(np.abs(x) - 0.5), x),
}
"""`rounding_mode`, of which constants take any."""


def quant(node: Node) -> onnx.OnnxOp:
    """Reals on a grid, as integers of `bitwidth` bits."""
    scale, point = node.constant(1, "the scale").astype(np.float32), node.constant(2, "the zero point")
    width = node.constant(3, "the bit width")
    signed, narrow = (bool(node.attributes.get(name, default)) for name, default in (("signed", 1), ("narrow", 0)))
    mode = text(node.attributes.get("rounding_mode", "ROUND")).upper()
    bits = int(width.reshape(-1)[0]) if width.size == 1 else 0
    if bits != width.reshape(-1)[0] or not 2 <= bits <= 32:
        raise Unsupported("its bit width must be one whole number from 2 to 32; export one width per tensor")
    if mode not in ROUNDINGS:
        raise Unsupported(f"rounding_mode = {mode} is not supported; use ROUND")
    if not (np.isfinite(scale).all() and (scale > 0).all() and (point == np.rint(point)).all()):
        raise Unsupported("scales must be positive and finite, and zero points whole numbers")
    least, greatest = limits(bits, signed, narrow)
    if is_weight(node.operand(0)):
        x = node.constant(0, "the value").astype(np.float64)
        integers = np.clip(ROUNDINGS[mode](x / scale.astype(np.float64) + point), least, greatest)
        return on_grid(node, integers - point, scale)
    if bits > MOST_BITS or scale.size != 1 or point.size != 1:
        raise Unsupported(f"of values computed at run time it takes one scale, and at most {MOST_BITS} bits")
    if mode != "ROUND":
        raise Unsupported(f"rounding_mode = {mode} is supported for constants only; use ROUND")
    offset, step = float(point.reshape(-1)[0]), float(scale.reshape(-1)[0])
    element = IntegerType(bits, Signedness.SIGNLESS if signed else Signedness.UNSIGNED)
    x = node.operand(0)
    if narrow:
        ends = [np.float32((end - offset) * step) for end in (least, greatest)]
        x = onnx.ClipOp(x, float(ends[0]), float(ends[1]), like(x, shape_of(x)), f"{node.name}_clipped").result
    return through(node, x, step, from_numpy(np.full((), offset).astype(np.int64), element), element)


def through(node: Node, x: SSAValue, step: float, point: DenseIntOrFPElementsAttr, element: IntegerType) -> onnx.OnnxOp:
    """A QuantizeLinear and a DequantizeLinear with the same parameters."""
    shape, scale = shape_of(x), from_numpy(np.asarray(step, np.float32))
    axis = min(1, max(0, len(shape) - 1))
    quantized = onnx.QuantizeLinearOp(x, scale, point, axis, like(x, shape, element), f"{node.name}_integers")
    return onnx.DequantizeLinearOp(quantized.result, scale, point, axis, like(x, shape, f32), node.name)


def bipolar_quant(node: Node) -> onnx.OnnxOp:
    """`scale` where a number is not negative, else `-scale`: integers 1 and -1, of 2 bits."""
    scale = node.constant(1, "the scale").astype(np.float32)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise Unsupported("scales must be positive and finite")
    x = node.operand(0)
    if is_weight(x):
        return on_grid(node, np.where(node.constant(0, "the value") >= 0, 1.0, -1.0), scale)
    if scale.size != 1:
        raise Unsupported("of values computed at run time it takes one scale")
    step, name = float(scale.reshape(-1)[0]), node.name
    zero, high, low = (onnx.ConstantOp(from_numpy(np.full((1,), v, np.float32))).result for v in (0.0, step, -step))
    truths = onnx.CompareOp("less", x, zero, like(x, shape_of(x), i1), f"{name}_negative").result
    signs = onnx.WhereOp(truths, low, high, like(x, shape_of(x)), f"{name}_signs").result
    element = IntegerType(2)
    return through(node, signs, step, from_numpy(np.zeros((), np.int64), element), element)


def on_grid(node: Node, integers: NDArray[Any], scale: NDArray[np.float32]) -> onnx.OnnxOp:
    """Integers without a zero point times scales that broadcast; as reals where no type holds these."""
    shape = np.broadcast_shapes(integers.shape, scale.shape)
    integers = np.broadcast_to(integers, shape)
    along = [axis for axis, size in enumerate((1,) * (len(shape) - scale.ndim) + scale.shape) if size > 1]
    storage = next((b for b in (8, MOST_BITS) if np.abs(integers).max(initial=0) < 1 << b - 1), None)
    if storage is None or len(along) > 1:
        reals = (integers * scale.astype(np.float64)).astype(np.float32)
        return onnx.ConstantOp(from_numpy(reals, f32), node.name)
    element = IntegerType(storage)
    constant = onnx.ConstantOp(from_numpy(np.ascontiguousarray(integers), element), f"{node.name}_integers").result
    flat = scale.reshape(-1) if along else scale.reshape(())
    point = from_numpy(np.zeros(flat.shape, np.int64), element)
    axis = along[0] if along else 0
    return onnx.DequantizeLinearOp(constant, from_numpy(flat), point, axis, like(constant, shape, f32), node.name)


def limits(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """The least and greatest integer of a Quant: `narrow` leaves out the least signed, or the greatest unsigned one."""
    if signed:
        return -(1 << bits - 1) + narrow, (1 << bits - 1) - 1
    return 0, (1 << bits) - 1 - narrow


def text(value: object) -> str:
    """An attribute that holds text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def translations() -> dict[str, Translation]:
    """The operators of this file by their full names."""
    named = {"Quant": quant, "BipolarQuant": bipolar_quant}
    return {f"{domain}.{name}": function for domain in DOMAINS for name, function in named.items()}
