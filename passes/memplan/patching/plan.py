"""Plans of patches: what each patch of a stage computes, its multiply-accumulates and the peak of the bytes alive.

The output of a stage is cut into a grid. For each patch, a walk backwards through the forms finds the points that
each must compute and the box of its output that holds what later forms read. Reads outside the *tensor* are padding and
contribute nothing; boxes are therefore clipped to the tensor, and a read inside the tensor is always inside the box.
Where windows overlap, neighbouring patches compute the same points again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, prod

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from ....dialects.access import full_box
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import element_bytes
from ....dialects.memplan.liveness import Life, Liveness
from .boxes import Box, clip, cut, hull, reads_of, volume, widen, writers_of
from .stage import Stage, shape_of

Grid = tuple[int, int]
"""Parts along rows, parts along columns."""


@dataclass(frozen=True)
class Clone:
    """Form `number` of a stage, restricted to a box of its domain."""

    number: int
    points: Box


@dataclass(frozen=True)
class Patch:
    """The clones of one patch in order of execution, and the part of each inner buffer that it keeps."""

    place: Grid
    clones: tuple[Clone, ...]
    boxes: dict[SSAValue, Box]


@dataclass(frozen=True)
class Plan:
    """A stage in patches. `macs` are those of the whole function, `peak` its most bytes alive in buffers."""

    stage: Stage
    grid: Grid
    patches: tuple[Patch, ...]
    macs: int
    peak: int


class Planner:
    """The plans of one stage."""

    def __init__(self, stage: Stage, liveness: Liveness):
        self.stage = stage
        live = liveness.live_bytes
        self.outside = max((*live[: stage.first], *live[stage.last + 1 :]), default=0)
        """The peak before and after the stage, in bytes: no grid changes it."""
        self.other_macs = macs_of(liveness) - sum(access.form.macs for access in stage.forms)
        whole = [life for life in liveness.scratch if life.root not in stage.inner]
        around = [life for life in whole if life.first <= stage.last and life.last >= stage.first]
        self.output = sum(life.size for life in around if life.first >= stage.first)
        """Bytes of the stage's output, where it begins to live with it."""
        before = [life for life in around if life.first < stage.first]
        self.held = sum(life.size for life in before)
        """Bytes that live when the stage begins."""
        self.leaving: list[Life] = [life for life in before if life.last <= stage.last]
        self.deaths = self._deaths()
        self.clones = 0
        """How many clones have been looked at."""

    def _deaths(self) -> list[list[SSAValue]]:
        """Per form of the stage, the inner buffers that it is the last to use."""
        last: dict[SSAValue, int] = {}
        for number, access in enumerate(self.stage.forms):
            for value in (*(value for value, _ in access.reads), access.form.target):
                if value in self.stage.inner:
                    last[value] = number
        deaths: list[list[SSAValue]] = [[] for _ in self.stage.forms]
        for value, number in last.items():
            deaths[number].append(value)
        return deaths

    @property
    def least(self) -> int:
        """Bytes that no grid gets below: what lies outside of the stage, and its output beside what lives before it."""
        return max(self.outside, self.held + self.output)

    def fits(self, grid: Grid) -> bool:
        """True when the output of the stage has as many rows and columns as the grid."""
        image = (*(shape_of(self.stage.target)[dim] for dim in self.stage.image), 1)
        return all(parts <= size for parts, size in zip(grid, image, strict=False))

    def plan(self, grid: Grid, most_macs: float = inf) -> Plan | None:
        """The plan for a grid that fits, unless the function would need more multiply-accumulates than `most_macs`."""
        patches: list[Patch] = []
        macs = self.other_macs
        for patch in self._patches(grid):
            macs += self._macs(patch)
            if macs > most_macs:
                return None
            patches.append(patch)
        return Plan(self.stage, grid, tuple(patches), macs, max(self.outside, self._peak(patches)))

    def _patches(self, grid: Grid) -> Iterator[Patch]:
        shape, image = shape_of(self.stage.target), self.stage.image
        cuts = [list(enumerate(cut(shape[dim], parts))) for dim, parts in zip(image, grid, strict=False)]
        for parts in product(*cuts):
            box = list(full_box(shape))
            for dim, (_, interval) in zip(image, parts, strict=True):
                box[dim] = interval
            row, column = (*(place for place, _ in parts), 0)[:2]
            yield self._patch((row, column), tuple(box))

    def _patch(self, place: Grid, box: Box) -> Patch:
        """The patch whose last form writes this box of the output."""
        needed: dict[SSAValue, Box] = {self.stage.target: box}
        clones: list[Clone] = []
        for number in reversed(range(len(self.stage.forms))):
            access = self.stage.forms[number]
            target = access.target
            if target not in needed:
                continue
            shape = shape_of(target)
            needed[target] = widen(clip(needed[target], shape), shape, access.are_cut)
            points = writers_of(access.out, access.sizes, needed[target], access.are_cut)
            if points is None:
                continue
            clones.append(Clone(number, points))
            self.clones += 1
            for value, results in access.reads:
                if value in self.stage.inner:
                    needed[value] = hull(needed.get(value), reads_of(results, points))
        del needed[self.stage.target]
        return Patch(place, tuple(reversed(clones)), needed)

    def _macs(self, patch: Patch) -> int:
        forms = [self.stage.forms[clone.number] for clone in patch.clones]
        return sum(
            form.macs * volume(clone.points) // prod(form.sizes)
            for form, clone in zip(forms, patch.clones, strict=True)
            if form.macs
        )

    def _peak(self, patches: Sequence[Patch]) -> int:
        """The most bytes alive in buffers while the patches are computed one after the other."""
        peak, started = 0, 0
        for patch in patches:
            final = patch is patches[-1]
            bytes = {value: volume(box) * bytes_of(value) for value, box in patch.boxes.items()}
            inner = 0
            for clone in patch.clones:
                target = self.stage.forms[clone.number].target
                if target in bytes:
                    inner += bytes[target]
                else:
                    started = self.output
                step = self.stage.first + clone.number
                gone = sum(life.size for life in self.leaving if life.last < step) if final else 0
                peak = max(peak, self.held - gone + started + inner)
                inner -= sum(bytes.get(value, 0) for value in self.deaths[clone.number])
        return peak


def bytes_of(value: SSAValue) -> int:
    """Bytes of an element of a memref."""
    assert isinstance(value.type, MemRefType)
    return element_bytes(value.type)


def macs_of(liveness: Liveness) -> int:
    """Multiply-accumulates of a function."""
    return sum(step.op.macs for step in liveness.steps if isinstance(step.op, StructuredForm) and step.along is None)


def spell(sizes: Sequence[int]) -> str:
    """`2x3`."""
    return "x".join(map(str, sizes))
