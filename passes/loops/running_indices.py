"""Addresses that loops carry along and increment, in place of products and sums of loop variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from .indices.advance import trips_of
from .indices.affine import Affine, affine_of, linear, loops_around
from .indices.flat import Flat, is_plain

Access = memref.LoadOp | memref.StoreOp


@dataclass(frozen=True)
class RunningIndicesPass(ModulePass):
    """Number the elements of each memref in row-major order, and carry the numbers of accesses through the loops.

    In each iteration of a loop a number moves by a constant, so that no address is multiplied: on hardware a register
    and an adder. Compared indices run along as well. Loops whose bounds are not constants stay as they are.
    """

    name = "loops-running-indices"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and not function.is_declaration:
                Rewriting(function).run()


@dataclass(eq=False)
class Running:
    """A number that runs along: `steps` by loop, the outermost first; `values` are what it is in each loop's body."""

    affine: Affine
    loops: list[scf.ForOp]
    values: dict[scf.ForOp, SSAValue]


class Rewriting:
    """A function while its indices are written anew."""

    def __init__(self, function: func.FuncOp):
        self.function = function
        self.constants: dict[int, SSAValue] = {}
        self.flat = Flat()
        self.running: list[Running] = []
        self.behind: dict[Running, SSAValue] = {}
        """What a number is behind the innermost loop that is written already."""

    def run(self) -> None:
        """Find what runs along, carry it through the loops, use it."""
        uses: list[tuple[Operation, Affine, Running | None, int]] = []
        for op in list(self.function.walk()):
            for affine, operand in self._indices(op):
                uses.append((op, affine, self._running(op, affine), operand))
        self._carry(self.function.body.block)
        for op, affine, running, operand in uses:
            self._use(op, affine, running, operand)
        erase_dead(self.function)

    def _indices(self, op: Operation) -> list[tuple[Affine, int]]:
        """The affine numbers that an op uses; the operand that holds one, -1 for the indices of an access."""
        if isinstance(op, Access):
            type = op.memref.type
            assert isinstance(type, MemRefType)
            number = linear(op.indices, type.get_shape()) if is_plain(type) and loops_around(op) else None
            return [] if number is None or has_variables(number) else [(number, -1)]
        if isinstance(op, arith.CmpiOp) and isinstance(op.lhs.type, IndexType):
            found = [(affine_of(value), number) for number, value in enumerate(op.operands)]
            return [(a, n) for a, n in found if a.moves and not has_variables(a)]
        return []

    def _running(self, op: Operation, affine: Affine) -> Running | None:
        """What runs along for an affine number; None where nothing moves it."""
        around, moves = loops_around(op), affine.moves
        if not moves:
            return None
        loops = around[: 1 + max(around.index(loop) for loop in moves)]
        if any(trips_of(loop) is None for loop in loops):
            return None
        for known in self.running:
            if known.affine.base == affine.base and known.affine.moves == moves and known.loops == loops:
                return known
        self.running.append(Running(Affine(affine.base, moves), loops, {}))
        return self.running[-1]

    def constant(self, number: int) -> SSAValue:
        """An index that is known, at the top of the function."""
        if number not in self.constants:
            op = arith.ConstantOp(IntegerAttr(number, IndexType()))
            op.result.name_hint = f"c{number}" if number >= 0 else f"cm{-number}"
            first = self.function.body.block.first_op
            assert first is not None
            Rewriter.insert_op(op, InsertPoint.before(first))
            self.constants[number] = op.result
        return self.constants[number]

    def _carry(self, block: Block) -> None:
        """Give the loops of a block arguments for what runs along, and those inside of them."""
        for op in list(block.ops):
            if isinstance(op, scf.ForOp):
                self._carry_through(op)
            else:
                for region in op.regions:
                    for inner in region.blocks:
                        self._carry(inner)

    def _carry_through(self, loop: scf.ForOp) -> None:
        here = [r for r in self.running if loop in r.loops]
        starts: list[SSAValue] = []
        for running in here:
            place = running.loops.index(loop)
            start = self.constant(running.affine.base) if place == 0 else running.values[running.loops[place - 1]]
            starts.append(start)
            argument = loop.body.block.insert_arg(IndexType(), len(loop.body.block.args))
            argument.name_hint = "at"
            running.values[loop] = argument
        self._carry(loop.body.block)
        last = loop.body.block.last_op
        assert isinstance(last, scf.YieldOp)
        following = [self._next(running, loop, last) for running in here]
        Rewriter.replace_op(last, scf.YieldOp(*last.operands, *following))
        body = loop.detach_region(loop.body)
        new = scf.ForOp(loop.lb, loop.ub, loop.step, [*loop.iter_args, *starts], body)
        new.attributes.update(loop.attributes)
        self._replace(loop, new, here)

    def _next(self, running: Running, loop: scf.ForOp, last: Operation) -> SSAValue:
        """What a number is at the next iteration: what the loop inside has left of it, plus a constant."""
        place, moves = running.loops.index(loop), running.affine.moves
        value, moved = running.values[loop], 0
        if place + 1 < len(running.loops):
            inner = running.loops[place + 1]
            trips = trips_of(inner)
            assert trips is not None
            value, moved = self.behind[running], trips * moves.get(inner, 0)
        delta = moves.get(loop, 0) - moved
        if delta == 0:
            return value
        op = (arith.AddiOp if delta > 0 else arith.SubiOp)(value, self.constant(abs(delta)))
        Rewriter.insert_op(op, InsertPoint.before(last))
        return op.results[0]

    def _replace(self, loop: scf.ForOp, new: scf.ForOp, here: Sequence[Running]) -> None:
        old = len(loop.results)
        Rewriter.insert_op(new, InsertPoint.before(loop))
        for result, replacement in zip(loop.results, new.results, strict=False):
            replacement.name_hint = result.name_hint
            result.replace_all_uses_with(replacement)
        for running, result in zip(here, new.results[old:], strict=True):
            self.behind[running] = result
        for running in self.running:
            if loop in running.loops:
                running.loops[running.loops.index(loop)] = new
                running.values[new] = running.values.pop(loop)
                if loop in running.affine.steps:
                    running.affine.steps[new] = running.affine.steps.pop(loop)
        block = loop.parent
        assert block is not None
        block.erase_op(loop)

    def _use(self, op: Operation, affine: Affine, running: Running | None, operand: int) -> None:
        """Put the number into an op."""
        if running is None and affine.moves:
            return
        value = self._value(op, affine, running)
        if operand >= 0:
            op.operands[operand] = value
            return
        assert isinstance(op, Access)
        flat = self.flat.of(op.memref)
        if isinstance(op, memref.LoadOp):
            new = memref.LoadOp.get(flat, [value])
            new.res.name_hint = op.res.name_hint
            Rewriter.replace_op(op, new)
        else:
            Rewriter.replace_op(op, memref.StoreOp.get(op.value, flat, [value]))

    def _value(self, op: Operation, affine: Affine, running: Running | None) -> SSAValue:
        """What runs along, plus the terms that do not."""
        total = self.constant(affine.base) if running is None else running.values[running.loops[-1]]
        for value, factor in affine.factors.items():
            if factor == 0:
                continue
            term = value
            if factor != 1:
                product = arith.MuliOp(value, self.constant(factor))
                Rewriter.insert_op(product, InsertPoint.before(op))
                term = product.result
            if running is None and affine.base == 0 and total is self.constants.get(0):
                total = term
                continue
            sum = arith.AddiOp(total, term)
            Rewriter.insert_op(sum, InsertPoint.before(op))
            total = sum.result
        return total


def has_variables(affine: Affine) -> bool:
    """True where variables of loops whose bounds are not known are among the terms."""
    arguments = [v for v, factor in affine.factors.items() if factor and isinstance(v, BlockArgument)]
    return any(isinstance(argument.block.parent_op(), scf.ForOp) for argument in arguments)


def erase_dead(function: func.FuncOp) -> None:
    """Drop arithmetic that nothing uses any more."""
    for op in reversed(list(function.walk())):
        if op.name.startswith("arith.") and not any(result.uses for result in op.results):
            Rewriter.erase_op(op)
