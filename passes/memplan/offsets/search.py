"""Search for a placement below a limit: branch and bound from the bottom of the arena upwards.

In the line of MiniMalloc (Moffitt, ASPLOS 2023). Some best placement is *supported*: every buffer lies at offset 0 or
on top of another one. Buffers are placed in order of offset, so what is still to come lies above a skyline, and

    floor[t] + (sizes of the buffers to come at t) <= limit       for every time t

where floor[t] is the least offset that a buffer to come may have at t; what overlaps may save is taken off the sizes.
At the lowest level of the skyline one buffer either lies there, or on another buffer to come; one whose offset is given
lies there, and what is put below may not reach it. Where no buffer to come
spans two times, the two sides are solved on their own. States that were refuted are remembered from run to run, and
where runs failed. The inner loops are in `search_kernel.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import search_kernel as kernel
from .compiled import compiled, rows
from .problem import FREE, Ints, Problem
from .search_kernel import DEPTH, NODES, OUT_OF_NODES, PLACED, Tables
from .search_tables import Sections, empty_state, tables_of

Weights = NDArray[np.float64]

FORCED = 1e300
"""The weight of a buffer whose offset is given: it comes first where it lies."""


class OutOfNodes(Exception):
    """The node limit of a run is reached."""


@dataclass(frozen=True)
class Preference:
    """Which decision comes first: the section in hand, then the buffer of greatest weight there.

    The section is the one with the least slack, or with `by_trouble` the one with the most failures for its slack.
    """

    weights: Weights
    by_trouble: bool = False


class Search:
    """One problem, with its times compressed to the sections between births and deaths, buffers in order of birth."""

    def __init__(self, problem: Problem):
        self.sections = Sections.of(problem)
        self.tables = tables_of(problem, self.sections)
        self.forced = problem.given[self.sections.living] != FREE
        self.total, self.count = len(problem.sizes), len(self.sections.living)
        self.features = features(self.tables)
        self.state = empty_state(self.count, len(self.sections.load))
        self.fast = False
        """Set it to use compiled kernels."""
        self.limit, self.nodes_left = -1, 0

    @property
    def blame(self) -> Weights:
        """Per living buffer, how often it was alive where something no longer fitted, shared among all such times."""
        return np.asarray(self.state.blame)

    @property
    def depth(self) -> int:
        """The most decisions that stood at once in the last run."""
        return int(self.state.top[DEPTH])

    def run(self, limit: int, preference: Preference, nodes: int) -> bool:
        """True when a placement within `limit` bytes was found, False when there is none. Raises OutOfNodes."""
        self.tables, self.state = rows(self.tables, self.fast), rows(self.state, self.fast)
        self._start(limit, nodes)
        # A section may go over the limit by the padding of the buffer on its top.
        ceiling = limit + self.sections.top_padding
        floor = np.where(self.sections.floor < PLACED, self.sections.floor, 0)
        if (floor + self.sections.load > ceiling).any():
            return False
        weights = np.where(self.forced, FORCED, preference.weights)
        if not self.fast:
            ceiling, weights = ceiling.tolist(), weights.tolist()
        descend = compiled(kernel.__name__, "descend") if self.fast else kernel.descend
        tables = self.tables._replace(ceiling=ceiling, weights=weights)
        ended = descend(tables, self.state, limit, preference.by_trouble)
        self.nodes_left = int(self.state.top[NODES])
        if ended == OUT_OF_NODES:
            raise OutOfNodes
        return bool(ended)

    def _start(self, limit: int, nodes: int) -> None:
        """The state before a run. What was refuted holds for lower limits too, failures only for this one."""
        state, sections = self.state, len(self.sections.load)
        if limit > self.limit >= 0:
            state.refuted[:] = [0] * len(state.refuted)
        if limit != self.limit:
            state.failures[:] = [0.0] * sections
            state.blame[:] = [0.0] * self.count
        state.least[:] = self.sections.least.tolist()
        state.sums[:] = [0] * sections
        state.floor[:] = self.sections.floor.tolist()
        state.rest[:] = self.sections.load.tolist()
        state.crossing[:] = self.sections.crossing.tolist()
        state.top[:] = [0, 0, 0, nodes, 0]
        self.limit, self.nodes_left = limit, nodes

    def solution(self) -> Ints:
        """The offsets of a run that found a placement, in the order of the problem."""
        offsets = np.zeros(self.total, np.int64)
        offsets[self.sections.living] = self.state.offset
        return offsets


def features(tables: Tables) -> Weights:
    """What preferences weigh, normalized, each (buffers): size, length of life and number of neighbours."""
    if not tables.size:
        return np.zeros((3, 0))
    lengths = np.subtract(tables.upper, tables.lower)
    raw = np.log(np.array([tables.size, lengths, np.diff(tables.near_start) + 1], np.float64))
    return (raw - raw.mean(1, keepdims=True)) / (raw.std(1, keepdims=True) + 1e-9)
