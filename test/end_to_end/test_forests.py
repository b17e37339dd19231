"""Forests in integers: the labels of the float model, the same at every level, on an 8-bit core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.forests import CLASSES, classifier, grown, images, regressor
from support.networks import compile_network, equal_levels, errors_in_steps, real_inputs

from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, to_stored
from tinyml_opt.tools.analyze import analyze
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs

X, LABELS = images(800, 1)
ONE_HOT = np.eye(CLASSES)[LABELS]


def compiled(model: onnx.ModelProto, folder: Path, board: str = "uno") -> Compilation:
    return compile_network(model, folder, X[:, None], board)


def test_twenty_trees_have_the_labels_of_the_float_model(tmp_path: Path):
    compilation = compiled(classifier(grown(X, ONE_HOT, 20, 9)), tmp_path)
    rows, labels = images(500, 2)
    data = real_inputs(rows[:, None])
    expected = float_outputs(compilation, data)["label"]
    stored = to_stored(data, input_ports(compilation.function))
    actual = FixedExecutor(compilation.fixed).run(stored).outputs["label"]
    assert (actual == expected).mean() >= 0.995
    assert (actual.reshape(-1) == labels).mean() > 0.8
    sizes = analyze(compilation)
    assert not sizes.misfit and sizes.arena_bytes < 150, "a place, a feature and a decision of each tree"


@pytest.mark.parametrize("modes", [["BRANCH_LT", "BRANCH_LEQ", "BRANCH_GT"], ["BRANCH_EQ", "BRANCH_GTE"]])
def test_integers_on_thresholds_go_the_way_that_the_mode_says(modes: list[str], tmp_path: Path):
    compilation = compiled(classifier(grown(X, ONE_HOT, 8, 5).with_modes(modes)), tmp_path)
    data = real_inputs(images(60, 5)[0][:, None])
    errors = errors_in_steps(compilation, data, equal_levels(compilation, data))
    assert errors["scores"] < 3, errors


@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX"])
def test_levels_are_equal(transform: str, tmp_path: Path):
    compilation = compiled(classifier(grown(X, ONE_HOT, 6, 5), range(3, 13), post_transform=transform), tmp_path)
    equal_levels(compilation, real_inputs(images(60, 3)[0][:, None]))


@pytest.mark.parametrize("aggregate", ["SUM", "MAX"])
def test_numbers_are_within_a_step(aggregate: str, tmp_path: Path):
    values = (X[:, :1] * 3 - X[:, 5:6] + 50).astype(np.float64)
    compilation = compiled(regressor(grown(X, values, 6, 5), 1, aggregate_function=aggregate), tmp_path)
    data = real_inputs(images(60, 4)[0][:, None])
    errors = errors_in_steps(compilation, data, equal_levels(compilation, data))
    assert max(errors.values()) < 3, errors
