"""Words of streams: several elements that are written at once go through side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.hls import ArrayPartitionOp, WriteOp
from ..nests.writer import Values, Writer
from .process import Format, Written


@dataclass(frozen=True)
class Given:
    """An argument that becomes streams to write, for so many readers."""

    argument: SSAValue
    written: Written
    readers: int


def write_tokens(function: func.FuncOp, item: Given, streams: Sequence[SSAValue]) -> None:
    """Send what is stored: at once, or when all lanes are there."""
    store, format = item.written.store, item.written.format
    if not item.written.lanes:
        for stream in streams:
            Rewriter.insert_op(WriteOp(store.value, stream), InsertPoint.before(store))
        Rewriter.erase_op(store)
        return
    guard = store.parent_op()
    condition = guard.cond if isinstance(guard, scf.IfOp) else None
    writer = Writer(function, function.body.block)
    word = writer.local(MemRefType(format.element, [format.token]), "word")
    assert isinstance(word.owner, Operation)
    Rewriter.insert_op(ArrayPartitionOp(word, "complete"), InsertPoint.after(word.owner))
    place = lane_number(item.written.lanes, store)
    Rewriter.replace_op(store, memref.StoreOp.get(store.value, word, [place]))
    block = Block()
    writer = Writer(function, block)
    writer.only_if(condition, lambda: send(writer, format, word, streams))
    after = item.written.lanes[0]
    for op in reversed(list(block.ops)):
        op.detach()
        assert after.parent is not None
        after.parent.insert_op_after(op, after)


def send(writer: Writer, format: Format, word: SSAValue, streams: Sequence[SSAValue]) -> None:
    """Put elements into words, and write each to all that read it."""
    for number in range(format.words):
        packed = pack(writer, format, word, number * format.lanes)
        for stream in streams[number :: format.words]:
            writer.block.add_op(WriteOp(packed, stream))


def pack(writer: Writer, format: Format, word: SSAValue, first: int) -> SSAValue:
    """The elements of a word, the first one lowest."""
    if format.lanes == 1:
        return writer.do(memref.LoadOp.get(word, [writer.number(first)]))

    def element(lane: SSAValue, values: Values) -> Values:
        place = writer.do(arith.AddiOp(lane, writer.number(first))) if first else lane
        value = writer.do(arith.ExtUIOp(writer.do(memref.LoadOp.get(word, [place])), format.word))
        bits = writer.do(arith.MuliOp(lane, writer.number(format.element.width.data)))
        shift = writer.do(arith.IndexCastOp(bits, format.word))
        return [writer.do(arith.OrIOp(values[0], writer.do(arith.ShLIOp(value, shift))))]

    zero = writer.constant(0, format.word)
    return writer.loop((0, format.lanes, 1), [zero], element, "lane", unroll=True)[0]


def move(block: Block, before: Operation) -> None:
    """Put the ops of a block before an op."""
    target = before.parent
    assert target is not None
    for op in list(block.ops):
        op.detach()
        target.insert_op_before(op, before)


def lane_number(loops: Sequence[scf.ForOp], before: Operation) -> SSAValue:
    """The number of a lane among those of unrolled loops, written before an op."""
    total: SSAValue | None = None
    for loop in loops:
        lane = loop.body.block.args[0]
        if total is None:
            total = lane
            continue
        count = arith.ConstantOp(IntegerAttr(trips_in(loop), IndexType()))
        product = arith.MuliOp(total, count.result)
        sum = arith.AddiOp(product.result, lane)
        Rewriter.insert_op([count, product, sum], InsertPoint.before(before))
        total = sum.result
    assert total is not None
    return total


def trips_in(loop: scf.ForOp) -> int:
    """The lanes of a loop."""
    upper = loop.ub.owner
    assert isinstance(upper, arith.ConstantOp) and isinstance(upper.value, IntegerAttr)
    return upper.value.value.data
