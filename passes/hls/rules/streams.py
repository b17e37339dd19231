"""Rules about what runs side by side: streams have one writer and one reader, arrays one producer and one consumer."""

from __future__ import annotations

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from ....dialects.hls import DataflowOp, ReadOp, StreamOp, WriteOp
from ..nests.lanes import root_of
from . import Found
from .ports import writes

Functions = dict[str, func.FuncOp]


def functions_of(module: ModuleOp) -> Functions:
    """The functions with a body."""
    return {f.sym_name.data: f for f in module.ops if isinstance(f, func.FuncOp) and not f.is_declaration}


def stream_ends(module: ModuleOp) -> Found:
    """Streams that several processes write, or several read."""
    functions = functions_of(module)
    for op in module.walk():
        if not isinstance(op, StreamOp):
            continue
        ends: dict[type[Operation], list[Operation]] = {ReadOp: [], WriteOp: []}
        for use in op.result.uses:
            if not isinstance(use.operation, func.CallOp):
                continue
            argument = functions[use.operation.callee.string_value()].args[use.index]
            for kind, found in ends.items():
                if any(isinstance(inner.operation, kind) for inner in argument.uses):
                    found.append(use.operation)
        for kind, found in ends.items():
            if len(found) > 1:
                verb = "read" if kind is ReadOp else "written"
                yield op, f"a stream is {verb} by {len(found)} processes: give each one of its own"


def stream_tokens(module: ModuleOp) -> Found:
    """Streams that an iteration reads or writes twice: a queue hands over one token in a cycle."""
    for op in module.walk():
        if not isinstance(op, scf.ForOp):
            continue
        seen: dict[tuple[SSAValue, str], Operation] = {}
        for inner in own_ops(op.body.block):
            if isinstance(inner, ReadOp | WriteOp):
                key = (inner.stream, inner.name)
                if key in seen and not exclusive(seen[key], inner):
                    verb = "read" if isinstance(inner, ReadOp) else "written"
                    yield inner, f"a stream is {verb} twice in an iteration: make a wider token of both"
                seen[key] = inner


def own_ops(block: Block) -> list[Operation]:
    """The ops of a loop's body, but for those of loops inside."""
    found: list[Operation] = []
    for op in block.ops:
        found.append(op)
        if not isinstance(op, scf.ForOp):
            for region in op.regions:
                for inner in region.blocks:
                    found += own_ops(inner)
    return found


def exclusive(first: Operation, second: Operation) -> bool:
    """True for ops in the two branches of one condition."""
    a, b = first.parent_op(), second.parent_op()
    return a is b and isinstance(a, scf.IfOp) and first.parent is not second.parent


def dataflow_arrays(module: ModuleOp) -> Found:
    """Arrays between processes with two that write, or two that read: there is one channel from one to another."""
    functions = functions_of(module)
    for function in functions.values():
        if not any(isinstance(op, DataflowOp) for op in function.body.block.ops):
            continue
        writers: dict[SSAValue, list[Operation]] = {}
        readers: dict[SSAValue, list[Operation]] = {}
        for call in [op for op in function.body.block.ops if isinstance(op, func.CallOp)]:
            callee = functions[call.callee.string_value()]
            for number, value in enumerate(call.arguments):
                if isinstance(value.type, MemRefType):
                    ends = writers if writes(callee, number) else readers
                    ends.setdefault(root_of(value), []).append(call)
        for ends, verb, word in ((writers, "written", "producer"), (readers, "read", "consumer")):
            for root, calls in ends.items():
                if len(calls) > 1 and not (isinstance(root.owner, memref.GetGlobalOp) and is_flash(root)):
                    yield calls[1], f"a dataflow array is {verb} by {len(calls)} processes: it has one {word}"


def is_flash(value: SSAValue) -> bool:
    """True for a constant."""
    return isinstance(value.type, MemRefType) and str(value.type.memory_space) == '"flash"'
