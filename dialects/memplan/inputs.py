"""Inputs that the caller does not hand over as a whole: row by row, or written into the arena."""

from __future__ import annotations

from xdsl.ir import Operation

from ..fixed.structured import StructuredForm
from .loops import LoopOp

INPUT_ROWS = "memplan.input_rows"
"""The attribute of a function whose caller delivers the input row by row: the node of the form that takes a row, or of
the loop whose round takes the next slice of it. What comes before the loop runs at the first row, the rest at the last.
"""

INPUT_STEPS = "memplan.input_steps"
"""The attribute of a function that runs without end: the node of the loop whose round is a call, with the next slice of
the input. What comes before the loop is a function of its own, which starts anew; nothing comes after the loop.
"""

INPUT_ARENA = "memplan.input_arena"
"""The attribute of a function whose caller writes the input into the arena: the node of the form that stands for it.

That form copies the input at the start. Compiled code has no such form: the caller has done it.
"""


def pushed_loop(function: Operation) -> LoopOp | None:
    """The loop whose rounds take the input from the caller: INPUT_ROWS or INPUT_STEPS names it, if at all."""
    names = [function.attributes.get(name) for name in (INPUT_ROWS, INPUT_STEPS)]
    named = (op for op in function.walk() if isinstance(op, LoopOp) and op.node is not None and op.node in names)
    return next(named, None)


def caller_form(function: Operation, attribute: str) -> StructuredForm | None:
    """The form that takes the input from the caller: INPUT_ROWS or INPUT_ARENA of the function names it, if at all."""
    node = function.attributes.get(attribute)
    if node is None:
        return None
    return next((op for op in function.walk() if isinstance(op, StructuredForm) and op.node == node), None)
