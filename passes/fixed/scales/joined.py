"""What parts of a concatenation lose to the type of the whole."""

from __future__ import annotations

import math

from xdsl.dialects.builtin import ArrayAttr, FloatAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from ....dialects import onnx
from ....dialects.fixed.types import QType
from ....dialects.harmless import in_quotes
from .ranges import RangeTypes

FEWEST_BITS = 7.0
"""A part with fewer bits in the type of the whole is spoken of."""


def coarse_parts(function: FuncOp, ranges: RangeTypes) -> list[str]:
    """A remark for each calibrated part of a concatenation whose range has few steps of the whole's."""
    return [
        f"Concat {in_quotes(op.label)}: part {number} has {kept:.1f} of {ranges.bits} bits, as others reach further; "
        "scale them alike in training, or use --bits 16"
        for op in function.walk()
        if isinstance(op, onnx.ConcatOp) and isinstance(whole := op.attributes.get("fixed.type"), QType)
        for number, part in enumerate(op.parts)
        if (kept := kept_bits(part.owner, whole, ranges)) is not None and kept < FEWEST_BITS
    ]


def kept_bits(part: object, whole: QType, ranges: RangeTypes) -> float | None:
    """The bits that a value's calibrated range has in a type, None where it has no range or one of 0."""
    limits = part.attributes.get("fixed.range") if isinstance(part, Operation) else None
    if not isinstance(limits, ArrayAttr):
        return None
    low, high = (limit.value.data for limit in limits if isinstance(limit, FloatAttr))
    if low == high:
        return None
    return ranges.bits - max(0.0, math.log2(whole.scale / ranges.of_range(low, high).scale))
