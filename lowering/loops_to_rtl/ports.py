"""Reads and writes of a module: addresses of words, elements of words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import memref
from xdsl.ir import SSAValue

from ...dialects import rtl
from ...dialects.diagnostics import OpError
from ...dialects.rtl.names import made
from .banks import Banks, declare
from .engine import Engine
from .memories import Memory, run_of
from .nest import Access, Coordinates, Nest
from .pipeline import REGISTERED, Pipeline, Value, Wire
from .running import Running
from .steps import Steps


class Ports:
    """The memory ports of a module; constants that lanes read in words of their own are `constants`."""

    def __init__(self, pipeline: Pipeline, nest: Nest, symbol: str, taken: dict[str, int]):
        self.nest, self.symbol, self.block = nest, symbol, pipeline.block
        self.constants: list[rtl.MemoryOp] = []
        self.shared: dict[str, Memory] = {}
        """Constants that are read in their own order."""
        self._ports = taken
        """The last read port of each memory that is taken."""
        self._words: dict[tuple[Pipeline, str, Value], Wire] = {}
        self._packed = 0
        """How many constants have words of their own."""

    def word(self, pipeline: Pipeline, banks: Banks, address: Value, bits: int) -> Wire:
        """The word of so many bits at an address of a memory."""
        key = (pipeline, banks.symbol, address)
        if key not in self._words:
            for _ in range(pipeline.limits.port_registers):
                address = pipeline.register(address)
            if len(banks) > 1:
                self._words[key] = self._of_banks(pipeline, banks, address, bits)
            else:
                word = self._read(pipeline, banks.symbol, address, bits)
                self._words[key] = behind(pipeline, word, pipeline.limits.word_registers)
        return self._words[key]

    def _read(self, pipeline: Pipeline, symbol: str, address: Value, bits: int) -> Wire:
        """A word straight from a memory."""
        at = 0 if isinstance(address, int) else address.stage
        port = self._ports[symbol] = self._ports.get(symbol, -1) + 1
        op = rtl.ReadOp(symbol, port, pipeline.at(address, at), bits)
        op.result.name_hint = f"word{len(self._words)}"
        self.block.add_op(op)
        return Wire(op.result, at + 1, pipeline.limits.read)

    def _of_banks(self, pipeline: Pipeline, banks: Banks, address: Value, bits: int) -> Wire:
        """A word of one of the banks: each has the first of the registers, the others are behind the choice."""
        registers = pipeline.limits.word_registers
        if isinstance(address, int):
            return behind(pipeline, self._read(pipeline, *banks.find(address), bits), registers)
        number, place = word_and_part(pipeline, address, banks.place_bits)
        found = [self._read(pipeline, name, place, bits) for name in banks.names]
        if registers:
            found = [pipeline.register(word) for word in found]
        joined = pipeline.compute("join", found, bits * len(banks))
        return behind(pipeline, pipeline.compute("pick", [joined, number], bits), max(0, registers - 1))

    def load(
        self, engine: Engine, access: Access, memory: Memory, lanes: Sequence[Coordinates], steps: Steps
    ) -> dict[Coordinates, Value]:
        """The elements that lanes read."""
        offsets = sorted({access.running.at(lane) for lane in lanes})
        if memory.values is not None and len(offsets) > 1:
            return self._from_packed(engine, access, memory, lanes, steps)
        if memory.values is not None:
            self.shared[memory.symbol] = memory
        run = None if memory.values is not None else run_of(self.nest, access, lanes, steps.is_finishing)
        if run is None:
            found = {o: self._element(engine, access.running, o, memory, steps) for o in offsets}
            return {lane: found[access.running.at(lane)] for lane in lanes}
        group, start = self._group(engine, run.start, run.width, memory, steps), offsets[0]
        elements = [self._part(engine.pipeline, group, n, memory.bits) for n in range(run.width)]
        return {lane: elements[access.running.at(lane) - start] for lane in lanes}

    def load_at(self, pipeline: Pipeline, address: Value, memory: Memory) -> Value:
        """The element at a computed address."""
        if memory.values is not None:
            self.shared[memory.symbol] = memory
        group = self._at(pipeline, address, 1, memory)
        return self._part(pipeline, group, 0, memory.bits)

    def _from_packed(
        self, engine: Engine, access: Access, memory: Memory, lanes: Sequence[Coordinates], steps: Steps
    ) -> dict[Coordinates, Value]:
        assert memory.values is not None
        words = steps.packed(access, lanes, memory)
        symbol = made(self.symbol, f"rom{self._packed}")
        self._packed += 1
        bits, bank_bits = words.shape[1] * memory.bits, engine.pipeline.limits.bank_bits
        self.constants += declare(symbol, words, memory.element, bank_bits)
        address = engine.running(0, steps.row_major(access.running))
        word = self.word(engine.pipeline, Banks.of(symbol, len(words), bits, bank_bits), address, bits)
        offsets = sorted({access.running.at(lane) for lane in lanes})
        parts = {o: self._part(engine.pipeline, word, n, memory.bits) for n, o in enumerate(offsets)}
        return {lane: parts[access.running.at(lane)] for lane in lanes}

    def _element(self, engine: Engine, running: Running, offset: int, memory: Memory, steps: Steps) -> Value:
        group = self._group(engine, Running(running.base + offset, running.steps), 1, memory, steps)
        return self._part(engine.pipeline, group, 0, memory.bits)

    def _group(self, engine: Engine, start: Running, width: int, memory: Memory, steps: Steps) -> Wire:
        """So many neighbouring elements as a word."""
        moves = steps.of(start)
        ratio = memory.lanes // width
        if ratio > 1 and all(move % memory.lanes == 0 for move in moves):
            address = engine.running(start.base // memory.lanes, [move // memory.lanes for move in moves])
            banks = memory.banks(engine.pipeline.limits.bank_bits)
            word = self.word(engine.pipeline, banks, address, memory.lanes * memory.bits)
            return self._part(engine.pipeline, word, start.base % memory.lanes // width, width * memory.bits)
        address = engine.running(start.base // width, [move // width for move in moves])
        return self._at(engine.pipeline, address, width, memory)

    def _at(self, pipeline: Pipeline, address: Value, width: int, memory: Memory) -> Wire:
        """The group of `width` elements of this number."""
        ratio, bits = memory.lanes // width, memory.lanes * memory.bits
        banks = memory.banks(pipeline.limits.bank_bits)
        if ratio == 1:
            return self.word(pipeline, banks, address, bits)
        shift = ratio.bit_length() - 1
        if isinstance(address, int):
            word = self.word(pipeline, banks, address >> shift, bits)
            return self._part(pipeline, word, address % ratio, width * memory.bits)
        number, chosen = word_and_part(pipeline, address, shift)
        word = self.word(pipeline, banks, number, bits)
        return pipeline.compute("pick", [word, chosen], width * memory.bits)

    def _part(self, pipeline: Pipeline, word: Wire, number: int, bits: int) -> Wire:
        if word.bits == bits:
            return word
        return pipeline.compute("element", [word], bits, number)

    def store(
        self,
        engine: Engine,
        access: Access,
        memory: Memory,
        values: dict[Coordinates, Value],
        steps: Steps,
        op: memref.StoreOp,
        enable: Callable[[int], SSAValue],
    ) -> int:
        """Write what lanes have; returns the stage in which it is written."""
        run = run_of(self.nest, access, list(values), steps.is_finishing)
        if run is None:
            raise OpError(
                op, f"its {len(values)} lanes do not write neighbouring elements: choose lanes of another loop"
            )
        pipeline, bits = engine.pipeline, memory.bits
        moves, ratio = steps.of(run.start), memory.lanes // run.width
        first = run.start.base - access.running.base
        in_order = sorted(values, key=access.running.at)
        assert access.running.at(in_order[0]) == first
        elements = [values[lane] for lane in in_order]
        parts = [pipeline.compute("resize", [e], bits) if needs_resize(e, bits) else e for e in elements]
        stage = max((part.stage for part in parts if isinstance(part, Wire) and not part.is_static), default=0)
        address = engine.running(run.start.base // run.width, [move // run.width for move in moves], stage)
        return self.write(pipeline, memory, address, parts, ratio, enable)

    def write(
        self,
        pipeline: Pipeline,
        memory: Memory,
        address: Value,
        parts: Sequence[Value],
        ratio: int,
        enable: Callable[[int], SSAValue],
    ) -> int:
        """Write a group of elements; `ratio` groups make a word. What is written comes straight from a register."""
        width, shift, more = len(parts), ratio.bit_length() - 1, pipeline.limits.port_registers
        if not more:
            parts = [pipeline.registered(part) for part in parts]
        chosen: Value = 0
        number = address
        if ratio > 1 and not isinstance(address, int):
            number, chosen = word_and_part(pipeline, address, shift)
        elif isinstance(address, int):
            number, chosen = address >> shift, address % ratio
        timed = [v for v in (number, *parts) if isinstance(v, Wire) and not v.is_static]
        stage = max((v.stage for v in timed), default=0)
        elements = [exact(pipeline, p, memory.bits, stage) for p in parts]
        word = Wire(elements[0], stage)
        if len(parts) * ratio > 1:
            joined = [Wire(e, stage) for e in elements] * ratio
            word = pipeline.compute("join", joined, len(joined) * memory.bits, stage=stage)
        banks = memory.banks(pipeline.limits.bank_bits)
        written, valid = stage + more, Wire(enable(stage), stage)
        enables = dict.fromkeys(banks.names, valid)
        if len(banks) > 1:
            number, enables = self._to_banks(pipeline, number, valid, banks, stage)
        for name, mask in enables.items():
            if ratio > 1 or width > 1:
                mask = pipeline.compute("mask", [chosen, mask], ratio * width, width, stage=stage)
            flags = pipeline.valid(mask.value, more)
            self.block.add_op(rtl.WriteOp(name, pipeline.at(number, written), pipeline.at(word, written), flags))
        return written

    def _to_banks(
        self, pipeline: Pipeline, address: Value, valid: Wire, banks: Banks, stage: int
    ) -> tuple[Value, dict[str, Wire]]:
        """The place in its bank of a word that is written, and the flag of each bank that it may be in."""
        if isinstance(address, int):
            name, place = banks.find(address)
            return place, {name: valid}
        number, place = word_and_part(pipeline, address, banks.place_bits)
        flags = pipeline.compute("mask", [number, valid], len(banks), 1, stage=stage)
        found = {n: pipeline.compute("element", [flags], 1, i, stage=stage) for i, n in enumerate(banks.names)}
        return place, found


def behind(pipeline: Pipeline, word: Wire, registers: int) -> Wire:
    """A word behind registers of its memory, which others that take it do not count as theirs."""
    if not registers:
        return word
    return Wire(pipeline.at(word, word.stage + registers), word.stage + registers, 2 * REGISTERED)


def exact(pipeline: Pipeline, value: Value, bits: int, stage: int) -> SSAValue:
    """A value of exactly so many bits in a stage."""
    if isinstance(value, int):
        return pipeline.constant(value, bits)
    wire = pipeline.at(value, stage)
    if rtl.bits_of(wire) == bits:
        return wire
    return pipeline.compute("resize", [Wire(wire, stage)], bits, stage=stage).value


def needs_resize(value: Value, bits: int) -> bool:
    """True for a wire that is wider than an element."""
    return isinstance(value, Wire) and value.bits > bits


def word_and_part(pipeline: Pipeline, address: Wire, shift: int) -> tuple[Wire, Wire]:
    """The number of the word, and of the part of it."""
    number = pipeline.compute("shr", [address], max(1, address.bits - shift), min(shift, address.bits - 1))
    return number, pipeline.compute("resize", [address], shift)
