"""`hls-flatten`: each form one perfect nest of loops, with its lanes as unrolled loops at the bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.diagnostics import OpError
from ...dialects.hls import ArrayPartitionOp
from ...dialects.mcu import LABEL, LANES
from ..loops.indices.loop import Loop
from .nests.chain import Chain, combination, read_chain
from .nests.writer import Values, Writer


@dataclass(frozen=True)
class FlattenPass(ModulePass):
    """Move what stands between the loops of a function into the innermost one, so that synthesis makes one loop of all.

    What is reduced lies in memory of the function, an element for each lane, and starts anew where all loops of the
    reduction are at their first iteration; what follows happens at their last one. Loops with `hls.lanes` count in
    steps of so many, and an unrolled loop inside covers these: text does not grow with lanes. Where a reduction has
    lanes, they are added up before they meet the sum, which is all that the next iteration waits for.
    A table that is looked up has two ports: nests that do so have two lanes at most.
    Functions that are no chain of loops stay as they are; raises OpError for such with lanes.
    """

    name = "hls-flatten"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and not function.is_declaration:
                chain = read_chain(function)
                if isinstance(chain, Chain):
                    Flattening(chain).run()
                elif lanes := next((o for o in function.walk() if LANES in o.attributes), None):
                    raise OpError(lanes, f"lanes need one nest of loops, but {chain}")


class Flattening:
    """A function while it is written anew."""

    def __init__(self, chain: Chain):
        self.chain = chain
        block = chain.function.body.block
        self.writer = Writer(chain.function, block)
        self.behind = chain.behind(chain.reduction)
        """What follows the reduction, before anything new is in its block."""
        self.bases: list[SSAValue] = []
        self.known: dict[SSAValue, SSAValue] = {}
        self.sums: list[SSAValue] = []
        """The memories of what is reduced."""
        self.place: list[SSAValue] = []
        """The lanes of the parallel loops that are open."""

    def run(self) -> None:
        """Write the new nest, erase the old one."""
        chain, writer = self.chain, self.writer
        block, old = chain.function.body.block, chain.loops[0].op
        rest = [old, *chain.behind(0)]
        end = block.last_op
        assert end is not None
        end.detach()
        if chain.is_reduction and any(loop.turns > 1 for loop in chain.reducing):
            lanes = prod(loop.lanes for loop in chain.loops[: chain.reduction])
            for value in chain.loops[chain.reduction].op.iter_args:
                assert isinstance(value.type, IntegerType)
                self.sums.append(writer.local(MemRefType(value.type, [lanes]), "sum"))
        self._turns(0)
        if self.sums:
            for memory in self.sums:
                cut = ArrayPartitionOp(memory, "complete")
                assert isinstance(memory.owner, Operation)
                if memory.type.get_shape()[0] > 1:  # pyright: ignore
                    block.insert_op_after(cut, memory.owner)
        for op in reversed(rest):
            block.erase_op(op)
        block.add_op(end)

    def _turns(self, depth: int) -> None:
        """The loops from a depth on, each around nothing but the next."""
        if depth == len(self.chain.loops):
            self._conditions()
            return
        loop = self.chain.loops[depth]
        if loop.turns == 1:
            self.bases.append(self.writer.number(loop.lower))
            self._turns(depth + 1)
            return
        bounds = (loop.lower, loop.lower + loop.trips * loop.step, loop.step * loop.lanes)

        def body(variable: SSAValue, _: Values) -> Values:
            self.bases.append(variable)
            self._turns(depth + 1)
            return []

        self.writer.loop(bounds, [], body, hint_of(loop), label_of(loop))

    def _conditions(self) -> None:
        """Whether a reduction is at its first or its last iteration, then the lanes."""
        ends: list[list[SSAValue]] = [[], []]
        for base, loop in zip(self.bases[self.chain.reduction :], self.chain.reducing, strict=True):
            if loop.turns > 1:
                last = loop.lower + loop.step * (loop.trips - loop.lanes)
                for number, found in zip((loop.lower, last), ends, strict=True):
                    found.append(self.writer.do(arith.CmpiOp(base, self.writer.number(number), "eq")))
        self.first, self.last = map(self.writer.conjunction, ends)
        self._lanes(0)

    def _lanes(self, depth: int) -> None:
        """The lanes of the parallel loops from a depth on, with what stands before the next loop."""
        chain = self.chain
        if depth > 0:
            self._clone(chain.before(depth))
        if depth == len(chain.loops):
            return
        if depth == chain.reduction:
            self._reduce()
            return
        loop = chain.loops[depth]
        self._lane(loop, [], lambda _: self._inner(depth))

    def _inner(self, depth: int) -> Values:
        self._lanes(depth + 1)
        return []

    def _lane(self, loop: Loop, carried: Values, body: Callable[[Values], Values]) -> Values:
        """What `body` writes, for all lanes of a loop."""
        base = self.bases[self.chain.loops.index(loop)]
        if loop.lanes == 1:
            self.known[loop.op.body.block.args[0]] = base
            return body(carried)

        def lane(variable: SSAValue, values: Values) -> Values:
            moved = variable
            if loop.step != 1:
                moved = self.writer.do(arith.MuliOp(variable, self.writer.number(loop.step)))
            self.known[loop.op.body.block.args[0]] = self.writer.do(arith.AddiOp(base, moved), hint_of(loop))
            if not loop.op.iter_args:
                self.place.append(variable)
            result = body(values)
            return result

        label = label_of(loop)
        return self.writer.loop((0, loop.lanes, 1), carried, lane, "lane", label and f"{label}_lane", unroll=True)

    def _reduce(self) -> None:
        """The lanes of the reduction, and what follows at its end."""
        chain, writer = self.chain, self.writer
        outer = chain.loops[chain.reduction].op
        firsts = [self._value(value) for value in outer.iter_args]
        place = self._lane_number()
        starts = firsts
        if self.sums:
            held = [writer.do(memref.LoadOp.get(memory, [place])) for memory in self.sums]
            assert self.first is not None
            starts = [writer.do(arith.SelectOp(self.first, a, b), "acc") for a, b in zip(firsts, held, strict=True)]
        results = self._summed(firsts, starts)
        for memory, value in zip(self.sums, results, strict=bool(self.sums)):
            writer.block.add_op(memref.StoreOp.get(value, memory, [place]))
        for old, new in zip(outer.results, results, strict=True):
            self.known[old] = new
        writer.only_if(self.last, lambda: self._clone(self.behind))

    def _summed(self, firsts: Sequence[SSAValue], starts: Sequence[SSAValue]) -> Values:
        """What the lanes of the reduction make of the values that they start with."""
        chain, writer = self.chain, self.writer
        inner = chain.loops[-1].op
        last = inner.body.block.last_op
        assert last is not None
        kinds = [combination(v, a) for v, a in zip(last.operands, inner.body.block.args[1:], strict=True)]
        if all(loop.lanes == 1 for loop in chain.reducing) or None in kinds:
            return self._reduction(chain.reduction, list(starts))
        begins = [
            writer.constant(0, a.type) if kind is arith.AddiOp else a  # pyright: ignore
            for a, kind in zip(firsts, kinds, strict=True)
        ]
        local = self._reduction(chain.reduction, begins)
        return [
            writer.do(kind(a, b), "acc")  # pyright: ignore
            for kind, a, b in zip(kinds, starts, local, strict=True)
        ]

    def _reduction(self, depth: int, carried: Values) -> Values:
        """The lanes of the reduction's loops from a depth on."""
        chain = self.chain
        loop = chain.loops[depth]

        def body(values: Values) -> Values:
            self.known.update(zip(loop.op.body.block.args[1:], values, strict=True))
            self._clone(chain.before(depth + 1))
            if depth + 1 < len(chain.loops):
                return self._reduction(depth + 1, values)
            last = loop.op.body.block.last_op
            assert last is not None
            return [self._value(value) for value in last.operands]

        return self._lane(loop, carried, body)

    def _lane_number(self) -> SSAValue:
        """The number of a lane among those of the parallel loops."""
        total: SSAValue | None = None
        lanes = [loop.lanes for loop in self.chain.loops[: self.chain.reduction] if loop.lanes > 1]
        for place, count in zip(self.place, lanes, strict=True):
            if total is not None:
                total = self.writer.do(arith.MuliOp(total, self.writer.number(count)))
                total = self.writer.do(arith.AddiOp(total, place))
            else:
                total = place
        return self.writer.number(0) if total is None else total

    def _value(self, value: SSAValue) -> SSAValue:
        return self.known.get(value, value)

    def _clone(self, ops: Sequence[Operation]) -> None:
        """Copies of ops, on what their operands have become."""
        for op in ops:
            self.writer.block.add_op(op.clone(self.known))


def label_of(loop: Loop) -> str | None:
    """The name of a loop."""
    label = loop.op.attributes.get(LABEL)
    return label.data if isinstance(label, StringAttr) else None


def hint_of(loop: Loop) -> str | None:
    """The name of a loop's variable."""
    return loop.op.body.block.args[0].name_hint
