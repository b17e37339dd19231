"""The early stage of a network as a designer sees it: windows, strides and sizes of layers, and what patches cost.

Rows and columns are apart from each other in all of it, so that a patch is an interval of each: what a layer computes
is the product of two lengths. A network with another kernel or stride is another list of layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...dialects.access import Interval, Linear
from ...dialects.memplan.liveness import Liveness
from ...passes.memplan.patching.boxes import cut
from ...passes.memplan.patching.plan import Grid, bytes_of
from ...passes.memplan.patching.stage import Access, Stage, images_of, shape_of, windows


@dataclass(frozen=True)
class Axis:
    """How a layer reads along rows or columns: output `y` reads `stride y + offset` and the `reach - 1` behind it."""

    stride: int = 1
    offset: int = 0
    reach: int = 1

    def reads(self, wanted: Interval, size: int) -> Interval:
        """What an interval of the output reads of `size` rows, those of the padding left out."""
        low, high = self.stride * wanted[0] + self.offset, self.stride * wanted[1] + self.offset + self.reach - 1
        return min(max(low, 0), size - 1), max(min(high, size - 1), 0)


@dataclass(frozen=True)
class Layer:
    """A layer: sizes of its output, MACs and bytes of one of its places; which layers it reads, -1 being outside."""

    name: str
    sizes: tuple[int, int]
    macs: float
    bytes: float
    reads: tuple[tuple[int, tuple[Axis, Axis]], ...]

    @property
    def window(self) -> tuple[int, int]:
        """Rows and columns of its window."""
        axes = [axes for _, axes in self.reads]
        return max((a.reach for a, _ in axes), default=1), max((a.reach for _, a in axes), default=1)

    @property
    def stride(self) -> int:
        """How many rows its window moves."""
        return max((axes[0].stride for _, axes in self.reads), default=1)

    @property
    def all_macs(self) -> float:
        """MACs of the whole layer."""
        return self.macs * self.sizes[0] * self.sizes[1]

    def with_axes(self, stride: int, reach: tuple[int, int]) -> Layer:
        """The layer with another stride and another window, centred as before; MACs follow the window."""
        points = reach[0] * reach[1] / (self.window[0] * self.window[1])
        reads = tuple(
            (source, (moved(rows, stride, reach[0]), moved(columns, stride, reach[1])))
            for source, (rows, columns) in self.reads
        )
        return replace(self, macs=self.macs * points, reads=reads)


def moved(axis: Axis, stride: int, reach: int) -> Axis:
    """An axis with another stride and reach; what was the middle of the window stays it."""
    return Axis(stride, axis.offset + (axis.reach - 1) // 2 - (reach - 1) // 2, reach)


@dataclass(frozen=True)
class Early:
    """The layers of a stage, the bytes that live before it and beside it, and the grid."""

    layers: tuple[Layer, ...]
    grid: Grid
    held: int
    outside: int

    @property
    def intervals(self) -> list[list[list[Interval]]]:
        """Per axis and layer, what each patch computes."""
        found: list[list[list[Interval]]] = []
        for axis, parts in enumerate(self.grid):
            computed: list[list[Interval]] = [[] for _ in self.layers]
            for part in cut(self.layers[-1].sizes[axis], parts):
                for number, interval in self.needed(axis, part).items():
                    computed[number].append(interval)
            found.append(computed)
        return found

    def needed(self, axis: int, part: Interval) -> dict[int, Interval]:
        """What each layer computes along an axis for a part of the stage's output."""
        needed = {len(self.layers) - 1: part}
        for number in reversed(range(len(self.layers))):
            for source, axes in self.layers[number].reads if number in needed else ():
                if source >= 0:
                    low, high = axes[axis].reads(needed[number], self.layers[source].sizes[axis])
                    before = needed.get(source, (low, high))
                    needed[source] = min(low, before[0]), max(high, before[1])
        return needed

    def macs(self) -> list[float]:
        """MACs of each layer over all patches."""
        rows, columns = ([sum(map(length, parts)) for parts in axis] for axis in self.intervals)
        return [layer.macs * r * c for layer, r, c in zip(self.layers, rows, columns, strict=True)]

    def patch_bytes(self) -> list[float]:
        """The bytes of each layer's output in the largest patch; of the last one, the whole output."""
        rows, columns = ([max(map(length, parts), default=0) for parts in axis] for axis in self.intervals)
        sizes = [layer.bytes * r * c for layer, r, c in zip(self.layers, rows, columns, strict=True)]
        last = self.layers[-1]
        return [*sizes[:-1], last.bytes * last.sizes[0] * last.sizes[1]]

    def peak(self) -> float:
        """Bytes alive at most: those of a patch beside the whole output, or what lives outside of the stage."""
        sizes, last = self.patch_bytes(), len(self.layers) - 1
        ends = [max((n for n, later in enumerate(self.layers) if reads(later, i)), default=i) for i in range(last + 1)]
        alive = [sum(sizes[i] for i in range(min(now, last - 1) + 1) if ends[i] >= now) for now in range(last + 1)]
        several = self.grid != (1, 1)
        inner = [bytes + (sizes[last] if several or now == last else 0) for now, bytes in enumerate(alive)]
        return max(self.outside, self.held + max(inner))


def length(interval: Interval) -> int:
    """Rows of an interval."""
    return interval[1] - interval[0] + 1


def reads(layer: Layer, number: int) -> bool:
    """Whether a layer reads another one."""
    return any(source == number for source, _ in layer.reads)


def layers_of(forms: Sequence[Access]) -> tuple[Layer, ...]:
    """Forms that keep rows and columns, as layers."""
    images, numbers = images_of(forms), {access.target: number for number, access in enumerate(forms)}
    layers: list[Layer] = []
    for access in forms:
        rows, columns = images[access.target]
        shape = shape_of(access.target)
        sizes = shape[rows], shape[columns]
        places = sizes[0] * sizes[1]
        size = bytes_of(access.target)
        for extent in shape:
            size *= extent
        sources: list[tuple[int, tuple[Axis, Axis]]] = []
        for value, results in access.reads:
            if value in images:
                axes = [axis_of(access, results[dim]) for dim in images[value]]
                sources.append((numbers.get(value, -1), (axes[0], axes[1])))
        for value, dims in windows(access.form) if not sources else ():
            results = dict(access.reads)[value]
            sources.append((-1, (axis_of(access, results[dims[0]]), axis_of(access, results[dims[1]]))))
        layers.append(Layer(access.name, sizes, access.macs / places, size / places, tuple(sources)))
    return tuple(layers)


def axis_of(access: Access, index: Linear) -> Axis:
    """How an index moves with the output, and how far it reaches in one of its places."""
    parallel = len(access.form.domain.parallel.data)
    stride = max(index.coefficients[:parallel], default=1)
    inner = zip(index.coefficients[parallel:], access.sizes[parallel:], strict=True)
    return Axis(max(stride, 1), index.offset, 1 + sum(c * (size - 1) for c, size in inner))


def early(stage: Stage, liveness: Liveness, grid: Grid) -> Early:
    """A stage in patches of a grid."""
    live = liveness.live_bytes
    outside = max((*live[: stage.first], *live[stage.last + 1 :]), default=0)
    whole = [life for life in liveness.scratch if life.root not in stage.inner]
    held = sum(life.size for life in whole if life.first < stage.first <= life.last)
    return Early(layers_of(stage.forms), grid, held, outside)
