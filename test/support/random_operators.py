"""How a random graph makes a node of each operator from one of its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import random_layers as layers
from . import random_moves as moves
from .random_choices import Made, Recipe, axes, axis, flag, other

if TYPE_CHECKING:
    from .random_graphs import RandomGraph


def one_operand(graph: RandomGraph, value: str) -> Made:
    """Elementwise."""
    return [value], {}


def two_operands(graph: RandomGraph, value: str) -> Made:
    """With broadcasting, in any order."""
    pair = [value, other(graph, value)]
    return (pair if graph.int(0, 1) else pair[::-1]), {}


def several(graph: RandomGraph, value: str) -> Made:
    """One to three operands that broadcast."""
    return [value, *(other(graph, value) for _ in range(graph.int(0, 2)))], {}


def along(**more: Callable[[RandomGraph], Any]) -> Recipe:
    """An operator with an attribute `axis`, and others."""
    return lambda graph, value: ([value], {"axis": axis(graph, value), **{k: f(graph) for k, f in more.items()}})


def reduction(graph: RandomGraph, value: str) -> Made:
    """Over some dimensions, or all."""
    chosen = axes(graph, value)
    listed = [graph.constant(np.array(chosen, np.int64))] if chosen and graph.int(0, 3) else []
    return [value, *listed], {"keepdims": flag(graph)}


def clip(graph: RandomGraph, value: str) -> Made:
    """Bounds on either side, or both."""
    dtype = graph.array(value).dtype
    bounds = [graph.constant(np.asarray(b, dtype)) if graph.int(0, 3) else "" for b in (0, 2)]
    return [value, *bounds], {}


def cast(graph: RandomGraph, value: str) -> Made:
    """To any type; reals to signed integers or none, as ONNX leaves open what negative ones are in unsigned types."""
    unsigned = [] if graph.array(value).dtype.kind == "f" else [2]
    return [value], {"to": graph.pick([1, 3, 5, 6, 7, 9, *unsigned])}


def where(graph: RandomGraph, value: str) -> Made | None:
    """By a value of booleans, or by constant ones."""
    array = graph.array(value)
    conditions = [name for name, v in graph.values.items() if v.dtype == np.bool_]
    constant = graph.constant(graph.random.integers(0, 2, array.shape).astype(np.bool_))
    return [graph.pick([constant, *conditions]), value, other(graph, value)], {}


def top(graph: RandomGraph, value: str) -> Made:
    """The greatest or the least."""
    return [value, graph.constant(np.array([1]))], {"axis": axis(graph, value), "largest": flag(graph), "outputs": 2}


def running(graph: RandomGraph, value: str) -> Made:
    """Sums so far."""
    chosen = graph.constant(np.array(axis(graph, value), np.int64))
    return [value, chosen], {"exclusive": flag(graph), "reverse": flag(graph)}


REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")

RECIPES: dict[str, Recipe] = {
    "one operand": one_operand,
    "two operands": two_operands,
    **{f"Reduce{name}": reduction for name in REDUCTIONS},
    **dict.fromkeys(("Max", "Mean", "Min", "Sum"), several),
    **dict.fromkeys(("ArgMax", "ArgMin"), along(keepdims=flag, select_last_index=flag)),
    **dict.fromkeys(("Hardmax", "LogSoftmax", "Softmax"), along()),
    **dict.fromkeys(("AveragePool", "LpPool", "MaxPool"), layers.pool),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), moves.blocks),
    "BatchNormalization": layers.normalization(4),
    "BitShift": lambda graph, value: (two_operands(graph, value)[0], {"direction": graph.pick(["LEFT", "RIGHT"])}),
    "Cast": cast,
    "Clip": clip,
    "Concat": moves.concat,
    "Conv": layers.convolution,
    "ConvTranspose": layers.transposed_convolution,
    "CumSum": running,
    "Expand": moves.expand,
    "Flatten": along(),
    "Gather": moves.gather,
    "Gemm": layers.dense,
    "InstanceNormalization": layers.normalization(2),
    "LayerNormalization": layers.layer_normalization,
    "LRN": lambda graph, value: ([value], {"size": graph.int(1, 3)}),
    "MatMul": layers.product,
    "Mod": lambda graph, value: (
        two_operands(graph, value)[0],
        {"fmod": 1 if graph.array(value).dtype == np.float32 else flag(graph)},
    ),
    "Pad": moves.pad,
    "Reshape": moves.reshape,
    "Resize": moves.resize,
    "RMSNormalization": layers.layer_normalization,
    "Slice": moves.slice_,
    "Split": moves.split,
    "Squeeze": moves.squeeze,
    "Tile": moves.tile,
    "TopK": top,
    "Transpose": moves.transpose,
    "Trilu": lambda graph, value: ([value], {"upper": flag(graph)}),
    "Unsqueeze": moves.unsqueeze,
    "Where": where,
}
"""The operators that are not elementwise, and what the others are: of one operand or of two."""
