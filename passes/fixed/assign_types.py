"""`fixed-assign-types`: how each value is stored: width, scale, zero point.

Where the model has QuantizeLinear and DequantizeLinear, their parameters are taken as they are; what passes integers on
passes their type on. Elsewhere a type comes from the calibrated range (scales/ranges.py) and from a layer's weights and
bias (scales/weights.py), as far as nothing is set for the value itself (`dialects/fixed/settings.py`). Leaves
`fixed.type` on ops and `fixed.input_types` on the function.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.errors import UserError
from .assigning.constants import assign_constants, assign_operands
from .assigning.kinds import give_each_reader_its_own, is_constant, preserves
from .assigning.refusals import refused
from .assigning.results import assign_arguments, assign_integers, assign_result
from .assigning.state import Known
from .assigning.uses import from_uses
from .calibrate import the_function
from .scales.repeated import STATE_TYPES, pin_states, state_types
from .scales.set_in_vain import set_in_vain
from .scales.tables import sharing


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


class Assignment(Known):
    """The types of one function's values, found in a backward walk (from uses) and a forward walk (from operands)."""

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
        assign_integers(self, ops)
        self.own += pin_states(scans, self.types, self.ranges_of)
        for op in reversed(ops):
            for result in () if isinstance(op, onnx.ScanOp) else op.results:
                from_uses(self, result)
        for argument in self.function.body.block.args:
            from_uses(self, argument)
        assign_arguments(self)
        for op in ops:
            assign_operands(self, op)
            assign_result(self, op)
        reasons = refused(self, ops)
        if reasons:
            raise UserError(*reasons)
        for op in ops:
            assign_constants(self, op)
        for value, type in self.types.items():
            if isinstance(value.owner, Operation) and not isinstance(value.owner, onnx.ScanOp):
                value.owner.attributes["fixed.type"] = type
        for scan in scans:
            scan.attributes[STATE_TYPES] = state_types(scan, self.types)
