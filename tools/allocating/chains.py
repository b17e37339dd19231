"""Choices near measured ones: what lanes of one dimension cost grows by as much with each of them.

A chain has the choices of a form that differ only in the lanes of one dimension. Two of those on a line are measured:
the first, and the first of many lanes, or the last; the others lie between them, or go on behind. A new line begins
where that dimension is one of results behind one lane (which shares no multiplier and reads no word of several
elements), and where lanes become more than the steps of a reduction: what finishes its results then works on several
at once, or has less time for each. Lanes that are no power of two take no words, and are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2, prod

from ...targets.estimating.cells import Estimate, stored
from ...targets.estimating.cycles import Timing
from ...targets.estimating.memories import Shape, shape_cells
from ...targets.family import Family

Lanes = tuple[int, ...]

FAR = 4
"""Lanes of which a line may be known from fewer: lowering takes as long as there are lanes."""


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
    family: Family,
    candidates: Sequence[tuple[Lanes, str]],
    parallel: int,
    sizes: Lanes,
    measure: Measure,
    alike: str,
    clocks: int = 1,
) -> list[Choice]:
    """The candidates, measured or from their neighbours; the first `parallel` of the dimensions are results.

    Each result may take so many `clocks` behind its reduction.

    Candidates of another kind than `alike` are a chain together: few lanes cannot share multipliers.
    """
    groups: dict[tuple[bool, bool, bool, Lanes], list[tuple[Lanes, str]]] = {}
    for lanes, kind in candidates:
        reduced = lanes[parallel:]
        by_results = prod(reduced) in (1, prod(sizes[parallel:]))
        in_time = clocks == 1 or leaves_time(lanes, prod(sizes[parallel:]), clocks)
        key = (kind == alike, in_time, by_results, reduced if by_results else lanes[:parallel])
        groups.setdefault(key, []).append((lanes, kind))
    reduction = prod(sizes[parallel:])
    chains = (of_chain(family, chain, reduction, measure, key[2]) for key, chain in groups.items())
    return [choice for chain in chains for choice in chain]


def leaves_time(lanes: Lanes, reduction: int, clocks: int) -> bool:
    """Whether the results of a reduction of so many points come so many clocks apart."""
    return prod(lanes) * clocks <= reduction


def of_chain(
    family: Family, chain: Sequence[tuple[Lanes, str]], reduction: int, measure: Measure, by_results: bool
) -> list[Choice]:
    """The choices of a chain."""
    ordered = sorted(chain, key=lambda point: prod(point[0]))
    numbers = [prod(lanes) for lanes, _ in ordered]
    found: dict[int, Choice | None] = {}
    for line in lines_of(numbers, reduction, by_results):
        low, high = line[0], next((n for n in line[1:] if numbers[n] >= FAR), line[-1])
        for n in sorted({low, high}):
            found[n] = measure(*ordered[n])
        for n in line:
            if n not in found:
                found[n] = on_line(family, ordered[n], found[low], found[high], by_results) or measure(*ordered[n])
    return [choice for n in sorted(found) if (choice := found[n]) is not None]


def lines_of(numbers: Sequence[int], reduction: int, by_results: bool) -> list[list[int]]:
    """The places of a chain by the line that they lie on; `numbers` are its lanes."""
    lines: dict[tuple[int, bool], list[int]] = {}
    for n, lanes in enumerate(numbers):
        is_alone = lanes & (lanes - 1) != 0 or (by_results and n == 0)
        lines.setdefault((lanes if is_alone else 0, by_results and lanes > reduction), []).append(n)
    return list(lines.values())


def on_line(
    family: Family, point: tuple[Lanes, str], low: Choice | None, high: Choice | None, by_results: bool
) -> Choice | None:
    """The choice on the line through two others; None where that is no line.

    Lanes of a reduction are added up in a tree: its clocks grow with the logarithm of the lanes.
    """
    if low is None or high is None or low.multipliers != high.multipliers or low.multipliers != point[1]:
        return None
    if low.timing.turns != high.timing.turns or low.timing.counted != high.timing.counted:
        return None
    at, least, most = prod(point[0]), prod(low.lanes), prod(high.lanes)
    memories: dict[str, tuple[Shape, int]] = {}
    for name, (shape, reads) in low.memories.items():
        other = high.memories.get(name)
        grown = None if other is None or other[1] != reads else grown_shape(shape, other[0], at // least, most // least)
        if grown is None:
            return None
        memories[name] = grown, reads
    share = (at - least) / (most - least)
    later = share if by_results else log2(at / least) / log2(most / least)
    behind = round(low.timing.behind + later * (high.timing.behind - low.timing.behind))
    timing = replace(low.timing, steps=low.timing.steps * least // at, behind=behind)
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
