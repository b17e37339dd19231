"""Reductions: terms that do not depend on what is carried come from the pipeline, the rest is done in one clock.

Sums, and greatest and least values, of lanes are combined before the carried value sees them: two's complement wraps
alike in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.dialects import arith, memref, scf
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import rtl
from ...dialects.diagnostics import OpError
from ...passes.loops.indices.advance import advance
from .arithmetic import apply, type_bits
from .nest import Coordinates
from .pipeline import FixedStage, Value, Wire, bits_of

if TYPE_CHECKING:
    from .form import Form

ASSOCIATIVE: dict[type[Operation], str] = {arith.AddiOp: "add", arith.MaxSIOp: "max", arith.MinSIOp: "min"}


@dataclass(frozen=True)
class Term:
    """`carried = kind(carried, value)`, only where the condition holds."""

    kind: str
    value: SSAValue
    condition: SSAValue | None


class Reducer:
    """The reduction of a form, whose outermost loop is given."""

    def __init__(self, form: Form, outermost: scf.ForOp):
        self.form, self.outermost = form, outermost
        self.loops = [loop.op for loop in form.nest.loops[form.nest.parallel :]]
        self.numbers = [n for n in range(len(outermost.iter_args)) if advance(outermost, n) is None]
        self.innermost, self.inner_numbers = self.loops[-1], list(self.numbers)
        for outer, inner in zip(self.loops, self.loops[1:], strict=False):
            self.inner_numbers = [self._inside(outer, inner, n) for n in self.inner_numbers]
        self.arguments = [self.innermost.body.block.args[n + 1] for n in self.inner_numbers]

    def _inside(self, outer: scf.ForOp, inner: scf.ForOp, number: int) -> int:
        """The number in the inner loop of what an outer one carries and does not touch."""
        last, argument = outer.body.block.last_op, outer.body.block.args[number + 1]
        assert last is not None
        for index, (initial, result) in enumerate(zip(inner.iter_args, inner.results, strict=True)):
            if initial is argument and last.operands[number] is result:
                return index
        raise OpError(outer, "a loop between a reduction and its elements does something to what is carried")

    def reduce(self) -> list[dict[Coordinates, Wire]]:
        """For each carried value the registers in which it is, by lane of the parallel loops, behind the last step."""
        nest = self.form.nest
        depth = nest.parallel
        for loop in self.loops[:-1]:
            depth += 1
            for op in loop.body.block.ops:
                if not isinstance(op, scf.ForOp | scf.YieldOp):
                    self.form.evaluate(op, nest.coordinates(depth))
        block, lanes = self.innermost.body.block, nest.coordinates(len(nest.loops))
        dependent, term = self._dependent(block), self._term(block)
        product = None if term is None or term.condition is None or term.kind != "add" else product_of(term.value)
        for op in block.walk():
            if product is not None and op is product and term is not None:
                self._multiply_inside(product, term, lanes)
            elif op not in dependent and not isinstance(op, scf.IfOp | scf.YieldOp):
                self.form.evaluate(op, lanes)
        if product is not None and term is not None:
            term = Term(term.kind, term.value, None)
        return self._sums(term, lanes) if term is not None else self._chains(dependent, lanes)

    def _dependent(self, block: Block) -> set[Operation]:
        """The ops that need what is carried."""
        values: set[SSAValue] = set(self.arguments)
        found: set[Operation] = set()
        for op in block.walk():
            if any(operand in values for operand in op.operands) or isinstance(op, scf.IfOp):
                found.add(op)
                values.update(op.results)
        return found

    def _term(self, block: Block) -> Term | None:
        """What is combined with the only carried value, where that is all that happens to it."""
        if len(self.arguments) != 1 or block.last_op is None:
            return None
        value, condition, carried = block.last_op.operands[self.inner_numbers[0]], None, self.arguments[0]
        if isinstance(value.owner, scf.IfOp):
            choice = value.owner
            (kept,), (value,) = else_of(choice), then_of(choice)
            if kept is not carried:
                return None
            condition = choice.cond
        op = value.owner
        if type(op) not in ASSOCIATIVE or not isinstance(op, Operation):
            return None
        left, right = op.operands
        if (left is carried) == (right is carried):
            return None
        other = right if left is carried else left
        return Term(ASSOCIATIVE[type(op)], other, condition)

    def _sums(self, term: Term, lanes: Sequence[Coordinates]) -> list[dict[Coordinates, Wire]]:
        """Combine the lanes of each result in a tree, then with what is carried."""
        form, pipeline, bits = self.form, self.form.engine.pipeline, type_bits(self.arguments[0])
        totals: dict[Coordinates, Value] = {}
        for lane in form.nest.coordinates(form.nest.parallel):
            own = [other for other in lanes if other[: len(lane)] == lane]
            totals[lane] = self._tree(term.kind, [self._masked(term, other, bits) for other in own], bits)
        staged = {lane: pipeline.registered(total) for lane, total in totals.items()}
        stage = self._stage(list(staged.values()))
        kept: dict[Coordinates, Wire] = {}
        for lane, total in staged.items():
            carried = self._carried(0, lane, stage)
            sum = pipeline.compute(term.kind, [Wire(carried.result, stage), total], bits, stage=stage)
            pipeline.block.add_op(rtl.NextOp(carried.result, sum.value))
            kept[lane] = Wire(carried.kept, stage + 1)
        return [kept]

    def _multiply_inside(self, op: arith.MuliOp, term: Term, lanes: Sequence[Coordinates]) -> None:
        """A product with a factor that is 0 where the term's condition does not hold.

        Those of memories that are written: nobody knows what these read at indices beyond them, and a simulator says
        so of a product with 0, too. Where there is none, that of which there are fewer.
        """
        form = self.form
        assert term.condition is not None
        conditions = [form.value(term.condition, lane) for lane in lanes]
        factors = [[form.value(operand, lane) for lane in lanes] for operand in op.operands]
        masked = [number for number, operand in enumerate(op.operands) if self._is_written(operand)]
        for number in masked or [min((0, 1), key=lambda n: len(set(factors[n])))]:
            factors[number] = self._zeroed(conditions, factors[number])
        form.values[op.result] = dict(zip(lanes, form.products(op, list(zip(*factors, strict=True))), strict=True))

    def _zeroed(self, conditions: Sequence[Value], values: Sequence[Value]) -> list[Value]:
        """The values, 0 where their conditions do not hold; the same pair is written once."""
        known: dict[tuple[Value, Value], Value] = {}
        for key in zip(conditions, values, strict=True):
            if key not in known:
                known[key] = self.form.engine.pipeline.compute("select", [*key, 0], bits_of(key[1]))
        return [known[key] for key in zip(conditions, values, strict=True)]

    def _is_written(self, value: SSAValue) -> bool:
        """Whether a value comes of a memory that is no constant."""
        owner = value.owner
        if isinstance(owner, memref.LoadOp):
            return self.form.memories[owner.memref].values is None
        return isinstance(owner, Operation) and any(self._is_written(operand) for operand in owner.operands)

    def _stage(self, values: Sequence[Value]) -> int:
        """The first stage in which all are there."""
        first = self.form.engine.first(self.form.nest.parallel)
        timed = [v for v in (*values, first) if isinstance(v, Wire) and not v.is_static]
        return max((v.stage for v in timed), default=0) if timed else 0

    def _masked(self, term: Term, lane: Coordinates, bits: int) -> Value:
        """The term, or what changes nothing where its condition does not hold."""
        pipeline, value = self.form.engine.pipeline, self.form.value(term.value, lane)
        if term.condition is None:
            return value
        neutral = {"add": 0, "max": -(1 << bits - 1), "min": (1 << bits - 1) - 1}[term.kind]
        condition = self.form.value(term.condition, lane)
        return pipeline.compute("select", [condition, value, neutral], max(bits_of(value), bits_of(neutral)))

    def _tree(self, kind: str, values: list[Value], bits: int) -> Value:
        """The values combined, two at a time. Each sum is a register: sums of sums would become carry-save adders."""
        pipeline = self.form.engine.pipeline
        while len(values) > 1:
            pairs = list(zip(values[::2], values[1::2], strict=False))
            grown = 1 if kind == "add" else 0
            widths = [min(bits, max(bits_of(a), bits_of(b)) + grown) for a, b in pairs]
            rest = values[len(values) - len(values) % 2 :]
            values = [pipeline.compute(kind, pair, w) for pair, w in zip(pairs, widths, strict=True)] + rest
            if kind == "add":
                values = [pipeline.registered(value) for value in values]
        return values[0]

    def _carried(self, number: int, lane: Coordinates, stage: int) -> rtl.CarriedOp:
        """The register of a carried value."""
        form, pipeline = self.form, self.form.engine.pipeline
        initial = form.value(self.outermost.iter_args[self.numbers[number]], lane)
        bits = type_bits(self.arguments[number])
        first = pipeline.at(form.engine.first(form.nest.parallel), stage)
        valid = pipeline.valid(form.engine.step, stage)
        start = pipeline.constant(initial, bits) if isinstance(initial, int) else pipeline.at(initial, stage)
        op = rtl.CarriedOp(start, first, valid, bits)
        op.result.name_hint, op.kept.name_hint = "so_far", "acc"
        pipeline.block.add_op(op)
        return op

    def _chains(self, dependent: set[Operation], lanes: Sequence[Coordinates]) -> list[dict[Coordinates, Wire]]:
        """Whatever else a reduction does, lane after lane, in one clock."""
        form, pipeline, block = self.form, self.form.engine.pipeline, self.innermost.body.block
        ops = [op for op in block.walk() if op in dependent and not isinstance(op, scf.YieldOp)]
        inputs = {v for op in ops for v in op.operands if not self._is_inside(v, dependent)}
        ready = [pipeline.registered(form.value(v, lane)) for v in inputs for lane in lanes]
        stage = self._stage(ready)
        results: list[dict[Coordinates, Wire]] = [{} for _ in self.arguments]
        for outer in form.nest.coordinates(form.nest.parallel):
            carried = [self._carried(n, outer, stage) for n in range(len(self.arguments))]
            now: list[Value] = [Wire(c.result, stage) for c in carried]
            for lane in [other for other in lanes if other[: len(outer)] == outer]:
                now = self._one(block, dependent, lane, dict(zip(self.arguments, now, strict=True)), stage)
            for number, (op, value) in enumerate(zip(carried, now, strict=True)):
                following = pipeline.compute("resize", [value], rtl.bits_of(op.result), stage=stage)
                pipeline.block.add_op(rtl.NextOp(op.result, following.value))
                results[number][outer] = Wire(op.kept, stage + 1)
        return results

    def _is_inside(self, value: SSAValue, dependent: set[Operation]) -> bool:
        return value in self.arguments or value.owner in dependent

    def _one(
        self, block: Block, dependent: set[Operation], lane: Coordinates, known: dict[SSAValue, Value], stage: int
    ) -> list[Value]:
        """One lane: the ops that depend on what is carried, all in one stage."""
        pipeline = FixedStage(self.form.engine.pipeline, stage)

        def value(v: SSAValue) -> Value:
            return known[v] if v in known else self.form.value(v, lane)

        for op in block.walk():
            if op not in dependent or isinstance(op, scf.YieldOp | scf.IfOp):
                continue
            known[op.results[0]] = apply(pipeline, op, [value(operand) for operand in op.operands])
        for op in block.ops:
            if isinstance(op, scf.IfOp):
                for result, left, right in zip(op.results, then_of(op), else_of(op), strict=True):
                    a, b = value(left), value(right)
                    known[result] = pipeline.compute("select", [value(op.cond), a, b], max(bits_of(a), bits_of(b)))
        last = block.last_op
        assert last is not None
        return [value(last.operands[n]) for n in self.inner_numbers]


def product_of(value: SSAValue) -> arith.MuliOp | None:
    """The product that a value is, maybe in a wider type."""
    op = value.owner
    if isinstance(op, arith.ExtSIOp):
        return product_of(op.input)
    return op if isinstance(op, arith.MuliOp) else None


def then_of(op: scf.IfOp) -> Sequence[SSAValue]:
    """What an if yields where its condition holds."""
    last = op.true_region.block.last_op
    assert last is not None
    return last.operands


def else_of(op: scf.IfOp) -> Sequence[SSAValue]:
    """What an if yields where its condition does not hold."""
    last = op.false_region.block.last_op
    assert last is not None
    return last.operands
