"""What is repeated, in integers: close to the float model, states in one type, the same with nodes exposed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.recurrent_models import counting_model, loop_model, recurrent_layer, reference, scan_model
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.dialects.fixed import ScanOp
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.passes.fixed.calibrate import argument_types, the_function
from tinyml_opt.passes.fixed.expose_nodes import ExposeNodesPass
from tinyml_opt.passes.fixed.prove_no_overflow import PROVEN, ProveNoOverflowPass
from tinyml_opt.targets.dataset import Dataset, load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.onnx import OnnxExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes

ROWS = 40
LEAST = {8: 20.0, 16: 60.0}
"""Decibels of signal to noise, by width."""

MODELS = {
    "rnn": lambda: recurrent_layer("RNN", ("y", "h"), first=True),
    "gru": lambda: recurrent_layer("GRU", ("y", "h"), batch=2, direction="bidirectional"),
    "gru_after": lambda: recurrent_layer("GRU", ("y",), linear_before_reset=1, direction="reverse", layout=1),
    "lstm": lambda: recurrent_layer("LSTM", ("y", "h", "c"), direction="bidirectional"),
    "peepholes": lambda: recurrent_layer("LSTM", ("y",), peepholes=True, lengths=[5], clip=2.0),
    "scan": lambda: scan_model(axis=2, out_axis=1, backward=True),
    "loop": lambda: loop_model(backward=True),
    "loop_ends": lambda: loop_model(ends=3),
}


def lowered(model: onnx.ModelProto, path: Path, bits: int, product_bits: int = 64) -> tuple[ModuleOp, Dataset, Any]:
    """The module at the level `fixed`, the data it was calibrated on, and the outputs of the float model on them."""
    module = import_onnx(model.SerializeToString())
    types = argument_types(the_function(module))
    rng = np.random.default_rng(5)
    shapes = {name: (ROWS, *type.get_shape()) for name, type in types.items()}
    np.savez(
        path / "calib.npz", allow_pickle=False, **{n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    )  # pyright: ignore
    data = load_dataset(str(path / "calib.npz"), types)
    expected = OnnxExecutor(module).run(data.inputs).outputs
    options: dict[str, Any] = {"data": str(path / "calib.npz"), "bits": bits, "product_bits": product_bits}
    run_passes(module, pipeline("onnx-to-fixed", **options), Timing(), verify_each=True)
    return module, data, expected


def outputs(module: ModuleOp, data: Dataset) -> dict[str, Any]:
    """Real outputs of the integer executor."""
    function = the_function(module)
    run = FixedExecutor(module).run(to_stored(data, input_ports(function)))
    return dict(to_real(run.outputs, output_ports(function)))


@pytest.mark.parametrize("bits", LEAST)
@pytest.mark.parametrize("name", MODELS)
def test_close_to_the_float_model(tmp_path: Path, name: str, bits: int) -> None:
    module, data, expected = lowered(MODELS[name](), tmp_path, bits)
    found = outputs(module, data)
    for port, reals in expected.items():
        noise = float(((found[port] - reals) ** 2).sum())
        snr = 10 * np.log10(float((reals**2).sum()) / max(noise, 1e-30))
        assert snr > LEAST[bits], f"{port}: {snr:.1f} dB"


def test_integers_are_carried_exactly(tmp_path: Path) -> None:
    """Counts and truth values as states: whatever reals are near to a threshold in integers is left out."""
    model = counting_model()
    module, data, _ = lowered(model, tmp_path, 16)
    function = the_function(module)
    ports = input_ports(function)
    grid = to_real(to_stored(data, ports), ports)["x"].astype(np.float32)
    run = FixedExecutor(module).run(to_stored(data, ports))
    for row, expected in enumerate(reference(model, grid)):
        for name, array in zip(("n", "seen", "all"), expected, strict=True):
            assert np.array_equal(run.outputs[name][row], array), name


@pytest.mark.parametrize("name", ["gru", "lstm", "scan"])
def test_narrow_products_hardly_change_it(tmp_path: Path, name: str) -> None:
    module, data, expected = lowered(MODELS[name](), tmp_path, 8, product_bits=32)
    found = outputs(module, data)
    for port, reals in expected.items():
        assert float(((found[port] - reals) ** 2).sum()) < 0.01 * float((reals**2).sum())


@pytest.mark.parametrize("name", MODELS)
def test_no_integer_leaves_its_type(tmp_path: Path, name: str) -> None:
    module, _, _ = lowered(MODELS[name](), tmp_path, 8)
    ProveNoOverflowPass().apply(Context(), module)
    assert PROVEN in the_function(module).attributes


def test_nothing_is_computed_in_a_round_that_stands_before(tmp_path: Path) -> None:
    """Constants belong to the function."""
    module, _, _ = lowered(MODELS["lstm"](), tmp_path, 8)
    bodies = [op.body for op in module.walk() if isinstance(op, ScanOp)]
    assert len(bodies) == 2
    assert not [op for body in bodies for op in body.block.ops if op.name == "fixed.constant"]


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_directions_stand_beside_each_other_without_copies(tmp_path: Path, name: str) -> None:
    """States that a concatenation joins have one type: nothing is rescaled behind the scans."""
    module, _, _ = lowered(MODELS[name](), tmp_path, 8)
    assert not [op for op in the_function(module).body.block.ops if isinstance(op, StructuredForm)]
    forward, backward = (op for op in module.walk() if isinstance(op, ScanOp))
    assert [s.type for s in forward.states] == [s.type for s in backward.states]


@pytest.mark.parametrize("name", ["gru", "scan", "loop"])
def test_exposed_nodes_are_stacked(tmp_path: Path, name: str) -> None:
    module, data, _ = lowered(MODELS[name](), tmp_path, 8)
    stored = to_stored(data, input_ports(the_function(module)))
    traced = FixedExecutor(module).run(stored, trace=True)
    ExposeNodesPass().apply(Context(), module)
    module.verify()
    exposed = FixedExecutor(module).run(stored).outputs
    forms = [op.node.data for op in module.walk() if isinstance(op, StructuredForm) and op.node is not None]
    shown = [form for form in forms if form in exposed]
    assert len(shown) >= len(forms) - 1
    for form in shown:
        assert np.array_equal(exposed[form], traced.values[form])
    assert all(np.array_equal(exposed[port], array) for port, array in traced.outputs.items())
