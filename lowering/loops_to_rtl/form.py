"""A function of the loops level as a module: one pipeline over its nest, and one that finishes what it reduces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, memref, scf
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import rtl
from ...dialects.dataflow import Await, stage_of
from ...dialects.diagnostics import OpError
from ...dialects.emitc.types import NODE
from ...dialects.mcu import finish_clocks_of, multipliers_of
from .arithmetic import apply, width
from .dataflow import Waits, signal
from .engine import Engine
from .memories import Memory
from .nest import Access, Coordinates, Nest
from .pairs import Factors, multiply_all
from .pipeline import Limits, Pipeline, Turn, Value, Wire, bits_of
from .ports import Ports
from .products import scaled
from .reduce import Reducer
from .steps import Steps
from .units import Units


@dataclass(frozen=True)
class Before:
    """Values of a nest, and the stage of its pipeline in which its results are there."""

    values: dict[SSAValue, dict[Coordinates, Value]]
    pipeline: Pipeline
    stage: int


class Form:
    """The module of one nest while it is written."""

    def __init__(
        self,
        nest: Nest,
        memories: Mapping[SSAValue, Memory],
        limits: Limits,
        round_bits: Sequence[int],
        units: Units,
        awaited: Sequence[tuple[str, Await]] = (),
        taken: dict[str, int] | None = None,
    ):
        self.nest, self.memories, self.round_bits = nest, memories, round_bits
        self.symbol = nest.function.sym_name.data
        self.block, self.limits, self.units = Block(), limits, units
        self.values: dict[SSAValue, dict[Coordinates, Value]] = {}
        self.before: Before | None = None
        run = rtl.RunOp()
        run.result.name_hint = "valid"
        self.block.add_op(run)
        self.steps = Steps(nest, is_finishing=False)
        waits = Waits(self.block, awaited)
        self.engine = Engine(Pipeline(self.block, limits, units), self.steps.turns, waits.step(run.result))
        waits.need(self.engine, nest)
        self.block.add_op(rtl.StopOp(self.engine.finish))
        self.ports = Ports(self.engine.pipeline, nest, self.symbol, {} if taken is None else taken)
        self.needed = nest.needed()
        self.multipliers = multipliers_of(nest.function)
        self.written = -1
        self._parts: dict[tuple[Engine, Value, int, int], Value] = {}
        """Products of terms and constants in addresses."""
        self._rounds()

    def _rounds(self) -> None:
        """The numbers of the rounds around, which are arguments."""
        for number, bits in enumerate(self.round_bits):
            op = rtl.RoundOp(number, bits)
            op.result.name_hint = "round"
            self.block.add_op(op)
            self.values[self.nest.function.args[number]] = {(): Wire(op.result, 0, 0.0, True)}

    def build(self) -> rtl.ModuleOp:
        """The module."""
        self._walk(self.nest.function.body.block, 0)
        if self.written < 0:
            raise OpError(self.nest.function, "a form without a store has no hardware")
        finish = self.engine.pipeline.valid(self.engine.finish, self.written + 1)
        self.block.add_op(rtl.DoneOp(finish))
        if stage_of(self.nest.function) is not None:
            self.block.add_op(signal(self.engine, self.nest, self.written + 1))
        module = rtl.ModuleOp(self.symbol, self.block)
        if (node := self.nest.function.attributes.get(NODE)) is not None:
            module.attributes[NODE] = node
        drop_unused(module)
        return module

    def _walk(self, block: Block, depth: int) -> None:
        """Write the ops of a block that stands in so many loops."""
        lanes = self.nest.coordinates(depth)
        for op in block.ops:
            if not isinstance(op, scf.ForOp):
                self.evaluate(op, lanes)
                continue
            if self.nest.reduction is None:
                self._walk(op.body.block, depth + 1)
                continue
            if depth < self.nest.reduction:
                self._walk(op.body.block, depth + 1)
                continue
            sums = Reducer(self, op).reduce()
            self._finish(op, sums)
            lanes = self.nest.group_coordinates()

    def _finish(self, loop: scf.ForOp, sums: Sequence[dict[Coordinates, Wire]]) -> None:
        """Go on behind the reduction: a pipeline of its own, whose steps are its results."""
        nest, engine = self.nest, self.engine
        stage = next(iter(sums[0].values())).stage
        pipeline = engine.pipeline
        load = pipeline.valid(engine.last(nest.parallel), stage)
        before, group = nest.coordinates(nest.parallel), nest.group_coordinates()
        results = [[values[lane].value for lane in before] for values in sums]
        clocks = finish_clocks_of(nest.function)
        clocks = clocks if clocks <= nest.apart else 1
        if nest.group < nest.lanes:
            serial = [rtl.SerializeOp(load, values, nest.group, clocks) for values in results]
            self.block.add_ops(serial)
            load, results = serial[0].step, [list(op.group) for op in serial]
            self.values = {v: at for v, at in self.values.items() if is_static(at)}
        else:
            self.before, self.values = Before(self.values, pipeline, stage), {}
        self.steps = Steps(nest, is_finishing=True)
        finishing = Pipeline(self.block, self.limits, self.units, Turn(load, clocks))
        self.engine = Engine(finishing, self.steps.turns, load)
        for value, wires in zip(loop.results, results, strict=False):
            self.values[value] = {lane: Wire(wire, 0, 0.5) for lane, wire in zip(group, wires, strict=True)}

    def _moved(self, value: SSAValue) -> dict[Coordinates, Value] | None:
        """A value of the nest as one of what finishes it: only those that are asked for take registers."""
        if self.before is None or value not in self.before.values:
            return None

        def moved(value: Value) -> Value:
            assert self.before is not None
            if isinstance(value, int) or value.is_static:
                return value
            if value.stage > self.before.stage:
                raise OpError(self.nest.function, "a value beside the reduction is there later than its result")
            return Wire(self.before.pipeline.at(value, self.before.stage), 0, 0.0)

        self.values[value] = {lane: moved(v) for lane, v in self.before.values[value].items()}
        return self.values[value]

    def value(self, value: SSAValue, lane: Coordinates) -> Value:
        """A value in a lane."""
        running = self.nest.running(value)
        if running is not None:
            return self.engine.running(running.base + running.at(lane), self.steps.of(running))
        found = self.values.get(value) or self._moved(value)
        if found is None:
            raise OpError(self.nest.function, f"a value of type {value.type} is not there behind the reduction")
        return found[lane[: len(next(iter(found)))]]

    def evaluate(self, op: Operation, lanes: Sequence[Coordinates]) -> None:
        """Write an op for all lanes."""
        if op not in self.needed or (len(op.results) == 1 and self.nest.running(op.results[0]) is not None):
            return
        match op:
            case memref.LoadOp():
                self.values[op.res] = self._load(op, lanes)
            case memref.StoreOp():
                self._store(op, lanes)
            case scf.IfOp():
                self._choose(op, lanes)
            case _:
                self.values[op.results[0]] = self._computed(op, lanes)

    def _choose(self, op: scf.IfOp, lanes: Sequence[Coordinates]) -> None:
        """Both sides are computed, then one is taken. Raises OpError where a side does more than that."""
        if not op.results or any(isinstance(inner, memref.StoreOp | scf.ForOp) for inner in op.walk()):
            raise OpError(op, "hardware has conditions that choose a value, not what is stored or repeated")
        lasts = [region.block.last_op for region in (op.true_region, op.false_region)]
        for region in (op.true_region, op.false_region):
            for inner in region.block.ops:
                if not isinstance(inner, scf.YieldOp):
                    self.evaluate(inner, lanes)
        for number, result in enumerate(op.results):
            taken: dict[Coordinates, Value] = {}
            for lane in lanes:
                left, right = (self.value(last.operands[number], lane) for last in lasts if last is not None)
                operands = [self.value(op.cond, lane), left, right]
                bits = max(bits_of(left), bits_of(right))
                taken[lane] = self.engine.pipeline.compute("select", operands, bits)
            self.values[result] = taken

    def _computed(self, op: Operation, lanes: Sequence[Coordinates]) -> dict[Coordinates, Value]:
        """The same op on the same operands is written once; products of lanes may share multipliers."""
        if isinstance(op, arith.MuliOp):
            factors = [(self.value(op.lhs, lane), self.value(op.rhs, lane)) for lane in lanes]
            return dict(zip(lanes, self.products(op, factors), strict=True))
        known: dict[tuple[Value, ...], Value] = {}
        result: dict[Coordinates, Value] = {}
        for lane in lanes:
            operands = tuple(self.value(operand, lane) for operand in op.operands)
            if operands not in known:
                known[operands] = value = apply(self.engine.pipeline, op, operands)
                if isinstance(value, Wire) and value.value.name_hint is None:
                    value.value.name_hint = op.results[0].name_hint
            result[lane] = known[operands]
        return result

    def products(self, op: arith.MuliOp, factors: Sequence[Factors]) -> list[Value]:
        """The products of an op, by pairs of factors."""
        made = multiply_all(self.engine.pipeline, factors, width(op.result), self.multipliers)
        for value in made.values():
            if isinstance(value, Wire) and value.value.name_hint is None:
                value.value.name_hint = op.result.name_hint
        return [made[pair] for pair in factors]

    def _load(self, op: memref.LoadOp, lanes: Sequence[Coordinates]) -> dict[Coordinates, Value]:
        access = self.nest.access(op)
        memory = self.memories[access.memory]
        if not access.terms:
            return self.ports.load(self.engine, access, memory, lanes, self.steps)
        known: dict[tuple[Value, ...], Value] = {}
        result: dict[Coordinates, Value] = {}
        for lane in lanes:
            terms = tuple(self.value(value, lane) for value, _ in access.terms)
            key = (*terms, access.running.at(lane))
            if key not in known:
                address = self._address(access, terms, lane, memory)
                known[key] = self.ports.load_at(self.engine.pipeline, address, memory)
            result[lane] = known[key]
        return result

    def _address(self, access: Access, terms: Sequence[Value], lane: Coordinates, memory: Memory) -> Value:
        """What runs along, and terms times constants, in the bits of an address."""
        pipeline, running = self.engine.pipeline, access.running
        total = self.engine.running(running.base + running.at(lane), self.steps.of(running))
        most = max(rtl.address_bits(memory.elements), memory.lanes.bit_length())
        for term, (_, factor) in zip(terms, access.terms, strict=True):
            part = self._scaled(term, factor, most)
            if total == 0 and isinstance(total, int):
                total = part
            elif isinstance(total, int) and isinstance(part, int):
                total += part
            else:
                total = pipeline.compute("add", [total, part], min(most, 1 + max(bits_of(total), bits_of(part))))
        return pipeline.registered(total)

    def _scaled(self, term: Value, factor: int, most: int) -> Value:
        """A part of addresses, once for all lanes."""
        key = self.engine, term, factor, most
        if key not in self._parts:
            self._parts[key] = scaled(self.engine.pipeline, term, factor, most)
        return self._parts[key]

    def _store(self, op: memref.StoreOp, lanes: Sequence[Coordinates]) -> None:
        engine, access = self.engine, self.nest.access(op)
        memory = self.memories[access.memory]
        values = {lane: self.value(op.value, lane) for lane in lanes}
        depth = len(self.steps.moves) if self.nest.reduction is not None else self.nest.depth(op)
        flag = engine.last(depth) if depth < len(self.steps.moves) else engine.step

        def enable(stage: int) -> SSAValue:
            return engine.pipeline.valid(flag, stage)

        if access.terms:
            if len(lanes) > 1:
                raise OpError(op, "lanes that write at computed indices: choose lanes of another loop")
            terms = [self.value(value, lanes[0]) for value, _ in access.terms]
            address = self._address(access, terms, lanes[0], memory)
            parts = [values[lanes[0]]]
            stage = self.ports.write(engine.pipeline, memory, address, parts, memory.lanes, enable)
        else:
            stage = self.ports.store(engine, access, memory, values, self.steps, op, enable)
        self.written = max(self.written, stage)


def is_static(at: dict[Coordinates, Value]) -> bool:
    """True for what is there at any time."""
    return all(isinstance(value, int) or value.is_static for value in at.values())


KEPT = frozenset((rtl.WriteOp, rtl.StopOp, rtl.DoneOp, rtl.NextOp, rtl.NeedOp, rtl.SignalOp))
"""What a module does, rather than computes."""


def drop_unused(module: rtl.ModuleOp) -> None:
    """Erase what nothing uses."""
    for op in reversed(module.body.block.ops):
        if type(op) not in KEPT and not any([result.first_use for result in op.results]):
            module.body.block.erase_op(op)
