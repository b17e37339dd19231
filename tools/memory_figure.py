"""A figure of the arena over time: every buffer, or row of one, a box from its first to its last step.

Colours are Paul Tol's "light" scheme, made for labelled areas: it can be told apart by the colour-blind and carries
black text. Neighbours in the figure get different ones. A label stands where its tensor's own area has room for it. An
output that shares bytes with a dying input is drawn over it. matplotlib, of the extra `report`, is imported when
something is drawn.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..dialects.errors import UserError
from ..dialects.harmless import in_figure
from ..dialects.memplan.liveness import is_split
from .memory_map import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg

SUFFIXES = (".png", ".svg")
PALETTE = ("#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00", "#dddddd")
INCHES, DPI = (10, 5), 150
FONT_SIZES = (8, 7, 6)
MARGINS = (2, 4, 8)
"""Cells to be left free around a label: at least, better, best."""
CELL = 2
"""Pixels to a side of the cells in which room for labels is looked for."""
HEADROOM = 1.07
"""The height of the axes over that of the arena."""
NAMED_STEPS = 40
"""Up to so many steps, and no slices, the nodes themselves stand below the axis."""

Grid = NDArray[np.int32]
"""Per cell, [row, column] with row 0 at offset 0: the number of the tensor that is drawn there, -1 for none."""


STYLE: dict[Any, Any] = {"svg.hashsalt": "tinyml", "font.family": "DejaVu Sans", "text.parse_math": False}
"""The same file for the same plan; a `$` in a name is no formula."""


def check_figure(path: Path) -> None:
    """Raise UserError where a figure of this name cannot be drawn: its suffix, or matplotlib is missing."""
    reasons: list[str] = []
    if path.suffix not in SUFFIXES:
        reasons.append(f"--figure {path}: the name must end in {' or '.join(SUFFIXES)}")
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        reasons.append("--figure needs matplotlib: pip install 'tinyml-opt[report]'")
    if reasons:
        raise UserError(*reasons)


def draw(plan: Plan, summary: Mapping[str, Any], title: str, suffix: str) -> bytes:
    """The file of the figure. `summary` has the plan's `peak`, `lower_bound` (bytes) and `proven`."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(INCHES, DPI, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_title(in_figure(title), loc="left", fontsize=11)
        set_axes(axes, plan, summary["peak"])
        draw_marks(axes, plan, summary)
        figure.draw_without_rendering()
        Boxes(axes, plan).draw(canvas.get_renderer())
        file = io.BytesIO()
        figure.set_layout_engine("none")
        figure.savefig(
            file, format=suffix.removeprefix("."), dpi=DPI, metadata={"Date": None} if suffix == ".svg" else None
        )
        return file.getvalue()


def set_axes(axes: Axes, plan: Plan, peak: int) -> None:
    """Steps from left to right, bytes from the bottom up, with room for the marks above the peak."""
    steps = plan.liveness.steps
    axes.set_xlim(0, max(1, len(steps)))
    axes.set_ylim(0, max(1, peak) * HEADROOM)
    axes.set_ylabel("offset in the arena (bytes)")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    if len(steps) <= NAMED_STEPS and all(step.along is None for step in steps):
        names = [in_figure(step.name, 24) for step in steps]
        axes.set_xticks(np.arange(len(steps)) + 0.5, names, rotation=90, fontsize=6)
        axes.tick_params("x", length=0)
    else:
        axes.set_xlabel("step (a form, or a slice of one)")


def draw_marks(axes: Axes, plan: Plan, summary: Mapping[str, Any]) -> None:
    """The top of the arena, the lower bound, and the step with the most bytes in use."""
    peak, bound, steps = summary["peak"], summary["lower_bound"], len(plan.liveness.steps)
    axes.axhline(peak, color="black", linewidth=1.2, zorder=4)
    axes.axhline(bound, color="#cc3311", linewidth=1.2, linestyle=(0, (5, 4)), zorder=5)
    reached = "proven to be the least" if summary["proven"] else "not proven to be the least"
    label = f"peak {peak:,} bytes, {reached}"
    if plan.lines:
        line = max(plan.lines, key=lambda line: line.usage.total)
        axes.axvspan(line.step, line.step + 1, ymax=1 / HEADROOM, color="black", alpha=0.12, linewidth=0, zorder=0)
        axes.plot(line.step + 0.5, peak, marker="v", markersize=5, color="black", clip_on=False, zorder=6)
        label += f"; at {in_figure(line.node, 32)}"
    above: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": 8}
    axes.annotate(label, (steps, peak), (0, 4), ha="right", **above)
    axes.annotate(f"lower bound {bound:,} bytes", (0, peak), (4, 4), ha="left", color="#cc3311", **above)


class Boxes:
    """The lives of a plan as rectangles in axes whose limits and place in the figure are final."""

    def __init__(self, axes: Axes, plan: Plan):
        self.axes = axes
        roots = list(dict.fromkeys(life.root for life in plan.lives))
        numbers = {root: number for number, root in enumerate(roots)}
        self.names = [""] * len(roots)
        for life in plan.lives:
            self.names[numbers[life.root]] = life.name.rpartition("[")[0] if is_split(life.root) else life.name
        self.tensor = np.array([numbers[life.root] for life in plan.lives], np.int32)
        self.left = np.array([life.first for life in plan.lives], np.float64)
        self.right = np.array([life.last + 1 for life in plan.lives], np.float64)
        self.bottom = plan.offsets.astype(np.float64)
        self.top = self.bottom + np.array([life.size for life in plan.lives], np.float64)

    def draw(self, renderer: RendererAgg) -> None:
        """Add boxes and labels."""
        if not len(self.tensor):
            return
        from matplotlib.collections import PolyCollection

        grid = self._grid()
        colours = colouring(grid, len(self.names))
        corners = [(self.left, self.bottom), (self.right, self.bottom), (self.right, self.top), (self.left, self.top)]
        polygons = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
        edge = 0.5 if len(self.tensor) <= 200 else 0.15
        faces = [PALETTE[colours[number]] for number in self.tensor]
        boxes = PolyCollection(list(polygons), facecolors=faces, edgecolors="white", linewidths=edge, zorder=2)
        self.axes.add_collection(boxes, autolim=False)
        for number, name in enumerate(self.names):
            self._label(grid == number, name, renderer)

    def _grid(self) -> Grid:
        """Which tensor is drawn where; later ones lie above earlier ones."""
        box, x1, y1 = self.axes.get_window_extent(), self.axes.get_xlim()[1], self.axes.get_ylim()[1]
        rows, columns = int(box.height) // CELL, int(box.width) // CELL
        grid = np.full((rows, columns), -1, np.int32)
        left, right = (np.rint(x / x1 * columns).astype(int) for x in (self.left, self.right))
        bottom, top = (np.rint(y / y1 * rows).astype(int) for y in (self.bottom, self.top))
        for number, *edges in zip(self.tensor, bottom, top, left, right, strict=True):
            grid[edges[0] : edges[1], edges[2] : edges[3]] = number
        return grid

    def _label(self, mask: NDArray[np.bool_], name: str, renderer: RendererAgg) -> None:
        """Write a name into an area, as large as there is room for; not at all where there is none."""
        if not mask.any():
            return
        text = self.axes.text(0, 0, "", ha="center", va="center", zorder=3)
        room = Room(mask)
        for words, size, rotation in settings(name):
            text.set(text=words, fontsize=size, rotation=rotation)
            extent = text.get_window_extent(renderer)
            place = room.window(int(extent.height) // CELL, int(extent.width) // CELL)
            if place is not None:
                shape, (x1, y1) = mask.shape, (self.axes.get_xlim()[1], self.axes.get_ylim()[1])
                text.set_position((place[1] / shape[1] * x1, place[0] / shape[0] * y1))
                return
        text.remove()


class Room:
    """Where in an area a rectangle is free."""

    def __init__(self, mask: NDArray[np.bool_]):
        cells = np.argwhere(mask)
        self.corner, end = cells.min(0), cells.max(0) + 1
        self.middle = cells.mean(0) - self.corner
        inner = mask[self.corner[0] : end[0], self.corner[1] : end[1]]
        self.sums = np.pad(inner.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        """Cells of the area below and to the left of each corner."""

    def window(self, height: int, width: int) -> tuple[float, float] | None:
        """The centre (row, column) of a free window of a size; None where there is none.

        It has as much of a margin as possible, then it is the nearest to the middle of the area.
        """
        found: tuple[float, float] | None = None
        for margin in MARGINS:
            places = self._free(height + margin, width + margin)
            if not len(places):
                return found
            row, column = places[np.abs(places - self.middle).sum(1).argmin()] + self.corner
            found = float(row), float(column)
        return found

    def _free(self, rows: int, columns: int) -> NDArray[np.float64]:
        """The centres of all free windows of a size."""
        if rows >= self.sums.shape[0] or columns >= self.sums.shape[1]:
            return np.empty((0, 2))
        above, below = self.sums[rows:], self.sums[:-rows]
        inside = above[:, columns:] - below[:, columns:] - above[:, :-columns] + below[:, :-columns]
        return np.argwhere(inside == rows * columns).astype(np.float64) + (rows / 2, columns / 2)


def settings(name: str) -> Iterator[tuple[str, int, int]]:
    """Ways to write a label, the most readable first: text, points, degrees."""
    for length in (len(name), 16, 10):
        if length <= len(name):
            for rotation in (0, 90):
                for size in FONT_SIZES:
                    yield in_figure(name, length), size, rotation


def colouring(grid: Grid, count: int) -> Sequence[int]:
    """A colour for each tensor, the largest first: where possible none of a neighbour, and little used at its time."""
    touching = np.zeros((count, count), np.bool_)
    for one, other in ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])):
        apart = (one != other) & (one >= 0) & (other >= 0)
        touching[one[apart], other[apart]] = True
    touching |= touching.T
    at = np.zeros((count, grid.shape[1]), np.float64)
    drawn = np.nonzero(grid >= 0)
    np.add.at(at, (grid[drawn], drawn[1]), 1)
    colours, taken = np.full(count, -1), np.zeros((len(PALETTE), grid.shape[1]))
    for number in np.argsort(-at.sum(1), kind="stable"):
        clashes = np.bincount(colours[touching[number] & (colours >= 0)], minlength=len(PALETTE))
        uses = taken[:, at[number] > 0].sum(1)
        colours[number] = np.lexsort((taken.sum(1), uses, clashes))[0]
        taken[colours[number]] += at[number]
    return colours.tolist()
