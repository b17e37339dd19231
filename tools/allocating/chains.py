"""Choices between measured ones: what lanes of one dimension cost grows by as much with each of them.

A chain has the choices of a form that differ only in the lanes of one dimension. Its ends are measured; where that is
one of results the second, too (one lane shares no multiplier and reads no word of several elements), and both sides of
where lanes become more than the steps of a reduction: what finishes its results then works on several at once. Between
these cells and clocks lie on lines, and words of memories are in proportion to lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

from ...targets.estimating.cells import Estimate, stored
from ...targets.estimating.cycles import Timing
from ...targets.estimating.memories import Shape, shape_cells
from ...targets.family import Family

Lanes = tuple[int, ...]


@dataclass(frozen=True)
class Choice:
    """Lanes of each dimension, what makes products; its time, its logic, and the memories that it reads.

    `memories` are shapes with the number of places that read each at once, by name.
    """

    lanes: Lanes
    multipliers: str
    timing: Timing
    logic: Estimate
    memories: Mapping[str, tuple[Shape, int]]
    cells: Estimate

    @property
    def costs(self) -> tuple[float, ...]:
        """Steps, then cells."""
        return (float(self.timing.steps), *self.cells.costs)


Measure = Callable[[Lanes, str], Choice | None]


def choice_of(
    family: Family,
    point: tuple[Lanes, str],
    timing: Timing,
    logic: Estimate,
    memories: Mapping[str, tuple[Shape, int]],
) -> Choice:
    """A choice, its memories priced."""
    found = stored(shape_cells(family, shape, reads) for shape, reads in memories.values())
    return Choice(*point, timing, logic, memories, logic + found)


def along_chains(
    family: Family, candidates: Sequence[tuple[Lanes, str]], parallel: int, sizes: Lanes, measure: Measure, alike: str
) -> list[Choice]:
    """The candidates, measured or from their neighbours; the first `parallel` of the dimensions are results.

    Candidates of another kind than `alike` are a chain together: few lanes cannot share multipliers.
    """
    groups: dict[tuple[bool, bool, Lanes], list[tuple[Lanes, str]]] = {}
    for lanes, kind in candidates:
        reduced = lanes[parallel:]
        by_results = prod(reduced) in (1, prod(sizes[parallel:]))
        key = (kind == alike, by_results, reduced if by_results else lanes[:parallel])
        groups.setdefault(key, []).append((lanes, kind))
    reduction = prod(sizes[parallel:])
    chains = (of_chain(family, chain, reduction, measure, key[1]) for key, chain in groups.items())
    return [choice for chain in chains for choice in chain]


def of_chain(
    family: Family, chain: Sequence[tuple[Lanes, str]], reduction: int, measure: Measure, by_results: bool
) -> list[Choice]:
    """The choices of a chain."""
    ordered = sorted(chain, key=lambda point: prod(point[0]))
    numbers = [prod(lanes) for lanes, _ in ordered]
    kept = kept_of(numbers, reduction, by_results)
    found = {n: measure(*ordered[n]) for n in kept}
    for n, point in enumerate(ordered):
        if n in kept:
            continue
        low, high = max(k for k in kept if k < n), min(k for k in kept if k > n)
        share = (numbers[n] - numbers[low]) / (numbers[high] - numbers[low])
        found[n] = between(family, point, found[low], found[high], share) or measure(*point)
    return [choice for n in sorted(found) if (choice := found[n]) is not None]


def kept_of(numbers: Sequence[int], reduction: int, by_results: bool) -> list[int]:
    """The places of a chain that are measured; `numbers` are its lanes."""
    last = len(numbers) - 1
    kept = {0, min(1, last), last} if by_results else {0, last}
    within = [n for n, lanes in enumerate(numbers) if lanes <= reduction]
    if by_results and within and within[-1] < last:
        kept |= {within[-1], within[-1] + 1}
    return sorted(kept)


def between(
    family: Family, point: tuple[Lanes, str], low: Choice | None, high: Choice | None, share: float
) -> Choice | None:
    """The choice at a share of the way from one to another; None where that is no line."""
    if low is None or high is None or low.multipliers != high.multipliers or low.multipliers != point[1]:
        return None
    if low.timing.turns != high.timing.turns or low.timing.counted != high.timing.counted:
        return None
    memories: dict[str, tuple[Shape, int]] = {}
    times = prod(point[0]) // prod(low.lanes), prod(high.lanes) // prod(low.lanes)
    for name, (shape, reads) in low.memories.items():
        other = high.memories.get(name)
        grown = None if other is None or other[1] != reads else grown_shape(shape, other[0], *times)
        if grown is None:
            return None
        memories[name] = grown, reads
    steps = low.timing.steps * prod(low.lanes) // prod(point[0])
    behind = round(low.timing.behind + share * (high.timing.behind - low.timing.behind))
    timing = replace(low.timing, steps=steps, behind=behind)
    logic = [a + share * (b - a) for a, b in zip(low.logic.costs, high.logic.costs, strict=True)]
    estimate = Estimate(logic[0], logic[1], ceil(logic[2] - 1e-9), 0)
    return choice_of(family, point, timing, estimate, memories)


def grown_shape(low: Shape, high: Shape, times: int, most: int) -> Shape | None:
    """The shape for so many times the lanes of `low`, where `high` has `most` times as many."""
    if replace(low, alike=0) == replace(high, alike=0):
        return low
    if high.lanes == low.lanes * most and low.element == high.element:
        return replace(low, words=ceil(low.words / times), lanes=low.lanes * times, alike=low.alike * times)
    return None
