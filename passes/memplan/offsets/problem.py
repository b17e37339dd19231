"""The problem of placing buffers: what has to lie apart, by how much, and how much memory that takes at least.

Two buffers that are alive together are disjoint, or they are an output and an input that may overlap: the output is
written behind the bytes of the input that are still to be read. Either way, for the lower buffer j and the upper one k,

    offset[k] >= offset[j] + gap(j, k)

where gap(j, k) is the size of j, or the distance of an overlap whose output is j and whose input is k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FREE = -1
"""The given offset of a buffer whose offset may be chosen."""


@dataclass(frozen=True)
class Request:
    """Memory for the steps lower <= t < upper: `size` bytes at an offset that `alignment`, a power of two, divides.

    `offset` is given where the buffer lies already.
    """

    lower: int
    upper: int
    size: int
    alignment: int = 1
    offset: int | None = None


@dataclass(frozen=True)
class Overlap:
    """The step that writes request `output` is the last to read request `input`, and they may share bytes.

    They are disjoint, or offset[output] + distance <= offset[input]. Requests are given by index, `distance` in bytes.
    """

    input: int
    output: int
    distance: int


@dataclass(frozen=True)
class Problem:
    """Requests as arrays. `sizes` are rounded up to `grain`, the least alignment, which divides every offset.

    `true_sizes` are the requests' own: the last buffer of an arena needs no padding after it. `given` are the offsets
    that may not be chosen, else FREE. `pairs` (3, overlaps) holds input, output and distance, a multiple of the grain
    below the size of the output.
    """

    lower: Ints
    upper: Ints
    sizes: Ints
    true_sizes: Ints
    alignments: Ints
    given: Ints
    pairs: Ints
    grain: int

    @staticmethod
    def of(requests: Sequence[Request], overlaps: Sequence[Overlap] = ()) -> Problem:
        """Raises ValueError where a size, an alignment, a given offset or an overlap makes no sense."""
        for request in requests:
            alignment, offset = request.alignment, request.offset or 0
            if request.size < 1 or alignment < 1 or alignment & (alignment - 1):
                raise ValueError(f"{request}: the size is at least 1, the alignment a power of two")
            if offset < 0 or offset % alignment:
                raise ValueError(f"{request}: the offset is not negative, and the alignment divides it")
        for overlap in overlaps:
            input, output = requests[overlap.input], requests[overlap.output]
            if overlap.distance < 0 or input.lower >= output.lower or input.upper > output.lower + 1:
                raise ValueError(
                    f"{overlap}: distance at least 0, input alive before the output is, not after its first step"
                )
        columns = [(r.lower, r.upper, r.size, r.alignment, FREE if r.offset is None else r.offset) for r in requests]
        lower, upper, true_sizes, alignments, given = np.array(columns, np.int64).reshape(-1, 5).T
        grain = int(alignments.min(initial=1 << 62)) if len(requests) else 1
        sizes = -(-true_sizes // grain) * grain
        triples = [(overlap.input, overlap.output, -(-overlap.distance // grain) * grain) for overlap in overlaps]
        pairs = np.array(triples, np.int64).reshape(-1, 3).T
        together = (upper[pairs[0]] > lower[pairs[1]]) & (lower[pairs[1]] < upper[pairs[1]])
        pairs = pairs[:, together & (pairs[2] < sizes[pairs[1]])]
        problem = Problem(lower, upper, sizes, true_sizes, alignments, given, pairs, grain)
        problem._verify_given()
        return problem

    @property
    def uniform(self) -> bool:
        """True when all alignments are the grain, so that sums of sizes are aligned."""
        return bool((self.alignments == self.grain).all())

    @property
    def plain(self) -> bool:
        """True when there are neither overlaps nor given offsets."""
        return not self.pairs.size and bool((self.given == FREE).all())

    def mirrored(self) -> Problem:
        """The same problem with time running backwards: it has the same placements."""
        return Problem(
            -self.upper, -self.lower, self.sizes, self.true_sizes, self.alignments, self.given, self.pairs, self.grain
        )

    def subset(self, buffers: Ints) -> Problem:
        """The problem of some of the buffers only."""
        number = np.full(len(self.sizes), -1)
        number[buffers] = np.arange(len(buffers))
        pairs = np.concatenate([number[self.pairs[:2]], self.pairs[2:]])
        return Problem(
            self.lower[buffers],
            self.upper[buffers],
            self.sizes[buffers],
            self.true_sizes[buffers],
            self.alignments[buffers],
            self.given[buffers],
            pairs[:, (pairs >= 0).all(0)],
            self.grain,
        )

    def loads(self) -> Ints:
        """Per buffer, the most bytes alive at one time of its life, less what overlaps may save."""
        changes, total = self._live_bytes()
        begin = np.searchsorted(changes, self.lower)
        end = np.searchsorted(changes, self.upper)
        return np.array([total[a:b].max(initial=0) for a, b in zip(begin, end, strict=True)], np.int64)

    def overlapping(self, buffer: int) -> Ints:
        """The other buffers that are alive together with this one."""
        begin, end = np.maximum(self.lower, self.lower[buffer]), np.minimum(self.upper, self.upper[buffer])
        mask = begin < end
        mask[buffer] = False
        return np.flatnonzero(mask)

    def pairs_alive(self) -> int:
        """How many pairs of buffers are alive together."""
        lives = self.upper > self.lower
        lower, upper = np.sort(self.lower[lives]), np.sort(self.upper[lives])
        before = np.searchsorted(lower, lower, "left") - np.searchsorted(upper, lower, "right")
        same = np.arange(len(lower)) - np.searchsorted(lower, lower, "left")
        return int((before + same).sum())

    @cached_property
    def neighbours(self) -> list[Ints]:
        """Per buffer, the others that are alive together with it."""
        return [self.overlapping(buffer) for buffer in range(len(self.sizes))]

    @cached_property
    def gaps(self) -> list[tuple[Ints, Ints]]:
        """Per buffer, by how much it has to lie above each neighbour, and each neighbour above it."""
        gaps = [
            (self.sizes[others], np.full(len(others), size))
            for others, size in zip(self.neighbours, self.sizes, strict=True)
        ]
        for input, output, distance in self.pairs.T.tolist():
            at = np.flatnonzero(self.neighbours[input] == output)
            gaps[input][0][at] = np.minimum(gaps[input][0][at], distance)
            at = np.flatnonzero(self.neighbours[output] == input)
            gaps[output][1][at] = np.minimum(gaps[output][1][at], distance)
        return gaps

    @cached_property
    def edges(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Where the neighbours of each buffer begin, with the end of the last; all neighbours, and both gaps."""
        none = np.zeros(0, np.int64)
        starts = np.cumsum([0, *map(len, self.neighbours)])
        others, above, below = (
            np.concatenate([none, *rows])
            for rows in (self.neighbours, [above for above, _ in self.gaps], [below for _, below in self.gaps])
        )
        return starts, others, above, below

    def peak(self, offsets: Ints) -> int:
        """The size of the arena that these offsets need, in bytes."""
        return int((offsets + self.true_sizes).max(initial=0))

    def lower_bound(self) -> int:
        """Bytes that every placement needs: the most alive at one time, less what overlaps may save there.

        The padding of the topmost buffer is left out.
        """
        changes, total = self._live_bytes()
        padding = np.zeros(len(changes), np.int64)
        padded = self.sizes - self.true_sizes
        begin, end = np.searchsorted(changes, self.lower), np.searchsorted(changes, self.upper)
        for buffer in np.argsort(padded, kind="stable")[np.count_nonzero(padded == 0) :]:
            padding[begin[buffer] : end[buffer]] = padded[buffer]
        fixed = np.where(self.given == FREE, 0, self.given) + self.true_sizes
        return max(int((total - padding).max(initial=0)), int(fixed.max(initial=0)))

    def _live_bytes(self) -> tuple[Ints, Ints]:
        """The times of births, and the bytes alive there less what overlaps may save."""
        changes = np.unique(self.lower)
        lives = self.upper > self.lower
        total = np.zeros(len(changes) + 1, np.int64)
        np.add.at(total, np.searchsorted(changes, self.lower[lives]), self.sizes[lives])
        np.subtract.at(total, np.searchsorted(changes, self.upper[lives]), self.sizes[lives])
        total = total.cumsum()[:-1]
        for step, saving in self._savings().items():
            total[np.searchsorted(changes, step)] -= saving
        return changes, total

    def _savings(self) -> dict[int, int]:
        """For each step that writes outputs of overlaps, the bytes that these can save there at most.

        What is alive in one step takes at least the sum of sizes less what pairs share (Bonferroni). A pair shares no
        more than the input's size, nor than what the output has beyond the distance. The inputs of one output are
        disjoint and lie beyond the least distance. Two outputs that share bytes with one input would both contain its
        first byte, so only one does.
        """
        by_input: dict[int, dict[int, int]] = {}
        by_output: dict[int, dict[int, list[tuple[int, int]]]] = {}
        for input, output, distance in self.pairs.T.tolist():
            step, beyond = int(self.lower[output]), int(self.sizes[output]) - distance
            share = min(beyond, int(self.sizes[input]))
            most = by_input.setdefault(step, {})
            most[input] = max(most.get(input, 0), share)
            by_output.setdefault(step, {}).setdefault(output, []).append((share, beyond))
        savings: dict[int, int] = {}
        for step, outputs in by_output.items():
            sums = (min(sum(s for s, _ in pairs), max(b for _, b in pairs)) for pairs in outputs.values())
            savings[step] = min(sum(sums), sum(by_input[step].values()))
        return savings

    def _verify_given(self) -> None:
        """Raise ValueError where two given offsets contradict each other."""
        if np.count_nonzero(self.given != FREE) < 2:
            return
        for buffer in np.flatnonzero(self.given != FREE):
            others, (above, below) = self.neighbours[buffer], self.gaps[buffer]
            offsets = self.given[others]
            apart = (self.given[buffer] >= offsets + above) | (offsets >= self.given[buffer] + below)
            if not (apart | (offsets == FREE)).all():
                raise ValueError(f"request {others[~apart & (offsets != FREE)][0]} lies in the bytes of {buffer}")
