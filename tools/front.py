"""The front of a model on a board: plans of which none is better in RAM, cycles and flash at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..dialects.errors import UserError
from .analyze import Analysis, analyze
from .compiling.compilation import Compilation
from .compiling.planning import memplan_passes
from .pareto import pareto
from .pipelines import Timing, run_passes

STEPS = 6
"""Steps from the least RAM to the fastest plan, and from the least flash."""


@dataclass(frozen=True)
class Point:
    """A plan: bytes of RAM and flash, cycles about, the way it was planned, and the options that make it."""

    ram: int
    cycles: int
    flash: int
    way: str
    options: str

    @staticmethod
    def of(analysis: Analysis, options: str) -> Point:
        """That of a program."""
        fit = analysis.plan.get("fit", {})
        way = fit.get("way", "stream")
        scratch = fit.get("scratch", 0)
        described = f"{way}, {scratch:,} bytes of scratch memory" if scratch else way
        return Point(analysis.peak_ram_bytes, analysis.cycles, analysis.flash_bytes, described, options)

    def costs(self) -> tuple[int, int, int]:
        """What is to be little."""
        return self.ram, self.cycles, self.flash

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def front(compilation: Compilation) -> list[Point]:
    """The plans that no other one beats, the one with the least RAM first."""
    return pareto(points(compilation), Point.costs)


def points(compilation: Compilation) -> Iterator[Point]:
    """Plans from the least RAM to the fastest, and from the least flash to it."""
    least, most, lean = (planned(compilation, objective=objective) for objective in ("ram", "speed", "flash"))
    yield from (Point.of(least, "--objective ram"), Point.of(most, ""), Point.of(lean, "--objective flash"))
    low, high = least.peak_ram_bytes, most.peak_ram_bytes
    for step in range(1, STEPS):
        ram = low + (high - low) * step // STEPS
        analysis = tried(compilation, ram=ram)
        if analysis is not None and analysis.peak_ram_bytes <= ram:
            yield Point.of(analysis, f"--ram {ram}")
    low, high = lean.flash_bytes, most.flash_bytes
    for step in range(1, STEPS):
        flash = low + (high - low) * step // STEPS
        if high > low and (analysis := tried(compilation, flash=flash)) is not None and analysis.flash_bytes <= flash:
            yield Point.of(analysis, f"--flash {flash}")


def tried(compilation: Compilation, **changes: Any) -> Analysis | None:
    """The sizes with other options; None where nothing fits."""
    try:
        return planned(compilation, **changes)
    except UserError:
        return None


def planned(compilation: Compilation, **changes: Any) -> Analysis:
    """The sizes of the same integers, planned with other options."""
    options = replace(compilation.options, **changes)
    memplan = compilation.fixed.clone()
    run_passes(memplan, memplan_passes(options, compilation.board, compilation.fixed), Timing())
    return analyze(replace(compilation, options=options, memplan=memplan))
