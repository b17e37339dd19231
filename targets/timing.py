"""Estimated cycles of what a simulator without cycles has counted, by the timings of the core and of the board's flash.

    sum over classes: count * cycles of the class  +  (lines fetched + lines loaded) * wait states

The cycles of a class are those of the architecture's manual, `[class_cycles]` in `targets/cores/*.toml`, which name
their source. Interrupts, DMA and memory that others use take none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .board import Board
from .core import core_of
from .simulators.classes import EVENTS

MISSES = ("fetch_miss", "data_miss")


def estimated_cycles(counts: Mapping[str, float], board: Board) -> float | None:
    """About how many cycles instructions of these classes take on a board; None where its core has no timings."""
    prices = core_of(board).class_cycles
    if not prices:
        return None
    waits = 0 if board.flash_reads is None else board.flash_reads.wait_states
    lines = sum(counts.get(name, 0.0) for name in MISSES)
    return sum(prices.get(name, 0.0) * count for name, count in counts.items()) + waits * lines


def instructions(counts: Mapping[str, float]) -> float:
    """The instructions of all classes."""
    return sum(count for name, count in counts.items() if name not in EVENTS)


def total(profile: Mapping[str, Mapping[str, float]]) -> Counter[str]:
    """The counts of all functions."""
    found: Counter[str] = Counter()
    for counts in profile.values():
        found.update(counts)
    return found


def rules(counts: Mapping[str, float], board: Board) -> str:
    """How an estimate was made: each class with its count and its cycles, and what flash adds."""
    core = core_of(board)
    parts = [
        f"{count:,.0f} {name} x {core.class_cycles[name]:g}"
        for name, count in counts.items()
        if count and core.class_cycles.get(name)
    ]
    reads = board.flash_reads
    flash = "flash without wait states"
    if reads is not None:
        lines = sum(counts.get(name, 0.0) for name in MISSES)
        flash = (
            f"{lines:,.0f} lines of flash x {reads.wait_states} ({counts.get('fetch_miss', 0):,.0f} of code; caches of "
            f"{reads.fetch_lines} lines for code and {reads.data_lines} for data, of {reads.line_bytes} bytes)"
        )
    return f"{' + '.join([*parts, flash])}; cycles of {core.timings}"
