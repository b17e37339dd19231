"""What the kernel of the offset search reads and writes, made from a problem: see `search_kernel.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np

from .problem import Ints, Problem
from .search_kernel import PLACED, State, Tables

MEMORY = 1 << 18
"""How many refuted states are remembered."""

LOG = 1 << 20
"""Changes that can be taken back: a run that makes more ends as if it were out of nodes."""


@dataclass(frozen=True)
class Sections:
    """Times between births and deaths. `living` are the buffers with a life, from section `lower` to before `upper`.

    `least` are the offsets that they have at least: the given ones. Per section: `load`, the bytes alive less what
    overlaps may save; `floor`, the least of the least offsets; `crossing`, how many buffers go on to the next section;
    `top_padding`, by how much the topmost buffer may stick out.
    """

    living: Ints
    lower: Ints
    upper: Ints
    least: Ints
    load: Ints
    floor: Ints
    crossing: Ints
    top_padding: Ints

    @staticmethod
    def of(problem: Problem) -> Sections:
        """The sections of a problem, its living buffers in order of birth."""
        order = np.lexsort((problem.upper, problem.lower))
        living = order[(problem.upper > problem.lower)[order]]
        times = np.unique(np.concatenate([problem.lower[living], problem.upper[living]]))
        lower, upper = np.searchsorted(times, problem.lower[living]), np.searchsorted(times, problem.upper[living])
        sizes, inputs, outputs = problem.sizes[living], problem.pairs[0], problem.pairs[1]
        shares = np.minimum(problem.sizes[inputs], problem.sizes[outputs] - problem.pairs[2])
        load = running(len(times), lower, upper, sizes)
        np.subtract.at(load, np.searchsorted(times, np.maximum(problem.lower[inputs], problem.lower[outputs])), shares)
        padding = sizes - problem.true_sizes[living]
        alive = [(lower <= t) & (upper > t) for t in range(len(load))]
        tops = np.array([padding[those].max(initial=0) for those in alive], np.int64)
        least = np.maximum(problem.given[living], 0)
        floor = np.array([least[those].min(initial=PLACED) for those in alive], np.int64)
        crossing = running(len(times), lower, upper - 1, np.ones(len(living), np.int64))
        return Sections(living, lower, upper, least, load, floor, crossing, tops)


def running(times: int, lower: Ints, upper: Ints, amounts: Ints) -> Ints:
    """Per section, the sum of the amounts of those that are alive."""
    changes = np.zeros(max(times, 1), np.int64)
    np.add.at(changes, lower, amounts)
    np.subtract.at(changes, upper, amounts)
    return changes.cumsum()[:-1]


def tables_of(problem: Problem, sections: Sections) -> Tables:
    """The tables as lists; ceiling and weights are left for each run."""
    living, lower, upper, count = sections.living, sections.lower, sections.upper, len(sections.living)
    sizes, alignments = problem.sizes[living].tolist(), problem.alignments[living].tolist()
    padding, given = (problem.sizes - problem.true_sizes)[living].tolist(), problem.given[living].tolist()
    number = np.full(len(problem.sizes), -1)
    number[living] = np.arange(count)
    near = [number[problem.neighbours[buffer]] for buffer in living]
    gaps = [problem.gaps[buffer] for buffer in living]
    pairs: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    for input, output, distance in problem.pairs.T.tolist():
        a, b = int(number[input]), int(number[output])
        share, section = min(sizes[a], sizes[b] - distance), int(max(lower[a], lower[b]))
        pairs[a].append((b, share, section))
        pairs[b].append((a, share, section))
    alive = [np.flatnonzero((lower <= t) & (upper > t)) for t in range(len(sections.load))]
    pair_start, flat = ragged(pairs)
    bits = max(8, 60 - int((problem.sizes + problem.alignments).sum()).bit_length())
    return Tables(
        lower=lower.tolist(),
        upper=upper.tolist(),
        size=sizes,
        padding=padding,
        alignment=alignments,
        given=given,
        reach_lower=[int(lower[n].min(initial=a)) for n, a in zip(near, lower, strict=True)],
        reach_upper=[int(upper[n].max(initial=b)) for n, b in zip(near, upper, strict=True)],
        near_start=ragged(near)[0],
        near=joined(near),
        up=joined([below for _, below in gaps]),
        down=joined([above for above, _ in gaps]),
        pair_start=pair_start,
        pairs=[pair[0] for pair in flat],
        shares=[pair[1] for pair in flat],
        pair_at=[pair[2] for pair in flat],
        **twins_of(zip(lower.tolist(), upper.tolist(), sizes, padding, alignments, given, strict=True), pairs),
        at_start=ragged(alive)[0],
        at=joined(alive),
        coefficient=np.random.default_rng(0).integers(1, 1 << bits, count).tolist(),
        ceiling=[],
        weights=[],
    )


def twins_of(keys: Iterable[tuple[int, ...]], pairs: Sequence[Sequence[object]]) -> dict[str, list[int]]:
    """For each buffer all those with the same key, itself among them: they may change places, unless they overlap."""
    groups: dict[tuple[int, ...], list[int]] = {}
    mine: list[list[int]] = []
    for buffer, key in enumerate(keys):
        same = groups.setdefault((*key, buffer) if pairs[buffer] else key, [])
        same.append(buffer)
        mine.append(same)
    start, twins = ragged(mine)
    return {"twin_start": start, "twins": twins}


def ragged(lists: Sequence[Any]) -> tuple[list[int], list[Any]]:
    """Where each list begins, with the end of the last, and all one after the other."""
    return [0, *accumulate(map(len, lists))], [*chain.from_iterable(lists)]


def joined(arrays: Sequence[Ints]) -> list[int]:
    """Arrays of integers, one after the other, as a list."""
    return np.concatenate(arrays).tolist() if arrays else []


def empty_state(count: int, sections: int) -> State:
    """Room for a search of this size, as arrays."""
    log, parts = min(LOG, 1000 * (count + sections + 1)), count + 2 * sections + 2
    lengths = [*[count] * 2, *[sections] * 4, *[log] * 2, *[count] * 4, *[parts] * 5]
    stacks = [np.zeros(length, np.int64) for length in (*lengths, MEMORY, 5)]
    return State._make([*stacks[:-2], np.zeros(sections), np.zeros(count), *stacks[-2:]])
