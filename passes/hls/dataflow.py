"""`hls-dataflow`: layers run side by side, each as soon as the rows that it reads are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType, ModuleOp, NoneAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.hls import ArrayPartitionOp, DataflowOp, InterfaceOp, StreamOp
from .flows.depths import Edge, Steps, depths
from .flows.process import CannotOverlap, Format, Reading, Written, reading, reads_by_step, writes_by_step, written
from .flows.rewrite import Taken, stream_through
from .flows.words import Given
from .interface import is_public
from .nests.lanes import SAME_MEMORY, root_of
from .rules.ports import writes


@dataclass(frozen=True)
class DataflowPass(ModulePass):
    """Make streams of the buffers between the functions that the public one calls, and processes of these.

    A process keeps what it has read in memory of its own, and reads on row by row (along its outermost loop) as it
    goes; it writes each result to a stream for each reader. What lanes write at once is one token. Streams are as deep
    as `flows/depths.py` finds, so that no process waits for good: a branch around layers holds the rows that they take.
    Raises CannotOverlap for rounds of a loop, and for what is written by two functions or not in row-major order; the
    module is as before then.
    """

    name = "hls-dataflow"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = {f.sym_name.data: f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration}
        for function in [f for f in functions.values() if is_public(f)]:
            Network(op, function, functions).run()


@dataclass(frozen=True, eq=False)
class Channel:
    """A buffer from one call to the arguments that read it."""

    root: SSAValue
    writer: tuple[int, int]
    """The number of the call, and that of its argument."""
    readers: tuple[tuple[int, int], ...]


class Network:
    """The calls of a function as processes."""

    def __init__(self, module: ModuleOp, function: func.FuncOp, functions: dict[str, func.FuncOp]):
        self.module, self.function = module, function
        kept = (func.CallOp, func.ReturnOp, memref.GetGlobalOp, memref.AllocaOp, InterfaceOp, *SAME_MEMORY)
        for op in function.body.block.ops:
            if not isinstance(op, kept) and not op.name.startswith("arith."):
                raise CannotOverlap(op, "layers of a model with rounds do not overlap: each round needs the one before")
        self.calls = [op for op in function.body.block.ops if isinstance(op, func.CallOp)]
        self.callees = [functions[call.callee.string_value()] for call in self.calls]
        if len({f.sym_name.data for f in self.callees}) < len(self.callees):
            raise CannotOverlap(function, "layers overlap where each is a function of its own")
        self.channels = self._channels()

    def _channels(self) -> list[Channel]:
        ends: dict[SSAValue, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
        for number, (call, callee) in enumerate(zip(self.calls, self.callees, strict=True)):
            for index, value in enumerate(call.arguments):
                root = root_of(value)
                if root not in self.function.args:
                    if not is_whole(value, root):
                        raise CannotOverlap(call, "layers overlap where each takes whole buffers, not parts of them")
                    ends.setdefault(root, ([], []))[0 if writes(callee, index) else 1].append((number, index))
        channels: list[Channel] = []
        for root, (writers, readers) in ends.items():
            if len(writers) != 1 or any(reader <= writers[0][0] for reader, _ in readers):
                at = root.owner
                assert isinstance(at, Operation)
                raise CannotOverlap(
                    at, "layers overlap where a buffer has one layer that writes it, before all that read it"
                )
            channels.append(Channel(root, writers[0], tuple(readers)))
        return channels

    def run(self) -> None:
        """Find out what goes when, then write streams."""
        outs = [self._written(channel) for channel in self.channels]
        plans: dict[tuple[int, int], tuple[Format, Reading]] = {}
        for channel, out in zip(self.channels, outs, strict=True):
            for number, index in channel.readers:
                callee = self.callees[number]
                plans[number, index] = out.format, reading(callee, callee.args[index], out.format)
        found = self._depths(outs, plans)
        streams = self._streams(outs, found)
        for number, callee in enumerate(self.callees):
            self._rewrite(number, callee, outs, plans)
        self._call(streams)

    def _written(self, channel: Channel) -> Written:
        callee = self.callees[channel.writer[0]]
        return written(callee, callee.args[channel.writer[1]])

    def _depths(
        self, outs: Sequence[Written], plans: dict[tuple[int, int], tuple[Format, Reading]]
    ) -> dict[tuple[int, int], int]:
        """The depth of the streams of each argument that reads."""
        edges: list[Edge] = []
        ends: list[tuple[int, int]] = []
        reads: list[dict[int, list[int]]] = [{} for _ in self.callees]
        given: list[dict[int, list[int]]] = [{} for _ in self.callees]
        for channel, out in zip(self.channels, outs, strict=True):
            writer = channel.writer[0]
            for end in channel.readers:
                number, (format, plan) = len(edges), plans[end]
                edges.append(Edge(writer, end[0]))
                ends.append(end)
                reads[end[0]][number] = reads_by_step(self.callees[end[0]], plan, format)
                given[writer][number] = writes_by_step(self.callees[writer], out)
        processes = [steps_of(r, g) for r, g in zip(reads, given, strict=True)]
        return dict(zip(ends, depths(edges, processes), strict=True))

    def _streams(
        self, outs: Sequence[Written], found: dict[tuple[int, int], int]
    ) -> dict[tuple[int, int], list[SSAValue]]:
        """The streams of each argument, of what writes those of all its readers."""
        block, streams = self.function.body.block, dict[tuple[int, int], list[SSAValue]]()
        first = self.calls[0]
        for channel, out in zip(self.channels, outs, strict=True):
            for end in channel.readers:
                ops = [StreamOp(found[end], out.format.word) for _ in range(out.format.words)]
                block.insert_ops_before(ops, first)
                for op in ops:
                    op.result.name_hint = f"{channel.root.name_hint or 'x'}_stream"
                streams[end] = [op.result for op in ops]
            streams[channel.writer] = [s for end in channel.readers for s in streams[end]]
        return streams

    def _rewrite(
        self,
        number: int,
        callee: func.FuncOp,
        outs: Sequence[Written],
        plans: dict[tuple[int, int], tuple[Format, Reading]],
    ) -> None:
        """Let a function read and write streams."""
        arguments = list(callee.args)
        taken = [Taken(arguments[index], *plan) for (at, index), plan in plans.items() if at == number]
        given = [
            Given(arguments[channel.writer[1]], out, len(channel.readers))
            for channel, out in zip(self.channels, outs, strict=True)
            if channel.writer[0] == number
        ]
        stream_through(callee, taken, given)

    def _call(self, streams: dict[tuple[int, int], list[SSAValue]]) -> None:
        """Pass streams, and drop the buffers."""
        block = self.function.body.block
        for number, call in enumerate(self.calls):
            passed = [
                value
                for index, argument in enumerate(call.arguments)
                for value in streams.get((number, index), [argument])
            ]
            new = func.CallOp(call.callee, passed, [])
            block.insert_op_before(new, call)
            block.erase_op(call)
        for op in reversed(list(block.ops)):
            if isinstance(op, (memref.GetGlobalOp, memref.AllocaOp, *SAME_MEMORY)):
                for use in list(op.results[0].uses):
                    if isinstance(use.operation, ArrayPartitionOp):
                        block.erase_op(use.operation)
                if not op.results[0].uses:
                    block.erase_op(op)
        used = {op.name_.string_value() for op in self.module.walk() if isinstance(op, memref.GetGlobalOp)}
        for op in list(self.module.ops):
            if isinstance(op, memref.GlobalOp) and op.constant is None and op.sym_name.data not in used:
                self.module.body.block.erase_op(op)
        assert block.first_op is not None
        block.insert_op_before(DataflowOp(), block.first_op)


def is_whole(value: SSAValue, root: SSAValue) -> bool:
    """True where a memref has all elements of its memory, from the first on."""
    types = [v.type for v in (value, root)]
    sizes = [prod(type.get_shape()) for type in types if isinstance(type, MemRefType)]
    plain = all(isinstance(type, MemRefType) and isinstance(type.layout, NoneAttr) for type in types)
    return plain and len(set(sizes)) == 1


def steps_of(reads: dict[int, list[int]], given: dict[int, list[int]]) -> Steps:
    """By step what a process reads and writes."""
    count = max(map(len, [*reads.values(), *given.values()]), default=0)
    return Steps(
        tuple({edge: tokens[n] for edge, tokens in reads.items()} for n in range(count)),
        tuple({edge: tokens[n] for edge, tokens in given.items()} for n in range(count)),
    )
