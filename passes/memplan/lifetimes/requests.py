"""What placement is asked for: each buffer and each row for itself, or the rows of a buffer as a ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import INPUT_ARENA, caller_form, loops_around
from ....dialects.memplan.liveness import Life, Liveness, is_split, root_of
from ..offsets.placement import Overlap, Request
from .distance import overlaps


def single_requests(liveness: Liveness, lives: Sequence[Life], alignment: int) -> list[Request]:
    """One request for each life, in their order; those of an input that the caller writes lie at the arena's start."""
    given = given_root(liveness)
    requests: list[Request] = []
    for life in lives:
        if life.root is given:
            start = (life.row or 0) * life.size
            requests.append(Request(life.first, life.last + 1, life.size, life.alignment, offset=start))
        else:
            requests.append(Request(life.first, life.last + 1, life.size, max(alignment, life.alignment)))
    return requests


def given_root(liveness: Liveness) -> SSAValue | None:
    """The storage that holds the input in one piece, where the caller writes it into the arena."""
    form = caller_form(liveness.function, INPUT_ARENA)
    return None if form is None else root_of(form.target)


def sharing(liveness: Liveness, lives: Sequence[Life]) -> list[Overlap]:
    """The lives that may overlap, by their numbers: what a step reads for the last time, and what it writes first.

    `memplan-inplace` has said on the forms how far below its input an output must begin.
    """
    dying: dict[tuple[int, SSAValue], list[int]] = {}
    born: dict[tuple[int, SSAValue], list[int]] = {}
    for number, life in enumerate(lives):
        if life.first < life.last:
            dying.setdefault((life.last, life.root), []).append(number)
        born.setdefault((life.first, life.root), []).append(number)
    found: list[Overlap] = []
    for time, step in enumerate(liveness.steps):
        if isinstance(step.op, StructuredForm):
            for value, distance in overlaps(step.op):
                for output in born.get((time, root_of(step.op.target)), ()):
                    found += [Overlap(number, output, distance) for number in dying.get((time, root_of(value)), ())]
    return list(dict.fromkeys(found))


def accesses(liveness: Liveness) -> dict[SSAValue, int]:
    """How many elements a run reads from each storage root and writes to it, padding counted as if it were read.

    A form reads its ins at each point of its domain, its params at each of its parallel domain, where it then writes
    one element. An opaque op touches each element once.
    """
    counts: dict[SSAValue, int] = {}
    for op in dict.fromkeys(step.op for step in liveness.steps):
        if isinstance(op, StructuredForm):
            rounds = prod(loop.trips for loop in loops_around(op) if op not in loop.dims)
            points = rounds * prod(op.trips[: len(op.domain.parallel.data)])
            once = (*op.params, *op.indices, op.target)
            touched = [*((value, rounds * prod(op.trips)) for value in op.ins), *((v, points) for v in once)]
        else:
            touched = [(v, prod(v.type.get_shape())) for v in op.operands if isinstance(v.type, MemRefType)]
        for value, count in touched:
            counts[root_of(value)] = counts.get(root_of(value), 0) + count
    return counts


@dataclass(frozen=True)
class Rings:
    """The lives of a function where the rows of a buffer share a ring: row `r` lies in slot `r % slots`.

    A ring has as many slots as make row `r` dead before row `r + slots` is written.
    """

    lives: tuple[Life, ...]
    alignment: int
    given: SSAValue | None = None
    """Storage that lies in one piece at the arena's start."""

    def groups(self) -> list[list[int]]:
        """The numbers of the lives that are placed as one: the rows of a buffer, or a buffer."""
        groups: dict[SSAValue, list[int]] = {}
        for number, life in enumerate(self.lives):
            groups.setdefault(life.root, []).append(number)
        return list(groups.values())

    def requests(self) -> list[Request]:
        """One request for each group."""
        return [self._request([self.lives[number] for number in group]) for group in self.groups()]

    def _request(self, lives: Sequence[Life]) -> Request:
        used = [life for life in lives if life.is_used] or [lives[0]]
        first, last = min(life.first for life in used), max(life.last for life in used)
        if lives[0].root is self.given:
            return Request(first, last + 1, sum(life.size for life in lives), lives[0].alignment, offset=0)
        size = slots(lives) * self._pitch(lives[0]) if is_split(lives[0].root) else lives[0].size
        return Request(first, last + 1, size, max(self.alignment, lives[0].alignment))

    def _pitch(self, life: Life) -> int:
        """Bytes from slot to slot."""
        alignment = max(self.alignment, life.alignment)
        return -(-life.size // alignment) * alignment

    def places(self, of_groups: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The arena and the offset of each life, from those of the groups."""
        places = [(0, 0)] * len(self.lives)
        for group, (arena, start) in zip(self.groups(), of_groups, strict=True):
            rows = [self.lives[number] for number in group]
            is_given = rows[0].root is self.given
            count, pitch = (len(rows), rows[0].size) if is_given else (slots(rows), self._pitch(rows[0]))
            for row, number in enumerate(group):
                places[number] = arena, start + row % count * pitch
        return places


def slots(rows: Sequence[Life]) -> int:
    """The least number of slots of a ring for these rows, in their order."""
    for count in range(1, len(rows)):
        if all(early.last < late.first for early, late in zip(rows, rows[count:], strict=False)):
            return count
    return len(rows)
