"""`onnx-fuse-quantizers`: quantization that is written out becomes QuantizeLinear and DequantizeLinear.

    u = Clip(Round(x / s + z))    ->  q = QuantizeLinear(x; s, z), u = DequantizeLinear(q; 1, 0)
    (u - z) s                     ->  DequantizeLinear(q; s, z)

Training that knows of quantization writes its values so (LSQ, Esser et al., ICLR 2020; DoReFa, Zhou et al., 2016), and
so do exporters that compute with the integers as reals. Weights were quantized in the same way and folded: where a
model quantizes values, those that are multiples of one number become integers and a DequantizeLinear.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import Float32Type, IntegerType, ModuleOp, Signedness, TensorType, f32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.fixed.types import storage_limits
from ...dialects.onnx.base import element_of, shape_of
from .folding.constants import constant_value, erase_unused, insert_before
from .quantizers.grids import grid_of
from .quantizers.scalars import Scaled, scaled, whole

Round = onnx.FUNCTIONS["Round"]

WIDTHS = range(2, 17)
"""Bits of the integers that are made."""


@dataclass(frozen=True)
class FuseQuantizersPass(ModulePass):
    """Say by QuantizeLinear, DequantizeLinear and integers what is written out with reals."""

    name = "onnx-fuse-quantizers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            if isinstance(inner, Round | onnx.ClipOp | onnx.ReluOp) and not goes_on(inner.result):
                quantizer = quantizer_of(inner.result)
                if quantizer is not None:
                    fuse(inner, quantizer)
        for function in [f for f in op.ops if isinstance(f, FuncOp)]:
            inside = list(function.walk())
            if any(isinstance(inner, onnx.QuantizeLinearOp) for inner in inside):
                for inner in inside:
                    if isinstance(inner, onnx.ConstantOp) and isinstance(element_of(inner.result), Float32Type):
                        quantize_weights(inner)
        erase_unused(op)


@dataclass(frozen=True)
class Quantizer:
    """`clip(round(x / scale + point), low, high)`, in integers of a type."""

    x: SSAValue
    scale: float
    point: int
    low: int
    high: int
    storage: IntegerType


@dataclass(frozen=True)
class Bounds:
    """What numbers were clipped to."""

    low: float = -inf
    high: float = inf

    def within(self, low: float, high: float) -> Bounds:
        """Clipped to these bounds first."""
        return Bounds(max(self.low, low), min(self.high, high))

    def storage(self) -> IntegerType | None:
        """The narrowest integers that hold whole numbers within; None of other bounds, and without a choice."""
        low, high = self.low, self.high
        if not (isfinite(low) and isfinite(high) and low == int(low) < int(high) == high):
            return None
        signedness = Signedness.SIGNLESS if low < 0 else Signedness.UNSIGNED
        types = [IntegerType(bits, signedness) for bits in WIDTHS]
        return next((type for type in types if is_in(int(low), type) and is_in(int(high), type)), None)


def goes_on(value: SSAValue) -> bool:
    """Whether all that is done with a value is to round or to clip it."""
    uses = list(value.uses)
    return len(uses) == 1 and isinstance(uses[0].operation, Round | onnx.ClipOp | onnx.ReluOp)


def quantizer_of(value: SSAValue) -> Quantizer | None:
    """How a value was quantized: it was rounded once and clipped to a range of whole numbers, in any order.

    Of what is scaled, and clipped before it is scaled, the earliest is taken from which a zero point is a whole number.
    """
    bounds, roundings = Bounds(), 0
    while isinstance(op := value.owner, Round | onnx.ClipOp | onnx.ReluOp):
        if isinstance(op, onnx.ClipOp | onnx.ReluOp):
            bounds = bounds.within(*ends_of(op))
        else:
            roundings += 1
        value = op.x
    storage = bounds.storage()
    if roundings != 1 or storage is None:
        return None
    found, described = None, Scaled(value)
    while True:
        point = whole(described.summand)
        if point is not None and is_scale(described.factor) and is_in(point, storage):
            found = Quantizer(described.x, 1 / described.factor, point, int(bounds.low), int(bounds.high), storage)
        op = described.x.owner
        if isinstance(op, onnx.ClipOp | onnx.ReluOp) and described.factor > 0:
            # Rounding is monotone: a bound may as well be applied to what is rounded.
            bounds = bounds.within(*(round_to_even(described.of(end)) for end in ends_of(op)))
            described = Scaled(op.x, described.factor, described.summand)
        elif (inner := scaled(op)) is not None:
            described = described.after(inner)
        else:
            return found
        if bounds.low > bounds.high:
            return found


def ends_of(op: onnx.ClipOp | onnx.ReluOp) -> tuple[float, float]:
    """The bounds of what clips."""
    return (op.low_value, op.high_value) if isinstance(op, onnx.ClipOp) else (0.0, inf)


def round_to_even(number: float) -> float:
    """As Round does, also of infinity."""
    return float(np.rint(number))


def is_in(number: int, type: IntegerType) -> bool:
    """Whether integers of a type hold a number."""
    low, high = storage_limits(type)
    return low <= number <= high


def is_scale(number: float) -> bool:
    """Whether a number and its inverse are positive numbers of float32."""
    tiny = float(np.finfo(np.float32).tiny)
    return tiny < number < 1 / tiny


def fuse(op: Round | onnx.ClipOp | onnx.ReluOp, quantizer: Quantizer) -> None:
    """Put the quantizer in the place of an op, which is the last of those that it is written as."""
    x, name, scale = quantizer.x, op.label, quantizer.scale
    if storage_limits(quantizer.storage) != (quantizer.low, quantizer.high):
        low, high = ((end - quantizer.point) * scale for end in (quantizer.low, quantizer.high))
        x = insert_before(op, onnx.ClipOp(x, low, high, TensorType(f32, shape_of(x)), f"{name}_clipped"))
    type = TensorType(quantizer.storage, shape_of(x))
    numbers = from_numpy(np.asarray(scale, np.float32)), from_numpy(np.asarray(quantizer.point), quantizer.storage)
    q = insert_before(op, onnx.QuantizeLinearOp(x, *numbers, 0, type, f"{name}_integers"))
    read = read_as(op, q, 1.0, 0)
    op.result.replace_all_uses_with(read.result)
    Rewriter.erase_op(op)
    fuse_readers(read)


def read_as(before: onnx.OnnxOp, q: SSAValue, scale: float, point: int) -> onnx.DequantizeLinearOp:
    """The reals of integers."""
    element = element_of(q)
    numbers = from_numpy(np.asarray(scale, np.float32)), from_numpy(np.asarray(point), element)
    op = onnx.DequantizeLinearOp(q, *numbers, 0, TensorType(f32, shape_of(q)), before.label)
    insert_before(before, op)
    return op


def fuse_readers(read: onnx.DequantizeLinearOp) -> None:
    """Let what scales and shifts the reals of integers read these with another scale and zero point."""
    scale, point = float(read.scales_array[0]), int(read.zero_points_array[0])
    storage = element_of(read.x)
    assert isinstance(storage, IntegerType), "made with integers"
    for user in list(dict.fromkeys(use.operation for use in read.result.uses)):
        step = scaled(user)
        if step is None or step.x is not read.result or not isinstance(user, onnx.OnnxOp):
            continue
        new_scale = scale * step.factor
        if not is_scale(new_scale):
            continue
        new_point = whole(point - step.summand / new_scale)
        if new_point is not None and is_in(new_point, storage):
            again = read_as(user, read.x, new_scale, new_point)
            user.results[0].replace_all_uses_with(again.result)
            Rewriter.erase_op(user)
            fuse_readers(again)


def quantize_weights(op: onnx.ConstantOp) -> None:
    """Let layers read a constant as integers, where it lies on a grid."""
    layers: dict[int, list[Operation]] = {}
    for use in op.result.uses:
        axis = weight_axis(use.operation, op.result)
        if axis is not None:
            layers.setdefault(axis, []).append(use.operation)
    values = constant_value(op.result)
    assert values is not None, "a constant"
    for axis, readers in sorted(layers.items()):
        grid = grid_of(values, axis)
        if grid is None:
            continue
        integers = onnx.ConstantOp(from_numpy(np.ascontiguousarray(grid.integers), IntegerType(8)), op.label)
        points = from_numpy(np.zeros(grid.scales.shape, np.int64), IntegerType(8))
        type = TensorType(f32, shape_of(op.result))
        insert_before(op, integers)
        read = onnx.DequantizeLinearOp(integers.result, from_numpy(grid.scales), points, axis, type, op.label)
        insert_before(op, read)
        for layer in readers:
            layer.operands = [read.result if o is op.result else o for o in layer.operands]


def weight_axis(op: Operation, value: SSAValue) -> int | None:
    """The dimension of the outputs in a layer's weights; None where a value is no weight of an op."""
    match op:
        case onnx.ConvOp() | onnx.ConvTransposeOp() | onnx.GemmOp() if op.w is value:
            return 0
        case onnx.MatMulOp() if op.w is value:
            return len(shape_of(value)) - 1
        case _:
            return None
