"""A module of `rtl`: declarations, what is computed, and one block of registers."""

from __future__ import annotations

from collections.abc import Mapping

from ...dialects import rtl
from ...dialects.rtl import address_bits, bits_of
from ...dialects.rtl.names import made
from .expressions import literal, span
from .wiring import Wiring, listed


def port_names(read: rtl.ReadOp) -> tuple[str, str]:
    """Address and data of a read port."""
    stem = f"{read.memory.string_value()}_r{read.port.value.data}"
    return f"{stem}_addr", f"{stem}_data"


def write_names(memory: str) -> tuple[str, str, str]:
    """Address, data and mask of a write port."""
    return f"{memory}_w_addr", f"{memory}_w_data", f"{memory}_w_mask"


def copy_name(memory: rtl.MemoryOp, copy: int) -> str:
    """The array that a copy of a memory is; the first one has its name."""
    return made(memory.sym_name.data, f"copy{copy}") if copy else memory.sym_name.data


def image_file(memory: str) -> str:
    """The file with the words of a constant memory."""
    return f"{memory}.hex"


def progress_name(module: str) -> str:
    """The pin on which a module waits for another one."""
    return f"{module}_progress"


class ModuleText(Wiring):
    """The text of a module."""

    def __init__(self, module: rtl.ModuleOp, memories: Mapping[str, rtl.MemoryOp], rows: Mapping[str, int]):
        super().__init__(("clk", "rst", "start", "done", "progress", *memories))
        self.module, self.memories, self.rows = module, memories, rows
        self.ports = ["input clk", "input rst", "input start", "output done"]
        self.roms: dict[str, int] = {}
        """How often each constant is read so far."""
        ops = list(module.body.block.ops)
        self.nexts = {op.carried: op.value for op in ops if isinstance(op, rtl.NextOp)}
        self.stop = next(op.flag for op in ops if isinstance(op, rtl.StopOp))
        self.fill(module.body.block)

    def text(self) -> str:
        """The whole module."""
        lines = [f"module {self.module.sym_name.data} (", *listed(self.ports), ");", *self.inside()]
        lines += ["  always @(posedge clk) begin", *(f"    {line}" for line in self.unreset)]
        lines += ["    if (rst) begin", *(f"      {line}" for line in self.reset), "    end else begin"]
        lines += [*(f"      {line}" for line in self.clocked), "    end", "  end", "endmodule"]
        return "\n".join(lines) + "\n"

    def _run(self, op: rtl.RunOp) -> None:
        name = self.register(op)
        self.reset.append(f"{name} <= 1'b0;")
        self.clocked.append(f"if (start) {name} <= 1'b1; else if ({self.name(self.stop)}) {name} <= 1'b0;")

    def _done(self, op: rtl.DoneOp) -> None:
        self.body.append(f"assign done = {self.name(op.flag)};")

    def _round(self, op: rtl.RoundOp) -> None:
        self.ports.append(f"input {span(bits_of(op.result))}round{op.number.value.data}")
        self.wire(op, f"round{op.number.value.data}")

    def _held(self, op: rtl.HeldOp) -> None:
        name = self.register(op)
        self.reset.append(f"{name} <= 1'b0;")
        self.clocked.append(f"if ({self.name(op.step)}) {name} <= {self.name(op.value)};")

    def _await(self, op: rtl.AwaitOp) -> None:
        self.reset.append(f"{self.register(op)} <= 1'b0;")

    def _signal(self, op: rtl.SignalOp) -> None:
        """The number of rows is a port."""
        bits = address_bits(op.rows.value.data + 1)
        self.ports.append(f"output reg {span(bits)}progress")
        self.reset.append(f"progress <= {bits}'d0;")
        self.clocked.append(
            f"if (start) progress <= {bits}'d0; "
            f"else if ({self.name(op.flag)}) progress <= progress + {bits}'d{op.by.value.data};"
        )

    def _need(self, op: rtl.NeedOp) -> None:
        ready, producer = self.name(op.ready), op.ready.owner
        assert isinstance(producer, rtl.AwaitOp), "verified"
        pin = progress_name(producer.module.string_value())
        bits = address_bits(self.rows[producer.module.string_value()] + 1)
        self.ports.append(f"input {span(bits)}{pin}")
        needed = self.wires.resized(op.rows, bits + 1)
        self.clocked.append(
            f"if (start | {self.name(op.moves)}) {ready} <= 1'b0; "
            f"else {ready} <= $signed({{1'b0, {pin}}}) >= $signed({needed});"
        )

    def _counter(self, op: rtl.CounterOp) -> None:
        value, end, bits = self.register(op), self.register(op, 1), bits_of(op.value)
        step = self.name(op.step)
        self.reset += [f"{value} <= {literal(0, bits)};", f"{end} <= 1'b0;"]
        following = f"{end} ? {literal(0, bits)} : {value} + {literal(1, bits)}"
        before = literal(op.trips.value.data - 2, bits)
        self.clocked.append(f"if ({step}) begin {value} <= {following}; {end} <= {value} == {before}; end")

    def _running(self, op: rtl.RunningOp) -> None:
        name, bits = self.register(op), bits_of(op.result)
        self.reset.append(f"{name} <= {literal(op.base.value.data, bits)};")
        flags = [self.name(flag) for flag in op.flags]
        deltas = [wrapped_literal(delta, bits) for delta in op.deltas.get_values()]
        choice = " : ".join(
            [*(f"{flag} ? {delta}" for flag, delta in zip(flags[:-1], deltas[:-1], strict=True)), deltas[-1]]
        )
        moved = f"{name} + ({choice})" if len(deltas) > 1 else f"{name} + {choice}"
        self.clocked.append(f"if ({flags[-1]}) {name} <= {moved};")

    def _carried(self, op: rtl.CarriedOp) -> None:
        kept, bits = self.register(op, 1), bits_of(op.result)
        self.wire(op, f"{self.name(op.first)} ? {self.wires.resized(op.initial, bits)} : {kept}")
        self.unreset.append(f"if ({self.name(op.step)}) {kept} <= {self.name(self.nexts[op.result])};")

    def _serialize(self, op: rtl.SerializeOp) -> None:
        """A shift register of all values; a counter of the groups that are left, one of the clocks of a group."""
        size, values = len(op.group), [self.name(value) for value in op.values]
        groups, bits = len(values) // size, bits_of(op.values[0])
        held, left = f"{self.name(op.step)}_held", f"{self.name(op.step)}_left"
        count = address_bits(groups + 1)
        self.declarations += [f"reg [{len(values) * bits - 1}:0] {held};", f"reg {span(count)}{left};"]
        load = self.name(op.load)
        shifted, moves = f"{held} >> {size * bits}", f"{left} != {count}'d0"
        step = moves
        if op.clocks > 1:
            clock, last = f"{self.name(op.step)}_clock", op.clocks - 1
            room = address_bits(op.clocks)
            self.declarations.append(f"reg {span(room)}{clock};")
            self.reset.append(f"{clock} <= {room}'d0;")
            ends, begins = f"{clock} == {room}'d{last}", f"{clock} == {room}'d0"
            self.clocked.append(f"{clock} <= {load} | {ends} | !({moves}) ? {room}'d0 : {clock} + {room}'d1;")
            shifted, moves, step = f"{ends} ? {shifted} : {held}", f"{moves} & {ends}", f"{moves} & {begins}"
        self.unreset.append(f"{held} <= {load} ? {{{', '.join(reversed(values))}}} : {shifted};")
        self.reset.append(f"{left} <= {count}'d0;")
        self.clocked.append(
            f"if ({load}) {left} <= {count}'d{groups}; else if ({moves}) {left} <= {left} - {count}'d1;"
        )
        self.wire(op, step)
        for number in range(size):
            self.wire(op, f"{held}[{(number + 1) * bits - 1}:{number * bits}]", number + 1)

    def _read(self, op: rtl.ReadOp) -> None:
        memory = self.memories[op.memory.string_value()]
        bits = address_bits(memory.words.value.data)
        address = self.wires.index(op.address, bits)
        if memory.init is None:
            names = port_names(op)
            self.ports += [f"output {span(bits)}{names[0]}", f"input {span(memory.bits)}{names[1]}"]
            self.body.append(f"assign {names[0]} = {address};")
            self.wire(op, names[1])
            return
        number = self.roms.get(memory.sym_name.data, 0)
        self.roms[memory.sym_name.data] = number + 1
        name = copy_name(memory, memory.copy_of(number))
        if number == 0 or memory.copy_of(number - 1) != memory.copy_of(number):
            style = '(* rom_style = "block" *) ' if memory.block is not None else ""
            self.declarations.append(f"{style}reg {span(memory.bits)}{name} [0:{memory.words.value.data - 1}];")
            self.declarations.append(f'initial $readmemh("{image_file(memory.sym_name.data)}", {name});')
        self.unreset.append(f"{self.register(op)} <= {name}[{address}];")

    def _write_port(self, op: rtl.WriteOp) -> None:
        memory = self.memories[op.memory.string_value()]
        bits = address_bits(memory.words.value.data)
        names = write_names(memory.sym_name.data)
        widths = (bits, memory.bits, memory.lanes.value.data)
        for name, width, value in zip(names, widths, (op.address, op.data, op.mask), strict=True):
            self.ports.append(f"output {span(width)}{name}")
            self.body.append(f"assign {name} = {self.wires.resized(value, width)};")

    writers = {
        **Wiring.writers,
        rtl.AwaitOp: _await,
        rtl.CarriedOp: _carried,
        rtl.CounterOp: _counter,
        rtl.DoneOp: _done,
        rtl.HeldOp: _held,
        rtl.NeedOp: _need,
        rtl.ReadOp: _read,
        rtl.RoundOp: _round,
        rtl.RunningOp: _running,
        rtl.RunOp: _run,
        rtl.SerializeOp: _serialize,
        rtl.SignalOp: _signal,
        rtl.WriteOp: _write_port,
    }


def wrapped_literal(value: int, bits: int) -> str:
    """A number in so many bits, in which sums wrap."""
    return literal((value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1), bits)
