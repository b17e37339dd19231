"""Loops as machines run them: names for reports, and lanes of hardware."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr
from xdsl.ir import Operation

from ..fixed.structured import StructuredForm

LABEL = "mcu.label"
"""The attribute of a loop that holds its name, unique in its function and a valid C label."""

LANES = "hls.lanes"
"""The attribute that says how many iterations of a loop, or points along each dimension of a form, run at once."""

MULTIPLIERS = "hls.multipliers"
"""The attribute of a form, or of its function, that says what makes its products: `shared` where those of narrow
numbers with a common factor take one multiplier of a device for two, `logic` where adders make them."""

SHARED, LOGIC = "shared", "logic"

KEEP = "mcu.keep"
"""The attribute of a function that compilers shall not move into its caller."""


def form_lanes(form: StructuredForm) -> tuple[int, ...]:
    """How many points along each dimension of a form hardware computes at once."""
    lanes = form.attributes.get(LANES)
    return tuple(lanes.get_values()) if isinstance(lanes, DenseArrayBase) else (1,) * len(form.sizes)


def multipliers_of(op: Operation) -> str:
    """What makes the products of a form, or its function; nothing where each has a multiplier."""
    kind = op.attributes.get(MULTIPLIERS)
    return kind.data if isinstance(kind, StringAttr) else ""


def lanes_of(loop: Operation) -> int:
    """How many iterations of a loop hardware runs at once."""
    lanes = loop.attributes.get(LANES)
    return lanes.value.data if isinstance(lanes, IntegerAttr) else 1
