"""Rules about functions, loops and memory."""

from __future__ import annotations

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp

from ....dialects.hls import PipelineOp
from ...loops.indices.advance import trips_of
from . import Found


def recursion(module: ModuleOp) -> Found:
    """Functions that reach themselves: hardware has no stack."""
    functions = {f.sym_name.data: f for f in module.ops if isinstance(f, func.FuncOp)}
    calls = {
        name: [(o, o.callee.string_value()) for o in f.walk() if isinstance(o, func.CallOp)]
        for name, f in functions.items()
    }
    for name in functions:
        reached, waiting = set[str](), [callee for _, callee in calls[name]]
        while waiting:
            callee = waiting.pop()
            if callee not in reached:
                reached.add(callee)
                waiting += [inner for _, inner in calls.get(callee, [])]
        if name in reached:
            yield calls[name][0][0], f"@{name} calls itself: hardware has no stack; write a loop"


def heap(module: ModuleOp) -> Found:
    """Memory from the heap."""
    for op in module.walk():
        if isinstance(op, memref.AllocOp | memref.DeallocOp):
            yield op, "hardware has no heap: use memref.alloca or memref.global"


def trip_counts(module: ModuleOp) -> Found:
    """Loops in pipelines whose trip counts are not known: they are not unrolled, and the pipeline is none."""
    for loop in pipelined(module):
        for op in loop.walk():
            if isinstance(op, scf.ForOp) and trips_of(op) is None:
                what = "a pipelined loop" if op is loop else "a loop inside a pipelined one"
                yield op, f"{what} has no constant trip count: use convert-memplan-to-loops{{padding=guard}}"
            elif isinstance(op, scf.WhileOp):
                yield op, "a pipelined loop has no constant trip count inside: use scf.for"


def pointer_casts(module: ModuleOp) -> Found:
    """One memory under two types."""
    for op in module.walk():
        if not isinstance(op, memref.ViewOp):
            continue
        source, result = op.source.type, op.result.type
        assert isinstance(source, MemRefType) and isinstance(result, MemRefType)
        if source.element_type != result.element_type:
            yield op, "synthesis has no casts of pointers: leave buffers unplaced (no memplan-place)"


def pipelined(module: ModuleOp) -> list[scf.ForOp]:
    """The loops that are pipelined."""
    found: list[scf.ForOp] = []
    for op in module.walk():
        parent = op.parent_op()
        if isinstance(op, PipelineOp) and isinstance(parent, scf.ForOp):
            found.append(parent)
    return found
