"""The memory of the plan checker: per byte its owner and what wrote it; what lives and dies as one; where memrefs lie.

A unit is a buffer, a view, an argument or a constant, or one row of a `memplan.rows`. It lies in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

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
    owner: NDArray[np.int32] = field(init=False)
    stamp: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self.owner = np.full(self.size, NOBODY, np.int32)
        self.stamp = np.full(self.size, NEVER, np.int32)


@dataclass
class Unit:
    """What lives and dies as one, at bytes [start, end) of its memory.

    `last` is the last step of its life: for a row the last that reads it, else the one after which it is retired.
    """

    number: int
    name: str
    memory: Memory
    start: int
    end: int
    last: int
    is_row: bool = False
    claimed: bool = False
    retired_by: str | None = None

    @property
    def owners(self) -> NDArray[np.int32]:
        """Who owns its bytes."""
        return self.memory.owner[self.start : self.end]

    def claim(self) -> None:
        """Take over all of its bytes; those that it did not own hold nothing yet."""
        owners = self.owners
        fresh = owners != self.number
        if fresh.any():
            self.memory.stamp[self.start : self.end][fresh] = NEVER
            owners[:] = self.number
        self.claimed = not self.is_row

    def retire(self, step: str) -> None:
        """Give up the bytes that it still owns."""
        mine = self.owners == self.number
        self.owners[mine] = NOBODY
        self.memory.stamp[self.start : self.end][mine] = NEVER
        self.retired_by = step


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
