"""`convert-loops-to-rtl`: modules, memories, and the top that runs them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects import rtl
from ...dialects.dataflow import DOUBLE_PORTS, OVERLAP, awaits_of, stage_of
from ...dialects.diagnostics import OpError
from ...dialects.errors import UserError
from ...dialects.mcu import finish_clocks_of, multipliers_of
from ...dialects.rtl.names import made, top_name
from ...passes.loops.indices.advance import constant_of, trips_of
from .collisions import is_collision_free
from .form import Form
from .memories import Memory, contents, copy_memories, memory_of, run_of
from .nest import Nest, Reading
from .pipeline import Limits
from .units import Units

ADDRESSES = (memref.ReinterpretCastOp, memref.CastOp, memref.CollapseShapeOp, memref.ExpandShapeOp, memref.ViewOp)
"""Other shapes of the same elements in the same order, or of some of them."""

BYTE = 8

REGISTERS = ("word_registers", "far_registers", "port_registers")
MOST_REGISTERS = 8
"""Of each kind."""

LEAST_BLOCK = 512
"""Bits that a block RAM has at least: words of one to 32 bits in 16 to 512 of them."""

ROUND_BITS = 16
"""Of the number of a round, where a module is looked at alone."""


@dataclass(frozen=True)
class ConvertLoopsToRtlPass(ModulePass, rtl.Stages):
    """Turn every function of loops into a pipeline of registers, and the public one into what runs them in turn.

    `levels` is how many levels of logic a stage may have; a device's multipliers take signed numbers of `multiplier`
    bits, one of them of `wide` (by default no more). A word of a memory takes `read` levels of its stage; there are
    `word_registers` behind it, `port_registers` before its address and before what is written, and `far_registers`
    before and behind the registers of a multiplier. Memories with more words than a row of block RAMs of `bank_bits`
    bits are banks.
    """

    name = "convert-loops-to-rtl"
    multiplier: int = 18
    wide: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.levels <= 0 or self.read < 0 or self.multiplier < 4:
            raise UserError(f"{self.name}: levels is more than 0, read no less than 0, multiplier at least 4")
        given = {field.name: getattr(self, field.name) for field in fields(Limits)}
        for name in REGISTERS:
            if not 0 <= given[name] <= MOST_REGISTERS:
                raise UserError(f"{self.name}: {name} is 0 to {MOST_REGISTERS}")
        if self.bank_bits and (self.bank_bits < LEAST_BLOCK or self.bank_bits & (self.bank_bits - 1)):
            raise UserError(f"{self.name}: bank_bits is a power of two from {LEAST_BLOCK} on, or 0")
        limits = Limits(**given | {"wide": max(self.wide, self.multiplier)})
        made = Program(op, public_function(op), limits).build()
        for old in list(op.ops):
            if isinstance(old, func.FuncOp | memref.GlobalOp):
                op.body.block.erase_op(old, safe_erase=False)
        op.body.block.add_ops(made)


def public_function(module: ModuleOp) -> func.FuncOp:
    """The function that the caller of the hardware means. Raises UserError where there is not one."""
    functions = [f for f in module.ops if isinstance(f, func.FuncOp) and not f.is_declaration]
    public = [f for f in functions if f.sym_visibility is None or f.sym_visibility.data != "private"]
    if len(public) != 1:
        raise UserError(f"convert-loops-to-rtl: hardware has one public function, this module {len(public)}")
    return public[0]


@dataclass(frozen=True)
class Made:
    """A module, its own constants, the names of those that others read, too, and the last port that it took of each."""

    module: rtl.ModuleOp
    constants: tuple[rtl.MemoryOp, ...]
    shared: tuple[str, ...]
    ports: dict[str, int]


@dataclass
class Known:
    """What programs of the same functions with other lanes have found: it is not made again."""

    modules: dict[Hashable, Made] = field(default_factory=dict[Hashable, Made])
    readings: dict[str, Reading] = field(default_factory=dict[str, Reading])
    units: dict[str, Units] = field(default_factory=dict[str, Units])
    """By model."""
    calls: dict[str, func.CallOp] = field(default_factory=dict[str, func.CallOp])
    """By callee: the first one."""

    def nest(self, function: func.FuncOp) -> Nest:
        """The nest of a function."""
        return Nest(function, self.readings.setdefault(function.sym_name.data, Reading()))


class Program:
    """The functions of a module, and the memory that each of their arguments is."""

    def __init__(self, module: ModuleOp, public: func.FuncOp, limits: Limits, known: Known | None = None):
        self.public, self.limits, self.known = public, limits, known or Known()
        model = public.sym_name.data
        self.units = self.known.units.setdefault(model, Units(model))
        defined = [f for f in module.ops if isinstance(f, func.FuncOp) and not f.is_declaration]
        self.functions = {f.sym_name.data: f for f in defined}
        self.globals = {g.sym_name.data: g for g in module.ops if isinstance(g, memref.GlobalOp)}
        self.memories: dict[str, Memory] = {}
        """Of globals, as soon as they are asked for."""
        self.bound: dict[SSAValue, Memory] = {}
        self.offsets: dict[SSAValue, int] = {}
        """Where a memref begins in its memory, in elements."""
        self.rounds: dict[str, list[int]] = {}
        self.nests: dict[str, Nest] = {}
        self.overlaps = OVERLAP in public.attributes
        self.beside: dict[str, int] = {}
        """The functions that run beside others, and the number of what they run in."""

    def build(self) -> list[Operation]:
        """The ops of the level."""
        self.memories = {name: memory_of(op) for name, op in self.globals.items()}
        inputs, outputs = self._ports()
        sequence = self._sequence(self.public.body.block, {})
        for name, nest in self.nests.items():
            self._prepare(name, nest)
        self._check_double(inputs, outputs)
        taken, given = ([m.banks(self.limits.bank_bits).names for m in memories] for memories in (inputs, outputs))
        top = rtl.TopOp(top_name(self.public.sym_name.data), taken, given, sequence)
        top.attributes.update(self.public.attributes)
        modules: list[Operation] = []
        used: set[str] = set()
        ports: list[dict[str, int]] = [{} for _ in self.beside]
        for name in self.nests:
            part = self._module(name, ports[self.beside[name]] if name in self.beside else {})
            modules.append(part.module)
            modules[:0] = part.constants
            used.update(part.shared)
        memories = [m for m in self.memories.values() if m.values is None or m.symbol in used]
        order = sorted(modules, key=lambda op: isinstance(op, rtl.ModuleOp))
        units = self.units.used(m for m in order if isinstance(m, rtl.ModuleOp))
        found = [*self._declared(memories), *units, *order, top]
        copy_memories(found)
        return found

    def _check_double(self, inputs: Sequence[Memory], outputs: Sequence[Memory]) -> None:
        """Raise UserError where the caller would need another port of a memory that is double."""
        for memory in (m for m in (*inputs, *outputs) if m.is_double):
            users = memory.writes if memory in inputs else memory.readers
            if users:
                raise UserError(
                    f"@{memory.symbol} is a port that layers both write and read ({', '.join(sorted(users))}): "
                    "it has no port left for the caller while they run; leave out --ports double"
                )

    def _module(self, name: str, taken: dict[str, int]) -> Made:
        """The module of a form, which takes the next ports of memories."""
        nest, before = self.nests[name], dict(taken)
        bound = [self.bound[a] for a in nest.function.args if a in self.bound]
        banks = [bank for m in bound for bank in m.banks(self.limits.bank_bits).names]
        ports = (*(m.lanes for m in bound), *((bank, taken.get(bank, -1)) for bank in banks))
        kind = multipliers_of(nest.function), finish_clocks_of(nest.function)
        key = (name, tuple(loop.lanes for loop in nest.loops), kind, ports)
        if key not in self.known.modules:
            stages = {stage_of(n.function): other for other, n in self.nests.items() if other in self.beside}
            awaited = [(stages[a.stage], a) for a in awaits_of(nest.function)] if name in self.beside else []
            form = Form(nest, self.bound, self.limits, self.rounds[name], self.units, awaited, taken)
            module = form.build()
            more = {symbol: last for symbol, last in taken.items() if before.get(symbol) != last}
            self.known.modules[key] = Made(module, tuple(form.ports.constants), tuple(form.ports.shared), more)
        taken |= self.known.modules[key].ports
        return self.known.modules[key]

    def alone(self, name: str) -> list[Operation]:
        """The module of one function, its constants, and memories that only it reads and writes."""
        function = self.functions[name]
        nest = self.known.nest(function)
        self.bound, self.offsets, self.memories = {}, {}, {}
        for number, argument in enumerate(function.args):
            if isinstance(argument.type, MemRefType):
                element, elements = contents(function, argument.type)
                ring = self._ring(name, number)
                self.bound[argument] = Memory(made(name, number), element, elements, ring=ring)
        self._prepare(name, nest)
        rounds = [ROUND_BITS] * sum(isinstance(a.type, IndexType | IntegerType) for a in function.args)
        form = Form(nest, self.bound, self.limits, rounds, self.units)
        module = form.build()
        own = [self.bound[a] for a in function.args if a in self.bound]
        shared = [m for m in form.ports.shared.values() if m not in own]
        found: list[Operation] = [
            *self._declared([*own, *shared]),
            *form.ports.constants,
            *self.units.used([module]),
            module,
        ]
        copy_memories(found)
        return found

    def _declared(self, memories: Sequence[Memory]) -> list[Operation]:
        """Memories as ops."""
        bits = self.limits.bank_bits
        return [op for m in memories for op in m.declarations(bits, is_collision_free(m, self.nests, self.beside))]

    def _ring(self, name: str, number: int) -> int | None:
        """The ring that a function is called with; None where it is no ring."""
        if not self.known.calls:
            calls = [o for o in self.public.walk() if isinstance(o, func.CallOp)]
            self.known.calls = {o.callee.string_value(): o for o in reversed(calls)}
        owner = self.known.calls[name].operands[number].owner
        while isinstance(owner, ADDRESSES):
            owner = owner.operands[0].owner
        return self._global(owner).ring if isinstance(owner, memref.GetGlobalOp) else None

    def _prepare(self, name: str, nest: Nest) -> None:
        """Bind constants, and see how wide the words of memories must be."""
        self._bind_constants(self.functions[name])
        nest.offsets = self.offsets
        self._observe(nest)

    def _ports(self) -> tuple[list[Memory], list[Memory]]:
        """A memory for each port of the public function: inputs first."""
        from ...dialects.fixed.types import PortAttr

        attributes = self.public.attributes
        inputs = [p for p in getattr(attributes.get("fixed.inputs"), "data", ()) if isinstance(p, PortAttr)]
        ports: list[Memory] = []
        for number, argument in enumerate(self.public.args):
            element, elements = contents(self.public, argument.type)
            kind = "in" if number < len(inputs) else "out"
            symbol = made(self.public.sym_name.data, f"{kind}{number}")
            memory = Memory(symbol, element, elements, is_double=DOUBLE_PORTS in attributes)
            self.bound[argument] = self.memories[symbol] = memory
            ports.append(memory)
        return ports[: len(inputs)], ports[len(inputs) :]

    def _sequence(self, block: Block, rounds: dict[SSAValue, tuple[SSAValue, int]]) -> Block:
        """What runs in a block of the public function."""
        body = Block(arg_types=[IndexType()] * (0 if block is self.public.body.block else 1))
        for op in block.ops:
            match op:
                case memref.GetGlobalOp():
                    self.bound[op.memref] = self._global(op)
                case _ if isinstance(op, ADDRESSES):
                    self._bind_address(op)
                case func.CallOp():
                    self._append(body, self._start(op, rounds))
                case scf.ForOp():
                    trips = trips_of(op)
                    if trips is None or op.iter_args:
                        raise OpError(op, "hardware repeats modules a known number of times")
                    inner = dict(rounds)
                    inner_block = self._repeated(op, inner, trips)
                    body.add_op(rtl.RepeatOp(trips, inner_block))
                case arith.IndexCastOp() if op.input in rounds:
                    rounds[op.result] = rounds[op.input]
                case func.ReturnOp() | scf.YieldOp() | arith.ConstantOp():
                    pass
                case _:
                    raise OpError(op, f"`{op.name}` has no place between the modules of a model in hardware")
        return body

    def _append(self, body: Block, start: rtl.StartOp) -> None:
        """What has a stage runs beside what stands before it and has one, too."""
        name, last = start.module.string_value(), body.last_op
        if not self.overlaps or stage_of(self.functions[name]) is None:
            body.add_op(start)
            return
        if isinstance(last, rtl.OverlapOp):
            last.body.block.add_op(start)
            self.beside[name] = max(self.beside.values())
        else:
            body.add_op(rtl.OverlapOp(Block([start])))
            self.beside[name] = 1 + max(self.beside.values(), default=-1)

    def _repeated(self, op: scf.ForOp, rounds: dict[SSAValue, tuple[SSAValue, int]], trips: int) -> Block:
        placeholder = Block(arg_types=[IndexType()])
        rounds[op.body.block.args[0]] = (placeholder.args[0], trips)
        body = self._sequence(op.body.block, rounds)
        placeholder.args[0].replace_all_uses_with(body.args[0])
        return body

    def _start(self, op: func.CallOp, rounds: dict[SSAValue, tuple[SSAValue, int]]) -> rtl.StartOp:
        """A call: its arguments are rounds, then memories."""
        name = op.callee.string_value()
        function = self.functions.get(name)
        if function is None or function is self.public:
            raise OpError(op, f"there is no private function @{name}")
        taken = [rounds[operand] for operand in op.operands if operand in rounds]
        bits = [rtl.signed_bits(0, trips - 1) for _, trips in taken]
        given = [operand for operand in op.operands if operand not in rounds]
        if [o in rounds for o in op.operands] != [True] * len(taken) + [False] * len(given):
            raise OpError(op, "a form takes the numbers of rounds, then memories")
        if unknown := [operand for operand in given if operand not in self.bound]:
            raise OpError(op, f"hardware does not know where a value of type {unknown[0].type} lies")
        arguments = function.args[len(taken) :]
        if name in self.nests:
            raise OpError(op, "a module is started at one place: a form that is called twice needs two functions")
        self.nests[name], self.rounds[name] = self.known.nest(function), bits
        for argument, operand in zip(arguments, given, strict=True):
            self.bound[argument], self.offsets[argument] = self.bound[operand], self.offsets.get(operand, 0)
        return rtl.StartOp(name, [round for round, _ in taken])

    def _bind_constants(self, function: func.FuncOp) -> None:
        for op in function.body.block.ops:
            if isinstance(op, memref.GetGlobalOp):
                self.bound[op.memref] = self._global(op)
            elif isinstance(op, ADDRESSES):
                self._bind_address(op)

    def _global(self, op: memref.GetGlobalOp) -> Memory:
        """The memory of a global."""
        name = op.name_.string_value()
        if name not in self.globals:
            raise OpError(op, f"there is no global @{name}")
        if name not in self.memories:
            self.memories[name] = memory_of(self.globals[name])
        return self.memories[name]

    def _bind_address(self, op: Operation) -> None:
        """Another shape of the same elements, or a part of them. Raises OpError where elements are of another width."""
        source, result = op.operands[0], op.results[0]
        if source not in self.bound:
            raise OpError(op, f"hardware does not know where a value of type {source.type} lies")
        memory, offset = self.bound[source], self.offsets.get(source, 0)
        if contents(op, result.type)[0] != memory.element:
            raise OpError(op, f"a memory of {memory.element} is not read as {result.type} in hardware")
        if isinstance(op, memref.ReinterpretCastOp):
            offset += op.static_offsets.get_values()[0]
        elif isinstance(op, memref.ViewOp):
            start = constant_of(op.byte_shift)
            if start is None or memory.bits != BYTE:
                raise OpError(op, "hardware knows views of bytes at constant places")
            offset += start
        self.bound[result], self.offsets[result] = memory, offset

    def _observe(self, nest: Nest) -> None:
        """Note who reads and writes memories, and how many neighbouring elements the lanes of each access take."""
        name = nest.function.sym_name.data
        for op in nest.function.walk():
            if isinstance(op, memref.LoadOp | memref.StoreOp):
                finishing = nest.is_finishing(op)
                lanes = nest.group_coordinates() if finishing else nest.coordinates(nest.depth(op))
                access = nest.access(op)
                if access.memory not in self.bound:
                    raise OpError(op, "hardware does not know where this memory lies")
                run = run_of(nest, access, lanes, finishing)
                memory = self.bound[access.memory]
                if isinstance(op, memref.LoadOp):
                    memory.readers.add(name)
                else:
                    memory.writes.setdefault(name, []).append(access)
                if run is not None and memory.values is None:
                    memory.runs.add(run.width)
