"""What has no type, or none that holds what counts, each with what to do."""

from __future__ import annotations

from xdsl.ir import Operation

from ....dialects import onnx
from ....dialects.harmless import in_quotes
from ..calibrate import is_real, label_of
from ..scales.ranges import limits_in_reals
from .state import Known

LEAST_STEPS = 8
"""As many steps of a padded value's type the greatest number must have that is not padding."""


def refused(known: Known, ops: list[Operation]) -> list[str]:
    """Why types cannot be assigned; nothing where they can."""
    scans = [op for op in ops if isinstance(op, onnx.ScanOp)]
    reasons = [
        f"{op.name} '{label_of(op)}': no range and no QuantizeLinear; give calibration data (--calib)"
        for op in ops
        if is_real(op) and op.results[0] not in known.types
    ]
    reasons += [
        f"{op.name} '{label_of(op)}': no range of a state; give calibration data (--calib)"
        for op in scans
        if any(argument not in known.types for argument in op.state_arguments)
    ]
    return reasons or [reason for op in ops if isinstance(op, onnx.PadOp) for reason in lost_beside(known, op)]


def lost_beside(known: Known, pad: onnx.PadOp) -> list[str]:
    """The reason why a Pad is refused whose constant takes up the range: its operand would be next to nothing."""
    if "fixed.range" not in pad.attributes or not is_real(pad):
        return []
    greatest = max(abs(limit) for limit in limits_in_reals(known.types[pad.x]))
    if known.types[pad.result].scale * LEAST_STEPS <= greatest:
        return []
    return [
        f"{pad.name} {in_quotes(pad.label)}: beside the constant {pad.fill:.3g} its operand, of up to "
        f"{greatest:.3g}, has fewer than {LEAST_STEPS} steps; pad with a number of its size"
    ]
