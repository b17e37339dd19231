"""The plan checker against a plain one that keeps every byte, on random small plans, right and wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.plans import ARENA, Form, Program, Tensor, is_accepted, random_program
from support.texts import parse

Unit = tuple[Tensor, int | None]
"""A tensor in one piece, or one row of it."""

FOREVER = 1 << 60


class Refused(Exception):
    """The plan is wrong."""


@dataclass
class Byte:
    """Who owns a byte, and what wrote it: a form, and whether it writes it no more; None for nothing."""

    owner: Unit | None = None
    stamp: tuple[Form, bool] | None = None


@dataclass
class Step:
    """A form, or a slice of it, and the units that it reads and writes; its bytes in the order of its points."""

    form: Form
    value: int | None
    reads: set[Unit] = field(default_factory=set[Unit])
    writes: list[Unit] = field(default_factory=list[Unit])


class Replay:
    """The bytes of a program's memory, step by step. Raises Refused where the plan is wrong."""

    def __init__(self, program: Program):
        self.program = program
        self.arena = [Byte() for _ in range(ARENA)]
        tensors = (form.out for form in program.forms)
        self.own = {t: [Byte((t, None)) for _ in range(t.rows * t.row_bytes)] for t in tensors}
        whole: list[tuple[int, int | None]] = [(number, None) for number in range(len(program.forms))]
        self.steps = [self.step(program.forms[number], value) for number, value in program.order or whole]
        self.last: dict[Unit, int] = {}
        for time, step in enumerate(self.steps):
            self.last |= {unit: time for unit in step.reads if unit[1] is not None}
        self.retired_at = {unit: time for unit in self.views() for time in [self.end(unit[0])]}
        self.claimed: set[Unit] = set()

    def views(self) -> list[Unit]:
        return [(tensor, None) for tensor, layout in self.program.places.items() if layout.is_view]

    def end(self, tensor: Tensor) -> int:
        """The step after which a view is retired."""
        if self.program.order:
            return len(self.steps) - 1
        return max(time for time, step in enumerate(self.steps) if tensor in step.form.ins)

    def unit(self, tensor: Tensor, row: int) -> Unit:
        layout = self.program.places.get(tensor)
        return (tensor, None) if layout is None or layout.is_view else (tensor, row)

    def place(self, tensor: Tensor, row: int, column: int) -> list[Byte]:
        """The bytes of an element."""
        layout = self.program.places.get(tensor)
        start = row * tensor.row_bytes + column * tensor.width
        if layout is None:
            return self.own[tensor][start : start + tensor.width]
        start = layout.offsets[0] + start if layout.is_view else layout.offsets[row] + column * tensor.width
        return self.arena[start : start + tensor.width]

    def bytes_of(self, unit: Unit) -> list[Byte]:
        tensor, row = unit
        rows = range(tensor.rows) if row is None else [row]
        return [byte for r in rows for c in range(tensor.columns) for byte in self.place(tensor, r, c)]

    def step(self, form: Form, value: int | None) -> Step:
        step = Step(form, value)
        for i, j in form.points(value):
            step.reads |= {self.unit(t, row) for t, row, _ in self.read_by(form, i, j, value)}
            unit = self.unit(form.out, i)
            step.writes += [] if unit in step.writes else [unit]
        return step

    def read_by(self, form: Form, i: int, j: int, value: int | None) -> Iterator[tuple[Tensor, int, int]]:
        """What a point reads, the model's input left out; a slice of a maximum over rows goes on with its output."""
        yield from (read for read in form.reads(i, j, value) if read[0] is not self.program.forms[0].ins[0])
        if form.total and value:
            yield form.out, i, j

    def run(self) -> None:
        for time, step in enumerate(self.steps):
            self.read(step)
            self.write(time, step)
            self.check_order(step)
            for unit in [unit for unit, end in self.retired_at.items() if end == time]:
                for byte in self.bytes_of(unit):
                    if byte.owner == unit:
                        byte.owner = byte.stamp = None
        y = self.program.forms[-1].out
        if any(byte.stamp is None for byte in self.own[y]):
            raise Refused

    def read(self, step: Step) -> None:
        """What is read is there; in a stream it is as the form that writes it leaves it in the end."""
        writers = {form.out: form for form in self.program.forms}
        for i, j in step.form.points(step.value):
            for tensor, row, column in self.read_by(step.form, i, j, step.value):
                for byte in self.place(tensor, row, column):
                    done = tensor is not step.form.out
                    if byte.owner != self.unit(tensor, row) or byte.stamp is None:
                        raise Refused
                    if self.program.order and byte.stamp != (writers[tensor], done):
                        raise Refused

    def write(self, time: int, step: Step) -> None:
        written: set[Unit] = set()
        for unit in step.writes:
            if unit not in self.claimed:
                for byte in self.bytes_of(unit):
                    if byte.owner is not None and byte.owner != unit:
                        end = self.retired_at.get(byte.owner, FOREVER) if byte.owner[1] is None else -1
                        if byte.owner in written or self.last.get(byte.owner, end) > time:
                            raise Refused
                for byte in self.bytes_of(unit):
                    if byte.owner != unit:
                        byte.owner, byte.stamp = unit, None
                if unit[1] is None:
                    self.claimed.add(unit)
            written.add(unit)
        done = not step.form.total or step.value is None or step.value == step.form.slices - 1
        for i, j in step.form.points(step.value):
            for byte in self.place(step.form.out, i, j):
                byte.stamp = step.form, done

    def check_order(self, step: Step) -> None:
        """No point writes a byte that a later one reads."""
        written: set[int] = set()
        for i, j in step.form.points(step.value):
            for tensor, row, column in self.read_by(step.form, i, j, step.value):
                if any(id(byte) in written for byte in self.place(tensor, row, column)):
                    raise Refused
            written |= {id(byte) for byte in self.place(step.form.out, i, j)}


def is_right(program: Program) -> bool:
    try:
        Replay(program).run()
    except Refused:
        return False
    return True


@given(st.integers(0, 1 << 32))
@settings(max_examples=300, deadline=None)
def test_the_verdict_is_that_of_a_checker_of_bytes(seed: int) -> None:
    program = random_program(seed)[0]
    right = is_right(program)
    event("right" if right else "wrong")
    assert is_accepted(parse(program.text())) == right, program.text()
