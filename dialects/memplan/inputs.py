"""Inputs that the caller does not hand over as a whole: row by row, or written into the arena."""

from __future__ import annotations

from xdsl.ir import Operation

from ..fixed.forms import StructuredForm

INPUT_ROWS = "memplan.input_rows"
"""The attribute of a function whose caller delivers the input row by row: the node of the form that takes a row."""

INPUT_ARENA = "memplan.input_arena"
"""The attribute of a function whose caller writes the input into the arena: the node of the form that stands for it.

That form copies the input at the start. Compiled code has no such form: the caller has done it.
"""


def caller_form(function: Operation, attribute: str) -> StructuredForm | None:
    """The form that takes the input from the caller: INPUT_ROWS or INPUT_ARENA of the function names it, if at all."""
    node = function.attributes.get(attribute)
    if node is None:
        return None
    return next((op for op in function.walk() if isinstance(op, StructuredForm) and op.node == node), None)
