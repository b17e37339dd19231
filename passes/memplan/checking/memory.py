"""The memory of the plan checker: per byte its owner and what wrote it; what lives and dies as one; where memrefs lie.

A unit is a buffer, a view, an argument or a constant, or one row of a `memplan.rows`. It lies in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.ir import SSAValue

from .intervals import Numbers, Pieces, Runs, run

NOBODY = -1
"""The owner of bytes that belong to no living unit."""

NEVER = -1
"""The stamp of bytes that hold nothing."""

GIVEN = 0
"""The stamp of bytes that were there before the first step."""

FOREVER = 1 << 60
"""The last step of what nothing ends."""


@dataclass
class Memory:
    """An arena, or the memory of a buffer, an argument or a constant: per byte its owner's number and its stamp."""

    size: int
    writable: bool = True
    owner: Numbers = field(default_factory=lambda: Numbers(NOBODY))
    stamp: Numbers = field(default_factory=lambda: Numbers(NEVER))


@dataclass
class Unit:
    """What lives and dies as one, at bytes [start, end) of its memory.

    A row lives until the last step that reads it, any other unit until the step after which it is retired: where a loop
    retires it in each round, it has several lives, and `deaths` lists the last steps of those to come.
    """

    number: int
    name: str
    memory: Memory
    start: int
    end: int
    last_read: int = -1
    deaths: list[int] = field(default_factory=list[int])
    is_row: bool = False
    claimed: bool = False
    retired_by: str | None = None

    @property
    def last(self) -> int:
        """The last step of its life."""
        if self.is_row:
            return self.last_read
        return self.deaths[0] if self.deaths else FOREVER

    def revive(self) -> None:
        """In another round of a loop that retires it, its life is to begin again."""
        if self.retired_by is not None:
            self.retired_by, self.claimed = None, False

    def claim(self) -> None:
        """Take over all of its bytes; those that it did not own hold nothing yet."""
        self._give(self.memory.owner.where(self.start, self.end, self.number, False), self.number)
        self.claimed = not self.is_row

    def retire(self, step: str) -> None:
        """Give up the bytes that it still owns."""
        self._give(self.memory.owner.where(self.start, self.end, self.number, True), NOBODY)
        self.retired_by = step
        del self.deaths[:1]

    def _give(self, runs: Runs, owner: int) -> None:
        """Some of its bytes change their owner and hold nothing."""
        self.memory.owner.put(runs, owner)
        self.memory.stamp.put(runs, NEVER)

    def others(self) -> list[int]:
        """The other units that own some of its bytes, in the order of their numbers."""
        owners = self.memory.owner
        if owners.common(self.start, self.end) in (NOBODY, self.number):
            return []
        (found,) = Pieces.of(run(self.start, self.end), owners).values
        return sorted(set(found.tolist()) - {NOBODY, self.number})


@dataclass(frozen=True)
class Place:
    """Where a memref lies: from byte `offset` of its storage on.

    The storage is one unit, or one for each row; `root` names it.
    """

    root: SSAValue
    units: tuple[Unit, ...]
    offset: int = 0

    @property
    def is_split(self) -> bool:
        """True where each row is a unit."""
        return self.units[0].is_row

    @property
    def is_constant(self) -> bool:
        """True for memory that nobody writes and all may read: constants and inputs."""
        return not self.units[0].memory.writable

    @property
    def name(self) -> str:
        """The name of the storage."""
        name = self.units[0].name
        return name.partition(" of ")[2] if self.is_split else name

    @property
    def size(self) -> int:
        """Bytes of the storage."""
        return sum(unit.end - unit.start for unit in self.units)
