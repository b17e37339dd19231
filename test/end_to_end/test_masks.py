"""What a softmax must leave out, however an exporter says it, costs no range and no accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, float_distance, onnxruntime_outputs, real_inputs

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx.importer import import_onnx

CAUSAL = np.tri(6, dtype=np.bool_)


def scores(net: Network) -> str:
    """Products of rows, [1, 6, 6]."""
    return net.node("MatMul", "x", net.weight(8, 6, axis=0))


def added(net: Network, nothing: float) -> str:
    """A constant that is added; numbers among it count."""
    numbers = net.random.uniform(-1, 1, CAUSAL.shape)
    return net.node("Add", net.constant(np.where(CAUSAL, numbers, nothing).astype(np.float32)), scores(net))


def chosen(net: Network, nothing: float, first: bool) -> str:
    """A choice between scores and a number, which stands first or second."""
    operands = [scores(net), net.constant(np.float32(nothing))]
    condition = net.constant(CAUSAL != first)
    return net.node("Where", condition, *(reversed(operands) if first else operands))


@pytest.mark.parametrize(
    ("way", "nothing"),
    [("added", -np.inf), ("added", float(np.finfo(np.float32).min)), ("first", -1e9), ("second", -np.inf)],
)
def test_masks(way: str, nothing: float, tmp_path: Path) -> None:
    net = Network((1, 6, 8))
    masked = added(net, nothing) if way == "added" else chosen(net, nothing, way == "first")
    net.result(net.node("Softmax", masked, axis=-1))
    model, rows = net.model(), net.rows(20)
    compilation = compile_network(model, tmp_path, rows, bits=16)
    assert "onnx.MaskedSoftmax" in str(compilation.onnx)
    data = real_inputs(rows)
    error, _ = float_distance(compilation, data, equal_levels(compilation, data))
    assert error < 2.0**-11
    (expected,) = onnxruntime_outputs(model, rows).values()
    assert np.abs(expected[:, 0][..., ~CAUSAL]).max() == 0


def test_infinite_weights_elsewhere_are_refused() -> None:
    net = Network((1, 6, 8))
    net.result(net.node("Relu", added(net, -np.inf)))
    with pytest.raises(UserError, match="a weight is infinite, which is taken as the mask of a softmax only"):
        import_onnx(net.model().SerializeToString())
    net = Network((1, 8))
    net.result(net.node("MatMul", "x", net.constant(np.full((8, 2), -np.inf, np.float32))))
    with pytest.raises(UserError, match="a weight is infinite"):
        import_onnx(net.model().SerializeToString())
