"""Search for a placement below a limit: branch and bound from the bottom of the arena upwards.

In the line of MiniMalloc (Moffitt, ASPLOS 2023). Some best placement is *supported*: every buffer lies at offset 0 or
on top of another one. Buffers are placed in order of offset, so what is still to come lies above a skyline, and

    floor[t] + (sizes of the buffers to come at t) <= limit       for every time t

where floor[t] is the least offset that a buffer to come may have at t. At the lowest level of the skyline one buffer
either lies there, or on another buffer to come. Where no buffer to come spans two times, the two sides are solved on
their own. States that were refuted are remembered from run to run, and where runs failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .offsets_problem import Ints, Problem

FREE = 1 << 60
"""The least offset of a buffer that is placed already: it holds no other back."""

MEMORY = 400_000
"""How many refuted states are remembered."""

Weights = NDArray[np.float64]


class OutOfNodes(Exception):
    """The node limit of a run is reached."""


@dataclass(frozen=True)
class Preference:
    """Which decision comes first: the section in hand, then the buffer of greatest weight there.

    The section is the one with the least slack, or with `by_trouble` the one with the most failures for its slack.
    """

    weights: Weights
    by_trouble: bool = False


@dataclass(frozen=True)
class Part:
    """Times [begin, end) that no buffer to come crosses: an open part of the problem, and the parts to solve after it.

    `state` is a digest of the least offsets when it was opened by the decision number `parent` (-1: at the start).
    """

    begin: int
    end: int
    state: bytes
    parent: int
    rest: Part | None


@dataclass(frozen=True)
class Decision:
    """A buffer that was placed at its least offset, in which part, and the length of the trail before."""

    part: Part
    buffer: int
    mark: int


class Change(NamedTuple):
    """What a step of the search overwrote: least offsets of some buffers, and the floor at some times."""

    buffers: Ints
    least: Ints
    times: slice
    floor: Ints
    placed: int


REFUTED = Part(0, 0, b"", -1, None)
"""Stands for a state without solution."""


class Search:
    """One problem, with its times compressed to the sections between births and deaths, buffers in order of birth."""

    def __init__(self, problem: Problem):
        self.order = np.lexsort((problem.upper, problem.lower))
        living = self.order[(problem.upper > problem.lower)[self.order]]
        self.total, self.living = len(problem.sizes), living
        self.problem, self.count = problem, len(living)
        times = np.unique(np.concatenate([problem.lower[living], problem.upper[living]]))
        lower, upper = np.searchsorted(times, problem.lower[living]), np.searchsorted(times, problem.upper[living])
        self.sections = max(len(times) - 1, 0)
        self.lower, self.upper = [int(t) for t in lower], [int(t) for t in upper]
        self.sizes = problem.sizes[living]
        self.size = [int(s) for s in self.sizes]
        self.padding = self.sizes - problem.true_sizes[living]
        self.alignments = None if problem.uniform else problem.alignments[living]
        self._relations(lower, upper, problem.alignments[living])
        self.features = self._features(upper - lower)
        self.refuted: set[bytes] = set()
        self.failures = np.zeros(self.sections)
        """How often each section was the one where something no longer fitted."""
        self.blame = np.zeros(self.count + 1)
        """The same per buffer that was still to come there, shared among all sections of a failure."""
        self.limit, self.nodes_left = -1, 0

    def _relations(self, lower: Ints, upper: Ints, alignments: Ints) -> None:
        """Who is alive with whom, and when."""
        count, sections = self.count, self.sections
        self.at = [np.flatnonzero((lower <= t) & (upper > t)) for t in range(sections)]
        self.load = np.array([self.sizes[alive].sum() for alive in self.at], np.int64)
        slack = [self.padding[alive].max(initial=0) for alive in self.at]
        self.top_padding = np.array(slack, np.int64)
        self.table = np.full((sections, max(map(len, self.at), default=0)), count)
        for t, alive in enumerate(self.at):
            self.table[t, : len(alive)] = alive
        self.neighbours: list[Ints] = []
        self.reach: list[slice] = []
        twins: dict[tuple[int, ...], list[int]] = {}
        for j in range(count):
            mask = (lower < upper[j]) & (upper > lower[j])
            self.reach.append(slice(int(lower[mask].min()), int(upper[mask].max())))
            mask[j] = False
            self.neighbours.append(np.flatnonzero(mask))
            twins.setdefault((self.lower[j], self.upper[j], self.size[j], int(alignments[j])), []).append(j)
        self.twins = [np.empty(0, np.int64)] * count
        for same in twins.values():
            for j in same:
                self.twins[j] = np.array(same)
        self.born = [int(i) for i in np.searchsorted(lower, np.arange(sections + 1))]

    def _features(self, length: Ints) -> Weights:
        """What preferences weigh, normalized, each (buffers): size, length of life and number of neighbours."""
        if not self.count:
            return np.zeros((3, 0))
        degree = np.array([len(neighbours) for neighbours in self.neighbours])
        raw = np.log(np.array([self.sizes, length, degree + 1], np.float64))
        return (raw - raw.mean(1, keepdims=True)) / (raw.std(1, keepdims=True) + 1e-9)

    def run(self, limit: int, preference: Preference, nodes: int) -> bool:
        """True when a placement within `limit` bytes was found, False when there is none. Raises OutOfNodes."""
        if limit > self.limit:
            self.refuted.clear()
        if limit != self.limit:
            self.failures[:] = self.blame[:] = 0
        self.limit, self.nodes_left, self.preference = limit, nodes, preference
        # A section may go over the limit by the padding of the buffer on its top.
        self.ceiling = limit + self.top_padding
        self.least = np.zeros(self.count + 1, np.int64)
        self.least[self.count] = FREE
        self.floor, self.rest = np.zeros(self.sections, np.int64), self.load.copy()
        self.floor[self.load == 0] = FREE
        self.crossing = np.zeros(self.sections, np.int64)
        for j in range(self.count):
            self.crossing[self.lower[j] : self.upper[j] - 1] += 1
        self.offset = [0] * self.count
        self.trail: list[Change] = []
        return bool((self.rest <= self.ceiling).all()) and self._descend()

    def solution(self) -> Ints:
        """The offsets of a run that found a placement, in the order of the problem."""
        offsets = np.zeros(self.total, np.int64)
        offsets[self.living] = self.offset
        return offsets

    def _descend(self) -> bool:
        """Depth first over decisions: place a buffer at its least offset, or above others to come."""
        decisions: list[Decision] = []
        part = self._open([(0, self.sections)], -1, None)
        while part is not None:
            level = int(self.floor[part.begin : part.end].min())
            if level == FREE:
                part = part.rest
                continue
            self.nodes_left -= 1
            if self.nodes_left < 0:
                raise OutOfNodes
            buffer = self._choose(part, level)
            decisions.append(Decision(part, buffer, len(self.trail)))
            fits = self._place(buffer, level)
            opened = self._open(self._split(part, buffer), len(decisions) - 1, part.rest) if fits else REFUTED
            part = self._backtrack(decisions) if opened is REFUTED else opened
            if part is REFUTED:
                return False
        return True

    def _choose(self, part: Part, level: int) -> int:
        """The preferred buffer at the preferred section of the level."""
        here = part.begin + np.flatnonzero(self.floor[part.begin : part.end] == level)
        slack = self.ceiling[here] - level - self.rest[here]
        if self.preference.by_trouble:
            section = here[(self.failures[here] / (slack + self.limit // 100 + 1)).argmax()]
        else:
            section = here[slack.argmin()]
        candidates = self.at[section]
        candidates = candidates[self.least[candidates] == level]
        return int(candidates[self.preference.weights[candidates].argmax()])

    def _split(self, part: Part, buffer: int) -> list[tuple[int, int]]:
        """The part cut where nothing crosses any more, now that this buffer is placed; the shortest piece last."""
        lower, upper = self.lower[buffer], self.upper[buffer]
        cuts = lower + 1 + np.flatnonzero(self.crossing[lower : upper - 1] == 0)
        edges = [part.begin, *map(int, cuts), part.end]
        return sorted(pairwise(edges), key=lambda piece: piece[0] - piece[1])

    def _open(self, pieces: list[tuple[int, int]], parent: int, rest: Part | None) -> Part | None:
        """The pieces as a list of parts, the last one first; REFUTED when one of them is known to have no solution."""
        for begin, end in pieces:
            least = self.least[self.born[begin] : self.born[end]]
            state = blake2b(least.tobytes(), digest_size=16, salt=begin.to_bytes(8, "little")).digest()
            if state in self.refuted:
                return REFUTED
            rest = Part(begin, end, state, parent, rest)
        return rest

    def _backtrack(self, decisions: list[Decision]) -> Part | None:
        """Revise the last decision that matters: its buffer lies higher. A part without solution refutes its parent."""
        while decisions:
            decision = decisions.pop()
            self._undo(decision.mark)
            if self._postpone(decision.buffer):
                return decision.part
            if len(self.refuted) < MEMORY:
                self.refuted.add(decision.part.state)
            del decisions[decision.part.parent + 1 :]
        return REFUTED

    def _place(self, buffer: int, level: int) -> bool:
        """Place a buffer; False when something no longer fits."""
        if level + self.size[buffer] - int(self.padding[buffer]) > self.limit:
            return False
        neighbours, reach = self.neighbours[buffer], self.reach[buffer]
        life = slice(self.lower[buffer], self.upper[buffer])
        self._remember(np.append(neighbours, buffer), reach, buffer)
        self.offset[buffer] = level
        top = level + self.size[buffer]
        self.least[neighbours] = self._aligned(np.maximum(self.least[neighbours], top), neighbours)
        self.least[buffer] = FREE
        self.rest[life] -= self.size[buffer]
        self.crossing[life.start : life.stop - 1] -= 1
        return self._update(reach)

    def _postpone(self, buffer: int) -> bool:
        """Keep a buffer, and all exactly like it, off its least offset: it then lies on one to come."""
        neighbours = self.neighbours[buffer]
        support = int((self.least[neighbours] + self.sizes[neighbours]).min(initial=FREE))
        if support + self.size[buffer] > self.limit + int(self.padding[buffer]):
            return False
        twins = self.twins[buffer]
        twins = twins[self.least[twins] < FREE]
        life = slice(self.lower[buffer], self.upper[buffer])
        self._remember(twins, life, -1)
        self.least[twins] = self._aligned(np.maximum(self.least[twins], support), twins)
        return self._update(life)

    def _aligned(self, offsets: Ints, buffers: Ints) -> Ints:
        """Offsets rounded up to the buffers' alignments; FREE stays, as a multiple of them all."""
        if self.alignments is None:
            return offsets
        alignments = self.alignments[buffers]
        return -(-offsets // alignments) * alignments

    def _update(self, times: slice) -> bool:
        """Recompute the floor at these times; False when what is to come cannot lie between it and the ceiling."""
        floor = self.least[self.table[times]].min(1)
        self.floor[times] = floor
        over = (floor + self.rest[times] > self.ceiling[times]) & (floor < FREE)
        if not over.any():
            return True
        sections = times.start + np.flatnonzero(over)
        self.failures[sections] += 1
        self.blame[self.table[sections]] += 1 / len(sections)
        return False

    def _remember(self, buffers: Ints, times: slice, placed: int) -> None:
        """Put on the trail what is about to change; `placed` is the buffer being placed, or -1."""
        self.trail.append(Change(buffers, self.least[buffers], times, self.floor[times].copy(), placed))

    def _undo(self, mark: int) -> None:
        """Take back the changes since the trail had this length."""
        while len(self.trail) > mark:
            change = self.trail.pop()
            self.least[change.buffers] = change.least
            self.floor[change.times] = change.floor
            if change.placed >= 0:
                lower, upper = self.lower[change.placed], self.upper[change.placed]
                self.rest[lower:upper] += self.size[change.placed]
                self.crossing[lower : upper - 1] += 1
