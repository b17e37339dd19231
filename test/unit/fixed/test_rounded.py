"""The rounding float executor gives what the integers give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.lowering.import_onnx.importer import read_model
from tinyml_opt.passes.fixed.calibrate import argument_types, the_function
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.onnx import OnnxExecutor
from tinyml_opt.targets.executors.rounded import RoundedExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


def typed(model: str, **options: str | int) -> tuple[ModuleOp, ModuleOp]:
    """A model with types, and as integers."""
    module = read_model(DIGITS / model).module
    passes = pipeline("onnx-to-fixed", data=str(DIGITS / "calib.npz"), **options)
    split = next(i for i, step in enumerate(passes) if step.name == "convert-onnx-to-fixed")
    run_passes(module, passes[:split], Timing())
    fixed = module.clone()
    run_passes(fixed, passes[split:], Timing())
    return module, fixed


@pytest.mark.parametrize("model", ["digits.onnx", "digits_cnn.onnx"])
@pytest.mark.parametrize("options", [{}, {"scheme": "pow2"}, {"bits": 16}], ids=str)
def test_values_are_within_a_step_of_the_integers(model: str, options: dict[str, str | int]):
    module, fixed = typed(model, **options)
    dataset = load_dataset(DIGITS / "test.npz", argument_types(the_function(module))).head(100)
    function = the_function(fixed)
    (port,) = output_ports(function)
    (integers,) = to_real(FixedExecutor(fixed).run(to_stored(dataset, input_ports(function))).outputs, (port,)).values()
    (rounded,) = RoundedExecutor(module).run(dataset.inputs).outputs.values()
    (real,) = OnnxExecutor(module).run(dataset.inputs).outputs.values()
    assert isinstance(port.element, QType)
    steps = np.abs(integers - rounded) / port.element.scale
    assert steps.max() < 2.01
    assert (integers.argmax(1) == rounded.argmax(1)).all()
    assert np.square(integers - rounded).sum() < 0.3 * np.square(integers - real).sum()


def test_powers_of_two_are_exact_but_for_the_rounding_of_biases():
    module, fixed = typed("digits.onnx", scheme="pow2")
    dataset = load_dataset(DIGITS / "test.npz", argument_types(the_function(module)))
    function = the_function(fixed)
    outputs = FixedExecutor(fixed).run(to_stored(dataset, input_ports(function))).outputs
    (integers,) = to_real(outputs, output_ports(function)).values()
    (rounded,) = RoundedExecutor(module).run(dataset.inputs).outputs.values()
    assert (integers == rounded).mean() > 0.98
