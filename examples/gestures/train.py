"""Train gestures.onnx, a FastGRNN of 12 units, in numpy, by Adam: python examples/gestures/train.py

    z = sigmoid(W x + U h + b_z);  c = tanh(W x + U h + b_c);  h' = (zeta (1 - z) + nu) c + z h

Kusupati et al., FastGRNN (NeurIPS 2018), with zeta = 1 and nu = 0; a linear layer on the last state gives the scores.
"""

from __future__ import annotations

import numpy as np
import onnx
from motions import AXES, FOLDER, NAMES, SCALE, STEPS, motions, save
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float64]
Weights = dict[str, Array]

UNITS, ROWS, EPOCHS, BATCH, RATE = 12, 1500, 40, 50, 0.01


def start(random: np.random.Generator) -> Weights:
    """Weights before training."""
    shapes = {"W": (AXES, UNITS), "U": (UNITS, UNITS), "V": (UNITS, len(NAMES))}
    weights = {name: random.normal(0, shape[0] ** -0.5, shape) for name, shape in shapes.items()}
    return weights | {"b_z": np.ones(UNITS), "b_c": np.zeros(UNITS), "b": np.zeros(len(NAMES))}


def forward(x: Array, w: Weights) -> tuple[Array, list[tuple[Array, Array, Array]]]:
    """The scores of rows (n, STEPS, AXES), and state, gate and candidate of each step."""
    h, kept = np.zeros((len(x), UNITS)), list[tuple[Array, Array, Array]]()
    for step in range(STEPS):
        pre = x[:, step] @ w["W"] + h @ w["U"]
        z, c = 1 / (1 + np.exp(-(pre + w["b_z"]))), np.tanh(pre + w["b_c"])
        kept.append((h, z, c))
        h = (1 - z) * c + z * h
    return h @ w["V"] + w["b"], [*kept, (h, h, h)]


def gradients(x: Array, y: NDArray[np.uint8], w: Weights) -> Weights:
    """Of the mean cross entropy."""
    scores, kept = forward(x, w)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    error = p / p.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    error /= len(y)
    g = {name: np.zeros_like(value) for name, value in w.items()}
    g["V"], g["b"], dh = kept[-1][0].T @ error, error.sum(axis=0), error @ w["V"].T
    for step in reversed(range(STEPS)):
        h, z, c = kept[step]
        dz, dc = dh * (h - c) * z * (1 - z), dh * (1 - z) * (1 - c * c)
        dpre = dz + dc
        g["b_z"] += dz.sum(axis=0)
        g["b_c"] += dc.sum(axis=0)
        g["W"] += x[:, step].T @ dpre
        g["U"] += h.T @ dpre
        dh = dh * z + dpre @ w["U"].T
    return g


def train(x: Array, y: NDArray[np.uint8]) -> Weights:
    """The weights after EPOCHS of Adam (Kingma and Ba 2015)."""
    random = np.random.default_rng(0)
    w = start(random)
    first, second = ({name: np.zeros_like(value) for name, value in w.items()} for _ in range(2))
    for count in range(1, EPOCHS * ROWS // BATCH + 1):
        rows = random.integers(0, len(x), BATCH)
        for name, g in gradients(x[rows], y[rows], w).items():
            first[name] = 0.9 * first[name] + 0.1 * g
            second[name] = 0.99 * second[name] + 0.01 * g * g
            mean, square = first[name] / (1 - 0.9**count), second[name] / (1 - 0.99**count)
            w[name] -= RATE * mean / (np.sqrt(square) + 1e-8)
    return w


def model(w: Weights) -> onnx.ModelProto:
    """The network: `motion` (1, STEPS, AXES) to `scores` (1, kinds), its steps a Scan."""

    def value(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    steps = [
        ("MatMul", ["x", "W"], "wx"),
        ("MatMul", ["h", "U"], "uh"),
        ("Add", ["wx", "uh"], "pre"),
        ("Add", ["pre", "b_z"], "to_z"),
        ("Sigmoid", ["to_z"], "z"),
        ("Add", ["pre", "b_c"], "to_c"),
        ("Tanh", ["to_c"], "c"),
        ("Sub", ["one", "z"], "open"),
        ("Mul", ["open", "c"], "new"),
        ("Mul", ["z", "h"], "old"),
        ("Add", ["new", "old"], "next"),
    ]
    nodes = [helper.make_node(kind, operands, [result], name=result) for kind, operands, result in steps]
    body = helper.make_graph(nodes, "cell", [value("h", 1, UNITS), value("x", 1, AXES)], [value("next", 1, UNITS)])
    outer = [
        helper.make_node(
            "Scan", ["zeros", "motion"], ["last"], "steps", body=body, num_scan_inputs=1, scan_input_axes=[1]
        ),
        helper.make_node("Gemm", ["last", "V", "b"], ["scores"], "kinds"),
    ]
    constants = {**w, "one": np.ones(1), "zeros": np.zeros((1, UNITS))}
    tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in constants.items()]
    ports = [value("motion", 1, STEPS, AXES)], [value("scores", 1, len(NAMES))]
    graph = helper.make_graph(outer, "gestures", *ports, tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


if __name__ == "__main__":
    (x, y), (test, labels) = motions(ROWS, 1), motions(500, 2)
    weights = train(x * SCALE, y)
    right = np.mean(forward(test * SCALE, weights)[0].argmax(axis=1) == labels)
    print(f"{100 * right:.1f} % of {len(labels)} motions right")
    onnx.save(model(weights), FOLDER / "gestures.onnx")
    save("calib.npz", x[:100], y[:100])
    save("test.npz", test, labels)
