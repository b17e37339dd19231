"""A loop of which everything is known at compile time."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import scf


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop with constant bounds, and how many of its iterations run at once."""

    op: scf.ForOp
    lower: int
    step: int
    trips: int
    lanes: int

    @property
    def turns(self) -> int:
        """How often it counts."""
        return self.trips // self.lanes
