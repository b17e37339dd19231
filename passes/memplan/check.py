"""An independent checker of memory plans: replays the program on the owners of bytes instead of on their values.

It shares no code with the planners. Time is a sequence of steps: a form, a slice of a form in a stream, an opaque op.
For every byte of every memory it knows which buffer, view or row owns it and which step wrote it (kept once for
neighbours that have the same), and refuses what would make a run wrong, with the node that would do it.

A view lives from its first write until it is retired, a row of `memplan.rows` until it is read for the last time. What
dies in a step may be overwritten in this very step, where no byte is before its last read: at each point of its
parallel domain, in row-major order, a form reads all of its operands and then writes one element. Of a form with a tile
the points of a block count as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan import LoopOp, OpaqueOp, RetireOp, StreamOp
from .checking.access import Chunk, When
from .checking.inputs import check_inputs
from .checking.intervals import Numbers, Pieces, run
from .checking.memory import NEVER, Unit
from .checking.places import Places, refuse
from .checking.tasks import EARLIER, Stream, Task, as_in_the_text, task_of


@dataclass(frozen=True)
class CheckPass(ModulePass):
    """Refuse a plan in which a run would overwrite living bytes, read bytes that hold nothing, or leave its memory.

    Raises DiagnosticException at the offending op. The program is not changed.
    """

    name = "memplan-check"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and any(
                isinstance(inner, StructuredForm | OpaqueOp) for inner in function.walk()
            ):
                Checker(function).check()


@dataclass(frozen=True)
class Step:
    """A slice of a task, with the chunks that it reads (and the stamps expected there) and those that it writes."""

    time: int
    task: Task
    values: Sequence[int]
    reads: list[tuple[Chunk, Numbers | None]]
    writes: list[Chunk]
    scratch: list[Chunk]
    since: int
    """The first stamp of the stream that the step is in."""
    turn: Sequence[int] = ()
    """The rounds of the loops around, the outermost first."""

    @property
    def name(self) -> str:
        """The node, with the slice, for messages."""
        if self.task.along is not None:
            return f"slice {self.values[0]} of {self.task.name}"
        return self.task.name if not self.turn else f"{self.task.name} in round {', '.join(map(str, self.turn))}"


@dataclass(frozen=True)
class Round:
    """The start of a round but the first: what the loop retires in each is there to be written again."""

    loop: LoopOp
    turn: int
    units: Sequence[Unit]

    @property
    def is_last(self) -> bool:
        """True for the last round."""
        return self.turn == self.loop.rounds.value.data - 1


class Checker:
    """The state of one function's memory while its steps are replayed in order."""

    def __init__(self, function: FuncOp):
        self.function = function
        self.places = Places(function)
        self.actions: list[Step | Stream | RetireOp | Round] = []
        self.steps: list[Step] = []
        self.tasks: list[Task] = []
        self.turns: dict[LoopOp, int] = {}
        self.settled: dict[LoopOp, tuple[int, object]] = {}
        """The state of the memory at the start of the last round that was looked at, and its number."""
        self.touched: dict[int, tuple[list[tuple[Chunk, Numbers | None]], list[Chunk], list[Chunk]]] = {}
        """What tasks touch that do not move."""
        self.in_loops: dict[StructuredForm, tuple[Task, list[LoopOp]]] = {}
        self.last_step = "the start"

    def check(self) -> None:
        """Replay the function. Raises DiagnosticException at the first op that the memory does not allow."""
        block = self.function.body.block
        for op in block.ops:
            self._take_up(op)
        check_inputs(self.function, self.places, self.tasks)
        actions = iter(self.actions)
        for action in actions:
            match action:
                case Step():
                    self._run(action)
                case Stream():
                    self._close(action)
                case RetireOp():
                    self._retire(action)
                case Round():
                    if not action.is_last and self._is_settled(action):
                        action = self._pass_over(actions, action.loop)
                    for unit in action.units:
                        unit.revive()
        for output in block.args[self.places.inputs :]:
            (unit,) = self.places.of(self.function, output).units
            if len(unit.memory.stamp.where(unit.start, unit.end, NEVER, True)):
                refuse(self.function, f"output {unit.name} is not written in full")

    def _take_up(self, op: Operation) -> None:
        """Find the steps of an op, and the last step of each life."""
        match op:
            case RetireOp():
                self.actions.append(op)
                for unit in self.places.of(op, op.buffer).units:
                    unit.deaths.append(len(self.steps) - 1)
            case StructuredForm() if self.turns:
                self._add_round(op)
            case StructuredForm() | OpaqueOp():
                task = task_of(op, self.places, len(self.tasks) + 1)
                self.tasks.append(task)
                self._add_step(task, (), 0)
            case LoopOp():
                self._loop(op)
            case StreamOp():
                self._stream(op)
            case ReturnOp():
                pass
            case _:
                if not self.places.declare(op):
                    refuse(op, f"`{op.name}` has no place in a plan")

    def _loop(self, op: LoopOp) -> None:
        """The steps of all rounds."""
        retired = [inner.buffer for inner in op.walk() if isinstance(inner, RetireOp)]
        for turn in range(op.rounds.value.data):
            self.turns[op] = turn
            if turn:
                units = [unit for value in retired for unit in self.places.of(op, value).units]
                self.actions.append(Round(op, turn, list({unit.number: unit for unit in units}.values())))
            for inner in op.body.block.ops:
                self._take_up(inner)
        del self.turns[op]

    def _add_round(self, form: StructuredForm) -> None:
        """A form in the rounds that the loops around are in."""
        if form not in self.in_loops:
            held: list[tuple[LoopOp, int]] = []
            for loop in self.turns:
                forms = [inner for inner in loop.walk() if isinstance(inner, StructuredForm)]
                dim = loop.along.data[forms.index(form)]
                held += [(loop, dim)] if dim >= 0 else []
            task = task_of(form, self.places, len(self.tasks) + 1, rounds=[dim for _, dim in held])
            self.in_loops[form] = task, [loop for loop, _ in held]
            self.tasks.append(task)
        task, loops = self.in_loops[form]
        self._add_step(task, tuple(self.turns[loop] for loop in loops), 0)

    def _stream(self, op: StreamOp) -> None:
        number = len(self.tasks) + 1
        pairs = zip(op.forms, op.dims, strict=True)
        tasks = [task_of(form, self.places, number + index, along) for index, (form, along) in enumerate(pairs)]
        self.tasks.extend(tasks)
        stream = as_in_the_text(tasks)
        for form, value in op.slices.tolist():
            self._add_step(tasks[form], (value,), 2 * number)
        self.actions.append(stream)

    def _is_settled(self, now: Round) -> bool:
        """Whether a round has left the memory as the one before did, but for what moves with the round.

        Then all rounds to come do what these did, but for that.
        """
        forms = [form for form in now.loop.walk() if isinstance(form, StructuredForm)]
        moving = {unit for form in forms for unit in self.in_loops[form][0].moving_units}
        if moving & {unit.number for unit in now.units}:
            return False
        states: list[object] = [(unit.claimed, unit.retired_by is None) for unit in self.places.units]
        for memory in self.places.memories:
            stamps = memory.stamp.copy()
            for unit in (self.places.units[number] for number in moving):
                if unit.memory is memory:
                    stamps.put(run(unit.start, unit.end), NEVER)
            states += [list(memory.owner.starts), list(memory.owner.values), stamps.starts, stamps.values]
        turn, before = self.settled.get(now.loop, (0, None))
        self.settled[now.loop] = now.turn, states
        return turn == now.turn - 1 and before == states

    def _pass_over(self, actions: Iterator[Step | Stream | RetireOp | Round], loop: LoopOp) -> Round:
        """Replay of the rounds up to the last what moves with the round; returns the start of the last."""
        for action in actions:
            match action:
                case Round() if action.loop is loop and action.is_last:
                    return action
                case Step():
                    self._move(action)
                case RetireOp():
                    for unit in self.places.of(action, action.buffer).units:
                        del unit.deaths[:1]
                case _:
                    pass
        raise AssertionError("a loop has a last round")

    def _move(self, step: Step) -> None:
        """Replay what a step touches of memrefs in which it moves with the round; it owns the bytes already."""
        reads, writes = step.task.moving(step.values)
        for chunk in reads:
            self._read(step, chunk, None)
        for chunk in writes:
            chunk.unit.memory.stamp.put(chunk.runs, step.task.done)
        if reads or writes:
            self._check_order(step)

    def _add_step(self, task: Task, values: Sequence[int], since: int) -> None:
        if values or task.number not in self.touched:
            self.touched[task.number] = task.touches(values)
        reads, writes, scratch = self.touched[task.number]
        step = Step(len(self.steps), task, values, reads, writes, scratch, since, tuple(self.turns.values()))
        self.steps.append(step)
        self.actions.append(step)
        for chunk, _ in reads:
            if chunk.unit.is_row:
                chunk.unit.last_read = step.time

    def _retire(self, op: RetireOp) -> None:
        place = self.places.of(op, op.buffer)
        if place.is_split:
            refuse(op, f"{place.name} lies in rows, each of which dies by itself after its last read")
        (unit,) = place.units
        if unit.retired_by is not None:
            refuse(op, f"{unit.name} is retired twice, first after {unit.retired_by}")
        unit.retire(self.last_step)

    def _run(self, step: Step) -> None:
        for chunk, stamps in step.reads:
            self._read(step, chunk, stamps)
        written: set[int] = set()
        self._check_scratch(step)
        for chunk in (*step.scratch, *step.writes):
            self._write(step, chunk, written)
            written.add(chunk.unit.number)
        self._check_order(step)
        self.last_step = step.name

    def _read(self, step: Step, chunk: Chunk, expected: Numbers | None) -> None:
        unit = chunk.unit
        if unit.retired_by is not None:
            refuse(step.task.op, f"{step.name} reads {unit.name}, which was retired after {unit.retired_by}")
        if not len(chunk.runs):
            return
        memory, any_stamps = unit.memory, Numbers(EARLIER)
        meant = (any_stamps if expected is None else expected, chunk.logical - chunk.start)
        pieces = Pieces.of(chunk.runs, memory.owner, memory.stamp, meant)
        owners, stamps, wanted = pieces.values
        missing = (stamps == NEVER) | (owners != unit.number)
        if missing.any():
            count, first = pieces.count(missing)
            refuse(
                step.task.op,
                f"{step.name} reads {count} bytes of {unit.name} that were never written, the first at byte {first}",
            )
        if expected is None:
            return
        wrong = np.where(wanted == EARLIER, stamps >= step.since, stamps != wanted)
        if wrong.any():
            (count, first), at = pieces.count(wrong), wrong.argmax()
            refuse(
                step.task.op,
                f"{step.name} reads {count} bytes of {unit.name}, the first at byte {first}, as "
                f"{self._writer(int(stamps[at]))} left them, not {self._writer(int(wanted[at]))}",
            )

    def _writer(self, stamp: int) -> str:
        """What left a stamp, for messages."""
        if stamp == EARLIER:
            return "what came before the stream"
        if stamp // 2 == 0:
            return "the caller"
        task = self.tasks[stamp // 2 - 1]
        return task.name if stamp == task.done else f"{task.name}, which was not done,"

    def _write(self, step: Step, chunk: Chunk, written: set[int]) -> None:
        """Stamp what a step writes; `written` holds the units that it has written before."""
        unit, op = chunk.unit, step.task.op
        if not unit.memory.writable:
            refuse(op, f"{step.name} writes into {unit.name}, which is read-only")
        if unit.retired_by is not None:
            refuse(op, f"{step.name} writes into {unit.name}, which was retired after {unit.retired_by}")
        if not unit.claimed:
            for number in unit.others():
                self._take_over(step, unit, self.places.units[number], number in written)
            unit.claim()
        unit.memory.stamp.put(chunk.runs, step.task.stamp(step.values[0] if step.task.along is not None else 0))

    def _take_over(self, step: Step, unit: Unit, other: Unit, same_step: bool) -> None:
        """Refuse to write into the bytes of another unit that is still needed.

        An opaque op says nothing of its order, so it overwrites nothing that dies in its step.
        """
        at_once = not isinstance(step.task.op, OpaqueOp)
        if not same_step and (other.last < step.time or (other.last == step.time and at_once)):
            return
        text = (
            f"{step.name} writes {unit.name} at bytes [{unit.start}, {unit.end}), where {other.name} still lives "
            f"at bytes [{other.start}, {other.end})"
        )
        if same_step:
            text = (
                f"{step.name} writes {unit.name} at bytes [{unit.start}, {unit.end}) and {other.name} at bytes "
                f"[{other.start}, {other.end})"
            )
        elif other.is_row:
            text += f" until {self.steps[other.last].name} has read it"
        refuse(step.task.op, text)

    def _check_scratch(self, step: Step) -> None:
        """Refuse scratch memory of a form that meets what the form reads or writes: it is in use all the while."""
        for chunk in step.scratch:
            for other in (*(read for read, _ in step.reads), *step.writes):
                low, high = max(chunk.start, other.start), min(chunk.start + chunk.size, other.start + other.size)
                if chunk.unit.memory is other.unit.memory and low < high:
                    refuse(
                        step.task.op,
                        f"the scratch memory of {step.name} meets {other.unit.name} at bytes [{low}, {high})",
                    )

    def _check_order(self, step: Step) -> None:
        """Refuse a form that, point after point in row-major order, overwrites what a later point still reads.

        An opaque op has one point.
        """
        if isinstance(step.task.op, OpaqueOp):
            return
        for read, _ in step.reads:
            for write in step.writes:
                low, high = max(read.start, write.start), min(read.start + read.size, write.start + write.size)
                if read.unit.memory is not write.unit.memory or low >= high:
                    continue
                when = read.pattern.when
                read_at = read.pattern.first if when is When.ONCE else read.pattern.last
                last_read = read.of_pattern(read_at, low, high) + (when is When.DURING)
                first_written = write.of_pattern(write.pattern.first, low, high)
                early = (first_written >= 0) & (first_written < last_read)
                if early.any():
                    refuse(
                        step.task.op,
                        f"{step.name} overwrites {int(early.sum())} bytes of its own input {read.unit.name} before it "
                        f"reads them, the first at byte {low + int(early.argmax())}",
                    )

    def _close(self, stream: Stream) -> None:
        """At the end of a stream, refuse bytes that are not as the last of several forms has written them."""
        for access, stamps in stream.results.values():
            end = 0
            for unit in access.place.units:
                start, end = end, end + unit.end - unit.start
                memory, meant = unit.memory, (stamps, start - unit.start)
                pieces = Pieces.of(run(unit.start, unit.end), memory.owner, memory.stamp, meant)
                owners, actual, wanted = pieces.values
                wrong = (owners == unit.number) & (wanted != EARLIER) & (actual != wanted)
                if wrong.any():
                    at = int(wrong.argmax())
                    refuse(
                        self.tasks[int(wanted[at]) // 2 - 1].op,
                        f"the stream leaves {pieces.count(wrong)[0]} bytes of {unit.name} as "
                        f"{self._writer(int(actual[at]))} wrote them, not {self._writer(int(wanted[at]))}",
                    )
