"""What a function reads of a memory, and in which order it writes one, as its outermost loop goes on."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ...loops.indices.advance import constant_of, trips_of
from ...loops.indices.affine import loops_around
from ..nests.lanes import Access, accesses_of, address_of, is_unrolled, root_of

WORD = 1024
"""Bits of a token at most (AP_INT_MAX_W): wider ones are several streams side by side."""


class CannotOverlap(OpError):
    """Why layers do not run side by side."""


@dataclass(frozen=True)
class Format:
    """How the elements of a memory go through streams: `words` side by side, each of `lanes` elements."""

    element: IntegerType
    elements: int
    words: int
    lanes: int

    @property
    def token(self) -> int:
        """Elements in all words."""
        return self.words * self.lanes

    @property
    def tokens(self) -> int:
        """How often something is read or written."""
        return self.elements // self.token

    @property
    def word(self) -> IntegerType:
        """The type of a word."""
        return IntegerType(self.lanes * self.element.width.data)


@dataclass(frozen=True)
class Written:
    """The one store to an argument: its lanes are written at once."""

    store: memref.StoreOp
    format: Format
    lanes: tuple[scf.ForOp, ...]


@dataclass(frozen=True)
class InOrder:
    """A load that takes each element once, in row-major order: `lanes` at once, a token in each `period` turns."""

    load: memref.LoadOp
    loop: scf.ForOp | None
    """The innermost loop whose turns move the load, but for unrolled ones."""
    lanes: tuple[scf.ForOp, ...]
    period: int


@dataclass(frozen=True)
class Reading:
    """How many tokens are read before the outermost loop, in each of its iterations but the first, and after it.

    `kept` are the elements that must be there at once: all, or a power of two, of which the oldest are written over.
    """

    before: int
    each: int
    after: int
    kept: int
    in_order: InOrder | None = None


def outermost(function: func.FuncOp) -> scf.ForOp | None:
    """The loop around all others that are not unrolled, where there is one."""
    loops = [op for op in function.body.block.ops if isinstance(op, scf.ForOp)]
    return loops[0] if len(loops) == 1 and not is_unrolled(loops[0]) and trips_of(loops[0]) else None


def trips(function: func.FuncOp) -> int:
    """The iterations of that loop."""
    loop = outermost(function)
    return 1 if loop is None else trips_of(loop) or 1


def accesses(function: func.FuncOp, argument: SSAValue) -> list[Access]:
    """All accesses of an argument."""
    return [op for op in accesses_of(function) if root_of(op.memref) is argument]


def written(function: func.FuncOp, argument: SSAValue) -> Written:
    """How an argument is written. Raises CannotOverlap where it is not each element once, in row-major order."""
    found = accesses(function, argument)
    if len(found) != 1 or not isinstance(found[0], memref.StoreOp):
        raise CannotOverlap(function, "layers overlap where one store writes a result that is not read there")
    store = found[0]
    type, address, around = argument.type, address_of(store), loops_around(store)
    if not isinstance(type, MemRefType) or not isinstance(type.element_type, IntegerType):
        raise CannotOverlap(store, f"layers overlap where results are arrays of integers, not {type}")
    moving = [loop for loop in around if loop in address.moves]
    counts = [trips_of(loop) or 0 for loop in moving]
    strides = [prod(counts[number + 1 :]) for number in range(len(counts))]
    elements = prod(type.get_shape())
    in_order = [address.moves[loop] for loop in moving] == strides and prod(counts) == elements
    once = all(loop in moving or trips_of(loop) == 1 for loop in around) or isinstance(store.parent_op(), scf.IfOp)
    if address.base or any(address.factors.values()) or not in_order or not once:
        raise CannotOverlap(store, "layers overlap where a result is written in row-major order, each element once")
    lanes = tuple(loop for loop in moving if is_unrolled(loop))
    at_once = prod(trips_of(loop) or 1 for loop in lanes)
    bits = type.element_type.width.data
    most = max(1, WORD // bits)
    width = next(n for n in range(min(most, at_once), 0, -1) if at_once % n == 0)
    return Written(store, Format(type.element_type, elements, at_once // width, width), lanes)


def writes_by_step(function: func.FuncOp, out: Written) -> list[int]:
    """The tokens that each iteration of the outermost loop writes."""
    loop, count = outermost(function), trips(function)
    moves = address_of(out.store).moves
    if loop is not None and loop in moves:
        return [moves[loop] // out.format.token] * count
    return [*([0] * (count - 1)), out.format.tokens]


def reading(function: func.FuncOp, argument: SSAValue, format: Format) -> Reading:
    """How many tokens must be there when; all before the loop where it is not known that fewer do."""
    loop, count = outermost(function), trips(function)
    if (taken := in_order(function, argument, format)) is not None:
        each = format.tokens // (count if loop in address_of(taken.load).moves else 1)
        return Reading(each, each if each < format.tokens else 0, 0, 0, taken)
    everything = Reading(format.tokens, 0, 0, format.elements)
    if loop is None or constant_of(loop.lb) != 0 or constant_of(loop.step) != 1:
        return everything
    step, last = 0, 0
    oldest = np.full(count, format.elements, np.int64)
    for op in accesses(function, argument):
        address = address_of(op)
        if any(address.factors.values()) or address.moves.get(loop, 0) < 0:
            return everything
        ends = [by * ((trips_of(inner) or 1) - 1) for inner, by in address.moves.items() if inner is not loop]
        by = address.moves.get(loop, 0)
        first = address.base + sum(end for end in ends if end < 0)
        oldest = np.minimum(oldest, np.maximum(0, first + by * np.arange(count, dtype=np.int64)))
        step = max(step, by)
        last = max(last, address.base + sum(end for end in ends if end > 0))
    before = min(format.tokens, max(0, last // format.token + 1))
    each = -(-step // format.token)
    if before == format.tokens:
        return everything
    if each > 1 and not any(isinstance(op, scf.ForOp) and not is_unrolled(op) for op in loop.body.block.ops):
        return everything
    there = np.minimum(format.tokens, before + each * np.arange(count, dtype=np.int64)) * format.token
    kept = 1 << (int((there - oldest).max()) - 1).bit_length()
    after = max(0, format.tokens - before - each * (count - 1))
    return Reading(before, each, after, min(kept, format.elements))


def in_order(function: func.FuncOp, argument: SSAValue, format: Format) -> InOrder | None:
    """How an argument is read, where that is each element once, in order; such elements need no memory."""
    found = accesses(function, argument)
    if len(found) != 1 or not isinstance(load := found[0], memref.LoadOp) or format.words > 1:
        return None
    address, around = address_of(load), loops_around(load)
    counts = [trips_of(loop) or 0 for loop in around]
    strides = [prod(counts[number + 1 :]) for number in range(len(counts))]
    if any(count > 1 and address.moves.get(a) != s for a, count, s in zip(around, counts, strides, strict=True)):
        return None
    inside = isinstance(load.parent_op(), scf.ForOp) and prod(counts) == format.elements
    if not inside or address.base or any(address.factors.values()):
        return None
    moving = [loop for loop, count in zip(around, counts, strict=True) if count > 1]
    lanes = tuple(loop for loop in moving if is_unrolled(loop))
    at_once = prod(trips_of(loop) or 1 for loop in lanes)
    turning = moving[: len(moving) - len(lanes)]
    if moving[len(turning) :] != list(lanes) or format.lanes % at_once:
        return None
    period, inner = format.lanes // at_once, turning[-1] if turning else None
    if period > 1 and (inner is None or constant_of(inner.lb) != 0 or not is_phase(inner, period)):
        return None
    return InOrder(load, inner, lanes, period)


def is_phase(loop: scf.ForOp, period: int) -> bool:
    """Whether a comparison of the loop's variable, or of its lowest bits, says when a period begins."""
    step, turns = constant_of(loop.step) or 1, trips_of(loop) or 1
    return turns == period or (turns % period == 0 and (period * step) & (period * step - 1) == 0)


def reads_by_step(function: func.FuncOp, plan: Reading, format: Format) -> list[int]:
    """The tokens that each iteration of the outermost loop has read before it goes on."""
    left, found = format.tokens, list[int]()
    for number in range(trips(function)):
        tokens = min(left, plan.before if number == 0 else plan.each)
        found.append(tokens)
        left -= tokens
    return found
