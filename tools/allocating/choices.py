"""What a form may take: lanes of its dimensions, shared multipliers, and what each of these costs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from math import prod

from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Operation, SSAValue

from ...dialects import rtl
from ...dialects.dataflow import Await, ring_of, row_dim
from ...dialects.diagnostics import OpError
from ...dialects.errors import UserError
from ...dialects.fixed import ContractOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ...dialects.mcu import FINISH_CLOCKS, LANES, LOGIC, MULTIPLIERS, SHARED
from ...dialects.memplan import round_dims
from ...dialects.memplan.liveness import root_of
from ...lowering.loops_to_rtl.convert import Known, Program, public_function
from ...lowering.loops_to_rtl.pipeline import Limits
from ...passes.memplan.lanes import address_of, fits
from ...targets.estimating.cells import Estimate, module_cells, shapes_of, units_of
from ...targets.estimating.cycles import Wait, needs, timing_of
from ...targets.estimating.memories import in_blocks
from ...targets.family import Family
from ..pareto import pareto
from .chains import Choice, along_chains, choice_of, leaves_time

MOST_LANES = 128
"""Of a form: more are seldom worth their multipliers."""


MOST_RESULTS = 2
"""Lanes of results beside lanes of a reduction: more of these give more for less."""

MOST_LOGIC_RESULTS, MOST_LOGIC_LANES = 1, 64
"""The same of products that adders make."""

FEW_LANES = 8
"""A sum is long where so many lanes still leave time for what finishes it."""

NEAR = 0.1
"""Of the cells of a choice: forms that differ by no more take the same from each other."""

SHARED_BITS = 24
"""Of the wider side of a multiplier that two products of 8 bits fit."""


def lanes_of_forms(form: StructuredForm, most: int, shares: bool) -> Iterator[tuple[tuple[int, ...], str]]:
    """Lanes along the last dimensions of reduction and results, and what makes products."""
    sizes, parallel = form.sizes, len(form.domain.parallel.data)
    one: tuple[int, ...] = (1,) * len(sizes)
    multiplies = isinstance(form, ContractOp)
    shares = shares and multiplies
    if divides(form):
        yield one, ""
        return
    free = iterated(form)
    reduced, results = (
        next((d for d in reversed(dims) if d in free), None) for dims in (range(parallel, len(sizes)), range(parallel))
    )
    for r in lanes_along(form, reduced, most):
        for p in lanes_along(form, results, most // r):
            if p > MOST_RESULTS and reduced is not None and 1 < r < sizes[reduced]:
                continue
            lanes: list[int] = list(one)
            if reduced is not None:
                lanes[reduced] = r
            if results is not None:
                lanes[results] = p
            can_share = shares and p > 1 and results is not None and has_common(form, results)
            yield tuple(lanes), SHARED if can_share else ""
            if multiplies and (r == 1 or p <= MOST_LOGIC_RESULTS) and r * p <= MOST_LOGIC_LANES:
                yield tuple(lanes), LOGIC


def work_of(form: StructuredForm) -> int:
    """The steps of a form on one lane."""
    return prod(form.sizes[dim] for dim in iterated(form))


def divides(form: StructuredForm) -> bool:
    """Whether a body divides: each lane would need its own divider."""
    return any(isinstance(op, arith.DivSIOp) for op in form.body.block.ops)


def iterated(form: StructuredForm) -> list[int]:
    """The dimensions that are loops: of more than one value, and not the number of a round."""
    rounds = round_dims(form)
    return [d for d, n in enumerate(form.trips) if n > 1 and d not in rounds]


def lanes_along(form: StructuredForm, dim: int | None, most: int) -> list[int]:
    """The numbers of lanes that a dimension allows."""
    if dim is None:
        return [1]
    size = form.sizes[dim]
    return [n for n in range(1, min(size, most) + 1) if size % n == 0 and is_round(n, size) and fits(form, dim, n)]


def is_round(number: int, size: int) -> bool:
    """Powers of two, or all of a dimension."""
    return number & (number - 1) == 0 or number == size


def has_common(form: StructuredForm, dim: int) -> bool:
    """Whether an operand of a product does not move along a dimension."""
    moved = [
        address_of(m, shaped_type(v).get_shape()).coefficients[dim] for v, m in zip(form.ins, form.in_maps, strict=True)
    ]
    return any(c == 0 for c in moved)


class Choices:
    """The choices of forms, measured by lowering each; forms alike are measured once.

    What finishes a sum has so many `clocks` for it, where sums take as many. Each choice takes its time: of `many`
    forms adders in place of multipliers are looked at only there, where sums are long, and those that are alike but for
    widths are measured once, too, and each on one lane.
    """

    def __init__(
        self, loops: ModuleOp, limits: Limits, family: Family, known: Known, clocks: int = 1, many: bool = False
    ):
        self.loops, self.limits, self.family, self.known = loops, limits, family, known
        self.program = Program(loops, public_function(loops), limits, known)
        self._loops: dict[func.FuncOp, list[scf.ForOp]] = {}
        """Of functions of forms, in the order of the dimensions."""
        self.clocks, self.many = clocks, many
        self._known: dict[Hashable, list[Choice]] = {}
        self._alike: dict[Hashable, tuple[Choice, list[Choice]]] = {}
        """One lane, and all choices, of a form by its shape."""
        self._least: dict[Hashable, Choice | None] = {}
        """One lane."""
        self.shares = limits.wide >= SHARED_BITS

    def of(self, form: StructuredForm, function: func.FuncOp, most: int) -> list[Choice]:
        """What is not worse than another choice in steps and all cells, of at most so many lanes."""
        key = (most, *key_of(form))
        if key not in self._known:
            self._known[key] = self._near(form, function, most) or self._measured(form, function, most)
        return self._known[key]

    def _near(self, form: StructuredForm, function: func.FuncOp, most: int) -> list[Choice]:
        """Of many forms: the choices of one that is alike but for widths; none where there is none.

        Widths may decide how products are made: a choice with several lanes is measured to see whether they do.
        """
        first, others = self._alike.get((most, *shape_of(form)), (None, []))
        least = self.least(form, function) if first is not None else None
        if first is None or least is None:
            return []
        found = [moved(choice, first, least) for choice in others]
        several = min((c for c in found if prod(c.lanes) >= FEW_LANES), key=lambda c: prod(c.lanes), default=None)
        real = None if several is None else self.measured(form, function, several.lanes, several.multipliers)
        return found if real is not None and several is not None and is_near(several, real) else []

    def _measured(self, form: StructuredForm, function: func.FuncOp, most: int) -> list[Choice]:
        parallel = len(form.domain.parallel.data)
        sizes = tuple(n if d in iterated(form) else 1 for d, n in enumerate(form.sizes))
        reduction = prod(sizes[parallel:])
        needs_time = self.clocks > 1 and self.many and leaves_time((FEW_LANES,), reduction, self.clocks)
        candidates = [
            (lanes, kind)
            for lanes, kind in lanes_of_forms(form, max(1, min(MOST_LANES, most)), self.shares)
            if kind != LOGIC or not needs_time or leaves_time(lanes, reduction, self.clocks)
        ]

        def measure(lanes: tuple[int, ...], kind: str) -> Choice | None:
            if not kind and prod(lanes) == 1:
                return self.least(form, function)
            return self.measured(form, function, lanes, kind)

        found = along_chains(self.family, candidates, parallel, sizes, measure, LOGIC, self.clocks)
        kept = pareto(found, lambda c: c.costs)
        least = self.least(form, function)
        if self.many and least is not None:
            self._alike[most, *shape_of(form)] = least, kept
        return kept

    def least(self, form: StructuredForm, function: func.FuncOp) -> Choice | None:
        """One lane."""
        key = key_of(form)
        if key not in self._least:
            self._least[key] = self.measured(form, function, (1,) * len(form.sizes), "")
        return self._least[key]

    def measured(self, form: StructuredForm, function: func.FuncOp, lanes: tuple[int, ...], kind: str) -> Choice | None:
        """A choice, lowered; None where hardware has none of this kind."""
        try:
            self.mark(form, function, lanes, kind)
            ops = self.program.alone(function.sym_name.data)
        except (OpError, UserError):
            return None
        finally:
            self.mark(form, function, (1,) * len(lanes), "")
        module = next(op for op in ops if isinstance(op, rtl.ModuleOp))
        shapes = shapes_of((op for op in ops if isinstance(op, rtl.MemoryOp)), [module])
        blocks = frozenset(name for name, (shape, n) in shapes.items() if n and in_blocks(self.family, shape, n[0]))
        written, logic = written_by(module), module_cells(self.family, module, units_of(ops), blocks)
        read = {name: (shape, counts[0]) for name, (shape, counts) in shapes.items() if counts and name not in written}
        return choice_of(self.family, (lanes, kind), timing_of(module), logic, read)

    def mark(self, form: StructuredForm, function: func.FuncOp, lanes: tuple[int, ...], kind: str) -> None:
        """Put a choice on a form's function. Raises UserError where its loops are not the form's dimensions."""
        if function not in self._loops:
            self._loops[function] = [op for op in function.walk() if isinstance(op, scf.ForOp)]
        loops, dims = self._loops[function], iterated(form)
        if len(loops) == len(dims):
            for loop, dim in zip(loops, dims, strict=True):
                loop.attributes[LANES] = IntegerAttr(lanes[dim], i64)
        elif prod(lanes) > 1:
            raise UserError("loops that are no dimensions of their form")
        function.attributes.pop(MULTIPLIERS, None)
        if kind:
            function.attributes[MULTIPLIERS] = StringAttr(kind)
        if self.clocks > 1:
            function.attributes[FINISH_CLOCKS] = IntegerAttr(self.clocks, i64)


def body_of(form: StructuredForm) -> Iterator[Hashable]:
    """What a body computes, but for the numbers of its constants."""
    yield tuple(argument.type for argument in form.body.block.args)
    for op in form.body.block.ops:
        yield op.name, tuple(result.type for result in op.results)


def ring_around(value: SSAValue) -> int | None:
    """The elements that are kept of the buffer that a value is in; None for all."""
    owner = root_of(value).owner
    return ring_of(owner) if isinstance(owner, Operation) else None


def written_by(module: rtl.ModuleOp) -> set[str]:
    """The memories that a module writes: their reader pays for them."""
    return {op.memory.string_value() for op in module.body.block.ops if type(op) is rtl.WriteOp}


def shape_of(form: StructuredForm) -> tuple[Hashable, ...]:
    """What forms have in common that are alike but for widths."""
    buffers = [(shaped_type(v).get_shape(), ring_around(v)) for v in (*form.ins, form.target)]
    return (form.name, form.domain, form.maps, *buffers, *(op.name for op in form.body.block.ops))


def key_of(form: StructuredForm) -> tuple[Hashable, ...]:
    """What forms alike have in common."""
    return (*shape_of(form), *body_of(form))


def is_near(choice: Choice, real: Choice) -> bool:
    """Whether a choice takes what was measured, but for a few look-up tables and registers."""
    cells, other = choice.cells, real.cells
    near = all(abs(a - b) <= NEAR * b for a, b in ((cells.luts, other.luts), (cells.ffs, other.ffs)))
    return near and cells.dsps == other.dsps


def moved(choice: Choice, least: Choice, own: Choice) -> Choice:
    """The choice of another form: each takes as much more than that of the first one as on one lane."""
    pairs = zip(choice.cells.costs, own.cells.costs, least.cells.costs, strict=True)
    luts, ffs, dsps, bram36 = (max(0, c + mine - other) for c, mine, other in pairs)
    timing = replace(choice.timing, behind=choice.timing.behind + own.timing.behind - least.timing.behind)
    return replace(choice, timing=timing, cells=Estimate(luts, ffs, int(dsps), bram36))


def waits_of(form: StructuredForm, awaits: list[Await], choice: Choice) -> tuple[Wait, ...]:
    """What a form waits for with these lanes; modules are named by their stages."""
    dim = row_dim(form)
    lanes = 1 if dim is None else choice.lanes[dim]
    return tuple(needs(a, lanes, choice.timing.turns, str(a.stage)) for a in awaits)
