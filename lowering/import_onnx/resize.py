"""Translations of Resize and Upsample: which elements, with which weights (ONNX operator specification, Resize).

Along each dimension the coordinate of an element in the operand says which elements it is made of. The nearest alone is
a move; the others are sums of a few neighbours, one dimension after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import shape_of
from .moves import taken
from .node import Node, Unsupported, axes_from_first

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """A dimension that changes from `before` to `after` elements; `roi` is the part of it that is taken, of 1."""

    before: int
    after: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)

    def coordinates(self, mode: str) -> Reals:
        """Where each element lies in the operand. Raises Unsupported for an unknown mode."""
        place = np.arange(self.after, dtype=np.float64)
        match mode:
            case "half_pixel":
                return (place + 0.5) / self.scale - 0.5
            case "half_pixel_symmetric":
                centre, exact = self.before / 2, self.scale * self.before
                return centre * (1 - self.after / exact) + (place + 0.5) / self.scale - 0.5
            case "pytorch_half_pixel":
                return (place + 0.5) / self.scale - 0.5 if self.after > 1 else np.zeros(1)
            case "tf_half_pixel_for_nn":
                return (place + 0.5) / self.scale
            case "align_corners":
                if self.scale * self.before != self.after:
                    raise Unsupported("with align_corners and such scales implementations differ; state sizes instead")
                return place * (self.before - 1) / max(1, self.after - 1)
            case "asymmetric":
                return place / self.scale
            case "tf_crop_and_resize":
                return self.of_part(place)
            case _:
                raise Unsupported(f"coordinate mode {in_terminal(repr(mode))} is not supported; use half_pixel")

    def of_part(self, place: Reals) -> Reals:
        """The coordinates in the part of the operand. Raises Unsupported where it leaves the operand."""
        start, end = (limit * (self.before - 1) for limit in self.roi)
        found = start + place * (end - start) / (self.after - 1) if self.after > 1 else np.full(1, (start + end) / 2)
        if found.min() < 0 or found.max() > self.before - 1:
            raise Unsupported("the part that is resized leaves the operand; pad it before")
        return found


def resize(node: Node) -> onnx.OnnxOp:
    """Since opset 11 the scales come after the region, and sizes may stand for them; opset 10 knows one kind."""
    first = 1 if node.opset < 11 or node.op_type == "Upsample" else 2
    defaults = ("asymmetric", "simple") if first == 1 else ("half_pixel", "round_prefer_floor")
    x, mode = node.operand(0), node.attributes.get("mode", "nearest")
    coordinates = node.attributes.get("coordinate_transformation_mode", defaults[0])
    changed = axes(node, first, coordinates)
    places = {axis: found.coordinates(coordinates) for axis, found in changed.items()}
    if mode == "nearest":
        kind = node.attributes.get("nearest_mode", defaults[1])
        nearest = {a: rounded(places[a], kind, found.scale) for a, found in changed.items()}
        return taken(node, x, {a: np.clip(row, 0, changed[a].before - 1) for a, row in nearest.items()})
    if mode not in ("linear", "cubic"):
        raise Unsupported(f"mode {in_terminal(repr(mode))} is not supported; use nearest, linear or cubic")
    op = taken(node, x, {})
    order = sorted(changed, key=lambda axis: changed[axis].after / changed[axis].before)
    for axis in order:
        indices, weights = taps(places[axis], kernel_of(node, mode, changed[axis]), node)
        op = along(node, op, axis, *gathered(indices, weights, changed[axis].before))
    return op


def axes(node: Node, first: int, coordinates: str) -> dict[int, Axis]:
    """The dimensions that change, from scales or sizes."""
    shape = shape_of(node.operand(0))
    listed = axes_from_first(node.attributes.get("axes", list(range(len(shape)))), len(shape))
    stated = node.attributes.get("scales")
    if node.optional(first) is not None:
        stated = node.constant(first, "the scales").reshape(-1).tolist()
    sizes = None
    if node.optional(first + 1) is not None and node.constant(first + 1, "the sizes").size:
        sizes = node.listed(first + 1, "the sizes")
        scales, sizes = from_sizes(node, sizes, [shape[axis] for axis in listed])
    else:
        scales = stated or []
    if len(scales) != len(listed) or not all(np.isfinite(s) and s > 0 for s in scales):
        raise Unsupported(f"scales {scales} for axes {listed}; export the model again")
    after = sizes or [int(np.floor(shape[a] * np.float32(s))) for a, s in zip(listed, scales, strict=True)]
    if min(after, default=1) < 1:
        raise Unsupported(f"the result of sizes {after} is empty; export the model again")
    node.budget.check([after[listed.index(a)] if a in listed else n for a, n in enumerate(shape)], "the result")
    region = [0.0] * len(listed) + [1.0] * len(listed)
    if coordinates == "tf_crop_and_resize":
        region = node.constant(1, "the region").reshape(-1).tolist()
    parts = zip(region[: len(listed)], region[len(listed) :], strict=True)
    found = {a: Axis(shape[a], n, s, p) for a, n, s, p in zip(listed, after, scales, parts, strict=True)}
    return {a: axis for a, axis in found.items() if axis.after != axis.before or axis.scale != 1 or axis.roi != (0, 1)}


def from_sizes(node: Node, sizes: list[int], shape: list[int]) -> tuple[list[float], list[int]]:
    """Scales and sizes; where the aspect ratio is kept, one scale for all."""
    policy = node.attributes.get("keep_aspect_ratio_policy", "stretch")
    if len(sizes) != len(shape) or min(sizes, default=1) < 1:
        raise Unsupported(f"sizes {sizes} for shape {shape}; export the model again")
    scales = [after / before for after, before in zip(sizes, shape, strict=True)]
    if policy == "stretch":
        return scales, sizes
    if policy not in ("not_larger", "not_smaller"):
        raise Unsupported(f"keep_aspect_ratio_policy {in_terminal(repr(policy))} is none of ONNX's; export it again")
    scale = min(scales) if policy == "not_larger" else max(scales)
    return [scale] * len(shape), [int(np.floor(scale * n + 0.5)) for n in shape]


def rounded(places: Reals, kind: str, scale: float) -> NDArray[np.int64]:
    """The nearest index of each coordinate; `simple`, before opset 11, was `floor` or, where it shrinks, `ceil`."""
    near = places.astype(np.float32)
    match "ceil" if kind == "simple" and scale < 1 else kind:
        case "round_prefer_floor":
            found = np.ceil(near - np.float32(0.5))
        case "round_prefer_ceil":
            found = np.floor(near + np.float32(0.5))
        case "floor" | "simple":
            found = np.floor(near)
        case "ceil":
            found = np.ceil(near)
        case _:
            raise Unsupported(f"nearest_mode {in_terminal(repr(kind))} is none of ONNX's; export the model again")
    return found.astype(np.int64)


@dataclass(frozen=True)
class Kernel:
    """A function of the distance in elements that is 0 from `reach` on; `shrink` (at most 1) stretches it."""

    mode: str
    sharpness: float
    shrink: float
    excludes: bool
    before: int

    @property
    def reach(self) -> float:
        """Where it ends."""
        return (1.0 if self.mode == "linear" else 2.0) / self.shrink

    def __call__(self, distance: Reals) -> Reals:
        """The weight of a neighbour at this distance."""
        x, a = np.abs(distance) * self.shrink, self.sharpness
        if self.mode == "linear":
            return np.clip(1 - x, 0, 1)
        near = (a + 2) * x**3 - (a + 3) * x**2 + 1
        return np.where(x <= 1, near, np.where(x < 2, a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a, 0))


def kernel_of(node: Node, mode: str, axis: Axis) -> Kernel:
    """The kernel of the attributes: Keys' cubic has one parameter (IEEE Trans. ASSP 29(6), 1981)."""
    shrink = min(1.0, axis.scale) if node.attributes.get("antialias", 0) else 1.0
    excludes = bool(node.attributes.get("exclude_outside", 0))
    return Kernel(mode, float(node.attributes.get("cubic_coeff_a", -0.75)), shrink, excludes, axis.before)


def taps(places: Reals, kernel: Kernel, node: Node) -> tuple[NDArray[np.int64], Reals]:
    """The indices and weights of the neighbours of each coordinate, (out, taps); outside lies the nearest element.

    With `exclude_outside` weights outside are 0, and the others make up for them.
    """
    count = int(2 * np.ceil(kernel.reach))
    node.budget.check((len(places), count), "its weights")
    low = np.floor(places).astype(np.int64) - count // 2 + 1
    indices = low[:, None] + np.arange(count)
    weights = kernel(indices - places[:, None])
    if kernel.excludes:
        weights = np.where((indices >= 0) & (indices < kernel.before), weights, 0)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return np.clip(indices, 0, kernel.before - 1), weights


def gathered(indices: NDArray[np.int64], weights: Reals, before: int) -> tuple[NDArray[np.int64], Reals]:
    """The same as consecutive taps inside the operand: the first index of each row, and weights (out, taps)."""
    width = int((indices.max(axis=1) - indices.min(axis=1)).max()) + 1
    first = np.minimum(indices.min(axis=1), before - width)
    band = np.zeros((len(first), width))
    np.add.at(band, (np.arange(len(first))[:, None], indices - first[:, None]), weights)
    return first, band


def along(node: Node, op: onnx.OnnxOp, axis: int, first: NDArray[np.int64], band: Reals) -> onnx.OnnxOp:
    """One dimension of an op's result, resampled."""
    w = onnx.ConstantOp(from_numpy(band.astype(np.float32)), node.name)
    source = op.operands[0] if isinstance(op, onnx.IdentityOp) else op.results[0]
    return onnx.ResizeOp(source, w.result, axis, first.tolist(), node.name)
