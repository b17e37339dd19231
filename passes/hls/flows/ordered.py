"""Streams of which each element is taken once, in order: a token is kept in a register until all of it is used."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IntegerAttr, IntegerType, MemRefType
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.hls import ReadOp
from ...loops.indices.advance import constant_of, trips_of
from ..nests.writer import Writer
from .process import Format, InOrder
from .words import lane_number, move


def read_in_order(function: func.FuncOp, item: InOrder, format: Format, stream: SSAValue) -> None:
    """Replace a load by the next element, or elements of lanes, of a token."""
    block = Block()
    writer = Writer(function, block)
    at_once = format.lanes // item.period
    if item.period == 1:
        word = writer.do(ReadOp(stream), "word")
    else:
        word = held_word(writer, item, format, stream, at_once)
    move(block, item.lanes[0] if item.lanes else item.load)
    value = word if format.lanes == 1 else element(word, format, item.lanes, item.load)
    item.load.res.replace_all_uses_with(value)
    Rewriter.erase_op(item.load)


def held_word(writer: Writer, item: InOrder, format: Format, stream: SSAValue, at_once: int) -> SSAValue:
    """A new token where a period begins, else what is left of the one before; its lowest elements are next."""
    assert item.loop is not None
    register = writer.local(MemRefType(format.word, [1]), "held")
    variable, step = item.loop.body.block.args[0], constant_of(item.loop.step) or 1
    phase: SSAValue = variable
    if trips_of(item.loop) != item.period:
        phase = writer.do(arith.AndIOp(variable, writer.number(item.period * step - 1)))
    begins = writer.do(arith.CmpiOp(phase, writer.number(0), "eq"))
    fresh, rest = Block(), Block()
    choice = scf.IfOp(begins, [format.word], Region(fresh), Region(rest))
    writer.block.add_op(choice)
    choice.results[0].name_hint = "word"
    with writer.inside(fresh):
        fresh.add_op(scf.YieldOp(writer.do(ReadOp(stream))))
    with writer.inside(rest):
        held = writer.do(memref.LoadOp.get(register, [writer.number(0)]))
        shift = writer.constant(at_once * format.element.width.data, format.word)
        rest.add_op(scf.YieldOp(writer.do(arith.ShRUIOp(held, shift))))
    writer.block.add_op(memref.StoreOp.get(choice.results[0], register, [writer.number(0)]))
    return choice.results[0]


def element(word: SSAValue, format: Format, lanes: Sequence[scf.ForOp], before: Operation) -> SSAValue:
    """The lowest element of a word, or that of a lane, written before an op."""
    width = IntegerType(format.element.width.data)
    if lanes:
        number = lane_number(lanes, before)
        factor = arith.ConstantOp(IntegerAttr(width.width.data, number.type))  # pyright: ignore
        bits = arith.MuliOp(number, factor.result)
        shift = arith.IndexCastOp(bits.result, format.word)
        moved = arith.ShRUIOp(word, shift.result)
        Rewriter.insert_op([factor, bits, shift, moved], InsertPoint.before(before))
        word = moved.result
    op = arith.TruncIOp(word, width)
    Rewriter.insert_op(op, InsertPoint.before(before))
    return op.result
