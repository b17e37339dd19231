"""Models that look at the last rows of an endless input: every step gives what the whole model gives for its window."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from support.networks import Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs, input_types
from tinyml_opt.tools.compiling.options import Options

MAIN = """
#include <stdio.h>
#include "net.h"
int main(void) {
    static int8_t row[BYTES], out[NET_OUT_SIZE];
    net_reset();
    while (fread(row, 1, sizeof row, stdin) == sizeof row)
        if (net_step(row, out)) fwrite(out, 1, sizeof out, stdout);
    return 0;
}
"""


def images() -> Network:
    """Two layers over 20 rows, the second one a row for two, a pool over all 8 that it makes."""
    net = Network((1, 3, 20, 8), 1)
    value = net.node("Conv", "x", net.weight(4, 3, 3, 3), net.bias(4), kernel_shape=[3, 3], pads=[0, 1, 0, 1])
    value = net.node("Relu", value)
    value = net.node("Conv", value, net.weight(6, 4, 4, 3), net.bias(6), strides=[2, 2], pads=[0, 1, 0, 1])
    value = net.node("GlobalAveragePool", net.node("Tanh", value))
    net.result(net.node("Gemm", net.node("Flatten", value), net.weight(5, 6), net.bias(5), transB=1, name="out"))
    return net


def sequences() -> Network:
    """Features at each of 12 times, two layers of which one is residual, and the last times flattened."""
    net = Network((1, 4, 12), 2)
    value = net.node("Relu", net.node("Conv", "x", net.weight(6, 4, 3), net.bias(6), pads=[2, 0]))
    more = net.node("Conv", value, net.weight(6, 6, 2), pads=[1, 0])
    value = net.node("MaxPool", net.node("Add", value, more), kernel_shape=[2], strides=[2])
    net.result(net.node("Gemm", net.node("Flatten", value), net.weight(3, 36), net.bias(3), transB=1, name="out"))
    return net


def padded() -> Network:
    """A layer that pads behind the last row: each step computes its whole window."""
    net = Network((1, 1, 10, 4), 3)
    value = net.node("Relu", net.node("Conv", "x", net.weight(3, 1, 3, 3), net.bias(3), pads=[1, 1, 1, 1]))
    value = net.node("GlobalAveragePool", value)
    net.result(net.node("Gemm", net.node("Flatten", value), net.weight(2, 3), net.bias(2), transB=1, name="out"))
    return net


def compiled(net: Network, folder: Path, board: str = "host") -> tuple[Compilation, Path]:
    """A model by steps, and its data."""
    onnx.save(net.model(), folder / "net.onnx")
    np.savez(folder / "data.npz", x=net.rows(12))
    return compile_model(Options(folder / "net.onnx", board, folder / "data.npz", input="steps")), folder / "data.npz"


@pytest.mark.parametrize(("make", "carried"), [(images, 3), (sequences, 3), (padded, 1)])
def test_after_a_window_the_outputs_are_those_of_the_model(make: Any, carried: int, tmp_path: Path) -> None:
    net = make()
    compilation, data = compiled(net, tmp_path, "uno")
    dataset = load_dataset(data, input_types(compilation.onnx))
    session = onnxruntime.InferenceSession(net.model().SerializeToString())
    expected = np.concatenate([np.asarray(session.run(None, {"x": x[None]})[0]) for x in np.load(data)["x"][:, 0]])
    np.testing.assert_allclose(float_outputs(compilation, dataset)["out"].reshape(expected.shape), expected, atol=1e-5)
    equal_levels(compilation, dataset.head(3))
    assert str(compilation.onnx).count("onnx.Concat") == carried
    assert any("computes the whole window" in remark for remark in compilation.remarks)


@pytest.mark.parametrize("make", [images, padded])
def test_every_further_step_gives_the_outputs_of_its_window(make: Any, tmp_path: Path) -> None:
    compilation, _ = compiled(make(), tmp_path)
    (port,) = input_ports(compilation.function)
    shape = port.stored_shape
    steps = compilation.generated().input_rows
    endless = np.random.default_rng(5).integers(-128, 128, (3 * steps, *shape[:1], *shape[1:]), np.int8)
    rows = endless.reshape(3 * steps, -1)[:, : int(np.prod(shape)) // steps]
    outputs = run_steps(compilation, rows, tmp_path)
    windows = np.stack([rows[end - steps : end].reshape(shape) for end in range(steps, 3 * steps + 1)])
    whole = FixedExecutor(compilation.fixed).run({port.label.data: windows}).outputs["out"]
    np.testing.assert_array_equal(outputs[steps - 1 :], whole.reshape(len(whole), -1))


def run_steps(compilation: Compilation, rows: NDArray[np.int8], folder: Path) -> NDArray[np.int8]:
    """What the C code writes for rows that come one after the other."""
    for name, text in {**compilation.c_files(), "main.c": MAIN.replace("BYTES", str(rows.shape[1]))}.items():
        (folder / name).write_text(text)
    subprocess.run(
        ["cc", "-O1", "-Wall", "-Werror", "-o", "run", "main.c", *compilation.generated().sources],
        cwd=folder,
        check=True,
    )
    written = subprocess.run(["./run"], cwd=folder, input=rows.tobytes(), capture_output=True, check=True).stdout
    return np.frombuffer(written, np.int8).reshape(len(rows), -1)


def states_and_rows(two: bool) -> onnx.ModelProto:
    """A convolution over the last four frames, which the caller hands back as a state; a second input beside it."""
    net = Network((1, 1, 1, 6), 4)
    last = net.node(
        "Concat", net.node("Slice", "old", *(net.constant(np.array([number])) for number in (1, 4, 2))), "x", axis=2
    )
    value = net.node("Relu", net.node("Conv", last, net.weight(4, 1, 4, 3), net.bias(4), pads=[0, 1, 0, 1]))
    value = net.node("Gemm", net.node("Flatten", value), net.weight(3, 24), net.bias(3), transB=1)
    net.result(net.node("Add", value, net.node("Tanh", "bias" if two else value), name="y"))
    graph = helper.make_graph(net.nodes, "net", [net.input], net.outputs, net.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    shapes = {"old": [1, 1, 4, 6], "bias": [1, 3]}
    for name in ("old", *(["bias"] if two else [])):
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]))
    model.graph.output.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, shapes["old"]))
    return model


@pytest.mark.parametrize("two", [False, True])
def test_a_convolution_with_a_state_of_the_caller(two: bool, tmp_path: Path) -> None:
    model = states_and_rows(two)
    onnx.save(model, tmp_path / "net.onnx")
    random, steps = np.random.default_rng(1), 7
    data: dict[str, Any] = {"x": random.normal(0, 1, (5, steps, 1, 1, 1, 6)).astype(np.float32)}
    if two:
        data["bias"] = random.normal(0, 1, (5, steps, 1, 3)).astype(np.float32)
    np.savez(tmp_path / "data.npz", **data)
    state = f"old={model.graph.output[1].name}"
    options = Options(tmp_path / "net.onnx", "uno", tmp_path / "data.npz", states=state, input="steps")
    compilation = compile_model(options)
    dataset = load_dataset(tmp_path / "data.npz", input_types(compilation.onnx))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for row, sequence in enumerate(zip(*data.values(), strict=True)):
        old = np.zeros((1, 1, 4, 6), np.float32)
        for step, values in enumerate(zip(*sequence, strict=True)):
            y, old = session.run(None, {**dict(zip(data, values, strict=True)), "old": old})
            found = float_outputs(compilation, dataset)["y"][row, step] if step == steps - 1 else None
            if found is not None:
                np.testing.assert_allclose(found.reshape(-1), np.asarray(y).reshape(-1), atol=1e-5)
    equal_levels(compilation, dataset.head(2))
    assert compilation.generated().header.count("Each call takes the next") == 1 + two


def test_an_input_that_is_not_taken_in_steps_is_refused(tmp_path: Path) -> None:
    net = Network((1, 3, 20, 8), 1)
    net.result(net.node("Gemm", net.node("Flatten", "x"), net.weight(5, 480), transB=1, name="out"))
    model = net.model()
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 5]))
    model.graph.node.append(helper.make_node("Add", ["out", "z"], ["sum"]))
    model.graph.output[0].name = "sum"
    onnx.save(model, tmp_path / "net.onnx")
    np.savez(tmp_path / "data.npz", x=net.rows(4), z=np.zeros((4, 1, 5), np.float32) + 1)
    with pytest.raises(UserError, match="cannot come in steps"):
        compile_model(Options(tmp_path / "net.onnx", "host", tmp_path / "data.npz", input="steps"))


@pytest.mark.parametrize("input", ["rows", "steps"])
def test_a_recurrent_layer_whose_products_are_blocks(input: str, tmp_path: Path) -> None:
    """A slice that a call has is no pixel of a kernel."""
    net = Network((6, 1, 8), 6)
    net.nodes.append(
        helper.make_node("RNN", ["x", net.weight(1, 12, 8), net.weight(1, 12, 12)], ["", "h"], hidden_size=12)
    )
    value = net.node("Reshape", "h", net.constant(np.array([1, 12])))
    net.result(net.node("Gemm", value, net.weight(3, 12), net.bias(3), transB=1))
    compilation = compile_network(net.model(), tmp_path, net.rows(20), "uno", input=input)
    assert "direct" in str(compilation.memplan)
    equal_levels(compilation, real_inputs(net.rows(3)))
