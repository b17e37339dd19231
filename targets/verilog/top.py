"""The top: memories behind ports, an instance of each module, and who runs when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Operation, SSAValue

from ...dialects import rtl
from ...dialects.fixed.types import PortAttr
from ...dialects.names import identifier
from ...dialects.rtl import address_bits
from ...dialects.rtl.names import made
from .expressions import span
from .interfaces import Interface, at_memories
from .module import copy_name, port_names, progress_name, write_names

READ = "TINYML_READ"
"""A macro: a word, and whether it is written in this clock."""

NOW, SHOWN = made("half", "now"), made("half", "shown")
"""Which of two memories modules have, and which the caller reads: what was written last."""


@dataclass(frozen=True)
class TopPort:
    """A port of the model: the banks behind it, whose first has a power of two of words, and its name in Verilog."""

    banks: tuple[rtl.MemoryOp, ...]
    name: str
    is_input: bool
    elements: int

    @property
    def address_bits(self) -> int:
        """The bits of the number of an element."""
        return address_bits(elements_in(self.banks))

    @property
    def bits(self) -> int:
        """The bits of an element."""
        return self.banks[0].element.width.data

    @property
    def word_bits(self) -> int:
        """The bits of an element's number that say in which word of a bank, and where in the word it is."""
        return address_bits(elements_in(self.banks[:1]))


def elements_in(banks: Iterable[rtl.MemoryOp]) -> int:
    """The elements of banks."""
    return sum(bank.words.value.data * bank.lanes.value.data for bank in banks)


def top_ports(top: rtl.TopOp, memories: Mapping[str, rtl.MemoryOp]) -> list[TopPort]:
    """The ports of the top, inputs first, named by the model's ports."""
    ports: list[TopPort] = []
    for symbols, kind in ((top.inputs, "in"), (top.outputs, "out")):
        given = top.attributes.get("fixed.inputs" if kind == "in" else "fixed.outputs")
        labels = [p for p in given.data if isinstance(p, PortAttr)] if isinstance(given, ArrayAttr) else []
        for number, symbols_of_port in enumerate(symbols):
            banks = tuple(memories[symbol.string_value()] for symbol in symbols_of_port)
            elements = elements_in(banks)
            stem = identifier(labels[number].label.data) if labels else f"port{number}"
            if any(port.name == f"{stem}_{kind}" for port in ports):
                stem = f"{stem}{number}"
            if labels:
                elements = 1
                for size in labels[number].stored_shape:
                    elements *= size
            ports.append(TopPort(banks, f"{stem}_{kind}", kind == "in", elements))
    return ports


class TopText:
    """The text of the top."""

    def __init__(
        self,
        top: rtl.TopOp,
        modules: Mapping[str, rtl.ModuleOp],
        memories: Mapping[str, rtl.MemoryOp],
        interfaces: Mapping[str, Interface],
    ):
        self.top, self.modules, self.memories, self.interfaces = top, modules, memories, interfaces
        self.lines: list[str] = []
        self.reset: list[str] = []
        self.clocked: list[str] = []
        self.rounds: dict[SSAValue, str] = {}
        self.joins = 0
        self.counted: set[str] = set()
        self.beside: set[str] = set()
        """Modules that run beside others."""
        self.order: list[str] = []
        """Modules in the order in which they run."""
        self.ports = top_ports(top, memories)

    def text(self) -> str:
        """The whole module."""
        head = ["input clk", "input rst", "input start", "output done"]
        for port in self.ports:
            if port.is_input:
                head.append(f"input {port.name}_we")
            head.append(f"input {span(port.address_bits)}{port.name}_addr")
            head.append(f"{'input' if port.is_input else 'output'} {span(port.bits)}{port.name}_data")
        done = self._sequence(list(self.top.body.block.ops), "start")
        self.lines.append(f"assign done = {done};")
        if any(memory.double is not None for memory in self.memories.values()):
            self.lines.append(f"reg {NOW}, {SHOWN};")
            self.reset += [f"{NOW} <= 1'b0;", f"{SHOWN} <= 1'b0;"]
            self.clocked += [f"if (start) {NOW} <= !{NOW};", f"if (done) {SHOWN} <= {NOW};"]
        users = at_memories(self.interfaces, self.order)
        for name, memory in self.memories.items():
            if memory.init is None:
                self._memory(memory, users.get(name, []))
        for port in self.ports:
            if not port.is_input:
                self._element(port)
        lines = [f"module {self.top.sym_name.data} (", ",\n".join(f"  {port}" for port in head), ");"]
        lines += [f"  {line}" for line in self.lines]
        lines += ["  always @(posedge clk)", "    if (rst) begin", *(f"      {line}" for line in self.reset)]
        lines += ["    end else begin", *(f"      {line}" for line in self.clocked), "    end", "endmodule"]
        return "\n".join(lines) + "\n"

    def _sequence(self, ops: Sequence[Operation], go: str) -> str:
        """Run ops one after the other from a flag on; returns the flag of their end."""
        for op in ops:
            if isinstance(op, rtl.StartOp):
                go = self._instance(op, go)
            elif isinstance(op, rtl.RepeatOp):
                go = self._repeat(op, go)
            elif isinstance(op, rtl.OverlapOp):
                go = self._overlap(op, go)
        return go

    def _overlap(self, op: rtl.OverlapOp, go: str) -> str:
        """All modules start; the flag of the end is 1 when the last one is done."""
        starts = [start for start in op.body.block.ops if isinstance(start, rtl.StartOp)]
        first, number = len(self.order), self.joins
        self.joins += 1
        self.beside |= {start.module.string_value() for start in starts}
        for start in starts:
            self._progress(start.module.string_value())
        done = [self._instance(start, go) for start in starts]
        busy, joined = made("busy", number), made("joined", number)
        still = [f"(!{made('active', first + n)} | {flag})" for n, flag in enumerate(done)]
        self.lines += [f"reg {busy};", f"wire {joined} = {busy} & {' & '.join(still)};"]
        self.reset.append(f"{busy} <= 1'b0;")
        self.clocked.append(f"if ({go}) {busy} <= 1'b1; else if ({joined}) {busy} <= 1'b0;")
        return joined

    def _repeat(self, op: rtl.RepeatOp, go: str) -> str:
        """Rounds: the number of the round is a register."""
        number, trips = len(self.rounds), op.trips.value.data
        name, bits = made("round", number), rtl.signed_bits(0, trips - 1)
        self.rounds[op.body.block.args[0]] = name
        again, finished = made("again", number), made("finished", number)
        self.lines += [f"reg {span(bits)}{name};", f"wire {again}, {finished};"]
        flag = made("go", number)
        self.lines.append(f"wire {flag} = {go} | {again};")
        done = self._sequence(list(op.body.block.ops), flag)
        last = f"{name} == {bits}'d{trips - 1}"
        self.lines += [f"assign {finished} = {done} & {last};", f"assign {again} = {done} & !({last});"]
        self.reset.append(f"{name} <= {bits}'d0;")
        self.clocked.append(f"if ({finished}) {name} <= {bits}'d0; else if ({again}) {name} <= {name} + {bits}'d1;")
        return finished

    def _progress(self, name: str) -> None:
        """Declare the wire of the rows that a module counts, once."""
        signal = self.interfaces[name].signal
        if signal is not None and name not in self.counted:
            self.counted.add(name)
            self.lines.append(f"wire {span(address_bits(signal.rows.value.data + 1))}{made(name, 'progress')};")

    def _instance(self, op: rtl.StartOp, go: str) -> str:
        name = op.module.string_value()
        interface, number = self.interfaces[name], len(self.order)
        self.order.append(name)
        done, active = made("done", number), made("active", number)
        self.lines += [f"wire {done};", f"reg {active};"]
        self.reset.append(f"{active} <= 1'b0;")
        self.clocked.append(f"if ({go}) {active} <= 1'b1; else if ({done}) {active} <= 1'b0;")
        pins = [("clk", "clk"), ("rst", "rst"), ("start", go), ("done", done)]
        pins += [(f"round{i}", self.rounds[value]) for i, value in enumerate(op.rounds) if i in interface.rounds]
        for inner in interface.rows:
            if isinstance(inner, rtl.SignalOp):
                self._progress(name)
                pins.append(("progress", made(name, "progress")))
            else:
                producer = inner.module.string_value()
                pins.append((progress_name(producer), made(producer, "progress")))
        for port, bits in memory_ports(interface, self.memories):
            self.lines.append(f"wire {span(bits)}{made('m', number, port)};")
            pins.append((port, made("m", number, port)))
        self.lines.append(f"{name} {made('m', number)} (" + ", ".join(f".{pin}({wire})" for pin, wire in pins) + ");")
        return done

    def _memory(self, memory: rtl.MemoryOp, accesses: Sequence[tuple[int, str, rtl.ReadOp | rtl.WriteOp]]) -> None:
        """A memory, the module at work at each of its ports; a caller's where none is."""
        mine = [port for port in self.ports if memory in port.banks]
        outside = [port for port in mine if not port.is_input]
        readers: dict[int, list[tuple[int, str, str]]] = {}
        for number, _, op in accesses:
            if isinstance(op, rtl.ReadOp):
                readers.setdefault(op.port.value.data, []).append((number, *port_names(op)))
        if outside:
            readers.setdefault(0, [])
        copies = sorted({memory.copy_of(port) for port in readers} or {0})
        style = "" if memory.collision_free is None else "(* no_rw_check *) "
        for copy in copies:
            self.lines.append(f"{style}reg {span(memory.bits)}{copy_name(memory, copy)} [0:{memory.all_words - 1}];")
        writers = [(number, module) for number, module, op in accesses if isinstance(op, rtl.WriteOp)]
        inside = [port for port in mine if port.is_input]
        self._writes(memory, writers, inside, copies)
        self._reads(memory, readers, outside, collides=bool(memory.collision_free and (writers or inside)))

    def _reads(
        self,
        memory: rtl.MemoryOp,
        users: Mapping[int, list[tuple[int, str, str]]],
        outside: Sequence[TopPort],
        collides: bool,
    ) -> None:
        name, bits = memory.sym_name.data, address_bits(memory.all_words)
        for port, readers in sorted(users.items()):
            word = made(name, f"q{port}")
            extra = [placed(memory, word_address(p, memory), SHOWN) for p in outside] if port == 0 else []
            addresses = [(made("active", n), placed(memory, made("m", n, address), NOW)) for n, address, _ in readers]
            last = extra[0] if extra else addresses.pop()[1]
            chosen = "".join(f"{flag} ? {address} : " for flag, address in addresses) + last
            self.lines += [f"reg {span(memory.bits)}{word};", f"wire {span(bits)}{word}__at = {chosen};"]
            read = f"{copy_name(memory, memory.copy_of(port))}[{word}__at]"
            if collides:
                read = f"`{READ}({read}, |{made(name, 'mask')} & {made(name, 'at')} == {word}__at)"
            self.lines.append(f"always @(posedge clk) {word} <= {read};")
            self.lines += [f"assign {made('m', n, data)} = {word};" for n, _, data in readers]

    def _chooser(self, number: int, module: str, memory: str) -> str:
        """The flag under which a module writes: that it is at work, or that it does, beside others."""
        return f"|{made('m', number, write_names(memory)[2])}" if module in self.beside else made("active", number)

    def _element(self, port: TopPort) -> None:
        """The element of a word that a caller reads."""
        memory, low = port.banks[0], lane_bits(port)
        word = made(memory.sym_name.data, "q0")
        if len(port.banks) > 1:
            number, word = f"{port.name}__bank", f"{port.name}__word"
            self.lines.append(f"reg {span(port.address_bits - port.word_bits)}{number};")
            self.lines.append(f"always @(posedge clk) {number} <= {bank_address(port)};")
            words = [made(bank.sym_name.data, "q0") for bank in port.banks]
            chosen = "".join(f"{is_bank(port, number, n)} ? {w} : " for n, w in enumerate(words[:-1])) + words[-1]
            self.lines.append(f"wire {span(memory.bits)}{word} = {chosen};")
        if memory.lanes.value.data == 1:
            self.lines.append(f"assign {port.name}_data = {word};")
            return
        room = address_bits(memory.bits)
        self.lines.append(f"reg [{low - 1}:0] {port.name}__part;")
        self.lines.append(f"always @(posedge clk) {port.name}__part <= {lane_of(port)};")
        place = f"{{{room - low}'d0, {port.name}__part}}" if room > low else f"{port.name}__part"
        self.lines.append(f"assign {port.name}_data = {word}[{place} * {room}'d{port.bits} +: {port.bits}];")

    def _writes(
        self,
        memory: rtl.MemoryOp,
        modules: Sequence[tuple[int, str]],
        outside: Sequence[TopPort],
        copies: Sequence[int],
    ) -> None:
        name, bits, lanes = memory.sym_name.data, address_bits(memory.all_words), memory.lanes.value.data
        writers: list[tuple[str, ...]] = []
        for number, module in modules:
            address, *pins = (made("m", number, pin) for pin in write_names(name))
            writers.append((self._chooser(number, module, name), placed(memory, address, NOW), *pins))
        for port in outside:
            mask, word = f"{port.name}_we", f"{port.name}_data"
            if len(port.banks) > 1:
                mask = f"({mask} & {is_bank(port, bank_address(port), port.banks.index(memory))})"
            if lanes > 1:
                mask = f"({lanes}'d1 << {lane_of(port)}) & {{{lanes}{{{mask}}}}}"
                word = f"{{{lanes}{{{word}}}}}"
            writers.append(("", placed(memory, word_address(port, memory), f"!{NOW}"), word, mask))
        if not writers:
            return
        if not outside:
            writers[-1] = ("", *writers[-1][1:])
        for number, (kind, width) in enumerate((("at", bits), ("data", memory.bits), ("mask", lanes)), 1):
            chosen = "".join(f"{w[0]} ? {w[number]} : " for w in writers[:-1]) + writers[-1][number]
            self.lines.append(f"wire {span(width)}{made(name, kind)} = {chosen};")
        each, copied = memory.element.width.data, [copy_name(memory, copy) for copy in copies]
        if lanes == 1:
            writes = [f"  if ({name}__mask) {copy}[{name}__at] <= {name}__data;" for copy in copied]
            self.lines += ["always @(posedge clk) begin", *writes, "end"]
            return
        lane = made(name, "lane")
        part = f"[{lane} * {each} +: {each}]"
        self.lines += [f"genvar {lane};", f"generate for ({lane} = 0; {lane} < {lanes}; {lane} = {lane} + 1)"]
        self.lines += [f"begin : {made(name, 'lanes')}", f"  always @(posedge clk) if ({name}__mask[{lane}]) begin"]
        self.lines += [f"    {copy}[{name}__at]{part} <= {name}__data{part};" for copy in copied]
        self.lines += ["  end", "end endgenerate"]


def placed(memory: rtl.MemoryOp, address: str, half: str) -> str:
    """An address in one of two memories, where they are."""
    return address if memory.double is None else f"{{{half}, {address}}}"


def low_bits(memory: rtl.MemoryOp) -> int:
    """The bits of an element's number that say where in a word it is."""
    return (memory.lanes.value.data - 1).bit_length()


def lane_bits(port: TopPort) -> int:
    """The bits of a caller's address that say where in a word its element is."""
    return min(low_bits(port.banks[0]), port.address_bits)


def lane_of(port: TopPort) -> str:
    """These bits: all of the address, which has no parts where it is one bit, or its lowest."""
    bits, address = lane_bits(port), f"{port.name}_addr"
    return address if bits == port.address_bits else f"{address}[{bits - 1}:0]"


def word_address(port: TopPort, bank: rtl.MemoryOp) -> str:
    """The number of the word of a bank that a caller's element is in."""
    low, bits = low_bits(bank), address_bits(bank.words.value.data)
    if not low and bits == port.address_bits:
        return f"{port.name}_addr"
    return "1'd0" if bank.words.value.data == 1 else f"{port.name}_addr[{low + bits - 1}:{low}]"


def bank_address(port: TopPort) -> str:
    """The number of the bank that a caller's element is in."""
    return f"{port.name}_addr[{port.address_bits - 1}:{port.word_bits}]"


def is_bank(port: TopPort, number: str, bank: int) -> str:
    """Whether it is this one."""
    return f"({number} == {port.address_bits - port.word_bits}'d{bank})"


def memory_ports(interface: Interface, memories: Mapping[str, rtl.MemoryOp]) -> list[tuple[str, int]]:
    """Names and widths of the pins of a module for memories outside."""
    pins: list[tuple[str, int]] = []
    for op in interface.accesses:
        memory = memories[op.memory.string_value()]
        bits = address_bits(memory.words.value.data)
        if isinstance(op, rtl.WriteOp):
            pins += zip(write_names(memory.sym_name.data), (bits, memory.bits, memory.lanes.value.data), strict=True)
        elif memory.init is None:
            pins += zip(port_names(op), (bits, memory.bits), strict=True)
    return pins
