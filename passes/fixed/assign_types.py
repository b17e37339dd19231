"""`fixed-assign-types`: how each value is stored: width, scale, zero point.

Where the model has QuantizeLinear and DequantizeLinear, their parameters are taken as they are. Elsewhere a type comes
from the calibrated range: affine (Jacob et al., CVPR 2018) or with power-of-two scales (SeeDot, PLDI 2019). Weights are
symmetric, per output channel where the scheme is affine. Leaves `fixed.type` on ops and `fixed.input_types` on the
function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, Float32Type, FloatAttr, IntegerType, ModuleOp, TensorType
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.dense import to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed.types import QType
from ...dialects.harmless import in_quotes
from .calibrate import argument_shapes, is_real, the_function

PRESERVING = (
    onnx.FlattenOp,
    onnx.IdentityOp,
    onnx.MaxPoolOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops whose result holds only numbers of their operand: it is stored in the same type."""

CLAMPS = (onnx.ClipOp, onnx.ReluOp)
"""Ops that commute with quantization: their operand may be stored in the type of their result."""

WIDE_HEADROOM = 2.0
"""Where there are bits to spare, ranges are doubled: inputs outside the calibration data then do not saturate."""


@dataclass(frozen=True)
class AssignTypesPass(ModulePass):
    """Choose the storage type of every value.

    `bits` is the storage width of activations and weights without types of their own; `scheme` is "affine" or "pow2".
    `accumulator_bits` (32 or 64) is the widest accumulator that the target computes well: weights of more than 8 bits
    are kept small enough for it.
    """

    name = "fixed-assign-types"
    bits: int = 8
    scheme: str = "affine"
    accumulator_bits: int = 32

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.scheme not in ("affine", "pow2") or self.bits not in (8, 16):
            raise UserError(f"{self.name}: scheme is affine or pow2 and bits 8 or 16, got {self.scheme}, {self.bits}")
        Assignment(the_function(op), self.bits, self.scheme == "pow2", self.accumulator_bits).run()


class Assignment:
    """The types of one function's values, found in a backward walk (from uses) and a forward walk (from operands)."""

    def __init__(self, function: func.FuncOp, bits: int, pow2: bool, accumulator_bits: int):
        self.function = function
        self.bits, self.pow2, self.accumulator_bits = bits, pow2, accumulator_bits
        self.types: dict[SSAValue, QType] = {}

    def run(self) -> None:
        """Assign, or raise one UserError that names every value without a type."""
        ops = list(self.function.body.block.ops)
        for op in ops:
            self.take_over(op)
        for op in reversed(ops):
            for result in op.results:
                self.from_uses(result)
        for argument in self.function.body.block.args:
            self.from_uses(argument)
        self.assign_arguments()
        for op in ops:
            self.assign_result(op)
        reasons = [
            f"{op.name} '{name_of(op)}': no range and no QuantizeLinear; give calibration data (--calib)"
            for op in ops
            if is_real(op) and not isinstance(op, onnx.ConstantOp) and op.results[0] not in self.types
        ]
        if reasons:
            raise UserError(*reasons)
        for op in ops:
            self.assign_weights(op)
        for value, type in self.types.items():
            if isinstance(value.owner, Operation):
                value.owner.attributes["fixed.type"] = type

    def take_over(self, op: Operation) -> None:
        """The types that QuantizeLinear and DequantizeLinear state."""
        if isinstance(op, onnx.DequantizeLinearOp):
            self.types[op.results[0]] = stated_type(op, op.x)
        elif isinstance(op, onnx.QuantizeLinearOp):
            self.types[op.results[0]] = stated_type(op, op.results[0])

    def from_uses(self, value: SSAValue) -> None:
        """The type that the users of a value fix: a Q or DQ, a clamp of it, an op that preserves it."""
        if value in self.types or isinstance(value.owner, onnx.ConstantOp):
            return
        users = [use.operation for use in value.uses]
        real = isinstance(value.type, TensorType) and isinstance(value.type.element_type, Float32Type)
        fixing = onnx.QuantizeLinearOp if real else onnx.DequantizeLinearOp
        found = [self.types[u.results[0]] for u in users if isinstance(u, fixing) and u.results[0] in self.types]
        if not found and len(users) == 1 and (preserves(users[0]) or (real and isinstance(users[0], CLAMPS))):
            (user,) = users
            if user.results[0] in self.types:
                found = [self.types[user.results[0]]]
            elif isinstance(user, CLAMPS) and "fixed.range" in user.attributes:
                found = [self.from_range(user)]
        if not found:
            joined = [type for user in users if (type := self.joined_type(user)) is not None]
            found = [type for type in joined if len(users) == 1 or self.covers(type, value)]
        if found:
            self.types[value] = found[0]

    def joined_type(self, user: Operation) -> QType | None:
        """The type of a Concat, which its parts take so that they can be written where they belong."""
        if not isinstance(user, onnx.ConcatOp):
            return None
        known = self.types.get(user.results[0])
        return self.from_range(user) if known is None and "fixed.range" in user.attributes else known

    def covers(self, type: QType, value: SSAValue) -> bool:
        """Whether a type holds the calibrated range of a value, so that no other user misses anything."""
        known = value.owner.attributes.get("fixed.range") if isinstance(value.owner, Operation) else None
        ranges = self.function.attributes.get("fixed.input_ranges")
        if isinstance(value, BlockArgument) and isinstance(ranges, ArrayAttr):
            known = ranges.data[value.index]
        if known is None:
            return False
        low, high = numbers(known)
        least, greatest = ((limit - type.zp) * type.scale for limit in type.limits)
        return least - type.scale <= low and high <= greatest + type.scale

    def assign_arguments(self) -> None:
        """Input types: from their uses, else from the calibrated ranges."""
        arguments = self.function.body.block.args
        ranges = self.function.attributes.get("fixed.input_ranges")
        missing: list[str] = []
        names = list(argument_shapes(self.function))
        for index, argument in enumerate(arguments):
            if argument in self.types:
                continue
            if isinstance(ranges, ArrayAttr):
                self.types[argument] = self.type_of_range(*numbers(ranges.data[index]))
            else:
                missing.append(
                    f"input {in_quotes(names[index])}: no range and no QuantizeLinear; give calibration data (--calib)"
                )
        if missing:
            raise UserError(*missing)
        self.function.attributes["fixed.input_types"] = ArrayAttr([self.types[a] for a in arguments])

    def assign_result(self, op: Operation) -> None:
        """The type of a result that its uses left open."""
        if len(op.results) != 1 or op.results[0] in self.types or isinstance(op, onnx.ConstantOp):
            return
        result = op.results[0]
        if preserves(op) and op.operands[0] in self.types:
            self.types[result] = self.types[op.operands[0]]
        elif isinstance(op, onnx.SoftmaxOp | onnx.SigmoidOp):
            self.types[result] = self.unit_type()
        elif "fixed.range" in op.attributes:
            self.types[result] = self.from_range(op)

    def unit_type(self) -> QType:
        """For values in [0, 1]: the whole storage range, as TFLite's softmax; with 2^k scales one bit less."""
        storage = IntegerType(self.bits)
        if self.pow2 or self.bits > 8:
            return QType(storage, 2.0 ** (1 - self.bits))
        return QType(storage, 2.0**-self.bits, -(1 << (self.bits - 1)))

    def from_range(self, op: Operation) -> QType:
        """The type for an op's calibrated range."""
        return self.type_of_range(*numbers(op.attributes["fixed.range"]))

    def type_of_range(self, low: float, high: float) -> QType:
        """Affine over [low, high] with 0 exact, or symmetric (power-of-two scales, and everything over 8 bits)."""
        low, high = min(low, 0.0), max(high, 0.0)
        storage, steps = IntegerType(self.bits), (1 << self.bits) - 1
        if low == high:
            return QType(storage, 1.0)
        if self.pow2 or self.bits > 8:
            headroom = 1.0 if self.bits <= 8 else WIDE_HEADROOM
            return QType(storage, self.symmetric_scale(max(-low, high) * headroom))
        scale = (high - low) / steps
        zero_point = round(-(1 << (self.bits - 1)) - low / scale)
        return QType(storage, scale, max(-(1 << (self.bits - 1)), min((1 << (self.bits - 1)) - 1, zero_point)))

    def symmetric_scale(self, magnitude: float) -> float:
        """The scale at which `magnitude` is the greatest integer; rounded up to 2^k where the scheme asks it."""
        greatest = (1 << (self.bits - 1)) - 1
        if not self.pow2:
            return magnitude / greatest
        return 2.0 ** math.ceil(math.log2(magnitude / (greatest + 0.5)))

    def assign_weights(self, op: Operation) -> None:
        """Types of f32 constants that a Conv, Gemm or elementwise op reads."""
        for index, operand in enumerate(op.operands):
            if not isinstance(operand.owner, onnx.ConstantOp) or operand in self.types:
                continue
            if not isinstance(operand.type, TensorType) or not isinstance(operand.type.element_type, Float32Type):
                continue
            values = to_numpy(operand.owner.value)
            if isinstance(op, onnx.ConcatOp):
                self.types[operand] = self.types[op.result]
            elif isinstance(op, onnx.ConvOp | onnx.GemmOp) and index == 1:
                self.types[operand] = self.weight_type(values, bias_magnitudes(op), self.types[op.operands[0]])
            elif not isinstance(op, onnx.ConvOp | onnx.GemmOp | onnx.BatchNormalizationOp):
                self.types[operand] = self.type_of_range(float(values.min()), float(values.max()))

    def weight_type(self, values: NDArray[Any], bias: NDArray[np.float64], x: QType) -> QType:
        """Symmetric, per output channel (axis 0), or one power of two.

        The scale is no finer than lets the bias fit 29 bits and, over 8 bits, the accumulator its width.
        """
        rows = np.abs(values.reshape(len(values), -1).astype(np.float64))
        greatest = (1 << (self.bits - 1)) - 1
        scales = rows.max(axis=1) / greatest
        if self.bits > 8:
            reach = max(x.limits[1] - x.zp, x.zp - x.limits[0])
            scales = np.maximum(scales, rows.sum(axis=1) * reach / 2.0 ** (self.accumulator_bits - 2))
        scales = np.maximum(scales, bias / (x.scale * 2.0**28))
        scales = np.where(scales > 0, scales, 1.0)
        if self.pow2:
            return QType(
                IntegerType(self.bits), 2.0 ** math.ceil(math.log2(float(scales.max()) * greatest / (greatest + 0.5)))
            )
        return QType(IntegerType(self.bits), as_tuple(scales), axis=0)


def preserves(op: Operation) -> bool:
    """Whether an op's result is stored as its operand is: also a Pad with 0, which every type holds."""
    return isinstance(op, PRESERVING) or (isinstance(op, onnx.PadOp) and (op.fill == 0 or not is_real(op)))


def bias_magnitudes(op: onnx.ConvOp | onnx.GemmOp) -> NDArray[np.float64]:
    """The magnitudes of a layer's float bias, one or one per output channel; 0 where there is none."""
    bias = op.bias
    if bias is None or not isinstance(bias.owner, onnx.ConstantOp):
        return np.zeros(1)
    return np.abs(to_numpy(bias.owner.value).astype(np.float64)).reshape(-1)


def as_tuple(values: NDArray[np.float64]) -> Sequence[float]:
    """An array of numbers as Python floats."""
    return tuple(values.tolist())


def numbers(attribute: Attribute) -> list[float]:
    """The numbers of an array of float attributes."""
    assert isinstance(attribute, ArrayAttr)
    return [entry.value.data for entry in attribute if isinstance(entry, FloatAttr)]


def stated_type(op: onnx.QuantizeLinearOp | onnx.DequantizeLinearOp, integers: SSAValue) -> QType:
    """The type that a QuantizeLinear or DequantizeLinear states for its integer side."""
    assert isinstance(integers.type, TensorType)
    storage = integers.type.element_type
    assert isinstance(storage, IntegerType)
    scales = np.asarray(op.scales_array, np.float64).ravel()
    points = np.asarray(op.zero_points_array).ravel()
    if scales.size == 1:
        return QType(storage, float(scales[0]), int(points[0]) if points.size else 0)
    if points.any():
        raise UserError(f"{op.name} '{name_of(op)}': a zero point per channel is not supported; use symmetric weights")
    return QType(storage, as_tuple(scales), axis=op.axis_index % len(integers.type.get_shape()))


def name_of(op: Operation) -> str:
    """The ONNX node's name, empty where it has none."""
    node = getattr(op, "node", None)
    return node.data if node is not None else ""
