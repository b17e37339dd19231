"""Train words.onnx in numpy, by Adam: python examples/words/train.py

Each block of samples goes through a bank of filters that is not trained: cosines and sines of eight pitches and their
negatives, a ReLU, and the sum of four, about the loudness of each pitch. What is trained looks at five blocks at once:
a convolution over time, a ReLU, the mean of all blocks, a linear layer. So `--input steps` computes each block once.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sounds import BLOCK, BLOCKS, FOLDER, NAMES, RATE, SCALE, save, sounds

Array = NDArray[np.float64]
Weights = dict[str, Array]

PITCHES = np.geomspace(350, 2200, 8)
BANDS, TAPS, CHANNELS = len(PITCHES), 5, 12
ROWS, EPOCHS, BATCH, LEARNING = 3000, 60, 50, 0.01


def bank() -> Array:
    """The filters, shape (4 * BANDS, BLOCK)."""
    angles = 2 * np.pi * PITCHES[:, None] * np.arange(BLOCK) / RATE
    waves = np.concatenate([np.cos(angles), np.sin(angles)]) * np.hanning(BLOCK) / 16
    return np.concatenate([waves, -waves])


def loudness(x: Array) -> Array:
    """Of each pitch in each block: (n, BLOCKS, BANDS)."""
    filtered = np.maximum(x.reshape(len(x), BLOCKS, BLOCK) @ bank().T, 0)
    return filtered.reshape(len(x), BLOCKS, 4, BANDS).sum(axis=2)


def windows(bands: Array) -> Array:
    """TAPS blocks at a time: (n, BLOCKS - TAPS + 1, BANDS * TAPS)."""
    found = np.lib.stride_tricks.sliding_window_view(bands, TAPS, axis=1)
    return found.reshape(*found.shape[:2], -1)


def forward(seen: Array, w: Weights) -> tuple[Array, Array, Array]:
    """Scores, and the channels before and after the mean."""
    channels = np.maximum(seen @ w["W"] + w["a"], 0)
    mean = channels.mean(axis=1)
    return mean @ w["V"] + w["b"], channels, mean


def gradients(seen: Array, y: NDArray[np.uint8], w: Weights) -> Weights:
    """Of the mean cross entropy."""
    scores, channels, mean = forward(seen, w)
    error = np.exp(scores - scores.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    error /= len(y)
    back = (error @ w["V"].T)[:, None] * (channels > 0) / channels.shape[1]
    return {
        "V": mean.T @ error,
        "b": error.sum(axis=0),
        "W": np.tensordot(seen, back, ((0, 1), (0, 1))),
        "a": back.sum(axis=(0, 1)),
    }


def train(seen: Array, y: NDArray[np.uint8]) -> Weights:
    """The weights after EPOCHS of Adam (Kingma and Ba 2015)."""
    random = np.random.default_rng(0)
    w: Weights = {"W": random.normal(0, 0.3, (BANDS * TAPS, CHANNELS)), "a": np.zeros(CHANNELS)}
    w |= {"V": random.normal(0, 0.3, (CHANNELS, len(NAMES))), "b": np.zeros(len(NAMES))}
    first, second = ({name: np.zeros_like(value) for name, value in w.items()} for _ in range(2))
    for count in range(1, EPOCHS * ROWS // BATCH + 1):
        rows = random.integers(0, len(seen), BATCH)
        for name, g in gradients(seen[rows], y[rows], w).items():
            first[name] = 0.9 * first[name] + 0.1 * g
            second[name] = 0.99 * second[name] + 0.01 * g * g
            mean, square = first[name] / (1 - 0.9**count), second[name] / (1 - 0.99**count)
            w[name] -= LEARNING * mean / (np.sqrt(square) + 1e-8)
    return w


def model(w: Weights) -> onnx.ModelProto:
    """The network: `sound` (1, 1, BLOCKS, BLOCK) to `scores` (1, kinds)."""
    constants = {
        "bank": bank().reshape(4 * BANDS, 1, 1, BLOCK),
        "sums": np.tile(np.eye(BANDS), 4).reshape(BANDS, 4 * BANDS, 1, 1),
        "W": w["W"].T.reshape(CHANNELS, BANDS, TAPS, 1),
        **{name: w[name] for name in ("a", "V", "b")},
    }
    steps = [
        ("Conv", ["sound", "bank"], "filtered"),
        ("Relu", ["filtered"], "positive"),
        ("Conv", ["positive", "sums"], "loudness"),
        ("Conv", ["loudness", "W", "a"], "patterns"),
        ("Relu", ["patterns"], "found"),
        ("GlobalAveragePool", ["found"], "mean"),
        ("Flatten", ["mean"], "flat"),
        ("Gemm", ["flat", "V", "b"], "scores"),
    ]
    nodes = [helper.make_node(kind, operands, [result], name=result) for kind, operands, result in steps]
    sound = helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, 1, BLOCKS, BLOCK])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, len(NAMES)])
    tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "words", [sound], [scores], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


if __name__ == "__main__":
    (x, y), (test, labels) = sounds(ROWS, 1), sounds(200, 2)
    weights = train(windows(loudness(x * SCALE)), y)
    right = np.mean(forward(windows(loudness(test * SCALE)), weights)[0].argmax(axis=1) == labels)
    print(f"{100 * right:.1f} % of {len(labels)} windows right")
    onnx.save(model(weights), FOLDER / "words.onnx")
    save("calib.npz", x[:40], y[:40])
    save("test.npz", test[:60], labels[:60])
