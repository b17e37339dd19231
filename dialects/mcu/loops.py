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

FINISH_CLOCKS = "hls.finish_clocks"
"""The attribute of a form, or of its function, that says how many clocks what finishes a result of a reduction may take
of its own: a multiplier makes the parts of a wide product one after the other, where results come no faster."""

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


def finish_clocks_of(op: Operation) -> int:
    """The clocks of its own that each result of a reduction has behind it."""
    clocks = op.attributes.get(FINISH_CLOCKS)
    return clocks.value.data if isinstance(clocks, IntegerAttr) else 1


def lanes_of(loop: Operation) -> int:
    """How many iterations of a loop hardware runs at once."""
    lanes = loop.attributes.get(LANES)
    return lanes.value.data if isinstance(lanes, IntegerAttr) else 1
