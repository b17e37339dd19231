"""Rows of a table, whose columns differ in size by orders of magnitude: integers of 8 bits decide as the model does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.forests import CLASSES, SIDE, Grown, classifier, grown, images
from support.networks import Array, Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.targets.executors.rtl import RtlExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs
from tinyml_opt.tools.verify import verify
from tinyml_opt.tools.verifying.levels import compare_runs

FEATURES = SIDE * SIDE
SIZES = 10.0 ** (np.arange(FEATURES) % 7 - 3)
"""From a thousandth to a thousand."""


def table(rows: int, seed: int) -> tuple[Array, Array]:
    """Rows of columns of different size, and their classes."""
    x, labels = images(rows, seed)
    return (x * SIZES).astype(np.float32), labels


def in_size(forest: Grown) -> Grown:
    """A forest on columns of these sizes."""
    nodes = [(*n[:3], float(np.float32(n[3] * SIZES[n[2]])), *n[4:]) for n in forest.nodes]
    return replace(forest, nodes=nodes)


def forest(classes: int = CLASSES, depth: int = 7) -> onnx.ModelProto:
    """A forest grown on columns of one size, for these."""
    x, labels = images(800, 1)
    trees = in_size(grown(x, np.eye(classes)[labels % classes], 10, depth))
    return classifier(trees, list(range(classes)))


def perceptron(is_moved: bool) -> onnx.ModelProto:
    """What scales columns, then a layer and a Softmax."""
    net, random = Network((1, FEATURES)), np.random.default_rng(3)
    value = "x"
    if is_moved:
        value = net.node("Sub", value, net.constant((8 * SIZES).astype(np.float32)))
    value = net.node("Div", value, net.constant((4 * SIZES).astype(np.float32)))
    weights = net.constant(random.normal(0, 0.3, (FEATURES, CLASSES)).astype(np.float32))
    net.result(net.node("Softmax", net.node("MatMul", value, weights), axis=1))
    return net.model()


def decided(compilation: Compilation, x: Array, output: int) -> float:
    """The share of rows whose class is the float model's, once all levels are equal."""
    data = real_inputs(x[:, None])
    run = equal_levels(compilation, data)
    name = list(run.outputs)[output]
    integers = to_real(run.outputs, output_ports(compilation.function))[name].reshape(len(x), -1)
    floats = float_outputs(compilation, data)[name].reshape(len(x), -1)
    return float((integers.argmax(axis=1) == floats.argmax(axis=1)).mean())


@pytest.mark.parametrize("board", ["uno", "host"])
def test_forests(board: str, tmp_path: Path):
    compilation = compile_network(forest(), tmp_path, table(200, 2)[0][:, None], board)
    element = input_ports(compilation.function)[0].element
    assert isinstance(element, QType)
    assert len(element.scales.data) == FEATURES and max(element.scales.data) > 1e5 * min(element.scales.data)
    assert decided(compilation, table(120, 3)[0], 1) > 0.97
    header = compilation.generated().header
    assert "_X_SCALES {" in header and "_X_SCALES[index in ONNX dimension 1] * (integer" in header


@pytest.mark.parametrize("is_moved", [True, False])
def test_layers(is_moved: bool, tmp_path: Path):
    x = table(200, 2)[0]
    compilation = compile_network(perceptron(is_moved), tmp_path, x[:, None])
    assert decided(compilation, table(120, 3)[0], 0) > 0.97
    verdict = verify(compilation, real_inputs(x[:5, None]))
    assert any("scales up to" in row.type for row in verdict.nodes)


@pytest.mark.parametrize("board", ["uno", "arty-a7-35t"])
def test_hardware_of_two_classes(board: str, tmp_path: Path):
    """An output of two elements, one of which is 1 less the other: a product with -1."""
    compilation = compile_network(forest(2, 3), tmp_path, table(200, 2)[0][:, None], board)
    data = real_inputs(table(3, 3)[0][:, None])
    stored = to_stored(data, input_ports(compilation.function))
    ports = input_ports(compilation.function), output_ports(compilation.function)
    run = RtlExecutor(compilation.rtl(), *ports).run(stored)
    assert compare_runs("rtl", equal_levels(compilation, data), run).difference is None
    equal_levels(compilation.exposed(), data)
