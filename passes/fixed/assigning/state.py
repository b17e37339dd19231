"""The types that are known of a function's values, and those that ranges give."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.ir import Operation, SSAValue

from ....dialects.fixed.settings import setting_of
from ....dialects.fixed.types import QType
from ..scales.ranges import RangeTypes
from ..scales.repeated import seen_range
from ..scales.saturating import reach_of_result
from ..scales.spared import without_zero_point
from ..scales.tables import RESULTS, type_of_operand
from ..scales.weights import WeightTypes
from .kinds import numbers


class Known:
    """The types of one function's values as far as they are known."""

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

    def range_of(self, value: SSAValue) -> tuple[float, float] | None:
        """The calibrated range of a value."""
        return seen_range(value)

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
