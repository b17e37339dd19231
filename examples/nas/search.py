"""An architecture search that asks `can_fit` of each candidate: python examples/nas/search.py [BOARD [CANDIDATES]]

Candidates are small CNNs for 16 x 16 images with weights at random. Nothing is trained: as where MCUNet (Lin et al.,
NeurIPS 2020) chooses a search space, more multiply-accumulates within the board are held to be better.
"""

from __future__ import annotations

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tinyml_opt


def network(channels: list[int], kernel: int, rng: np.random.Generator) -> onnx.ModelProto:
    """Convolutions with ReLU, each but the first of stride 2; a global average; a linear layer of 10 classes."""
    nodes, weights, at, have = [], [], "x", 1
    for number, width in enumerate(channels):
        scale = 1 / (kernel * have**0.5)
        values = rng.normal(0, scale, (width, have, kernel, kernel)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"w{number}"))
        stride, pad = 2 if number else 1, kernel // 2
        options = {"pads": [pad] * 4, "strides": [stride] * 2}
        nodes.append(helper.make_node("Conv", [at, f"w{number}"], [f"c{number}"], **options))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        at, have = f"r{number}", width
    weights.append(numpy_helper.from_array(rng.normal(0, 1, (have, 10)).astype(np.float32), "w"))
    nodes.append(helper.make_node("GlobalAveragePool", [at], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    nodes.append(helper.make_node("MatMul", ["flat", "w"], ["scores"]))
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 16, 16])]
    results = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])]
    graph = helper.make_graph(nodes, "candidate", ports, results, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def search(board: str, candidates: int, seed: int = 0) -> tuple[list[int], int, tinyml_opt.Fit]:
    """The channels, the kernel and the fit of the candidate with the most multiply-accumulates that fits."""
    rng = np.random.default_rng(seed)
    best = None
    for _ in range(candidates):
        channels = [int(width) for width in rng.choice([4, 8, 12, 16, 24, 32], rng.integers(1, 4))]
        kernel = int(rng.choice([3, 5]))
        fit = tinyml_opt.can_fit(network(channels, kernel, rng), board)
        verdict = "fits" if fit else "; ".join(fit.reasons)
        print(f"{channels} {kernel}x{kernel}: {fit.macs:,} MACs, {fit.ram_bytes:,} bytes of RAM: {verdict}")
        if fit and (best is None or fit.macs > best[2].macs):
            best = channels, kernel, fit
    if best is None:
        raise SystemExit(f"no candidate of {candidates} fits {board}")
    return best


if __name__ == "__main__":
    found = search(sys.argv[1] if len(sys.argv) > 1 else "uno", int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    print(f"taken: {found[0]} with kernels of {found[1]}x{found[1]}, {found[2].macs:,} MACs")
