"""Recurrent models from ONNX to C: the same integers at every level, close to the float model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import compile_network, equal_levels, real_inputs
from support.recurrent_models import counting_model, loop_model, recurrent_layer, scan_model
from support.unrolled import Unrolled

from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.dataset import Dataset
from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.executors.interface import Run
from tinyml_opt.targets.ports import output_ports, to_real
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs
from tinyml_opt.tools.verifying.lowered import LoweredModel
from tinyml_opt.tools.verifying.node_table import node_rows

LEAST = {8: 20.0, 16: 60.0}
"""Decibels of signal to noise, by width."""

ROWS = 12


def unrolled() -> onnx.ModelProto:
    """Steps written out, and all states beside each other."""
    net = Unrolled()
    states = net.steps(net.rows_by_gather())
    net.node("Concat", states, "all", axis=0)
    return net.model("all", states[-1])


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "rnn": partial(recurrent_layer, "RNN", ("y", "h"), first=True, batch=2, direction="reverse"),
    "gru": partial(recurrent_layer, "GRU", ("y", "h"), direction="bidirectional"),
    "gru_batch_first": partial(recurrent_layer, "GRU", ("y",), linear_before_reset=1, layout=1),
    "lstm": partial(recurrent_layer, "LSTM", ("y", "h", "c"), direction="bidirectional", lengths=[5]),
    "peepholes": partial(recurrent_layer, "LSTM", ("h",), peepholes=True, clip=2.0, first=True),
    "scan": partial(scan_model, axis=2, out_axis=1, backward=True),
    "loop": partial(loop_model, backward=True),
    "unrolled": unrolled,
}


def compiled(model: onnx.ModelProto, folder: Path, bits: int, board: str = "host") -> tuple[Compilation, Dataset]:
    """A model calibrated on random rows, and these."""
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    rows = np.random.default_rng(7).normal(size=(ROWS, *shape)).astype(np.float32)
    return compile_network(model, folder, rows, board, bits), real_inputs(rows)


def least_snr(compilation: Compilation, data: Dataset, run: Run) -> float:
    """The least signal to noise of an output, in decibels."""
    found, floats = to_real(run.outputs, output_ports(compilation.function)), float_outputs(compilation, data)
    noises = {name: float(((found[name] - reals) ** 2).sum()) for name, reals in floats.items()}
    return min(10 * np.log10(float((reals**2).sum()) / max(noises[name], 1e-30)) for name, reals in floats.items())


@pytest.mark.parametrize("bits", LEAST)
@pytest.mark.parametrize("name", MODELS)
def test_equal_at_all_levels(tmp_path: Path, name: str, bits: int) -> None:
    compilation, data = compiled(MODELS[name](), tmp_path, bits)
    assert least_snr(compilation, data, equal_levels(compilation, data)) > LEAST[bits]


@pytest.mark.parametrize("name", ["gru", "unrolled"])
def test_on_the_uno(tmp_path: Path, name: str) -> None:
    compilation, data = compiled(MODELS[name](), tmp_path, 8, "uno")
    avr = AvrExecutor(compilation.generated(), load_board("uno"))
    equal_levels(compilation, data.head(2), [avr])


def test_counts(tmp_path: Path) -> None:
    compilation, data = compiled(counting_model(), tmp_path, 8)
    equal_levels(compilation, data)


def test_nodes_of_a_body_are_judged_in_all_rounds(tmp_path: Path) -> None:
    compilation, data = compiled(MODELS["lstm"](), tmp_path, 16)
    rows = {row.node.name: row for row in node_rows(compilation, LoweredModel(compilation), data, exact=False)}
    bodies = [row for name, row in rows.items() if "_round_" in name]
    assert len(bodies) > 10
    assert all((row.distance.snr_db or 100.0) > LEAST[16] for row in bodies)
