"""Train digits_cnn.onnx, two convolutions and a linear layer, in numpy: python examples/digits/train_cnn.py

conv 3x3 1->8, relu, max pool 2x2, conv 3x3 8->16, relu, max pool 2x2, linear 64->10. Adam on the cross entropy.
"""

from __future__ import annotations

import numpy as np
from common import load_split, report, save_model
from numpy.typing import NDArray
from onnx import helper

Array = NDArray[np.float64]
Weights = dict[str, Array]

EPOCHS, BATCH, RATE, DECAY = 60, 32, 2e-3, 1e-4


def patches(x: Array) -> Array:
    """The 3x3 neighbourhood of each pixel, zeros outside: (n, c, h, w) to (n, h, w, c*9)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return np.ascontiguousarray(windows.transpose(0, 2, 3, 1, 4, 5)).reshape(*x.shape[:1], *x.shape[2:], -1)


def patches_gradient(g: Array, channels: int) -> Array:
    """The gradient of `patches`: each pixel collects from the windows that hold it."""
    n, h, w, _ = g.shape
    g = g.reshape(n, h, w, channels, 3, 3)
    padded = np.zeros((n, channels, h + 2, w + 2))
    for i in range(3):
        for j in range(3):
            padded[:, :, i : i + h, j : j + w] += g[..., i, j].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def block(x: Array, w: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
    """Convolution, ReLU and 2x2 max pool; with what the gradient needs: patches, and where each maximum was."""
    columns = patches(x)
    y = np.maximum(columns @ w.reshape(len(w), -1).T + b, 0)
    n, h, width, c = y.shape
    cells = y.reshape(n, h // 2, 2, width // 2, 2, c).transpose(0, 5, 1, 3, 2, 4).reshape(n, c, h // 2, width // 2, 4)
    pooled = cells.max(axis=-1)
    winners = (cells == pooled[..., None]) & (cells > 0)
    return pooled, (columns, winners)


def block_gradient(g: Array, kept: tuple[Array, Array], w: Array) -> tuple[Array, Array, Array]:
    """Gradients of `block` by its weights, bias and input."""
    columns, winners = kept
    n, c, h, width, _ = winners.shape
    cells = (g[..., None] * winners).reshape(n, c, h, width, 2, 2)
    g = cells.transpose(0, 2, 4, 3, 5, 1).reshape(n, 2 * h, 2 * width, c)
    flat = g.reshape(-1, c)
    by_w = (flat.T @ columns.reshape(len(flat), -1)).reshape(w.shape)
    return by_w, flat.sum(axis=0), patches_gradient(g @ w.reshape(c, -1), w.shape[1])


def gradients(p: Weights, x: Array, y: NDArray[np.uint8]) -> Weights:
    """The gradient of the mean cross entropy over a batch."""
    first, kept1 = block(x, p["w1"], p["b1"])
    second, kept2 = block(first, p["w2"], p["b2"])
    features = second.reshape(len(x), -1)
    scores = features @ p["w3"] + p["b3"]
    g = np.exp(scores - scores.max(axis=1, keepdims=True))
    g /= g.sum(axis=1, keepdims=True)
    g[np.arange(len(y)), y] -= 1
    g /= len(y)
    w2, b2, g1 = block_gradient((g @ p["w3"].T).reshape(second.shape), kept2, p["w2"])
    w1, b1, _ = block_gradient(g1, kept1, p["w1"])
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2, "w3": features.T @ g, "b3": g.sum(axis=0)}


def train(p: Weights, x: Array, y: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Adam with weight decay (Loshchilov and Hutter 2019) and a rate that falls to zero, in place."""
    mean = {k: np.zeros_like(v) for k, v in p.items()}
    square = {k: np.zeros_like(v) for k, v in p.items()}
    steps = EPOCHS * (len(x) // BATCH)
    for step in range(1, steps + 1):
        rows = rng.integers(len(x), size=BATCH)
        rate = RATE * (1 - step / (steps + 1))
        for k, g in gradients(p, x[rows], y[rows]).items():
            mean[k] += 0.1 * (g - mean[k])
            square[k] += 0.001 * (g * g - square[k])
            move = mean[k] / (1 - 0.9**step) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
            p[k] -= rate * move + DECAY * p[k] * (rate / RATE)


def main() -> None:
    """Train on 70 % of the digits."""
    train_set, test = load_split()
    rng = np.random.default_rng(0)
    shapes = {"w1": (8, 1, 3, 3), "b1": (8,), "w2": (16, 8, 3, 3), "b2": (16,), "w3": (64, 10), "b3": (10,)}
    fan_in = {"w1": 9, "w2": 72, "w3": 64}
    p = {k: rng.normal(0, np.sqrt(2 / fan_in[k]), s) if k in fan_in else np.zeros(s) for k, s in shapes.items()}
    train(p, train_set.real[:, None], train_set.y, rng)

    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], "conv1", **conv),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], "pool1", **pool),
        helper.make_node("Conv", ["p1", "w2", "b2"], ["c2"], "conv2", **conv),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("MaxPool", ["r2"], ["p2"], "pool2", **pool),
        helper.make_node("Flatten", ["p2"], ["features"], "flatten"),
        helper.make_node("Gemm", ["features", "w3", "b3"], ["scores"], "classes"),
    ]
    report(save_model("digits_cnn", nodes, p), test)


if __name__ == "__main__":
    main()
