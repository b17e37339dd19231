"""Nodes of a random graph with windows, weights or parameters: None where the value is not fit for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .random_choices import Made, Recipe, flag

if TYPE_CHECKING:
    from .random_graphs import RandomGraph


def window(graph: RandomGraph, sizes: Sequence[int]) -> dict[str, Any]:
    """A window that fits, its strides, and margins smaller than it."""
    kernel = [graph.int(1, min(3, n)) for n in sizes]
    return {
        "kernel_shape": kernel,
        "strides": [graph.int(1, 2) for _ in kernel],
        "pads": [graph.int(0, k - 1) for k in kernel * 2],
    }


def pool(graph: RandomGraph, value: str) -> Made | None:
    """A window over all but two dimensions."""
    sizes = graph.array(value).shape[2:]
    return ([value], window(graph, sizes)) if sizes else None


def convolution(graph: RandomGraph, value: str) -> Made | None:
    """Any groups; a bias or none."""
    shape = graph.array(value).shape
    if len(shape) not in (3, 4) or graph.array(value).dtype != np.float32:
        return None
    attributes = window(graph, shape[2:])
    group = graph.pick([g for g in range(1, shape[1] + 1) if shape[1] % g == 0])
    outputs = group * graph.int(1, 2)
    weights = graph.weight(outputs, shape[1] // group, *attributes["kernel_shape"])
    bias = [] if graph.storage or graph.int(0, 1) else [graph.weight(outputs)]
    return [value, weights, *bias], {"group": group, **attributes}


def transposed_convolution(graph: RandomGraph, value: str) -> Made | None:
    """Strides, groups, margins."""
    shape = graph.array(value).shape
    if len(shape) not in (3, 4) or graph.array(value).dtype != np.float32:
        return None
    attributes = window(graph, [3] * len(shape[2:]))
    group = graph.pick([g for g in range(1, shape[1] + 1) if shape[1] % g == 0])
    weights = graph.weight(shape[1], graph.int(1, 2), *attributes["kernel_shape"])
    return [value, weights], {"group": group, **attributes}


def dense(graph: RandomGraph, value: str) -> Made | None:
    """Weights in either orientation, a bias or none."""
    shape = graph.array(value).shape
    if len(shape) != 2 or graph.array(value).dtype != np.float32:
        return None
    outputs, turned = graph.int(1, 4), flag(graph)
    weights = graph.weight(*((outputs, shape[1]) if turned else (shape[1], outputs)))
    bias = [] if graph.storage or graph.int(0, 1) else [graph.weight(outputs)]
    return [value, weights, *bias], {"transB": turned}


def product(graph: RandomGraph, value: str) -> Made | None:
    """With constant weights, or with another value."""
    array = graph.array(value)
    if not array.ndim or array.dtype != np.float32:
        return None
    fitting = [n for n, v in graph.values.items() if v.ndim > 1 and v.shape[-2] == array.shape[-1]]
    second = graph.pick(fitting) if fitting and graph.int(0, 1) else graph.weight(array.shape[-1], graph.int(1, 4))
    return [value, second], {}


def normalization(parameters: int, **attributes: Any) -> Recipe:
    """Per channel: scale, bias, and perhaps mean and variance."""

    def make(graph: RandomGraph, value: str) -> Made | None:
        shape = graph.array(value).shape
        if len(shape) < 2:
            return None
        numbers = [graph.random.uniform(0.5, 1.5, shape[1]).astype(np.float32) for _ in range(parameters)]
        return [value, *map(graph.constant, numbers)], dict(attributes)

    return make


def layer_normalization(graph: RandomGraph, value: str) -> Made | None:
    """From an axis on; a bias or none."""
    array = graph.array(value)
    if not array.ndim:
        return None
    first = graph.int(0, array.ndim - 1)
    scale = graph.random.uniform(0.5, 1.5, array.shape[first:]).astype(np.float32)
    return [value, graph.constant(scale)], {"axis": first}
