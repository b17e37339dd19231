"""Redistribution of the receptive field: what a designer gains by other kernels and strides in the early layers.

After Lin et al., "MCUNetV2" (NeurIPS 2021), section 3.2: patches compute their halos again, and the halo is what the
windows of the early layers reach. A kernel that moves behind the stage takes its part of the halo with it. All of it
is computed from shapes; accuracy is the designer's to measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xdsl.context import Context

from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan.liveness import Liveness
from ...passes.fixed.calibrate import the_function
from ...passes.memplan.patching.plan import Plan, spell
from ...passes.memplan.patching.search import Search
from ...passes.memplan.patching.stage import Access, images_of
from ..compiling.compilation import Compilation
from ..pipelines import Timing, pipeline, run_passes
from .early_stage import Axis, Early, Layer, early, layers_of, length

MOST_MACS = 2.0
"""Times the multiply-accumulates that patches of the report may take: a bad early stage is what it is for."""

WORK = 20_000
"""Clones of forms that the search for the patches looks at: about a second."""

BEFORE = ("fixed-legalize-bitwidths", "convert-fixed-to-memplan", "memplan-schedule")


@dataclass(frozen=True)
class LayerCost:
    """A layer of the stage: its window and stride, how many of its rows a row of the stage's output depends on, its
    MACs, how many of these are computed again, bytes of its part in a patch, bytes of the rows that a stream keeps."""

    name: str
    window: tuple[int, int]
    stride: int
    field: int
    macs: int
    again: int
    patch_bytes: int
    stream_bytes: int


@dataclass(frozen=True)
class Change:
    """A change of the network, and bytes of RAM and MACs with it; `saves_macs` counts the whole network."""

    change: str
    ram: int
    saves_ram: int
    macs_again: int
    saves_macs: int


@dataclass(frozen=True)
class Redistribution:
    """The stage in patches that needs the least RAM, and what changes of it do; `reason` where there is none."""

    reason: str = ""
    stage: str = ""
    grid: str = ""
    before: int = 0
    ram: int = 0
    macs: int = 0
    macs_again: int = 0
    layers: tuple[LayerCost, ...] = ()
    changes: tuple[Change, ...] = ()


def redistribution(compilation: Compilation) -> Redistribution:
    """The report of a program's network. Its RAM is that of buffers alive, the caller's left out."""
    module = compilation.fixed.clone()
    named = {step.name: step for step in pipeline("fixed-to-memplan")}
    run_passes(module, [named[name] for name in BEFORE], Timing(), Context(), verify=False)
    liveness = Liveness(the_function(module))
    found = Search(liveness, MOST_MACS, work=WORK).run()
    if not isinstance(found, Plan):
        return Redistribution(found)
    stage = early(found.stage, liveness, found.grid)
    behind = next((layer for layer in later(liveness, found.stage.last) if max(layer.window) > 1), None)
    total = sum(layer.all_macs for layer in stage.layers)
    return Redistribution(
        stage=found.stage.name,
        grid=spell(found.grid),
        before=liveness.max_live,
        ram=round(stage.peak()),
        macs=round(total),
        macs_again=round(sum(stage.macs()) - total),
        layers=tuple(costs(stage)),
        changes=tuple(sorted(changes(stage, behind), key=lambda change: (-change.saves_ram, -change.saves_macs))),
    )


def later(liveness: Liveness, last: int) -> Iterator[Layer]:
    """The layers behind a stage that have rows and columns."""
    for step in liveness.steps[last + 1 :]:
        if isinstance(step.op, StructuredForm) and step.along is None and images_of([Access(step.op)]):
            yield from layers_of([Access(step.op)])


def costs(stage: Early) -> Iterator[LayerCost]:
    """What each layer of a stage costs."""
    end = (stage.layers[-1].sizes[0] - 1) // 2
    field = stage.needed(0, (end, end))
    parts = zip(stage.layers, stage.macs(), stage.patch_bytes(), strict=True)
    for number, (layer, macs, patch) in enumerate(parts):
        rows = max((axis.reach for axis in readers(stage, number)), default=1)
        yield LayerCost(
            layer.name,
            layer.window,
            layer.stride,
            length(field[number]) if number in field else 0,
            round(layer.all_macs),
            round(macs - layer.all_macs),
            round(patch),
            round(rows * layer.sizes[1] * layer.bytes),
        )


def readers(stage: Early, number: int) -> Iterator[Axis]:
    """How others read a layer along rows."""
    for layer in stage.layers:
        yield from (axes[0] for source, axes in layer.reads if source == number)


def changes(stage: Early, behind: Layer | None) -> Iterator[Change]:
    """Each window of the stage moved behind it, and each stride moved to the next layer with a window, or back."""
    for number, layer in enumerate(stage.layers):
        if max(layer.window) > 1 and layer.macs:
            yield kernel_moved(stage, number, behind)
    strided = [n for n, layer in enumerate(stage.layers) if max(layer.window) > 1]
    for first, second in zip(strided, strided[1:], strict=False):
        for source, target in ((first, second), (second, first)):
            if stage.layers[source].stride > 1 and stage.layers[target].stride == 1 and is_chain(stage, first, second):
                yield stride_moved(stage, source, target)


def is_chain(stage: Early, first: int, last: int) -> bool:
    """Whether each layer from one to another reads the one before alone, and nobody else does."""
    return all(
        {n for n, layer in enumerate(stage.layers) for source, _ in layer.reads if source == number} == {number + 1}
        and {source for source, _ in stage.layers[number + 1].reads} == {number}
        for number in range(first, last)
    )


def kernel_moved(stage: Early, number: int, behind: Layer | None) -> Change:
    """A layer gets a window of one place; the first window behind the stage grows by what this took from the field."""
    layer = stage.layers[number]
    layers = list(stage.layers)
    layers[number] = layer.with_axes(layer.stride, (1, 1))
    changed = replace(stage, layers=tuple(layers))
    if behind is None:
        return compared(stage, changed, f"{layer.name}: {spell(layer.window)} to 1x1", 0.0)
    jumps = [jump(stage, number), jump(stage, len(stage.layers) - 1)]
    more = -(-(max(layer.window) - 1) * jumps[0] // jumps[1])
    window = behind.window[0] + more, behind.window[1] + more
    grown = behind.with_axes(behind.stride, window).all_macs - behind.all_macs
    text = f"{layer.name}: {spell(layer.window)} to 1x1, {behind.name}: {spell(behind.window)} to {spell(window)}"
    return compared(stage, changed, text, grown)


def jump(stage: Early, number: int) -> int:
    """How many rows of the image a step of what a layer reads is: the strides before it."""
    product = 1
    while True:
        source = stage.layers[number].reads[0][0] if stage.layers[number].reads else -1
        if source < 0:
            return product
        number = source
        product *= stage.layers[number].stride


def stride_moved(stage: Early, source: int, target: int) -> Change:
    """A stride stands at another layer: what lies between is larger, or smaller, by it in rows and columns."""
    stride, layers = stage.layers[source].stride, list(stage.layers)
    first, last = min(source, target), max(source, target)
    for number in range(first, last):
        rows, columns = layers[number].sizes
        if source < target:
            sizes = rows * stride, columns * stride
        else:
            sizes = -(-rows // stride), -(-columns // stride)
        layers[number] = replace(layers[number], sizes=sizes)
    layers[source] = layers[source].with_axes(1, layers[source].window)
    layers[target] = layers[target].with_axes(stride, layers[target].window)
    text = f"stride {stride} of {layers[source].name} at {layers[target].name}"
    return compared(stage, replace(stage, layers=tuple(layers)), text, 0.0)


def compared(stage: Early, changed: Early, text: str, more_macs: float) -> Change:
    """What a change does; `more_macs` are those that it takes behind the stage."""
    before, after = sum(stage.macs()), sum(changed.macs())
    again = after - sum(layer.all_macs for layer in changed.layers)
    ram = changed.peak()
    return Change(text, round(ram), round(stage.peak() - ram), round(again), round(before - after - more_macs))
