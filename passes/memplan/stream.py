"""Row streaming: chains of spatially local forms run row by row, with no recomputation.

Each form keeps only the rows that a later one still reads (the line buffers of FPGA pipelines, planned for RAM). Which
tensors are held whole is a search over the cuts of the chain; the order of the slices is on demand of the last form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Region
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.memplan import INPUT_ARENA, INPUT_ROWS, BufferOp, StreamOp, caller_form
from ...dialects.memplan.liveness import is_planned
from .lifetimes.rounds import outer_steps
from .limits.effort import EFFORT, limited_entry, scaled, verify_effort
from .schedule import is_placed
from .streaming.chain import Chain, Segment, scratch_bytes
from .streaming.cuts import WORK, Cuts

STREAM = "memplan.stream"
"""The attribute of a function that says what streaming gained; see `stream_attribute`."""


@dataclass(frozen=True)
class StreamPass(ModulePass):
    """Put chains of forms into `memplan.stream` where that lowers the peak, and split their buffers into rows.

    `limit`, in bytes: only as much is streamed as brings the peak down to it; by default the peak is made the least.
    `effort`, by default 100, scales how many long chains are looked at. Functions that are placed already are left
    alone. Run `memplan-input` before, where the arena is to hold the input.
    """

    name = "memplan-stream"
    limit: int = 0
    effort: int = EFFORT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_effort(self.name, self.effort)
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                self._stream(function)

    def _stream(self, function: FuncOp) -> None:
        with outer_steps(function) as steps:
            self._plan(function, Chain([outer.step for outer in steps]))

    def _plan(self, function: FuncOp, chain: Chain) -> None:
        steps = chain.tasks
        must_slice, must_not = caller_form(function, INPUT_ROWS), caller_form(function, INPUT_ARENA)
        cuts = Cuts(chain, must_slice, must_not, scaled(WORK, self.effort))
        before = cuts.peak(0, len(steps), False)
        least = cuts.least_peak()
        segments = cuts.fewest_slices(max(least, self.limit))
        streams = [segment for segment in segments if segment.streamed]
        for segment in streams:
            wrap(chain, segment)
        split_buffers(chain, streams)
        function.attributes[STREAM] = stream_attribute(chain, segments, before, least, cuts.limited)


def stream_attribute(chain: Chain, segments: list[Segment], before: int, least: int, limited: bool) -> DictionaryAttr:
    """The most bytes alive, before, now, and at least; how many forms run in slices, and what is held whole.

    `whole` names the last node of each segment: its output waits until it is complete. `limited` where long chains were
    left out.
    """
    whole: list[Attribute] = []
    for segment in segments:
        for task in chain.tasks[segment.last - 1 if segment.streamed else segment.first : segment.last]:
            whole.append(StringAttr("" if task.op.node is None else task.op.node.data))
    streamed = [segment for segment in segments if segment.streamed]
    numbers = {
        "peak": max(segment.peak for segment in segments),
        "before": before,
        "least": least,
        "forms": sum(segment.last - segment.first for segment in streamed),
        "slices": sum(len(segment.order) for segment in streamed),
    }
    entries: dict[str, Attribute] = {name: IntegerAttr(number, i64) for name, number in numbers.items()}
    return DictionaryAttr({**entries, "whole": ArrayAttr(whole[:-1]), **limited_entry(limited)})


def wrap(chain: Chain, segment: Segment) -> None:
    """Move the forms of a segment into a stream at the place of the last one."""
    tasks = chain.tasks[segment.first : segment.last]
    along = [task.along for task in tasks]
    order = np.array(segment.order, np.int32)
    order[:, 0] -= segment.first
    block = Block()
    stream = StreamOp([dim for dim in along if dim is not None], order, Region(block))
    Rewriter.insert_op(stream, InsertPoint.after(tasks[-1].op))
    for task in tasks:
        task.op.detach()
        block.add_op(task.op)
    share_scratch(stream)


def share_scratch(stream: StreamOp) -> None:
    """Give all forms of a stream one scratch memory, the largest: it means nothing behind a slice."""
    users = [form for form in stream.forms if form.scratch is not None]
    owners = dict.fromkeys(form.scratch for form in users if form.scratch is not None)
    own = {root: scratch_bytes(form) for form in users if (root := form.scratch) and isinstance(root.owner, BufferOp)}
    if len(owners) < 2 or len(own) < len(owners):
        return
    largest = max(own, key=lambda root: own[root])
    for form in users:
        form.operands = [largest if value is form.scratch else value for value in form.operands]
    for root in own:
        if root is not largest and isinstance(root.owner, BufferOp):
            Rewriter.erase_op(root.owner)


def split_buffers(chain: Chain, streams: list[Segment]) -> None:
    """Split the buffers that forms in streams touch row by row."""
    for segment in streams:
        for task in chain.tasks[segment.first : segment.last]:
            for touch in (*task.reads, *task.writes):
                storage = chain.storage[touch.storage]
                buffer = storage.root.owner
                if storage.rows > 1 and isinstance(buffer, BufferOp) and buffer.rows is None:
                    buffer.rows = IntegerAttr(storage.rows, i64)
