"""Nodes of a random graph that move numbers: None where the value is not fit for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .random_choices import Made, axis

if TYPE_CHECKING:
    from .random_graphs import RandomGraph


def reshape(graph: RandomGraph, value: str) -> Made:
    """Flat, or with a dimension more."""
    shape = graph.array(value).shape
    target = graph.pick([[-1], [1, *shape], [*shape, 1], list(shape[::-1]), [*shape[2:], -1]])
    return [value, graph.constant(np.array(target, np.int64))], {}


def transpose(graph: RandomGraph, value: str) -> Made:
    """In any order."""
    rank = graph.array(value).ndim
    return [value], {"perm": list(map(int, graph.random.permutation(rank)))} if rank and graph.int(0, 3) else {}


def unsqueeze(graph: RandomGraph, value: str) -> Made:
    """One dimension more."""
    return [value, graph.constant(np.array([graph.int(0, graph.array(value).ndim)]))], {}


def squeeze(graph: RandomGraph, value: str) -> Made:
    """Without those of size 1."""
    ones = [index for index, size in enumerate(graph.array(value).shape) if size == 1]
    return [value, *([graph.constant(np.array(ones[:1]))] if ones and graph.int(0, 1) else [])], {}


def expand(graph: RandomGraph, value: str) -> Made:
    """Dimensions of size 1 to 3; perhaps one more."""
    shape = [3 if n == 1 and graph.int(0, 1) else n for n in graph.array(value).shape]
    return [value, graph.constant(np.array(([2] if graph.int(0, 1) else []) + shape, np.int64))], {}


def tile(graph: RandomGraph, value: str) -> Made:
    """Once or twice along each dimension."""
    return [value, graph.constant(np.array([graph.int(1, 2) for _ in graph.array(value).shape], np.int64))], {}


def slice_(graph: RandomGraph, value: str) -> Made | None:
    """From and to any place, in steps of either sign."""
    shape = graph.array(value).shape
    if not shape:
        return None
    bounds = [[graph.int(-n, n - 1) for n in shape], [graph.pick([n, 99, -1]) for n in shape], list(range(len(shape)))]
    bounds.append([graph.pick([1, 1, 1, 2]) for _ in shape])
    if not graph.int(0, 3):
        bounds = [[-1], [-99], [graph.int(0, len(shape) - 1)], [graph.pick([-1, -2])]]
    return [value, *(graph.constant(np.array(b, np.int64)) for b in bounds)], {}


def split(graph: RandomGraph, value: str) -> Made | None:
    """Into two parts."""
    shape, chosen = graph.array(value).shape, axis(graph, value)
    if not shape or shape[chosen] < 2:
        return None
    first = graph.int(1, shape[chosen] - 1)
    parts = graph.constant(np.array([first, shape[chosen] - first]))
    return [value, parts], {"axis": chosen, "outputs": 2}


def concat(graph: RandomGraph, value: str) -> Made | None:
    """Beside itself or values of its shape."""
    array, chosen = graph.array(value), axis(graph, value)
    alike = [name for name, v in graph.values.items() if v.shape == array.shape and v.dtype == array.dtype]
    return ([value, *(graph.pick(alike) for _ in range(graph.int(1, 2)))], {"axis": chosen}) if array.ndim else None


def pad(graph: RandomGraph, value: str) -> Made:
    """Margins on any side, in any mode; reflected ones are smaller than what they reflect."""
    array, mode = graph.array(value), graph.pick(["constant", "constant", "reflect", "edge"])
    most = [min(2, size - 1) if mode == "reflect" else 2 for size in array.shape]
    counts = graph.constant(np.array([graph.int(0, n) for n in most * 2], np.int64))
    number = [graph.constant(np.asarray(1, array.dtype))] if mode == "constant" and graph.int(0, 1) else []
    return [value, counts, *number], {"mode": mode}


def gather(graph: RandomGraph, value: str) -> Made | None:
    """Constant indices of either sign, of rank 0 to 2."""
    shape, chosen = graph.array(value).shape, axis(graph, value)
    if not shape:
        return None
    indices = graph.random.integers(-shape[chosen], shape[chosen], [2, 3][: graph.int(0, 2)])
    return [value, graph.constant(np.asarray(indices, np.int64))], {"axis": chosen}


def resize(graph: RandomGraph, value: str) -> Made | None:
    """The image to other sizes."""
    shape = graph.array(value).shape
    if len(shape) != 4:
        return None
    sizes = [*shape[:2], *(graph.int(1, 6) for _ in range(2))]
    modes = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    attributes = {"mode": graph.pick(["nearest", "linear"]), "coordinate_transformation_mode": graph.pick(modes)}
    return [value, "", "", graph.constant(np.array(sizes, np.int64))], attributes


def blocks(graph: RandomGraph, value: str) -> Made:
    """Of two by two."""
    return [value], {"blocksize": 2}
