"""`fixed-assign-types`: how each value is stored: width, scale, zero point.

Where the model has QuantizeLinear and DequantizeLinear, their parameters are taken as they are; what passes integers on
passes their type on. Elsewhere a type comes from the calibrated range (scales/ranges.py) and from a layer's weights and
bias (scales/weights.py), as far as nothing is set for the value itself (`dialects/fixed/settings.py`). Leaves
`fixed.type` on ops and `fixed.input_types` on the function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, Float32Type, FloatAttr, IntegerType, ModuleOp, i1, i32
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.settings import setting_of
from ...dialects.fixed.types import QType, integer_type
from ...dialects.harmless import in_quotes
from ...dialects.onnx.base import element_of
from ...dialects.onnx.weights import is_weight, weight_reals
from .calibrate import argument_types, is_real, label_of, the_function
from .scales.between import between, feeds_resize
from .scales.compared import BITS as COMPARED_BITS
from .scales.compared import is_compared
from .scales.distances import range_beside
from .scales.ranges import RangeTypes, common_type, limits_in_reals, whole_bytes
from .scales.repeated import (
    STATE_TYPES,
    assign_slices,
    assign_stacked,
    pin_integers,
    pin_states,
    seen_range,
    state_types,
)
from .scales.saturating import reach_of_result
from .scales.set_in_vain import set_in_vain
from .scales.signs import reaches
from .scales.spared import without_zero_point
from .scales.stated import INTEGER_MOVES, stated_type, type_by_reading
from .scales.tables import RESULTS, sharing, type_of_operand
from .scales.weights import Layer, WeightTypes, of_operand

PRESERVING = (
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.MaxPoolOp,
    onnx.ReduceMaxOp,
    onnx.ReduceMinOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TakeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops whose result holds only numbers of their operand: it is stored in the same type."""

NAMED = 8
"""Inputs without a range that are named one by one."""

CLAMPS = (onnx.ClipOp, onnx.ReluOp)
"""Ops that commute with quantization: their operand may be stored in the type of their result."""

SHARED_STEPS = 2.0
"""A value with other readers takes the type of a concatenation that it is part of where its own steps are at least as
long as those, divided by this."""

LEAST_STEPS = 8
"""As many steps of a padded value's type the greatest number must have that is not padding."""


@dataclass(frozen=True)
class AssignTypesPass(ModulePass):
    """Choose the storage type of every value.

    `bits` is the storage width of activations and weights without types of their own; `scheme` is "affine" or "pow2".
    What is set for single values, by attributes such as `fixed.bits = 16`, goes before both. With `spare_flash` a
    value has no zero point where that would cost flash and its steps bear it (scales/spared.py), and sigmoids and
    hyperbolic tangents share a table (scales/tables.py).
    `accumulator_bits` (32 or 64) is the widest accumulator that the target computes well: weights of more than 8 bits
    are kept small enough for it.
    """

    name = "fixed-assign-types"
    bits: int = 8
    scheme: str = "affine"
    accumulator_bits: int = 32
    spare_flash: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.scheme not in ("affine", "pow2") or self.bits not in (8, 16):
            raise UserError(f"{self.name}: scheme is affine or pow2 and bits 8 or 16, got {self.scheme}, {self.bits}")
        options = (self.bits, self.scheme == "pow2", self.accumulator_bits, self.spare_flash)
        Assignment(the_function(op), *options).run()


class Assignment:
    """The types of one function's values, found in a backward walk (from uses) and a forward walk (from operands)."""

    def __init__(self, function: func.FuncOp, bits: int, pow2: bool, accumulator_bits: int, spare_flash: bool = False):
        self.function, self.spare_flash = function, spare_flash
        self.ranges = RangeTypes(bits, pow2)
        self.weights = WeightTypes(bits, pow2, accumulator_bits)
        self.types: dict[SSAValue, QType] = {}
        self.shared: set[Operation] = set()
        """Functions that read one table."""
        self.joined: set[SSAValue] = set()
        """Values that took their type from a concatenation."""
        self.own: list[SSAValue] = []
        """Values whose type is their own, not that of an operand or a reader, nor the model's."""

    def again(self) -> Assignment:
        """Types anew, with the same options, as now is set for single values."""
        options = (self.ranges.bits, self.ranges.pow2, self.weights.accumulator_bits, self.spare_flash)
        found = Assignment(self.function, *options)
        found.run()
        return found

    def run(self) -> None:
        """Assign, or raise one UserError that names every value without a type."""
        give_each_reader_its_own(self.function)
        if vain := set_in_vain(self.function, preserves):
            raise UserError(*vain)
        ops = [op for op in self.function.body.walk() if not is_constant(op)]
        scans = [op for op in ops if isinstance(op, onnx.ScanOp)]
        self.shared = sharing(ops, self.ranges) if self.spare_flash else set()
        self.assign_integers(ops)
        self.own += pin_states(scans, self.types, self.ranges_of)
        for op in reversed(ops):
            for result in () if isinstance(op, onnx.ScanOp) else op.results:
                self.from_uses(result)
        for argument in self.function.body.block.args:
            self.from_uses(argument)
        self.assign_arguments()
        for op in ops:
            self.assign_operands(op)
            self.assign_result(op)
        reasons = [
            f"{op.name} '{label_of(op)}': no range and no QuantizeLinear; give calibration data (--calib)"
            for op in ops
            if is_real(op) and op.results[0] not in self.types
        ]
        reasons += [
            f"{op.name} '{label_of(op)}': no range of a state; give calibration data (--calib)"
            for op in scans
            if any(argument not in self.types for argument in op.state_arguments)
        ]
        reasons = reasons or [reason for op in ops if isinstance(op, onnx.PadOp) for reason in self.lost_beside(op)]
        if reasons:
            raise UserError(*reasons)
        for op in ops:
            self.assign_constants(op)
        for value, type in self.types.items():
            if isinstance(value.owner, Operation) and not isinstance(value.owner, onnx.ScanOp):
                value.owner.attributes["fixed.type"] = type
        for scan in scans:
            scan.attributes[STATE_TYPES] = state_types(scan, self.types)

    def assign_operands(self, op: Operation) -> None:
        """Before a body its slices, and behind it what it stacks; constants among these are tensors like others."""
        if isinstance(op, onnx.ScanOp):
            values = [*op.ins, *op.states]
        elif isinstance(op, onnx.NextOp):
            values = [*op.outs, *op.states]
        else:
            return
        for value in values:
            if value not in self.types and is_weight(value):
                storage = element_of(value)
                integers = isinstance(storage, IntegerType)
                self.types[value] = integer_type(storage) if integers else self.operand_type(value)
        if isinstance(op, onnx.ScanOp):
            assign_slices(op, self.types)
        elif isinstance(scan := op.parent_op(), onnx.ScanOp):
            assign_stacked(scan, self.types)

    def assign_integers(self, ops: list[Operation]) -> None:
        """Types that the model states: of integers from what makes them on, of reals behind a DequantizeLinear.

        Integers that no QuantizeLinear made stand for themselves.
        """
        for argument in self.function.body.block.args:
            if isinstance(element_of(argument), IntegerType):
                self.types[argument] = type_by_reading(argument)
        for op in ops:
            if isinstance(op, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
                stated = stated_type(op)
                if stated is None:
                    raise UserError(
                        f"{op.name} '{label_of(op)}': a scale per channel is supported for constant weights only; "
                        "quantize activations per tensor"
                    )
                self.types[op.results[0]] = stated
            elif isinstance(op, onnx.ScanOp):
                assign_slices(op, self.types)
                pin_integers(op, self.types)
            elif isinstance(op, onnx.NextOp):
                if isinstance(scan := op.parent_op(), onnx.ScanOp):
                    assign_stacked(scan, self.types)
            elif len(op.results) == 1 and isinstance(storage := element_of(op.results[0]), IntegerType):
                moved = op.operands if isinstance(op, INTEGER_MOVES) else op.operands[: isinstance(op, onnx.TakeOp)]
                known = [self.types[operand] for operand in moved if operand in self.types]
                self.types[op.results[0]] = known[0] if known else integer_type(storage)

    def from_uses(self, value: SSAValue) -> None:
        """The type that the users of a real value fix: a QuantizeLinear, a clamp of it, an op that preserves it."""
        if value in self.types or not isinstance(element_of(value), Float32Type):
            return
        users = [use.operation for use in value.uses]
        found = [self.types[u.results[0]] for u in users if isinstance(u, onnx.QuantizeLinearOp)]
        found = [self.unclipped(value, found)] if 0 < len(found) < len(users) else found
        if not found and (beside := range_beside(value, users, self.range_of)) is not None:
            found = [self.ranges_of(value).of_range(*beside)]
            self.own.append(value)
        elif not found and setting_of(value):
            return
        if not found and len(users) == 1 and (preserves(users[0]) or isinstance(users[0], CLAMPS)):
            found = self.through(users[0], value)
        if not found and (whole := self.in_whole_steps(value, users)) is not None:
            found = [whole]
        if not found and is_compared(value) and (seen := self.range_of(value)) is not None:
            found = [RangeTypes(COMPARED_BITS, self.ranges.pow2).of_range(*seen)]
        if found:
            self.types[value] = (
                whole_bytes(common_type(found)) if isinstance(value, BlockArgument) else common_type(found)
            )
            return
        wholes = [type for user in users if (type := self.joined_type(user)) is not None]
        fitting = [type for type in wholes if self.shares(value, type, len(users) == 1)]
        if fitting:
            self.types[value] = fitting[0]
            self.joined.add(value)

    def unclipped(self, value: SSAValue, found: list[QType]) -> QType:
        """The type of a value that is quantized and read as it is besides: 16 bits where it is known to go further."""
        type, seen = common_type(found), self.range_of(value)
        least, greatest = limits_in_reals(type)
        if seen is None or least - type.scale <= seen[0] and seen[1] <= greatest + type.scale:
            return type
        return RangeTypes(16, self.ranges.pow2).of_range(*seen)

    def through(self, user: Operation, value: SSAValue) -> list[QType]:
        """The type of the result of an op that a value has as its one user; the model's input is no part of a whole."""
        result = user.results[0]
        if result in self.joined:
            if isinstance(value, BlockArgument):
                return []
            self.joined.add(value)
        if result in self.types:
            return [self.types[result]]
        return [self.from_range(user)] if isinstance(user, CLAMPS) and "fixed.range" in user.attributes else []

    def joined_type(self, user: Operation) -> QType | None:
        """The type of a Concat, which its parts take so that they can be written where they belong."""
        if not isinstance(user, onnx.ConcatOp):
            return None
        known = self.types.get(user.results[0])
        return self.from_range(user) if known is None and "fixed.range" in user.attributes else known

    def shares(self, value: SSAValue, whole: QType, alone: bool) -> bool:
        """Whether a part of a concatenation is stored in the type of the whole, else it is copied there.

        What nothing else reads is; with other readers, where these lose no more than a bit. The model's input keeps a
        type of its own.
        """
        if isinstance(value, BlockArgument):
            return False
        if alone:
            return True
        if not isinstance(value.owner, Operation) or "fixed.range" not in value.owner.attributes:
            return False
        low, high = numbers(value.owner.attributes["fixed.range"])
        least, greatest = limits_in_reals(whole)
        covered = least - whole.scale <= low and high <= greatest + whole.scale
        return covered and whole.scale <= SHARED_STEPS * self.ranges.of_range(low, high).scale

    def assign_arguments(self) -> None:
        """Input types: from their uses, else from the calibrated ranges."""
        arguments = self.function.body.block.args
        ranges = self.function.attributes.get("fixed.input_ranges")
        missing: list[str] = []
        names = list(argument_types(self.function))
        for index, argument in enumerate(arguments):
            if argument in self.types:
                continue
            if isinstance(ranges, ArrayAttr):
                low, high = numbers(ranges.data[index])
                self.types[argument] = whole_bytes(self.ranges_of(argument).of_range(low, high))
                self.own.append(argument)
            else:
                missing.append(in_quotes(names[index]))
        if missing:
            reason = "no range and no QuantizeLinear; give calibration data (--calib)"
            plural = "s" if len(missing) > NAMED else ""
            if len(missing) > NAMED:
                missing = [f"{', '.join(missing[:NAMED])} and {len(missing) - NAMED:,} more"]
            raise UserError(*(f"input{plural} {name}: {reason}" for name in missing))
        self.function.attributes["fixed.input_types"] = ArrayAttr([self.types[a] for a in arguments])

    def assign_result(self, op: Operation) -> None:
        """The type of a result that its uses left open."""
        if len(op.results) != 1 or op.results[0] in self.types:
            return
        result = op.results[0]
        if (given := self.of_operand(op)) is not None:
            self.types[result] = given
            return
        self.own.append(result)
        if op in self.shared:
            self.types[result] = RESULTS[op.name]
        elif isinstance(op, onnx.SoftmaxOp) or op.name == "onnx.Sigmoid":
            self.types[result] = self.ranges_of(result).unit()
        elif "fixed.range" in op.attributes:
            self.types[result] = self.from_range(op)

    def of_operand(self, op: Operation) -> QType | None:
        """The type of a result that follows from its operand's; None where it has one of its own."""
        if isinstance(op, onnx.TakeOp) and is_weight(op.x):
            return self.taken_type(op)
        if preserves(op) and op.operands[0] in self.types:
            return self.types[op.operands[0]]
        if isinstance(op, onnx.CastOp):
            return self.of_integers(op)
        if isinstance(op, onnx.ResizeOp) and feeds_resize(op) and op.x in self.types:
            return between(op, self.types[op.x])
        return None

    def of_integers(self, op: onnx.CastOp) -> QType | None:
        """The type of reals that are integers: these themselves where 16 bits hold them, else that of their range."""
        storage = element_of(op.x)
        if not isinstance(storage, IntegerType):
            return None
        integers = integer_type(storage)
        if integers.bits <= 16:
            return integers
        if "fixed.range" not in op.attributes:
            return None
        low, high = numbers(op.attributes["fixed.range"])
        narrow = QType(IntegerType(16), 1.0)
        return narrow if narrow.limits[0] <= low and high <= narrow.limits[1] else self.ranges.of_range(low, high)

    def in_whole_steps(self, value: SSAValue, users: list[Operation]) -> QType | None:
        """The type of a value of which somebody takes the whole part: a scale 2^k, so that integers are on its grid.

        In 16 bits where 8 do not reach as far; None where nobody does.
        """
        if is_whole_product(value) and all(isinstance(u, onnx.CastOp) and not is_real(u) for u in users):
            return integer_type(i32)
        seen = self.range_of(value)
        if seen is None or not any(isinstance(u, onnx.CastOp) and element_of(u.result) != i1 for u in users):
            return None
        types = (RangeTypes(bits, pow2=True).of_range(*seen) for bits in (self.ranges.bits, 16))
        return next((type for type in types if type.scale <= 1), None)

    def range_of(self, value: SSAValue) -> tuple[float, float] | None:
        """The calibrated range of a value."""
        return seen_range(value)

    def lost_beside(self, pad: onnx.PadOp) -> list[str]:
        """The reason why a Pad is refused whose constant takes up the range: its operand would be next to nothing."""
        if "fixed.range" not in pad.attributes or not is_real(pad):
            return []
        greatest = max(abs(limit) for limit in limits_in_reals(self.types[pad.x]))
        if self.types[pad.result].scale * LEAST_STEPS <= greatest:
            return []
        return [
            f"{pad.name} {in_quotes(pad.label)}: beside the constant {pad.fill:.3g} its operand, of up to "
            f"{greatest:.3g}, has fewer than {LEAST_STEPS} steps; pad with a number of its size"
        ]

    def from_range(self, op: Operation) -> QType:
        """The type for an op's calibrated range, as far as its readers tell numbers apart."""
        if (known := type_of_operand(op.results[0], self.shared)) is not None:
            return known
        low, high = numbers(op.attributes["fixed.range"])
        least, greatest = reach_of_result(op, self.type_to_be)
        low, high = (min(max(end, least), greatest) for end in (low, high))
        return self.ranges_of(op.results[0]).of_range(low, high, max(-least, greatest))

    def ranges_of(self, value: SSAValue) -> RangeTypes:
        """The types of ranges as they are set for a value."""
        ranges = without_zero_point(self.ranges, value, self.range_of(value)) if self.spare_flash else self.ranges
        return ranges.following(setting_of(value))

    def type_to_be(self, op: Operation) -> QType | None:
        """The type that the result of an op has, or will have: of a reader, before it has any."""
        if op.results[0] in self.types:
            return self.types[op.results[0]]
        if op in self.shared:
            return RESULTS[op.name]
        if op.name == "onnx.Sigmoid":
            return self.ranges_of(op.results[0]).unit()
        if "fixed.range" not in op.attributes:
            return None
        low, high = numbers(op.attributes["fixed.range"])
        return self.ranges_of(op.results[0]).of_range(low, high)

    def assign_constants(self, op: Operation) -> None:
        """Types of the constants that an op reads as tensors; biases and BatchNormalization's numbers are no such."""
        for index, operand in enumerate(op.operands):
            if not is_weight(operand) or isinstance(op, onnx.ScanOp | onnx.NextOp):
                continue
            if isinstance(op, onnx.ConvOp | onnx.ConvTransposeOp | onnx.GemmOp):
                if index == 1:
                    self.types[operand] = self.weight_type(operand, op)
            elif isinstance(op, onnx.ConcatOp) and op.result in self.types:
                self.types[operand] = self.types[op.result]
            elif isinstance(storage := element_of(operand), IntegerType):
                self.types[operand] = integer_type(storage)
            elif isinstance(op, onnx.TakeOp) and op.result in self.types:
                self.types[operand] = self.types[op.result]
            elif isinstance(op, onnx.SquaredDistanceOp) and (other := op.operands[1 - index]) in self.types:
                self.types[operand] = self.types[other]
            elif not isinstance(op, onnx.BatchNormalizationOp):
                self.types[operand] = self.operand_type(operand)

    def weight_type(self, value: SSAValue, op: onnx.ConvOp | onnx.ConvTransposeOp | onnx.GemmOp) -> QType:
        """The type of a layer's weights."""
        quantized = value.owner if isinstance(value.owner, onnx.DequantizeLinearOp) else None
        if quantized is not None and (stated := stated_type(quantized)) is not None:
            return stated
        bias = np.zeros(1) if op.bias is None else np.abs(weight_reals(op.bias)).reshape(-1)
        x = self.types[op.x]
        layer = Layer(x, self.types[op.results[0]], bias, *reaches(op.x, x))
        if quantized is not None:
            return self.weights.of_quantized(quantized, layer)
        return self.weights.following(setting_of(value)).of_reals(weight_reals(value), layer)

    def taken_type(self, op: onnx.TakeOp) -> QType:
        """The type of a constant of which indices choose parts: symmetric where these are the weights of products."""
        if not isinstance(op.x.owner, onnx.DequantizeLinearOp) and only_weights(op.result):
            greatest = float(np.abs(weight_reals(op.x)).max())
            return QType(IntegerType(self.ranges.bits), self.ranges.symmetric_scale(greatest or 1.0))
        return self.operand_type(op.x)

    def operand_type(self, value: SSAValue) -> QType:
        """The type of a constant that an elementwise op reads."""
        if isinstance(value.owner, onnx.DequantizeLinearOp):
            return stated_type(value.owner) or of_operand(value.owner)
        values = weight_reals(value)
        return self.ranges_of(value).of_range(float(values.min()), float(values.max()))


def is_whole_product(value: SSAValue) -> bool:
    """Whether a real is a sum of products of integers, read at scale 1: it is computed as an exact 32-bit integer."""
    op = value.owner
    if not isinstance(op, onnx.ConvOp | onnx.GemmOp | onnx.MatMulOp) or len(op.operands) != 2:
        return False
    reads = [operand.owner for operand in op.operands]
    return all(isinstance(read, onnx.DequantizeLinearOp) and (read.scales_array == 1).all() for read in reads)


def only_weights(value: SSAValue) -> bool:
    """Whether all readers of a value multiply by it as a matrix, transposed or not."""
    readers = [use.operation for use in value.uses]
    return all(
        (isinstance(op, onnx.MatMulOp) and op.w is value)
        or (isinstance(op, onnx.TransposeOp | onnx.ReshapeOp) and only_weights(op.result))
        for op in readers
    )


def give_each_reader_its_own(function: func.FuncOp) -> None:
    """Copy constants until each has one reader: how it is stored depends on who reads it."""
    for op in [op for op in function.body.walk() if op.results and is_weight(op.results[0])]:
        value = op.results[0]
        for use in list(value.uses)[1:]:
            copy = op.clone()
            Rewriter.insert_op(copy, InsertPoint.after(op))
            use.operation.operands[use.index] = copy.results[0]


def is_constant(op: Operation) -> bool:
    """True for a constant, and for the DequantizeLinear of one."""
    return len(op.results) == 1 and is_weight(op.results[0])


def preserves(op: Operation) -> bool:
    """Whether an op's result is stored as its operand is: also a Pad with 0, which every type holds."""
    return isinstance(op, PRESERVING) or (isinstance(op, onnx.PadOp) and (op.fill == 0 or not is_real(op)))


def numbers(attribute: Attribute) -> list[float]:
    """The numbers of an array of float attributes."""
    assert isinstance(attribute, ArrayAttr)
    return [entry.value.data for entry in attribute if isinstance(entry, FloatAttr)]
