"""Concatenations at 8 bits beside onnxruntime's own int8: signal-to-noise on rows that calibration has not seen.

    python test/fuzz/concatenations.py [networks]

Random DenseNet-like blocks and YOLO-like heads; a line for each network, and the means.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray
from support.networks import Network, compile_network, onnxruntime_outputs, real_inputs
from support.static_quantization import CONFIGURATIONS

from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored

Array = NDArray[Any]


def weights(net: Network, *shape: int) -> str:
    """Weights of a trained layer's size, normally distributed."""
    fan_in = np.prod(shape[1:])
    return net.constant((net.random.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32))


def layer(net: Network, value: str, inputs: int, outputs: int, kernel: int = 3, active: bool = True) -> str:
    """A convolution, with a Relu."""
    pads = {"pads": [kernel // 2] * 4}
    made = net.node("Conv", value, weights(net, outputs, inputs, kernel, kernel), net.bias(outputs), **pads)
    return net.node("Relu", made) if active else made


def dense(seed: int) -> Network:
    """A stem and five layers, each of which reads all before it; channels of different magnitude."""
    net = Network((1, 3, 12, 12), seed)
    value, channels = layer(net, "x", 3, 8), 8
    for _ in range(5):
        spread = net.constant(net.random.lognormal(0, 0.5, (1, channels, 1, 1)).astype(np.float32))
        added = layer(net, net.node("Relu", net.node("Mul", value, spread)), channels, 4, active=False)
        value, channels = net.node("Concat", value, added, axis=1), channels + 4
    net.result(net.node("GlobalAveragePool", layer(net, value, channels, 8, 1), name="features"))
    net.result(layer(net, value, channels, 4, 1, False))
    return net


def head(seed: int) -> Network:
    """Two scales: the coarse one is upsampled and put beside the fine one; boxes, classes and scores in one result."""
    net = Network((1, 3, 16, 16), seed)
    fine = layer(net, "x", 3, 8)
    coarse = layer(net, net.node("MaxPool", fine, kernel_shape=[2, 2], strides=[2, 2]), 8, 16)
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    larger = net.node("Resize", layer(net, coarse, 16, 8, 1), "", scales, mode="nearest")
    both = layer(net, net.node("Concat", larger, fine, axis=1), 16, 12)
    boxes = layer(net, both, 12, 4, 1, False)
    classes = net.node("Sigmoid", layer(net, both, 12, 5, 1, False))
    net.result(net.node("Concat", boxes, classes, axis=1, name="detections"))
    return net


def snr(reference: Array, value: Array) -> float:
    """Signal-to-noise ratio in dB."""
    noise = float(((reference - value) ** 2).sum())
    return 10 * np.log10(float((reference**2).sum()) / max(noise, 1e-30))


def compared(net: Network, folder: Path) -> dict[str, tuple[float, float]]:
    """Per output the ratios of this compiler and of onnxruntime's int8, both calibrated on the same rows."""
    known, unseen, model = net.rows(32), net.rows(32), net.model()
    expected = onnxruntime_outputs(model, unseen)
    quantized = onnxruntime_outputs(CONFIGURATIONS["int8 per channel"].quantize(net, known, folder), unseen)
    compilation = compile_network(model, folder, known)
    run = FixedExecutor(compilation.fixed).run(to_stored(real_inputs(unseen), input_ports(compilation.function)))
    ours = to_real(run.outputs, output_ports(compilation.function))
    return {name: (snr(value, ours[name]), snr(value, quantized[name])) for name, value in expected.items()}


def main() -> None:
    """Print the comparison."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    kinds: dict[str, Callable[[int], Network]] = {"DenseNet-like": dense, "YOLO-like": head}
    for kind, make in kinds.items():
        pairs: list[tuple[float, float]] = []
        for seed in range(count):
            with TemporaryDirectory() as folder:
                for name, pair in compared(make(seed), Path(folder)).items():
                    pairs.append(pair)
                    print(f"{kind} {seed} {name:12} {pair[0]:6.1f} dB, onnxruntime int8 {pair[1]:6.1f} dB")
        ours, others = np.mean(pairs, axis=0)
        print(f"{kind}: on average {ours:.1f} dB, onnxruntime int8 {others:.1f} dB\n")


if __name__ == "__main__":
    main()
