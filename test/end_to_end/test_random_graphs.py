"""Random graphs over all operators, element types and ways of quantizing: right at every level, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support import random_verdicts
from support.host_batch import HostBatch
from support.onnx_models import model, node
from support.random_graphs import STYLES, Drawn, random_graph
from support.random_verdicts import CRASHED, FAILURES, FAR, LEVELS, REFUSED, RIGHT, WRONG, judged

from tinyml_opt.lowering.import_onnx.operators import TRANSLATIONS

Array = NDArray[Any]

CHUNK = 50
"""Graphs to one run of the compiler."""


@pytest.mark.parametrize("first", range(0, 200, CHUNK))
def test_random_graphs(first: int) -> None:
    """A failure's seed is shown by `python -m fuzz.random_graphs --show SEED`."""
    verdicts = judged([g for seed in range(first, first + CHUNK) if (g := random_graph(seed)) is not None])
    assert [(v.graph.seed, v.word, v.reason) for v in verdicts if v.word in FAILURES] == []
    assert Counter(v.word for v in verdicts)[RIGHT] > CHUNK / 4


def test_styles_and_operators() -> None:
    """What is drawn: every style, and more than a few of the operators."""
    graphs = [graph for seed in range(200) if (graph := random_graph(seed)) is not None]
    kinds = {node.op_type for graph in graphs for node in graph.model.graph.node}
    assert {graph.style for graph in graphs} == set(STYLES)
    assert {"Concat", "DequantizeLinear", "QuantizeLinear", "Transpose"} <= kinds
    assert len(kinds) > min(60, len(TRANSLATIONS) // 2)


def one_node(kind: str) -> Drawn:
    """A graph of one node."""
    rows = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 1, 8)
    return Drawn(0, model([node(kind, "x")], shape=(1, 8), opset=21), "16 bits", {"x": rows})


def word(kind: str = "Relu") -> str:
    """The verdict on it."""
    (verdict,) = judged([one_node(kind)])
    return verdict.word


def test_what_is_right_and_what_is_refused() -> None:
    assert (word(), word("Det")) == (RIGHT, REFUSED)


def shifted(y: Array) -> Array:
    """Off by one, or by little."""
    return y + (np.float32(0.01) if y.dtype.kind == "f" else 1)


def stretched(y: Array) -> Array:
    """Off by a tenth."""
    return y * 1.1


def broken(y: Array) -> Array:
    """No result at all."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("holder", "function", "damage", "expected"),
    [
        (random_verdicts, "expected_outputs", shifted, WRONG),
        (random_verdicts, "float_outputs", stretched, FAR),
        (random_verdicts, "float_outputs", broken, CRASHED),
        (HostBatch, "run", shifted, LEVELS),
    ],
)
def test_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, holder: Any, function: str, damage: Callable[[Array], Array], expected: str
) -> None:
    """The judge finds what is changed behind its back."""
    original = getattr(holder, function)

    def damaged(*args: Any, **options: Any) -> Any:
        return {"y": damage(original(*args, **options)["y"])}

    monkeypatch.setattr(holder, function, damaged)
    assert word() == expected
