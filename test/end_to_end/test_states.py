"""States that a model takes and gives stay in the arena: a step is a call, and any number of them may follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.networks import equal_levels

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs, input_types
from tinyml_opt.tools.compiling.options import Options

STEPS = 9


def streaming_model() -> onnx.ModelProto:
    """The last four frames of 6 numbers as one state, a recurrent cell on a layer over them as the other."""
    random = np.random.default_rng(0)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array((random.normal(0, 1, shape) / np.sqrt(shape[-1])).astype(np.float32), name)

    numbers = {"one": [1], "four": [4], "axis": [1], "frame": [1, 1, 6]}
    nodes = [
        helper.make_node("Slice", ["ring", "one", "four", "axis"], ["tail"]),
        helper.make_node("Reshape", ["x", "frame"], ["x3"]),
        helper.make_node("Concat", ["tail", "x3"], ["ring_out"], axis=1),
        helper.make_node("Flatten", ["ring_out"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "Wc"], ["f"], transB=1),
        helper.make_node("Relu", ["f"], ["features"]),
        helper.make_node("Gemm", ["features", "Wx"], ["a"], transB=1),
        helper.make_node("Gemm", ["h", "U"], ["b"], transB=1),
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Tanh", ["c"], ["h_out"]),
        helper.make_node("Gemm", ["h_out", "Wy"], ["y"], transB=1),
    ]
    shapes = {"x": [1, 6], "ring": [1, 4, 6], "h": [1, 10], "y": [1, 3], "ring_out": [1, 4, 6], "h_out": [1, 10]}
    ports = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    constants = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in numbers.items()]
    matrices = [weights("Wc", 8, 24), weights("Wx", 10, 8), weights("U", 10, 10), weights("Wy", 3, 10)]
    graph = helper.make_graph(
        nodes,
        "stream",
        [ports[name] for name in ("x", "ring", "h")],
        [ports[name] for name in ("y", "ring_out", "h_out")],
        [*matrices, *constants],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def compiled(folder: Path, states: str, bits: int = 8) -> tuple[Compilation, Path]:
    """The model with these states, and its data."""
    onnx.save(streaming_model(), folder / "stream.onnx")
    data = folder / "data.npz"
    np.savez(data, x=np.random.default_rng(1).normal(0, 1, (4, STEPS, 1, 6)).astype(np.float32))
    options = Options(folder / "stream.onnx", "host", data, bits, states=states, input="steps")
    return compile_model(options), data


@pytest.mark.parametrize("bits", [8, 16])
def test_steps_with_states_of_the_caller(bits: int, tmp_path: Path) -> None:
    compilation, data = compiled(tmp_path, "ring=ring_out,h=h_out", bits)
    dataset = load_dataset(data, input_types(compilation.onnx))
    expected = np.stack([by_steps(sequence) for sequence in np.load(data)["x"]])
    np.testing.assert_allclose(float_outputs(compilation, dataset)["y"], expected, atol=1e-5)
    equal_levels(compilation, dataset)
    model = compilation.generated()
    assert (model.entry, model.input_rows, model.output_rows) == ("stream_step", STEPS, (STEPS,))


def by_steps(sequence: np.ndarray) -> np.ndarray:
    """What onnxruntime gives where the caller hands the states back."""
    session = onnxruntime.InferenceSession(streaming_model().SerializeToString())
    ring, h = np.zeros((1, 4, 6), np.float32), np.zeros((1, 10), np.float32)
    outputs: list[np.ndarray] = []
    for x in sequence:
        y, ring, h = (np.asarray(value) for value in session.run(None, {"x": x, "ring": ring, "h": h}))
        outputs.append(y)
    return np.stack(outputs)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ("h", "'h' is no state: write INPUT=OUTPUT"),
        ("h=h_out,h=y", "'h=y' is no state"),
        ("g=h_out", "the model has no input 'g'; it has 'x', 'ring', 'h'"),
        ("h=g", "the model has no output 'g'"),
        ("h=y", r"the input is tensor<1x10xf32>, the output tensor<1x3xf32>"),
    ],
)
def test_states_that_the_model_does_not_have(states: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        compiled(tmp_path, states)
