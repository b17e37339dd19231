"""Where the input lies: in the caller's memory, in the arena, or delivered row by row."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, MemRefType, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.errors import UserError
from ...dialects.memplan import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS, BufferOp, row_count, row_dimension
from ...dialects.memplan.liveness import is_planned
from ...dialects.memplan.slices import MOST_SLICES, slice_dimension
from ..fixed.layouts.transposes import copy_into
from .lifetimes.pushed import name_loop, take_all, taking_loop
from .schedule import is_placed

ATTRIBUTES = {"arena": INPUT_ARENA, "rows": INPUT_ROWS, "steps": INPUT_STEPS}
"""The attribute of the function for each way in which the input comes."""

NODE = "input"
"""The node of the form that takes the input from the caller."""


@dataclass(frozen=True)
class InputPass(ModulePass):
    """Put the input into the arena, where its bytes are used again as soon as they have been read.

    A form at the start of the function copies the input into a buffer, which all others read. With `by=arena` it stands
    for the caller, who writes the input there before the call. With `by=rows` the caller delivers it row by row, and
    `memplan-stream` runs the form in slices, so that only the rows that are still needed lie in RAM. A loop that reads
    the next row in each round takes it from the caller itself, with `by=steps` without end: then each round does what
    comes after the loop as well, and there may be several inputs, which come together. `by=caller` leaves the input in
    the caller's own memory. Raises UserError where a function has not exactly one input, no rows, or no such loop.
    """

    name = "memplan-input"
    by: str

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.by not in ("caller", *ATTRIBUTES):
            raise UserError(f"memplan-input: by is `caller`, `arena`, `rows` or `steps`, not `{self.by}`")
        for function in op.ops:
            taken = isinstance(function, FuncOp) and is_planned(function) and not is_placed(function)
            if isinstance(function, FuncOp) and taken and self.by != "caller":
                take_input(function, ATTRIBUTES[self.by])


def take_input(function: FuncOp, attribute: str) -> None:
    """Put the form before the others, and name it in the attribute of the function."""
    name = function.sym_name.data
    inputs = function.attributes.get("fixed.inputs")
    count = len(inputs) if isinstance(inputs, ArrayAttr) else 0
    if attribute == INPUT_STEPS:
        take_steps(function, count)
        return
    if count != 1:
        raise UserError(
            f"@{name} has {count} inputs: only a single input can lie in the arena or come row by row; "
            "--input steps takes several where a loop over time reads the next row of each"
        )
    block = function.body.block
    source = block.args[0]
    assert isinstance(source.type, MemRefType)
    loop = None if attribute == INPUT_ARENA else taking_loop(function, source)
    if loop is not None:
        function.attributes[attribute] = name_loop(function, loop)
        return
    if attribute == INPUT_ROWS and row_dimension(source.type) is None:
        raise UserError(f"the input of @{name} is a vector: it has no rows that could be delivered one by one")
    if attribute == INPUT_ROWS and row_count(source) > MOST_SLICES:
        raise UserError(
            f"the input of @{name} has {row_count(source):,} rows, and at most {MOST_SLICES:,} can be delivered one by "
            "one: give it a shape of fewer rows, or a smaller --batch"
        )
    buffer = BufferOp(source.type, NODE)
    source.replace_all_uses_with(buffer.result)
    buffer.result.name_hint = NODE
    copy = copy_into(source, buffer.result, NODE)
    Rewriter.insert_op([buffer, copy], InsertPoint.at_start(block))
    assert attribute == INPUT_ARENA or slice_dimension(copy) is not None
    function.attributes[attribute] = StringAttr(NODE)


def take_steps(function: FuncOp, count: int) -> None:
    """Let a call be a round of the loop that takes all inputs, and name the loop. Raises UserError where none does."""
    found = {taking_loop(function, source) for source in function.body.block.args[:count]}
    loop = found.pop() if len(found) == 1 else None
    if loop is None:
        raise UserError(
            f"the input of @{function.sym_name.data} cannot come in steps: that takes a loop over time that reads the "
            "next row of it in each round, and nothing else that reads it; --input rows takes any input by rows"
        )
    take_all(function, loop)
    function.attributes[INPUT_STEPS] = name_loop(function, loop)
