"""A function's memories as streams: what it reads is kept in memory of its own, what it writes goes on at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import FunctionType, IntegerAttr, IntegerType, MemRefType, i64
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.dataflow import RING
from ....dialects.hls import ReadOp, StreamType
from ..nests.writer import Values, Writer
from .ordered import read_in_order
from .process import Format, Reading, outermost
from .words import Given, move, write_tokens


@dataclass(frozen=True)
class Taken:
    """An argument that becomes streams to read."""

    argument: SSAValue
    format: Format
    plan: Reading


def stream_through(function: func.FuncOp, taken: Sequence[Taken], given: Sequence[Given]) -> None:
    """Replace arguments by streams: in place of each those of all readers, word by word."""
    block, loop = function.body.block, outermost(function)
    for item in taken:
        streams = [insert_stream(block, item.argument, item.format.word) for _ in range(item.format.words)]
        if item.plan.in_order is not None:
            read_in_order(function, item.plan.in_order, item.format, streams[0])
        else:
            read_into_memory(function, loop, item, streams)
        block.erase_arg(item.argument)  # pyright: ignore
    for item in given:
        format = item.written.format
        streams = [insert_stream(block, item.argument, format.word) for _ in range(format.words * item.readers)]
        write_tokens(function, item, streams)
        block.erase_arg(item.argument)  # pyright: ignore
    function.properties["function_type"] = FunctionType.from_lists([a.type for a in block.args], [])


def insert_stream(block: Block, argument: SSAValue, word: IntegerType) -> SSAValue:
    """A stream in front of an argument."""
    stream = block.insert_arg(StreamType(word), list(block.args).index(argument))  # pyright: ignore
    stream.name_hint = f"{argument.name_hint or 'x'}_stream"
    return stream


def read_into_memory(function: func.FuncOp, loop: scf.ForOp | None, item: Taken, streams: Sequence[SSAValue]) -> None:
    """Give the function memory of its own, filled before the outermost loop, in its iterations and behind it."""
    writer = Writer(function, function.body.block)
    type, format, plan = item.argument.type, item.format, item.plan
    assert isinstance(type, MemRefType)
    local = writer.local(MemRefType(format.element, [format.elements]), f"{item.argument.name_hint or 'x'}_rows")
    assert isinstance(local.owner, Operation)
    if plan.kept < format.elements:
        local.owner.attributes[RING] = IntegerAttr(plan.kept, i64)
    view = local
    if len(type.get_shape()) != 1:
        shape = type.get_shape()
        view_op = memref.ReinterpretCastOp.from_dynamic(local, [0], shape, strides_of(shape), type)
        Rewriter.insert_op(view_op, InsertPoint.after(local.owner))
        view = view_op.results[0]
        view.name_hint = item.argument.name_hint
    item.argument.replace_all_uses_with(view)
    last = function.body.block.last_op
    first = next((op for op in function.body.block.ops if any(view in inner.operands for inner in op.walk())), last)
    assert first is not None and last is not None
    reader = Reader(function, format, streams, local)
    reader.some(first, 0, plan.before)
    if loop is not None and plan.each:
        start = loop.body.block.first_op
        assert start is not None
        reader.in_loop(start, loop.body.block.args[0], plan)
    if plan.after:
        reader.some(last, format.tokens - plan.after, format.tokens)


def strides_of(shape: Sequence[int]) -> list[int]:
    """The distances of neighbours along each dimension."""
    strides, stride = list[int](), 1
    for size in reversed(shape):
        strides.insert(0, stride)
        stride *= size
    return strides


@dataclass
class Reader:
    """Writes loops that move tokens to memory."""

    function: func.FuncOp
    format: Format
    streams: Sequence[SSAValue]
    local: SSAValue

    def some(self, before: Operation, start: int, end: int) -> None:
        """Read the tokens of an interval."""
        if start == end:
            return
        block = Block()
        writer = Writer(self.function, block)
        writer.loop((start, end, 1), [], lambda token, _: self._token(writer, token), "token")
        move(block, before)

    def in_loop(self, before: Operation, turn: SSAValue, plan: Reading) -> None:
        """In each iteration but the first read the next tokens, as long as there are any."""
        block = Block()
        writer = Writer(self.function, block)

        def one(number: SSAValue | None, _: Values) -> Values:
            token = turn if plan.each == 1 else writer.do(arith.MuliOp(turn, writer.number(plan.each)))
            if number is not None:
                token = writer.do(arith.AddiOp(token, number))
            shift = plan.before - plan.each
            if shift:
                op = arith.AddiOp if shift > 0 else arith.SubiOp
                token = writer.do(op(token, writer.number(abs(shift))), "token")
            there = writer.do(arith.CmpiOp(turn, writer.number(0), "sgt"))
            left = writer.do(arith.CmpiOp(token, writer.number(self.format.tokens), "slt"))
            writer.only_if(writer.conjunction([there, left]), lambda: None if self._token(writer, token) else None)
            return []

        if plan.each == 1:
            one(None, [])
        else:
            writer.loop((0, plan.each, 1), [], one, "next")
        move(block, before)

    def _token(self, writer: Writer, token: SSAValue) -> Values:
        """Read one token and store its elements."""
        format = self.format
        base = token if format.token == 1 else writer.do(arith.MuliOp(token, writer.number(format.token)))
        for number, stream in enumerate(self.streams):
            word = writer.do(ReadOp(stream), "word")
            if format.lanes == 1:
                place = base if number == 0 else writer.do(arith.AddiOp(base, writer.number(number)))
                writer.block.add_op(memref.StoreOp.get(word, self.local, [place]))
                continue
            self._elements(writer, word, base, number * format.lanes)
        return []

    def _elements(self, writer: Writer, word: SSAValue, base: SSAValue, first: int) -> None:
        """Store the elements of a word, all at once."""
        format = self.format

        def element(lane: SSAValue, _: Values) -> Values:
            bits = writer.do(arith.MuliOp(lane, writer.number(format.element.width.data)))
            shift = writer.do(arith.IndexCastOp(bits, format.word))
            value = writer.do(arith.TruncIOp(writer.do(arith.ShRUIOp(word, shift)), format.element))
            place = writer.do(arith.AddiOp(base, lane))
            place = writer.do(arith.AddiOp(place, writer.number(first))) if first else place
            writer.block.add_op(memref.StoreOp.get(value, self.local, [place]))
            return []

        writer.loop((0, format.lanes, 1), [], element, "lane", unroll=True)
