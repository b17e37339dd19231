"""Train a small network with PyTorch and export it in three ways: python examples/exports/pytorch_models.py

Needs torch, onnx and onnxscript, and torchao for the quantized one. Writes pytorch_WAY.onnx beside this file (`dynamo`,
`script`, `pt2e`) and pytorch.npz: inputs `x`, labels `y`, and the scores of the network in float.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parent

ROWS = 96


class Net(nn.Module):
    """A convolution with batch normalization, a pool and a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU()
        )
        self.scores = nn.Linear(8 * 2 * 2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, 1, 8, 8) to (rows, 3)"""
        return self.scores(torch.flatten(self.features(x), 1))


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Images with a bright row, column or diagonal, and which of these it is."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, ROWS)
    images = random.normal(0, 0.3, (ROWS, 1, 8, 8)).astype(np.float32)
    for image, label, place in zip(images, labels, random.integers(0, 8, ROWS), strict=True):
        rows = np.arange(8)
        where = (place, rows) if label == 0 else (rows, place) if label == 1 else (rows, (rows + place) % 8)
        image[0][where] += 1
    return torch.from_numpy(images), torch.from_numpy(labels)


def trained(x: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    """The network after a few steps."""
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    for _ in range(120):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), labels).backward()
        optimizer.step()
    return net.eval()


def quantized(net: nn.Module, x: torch.Tensor) -> Any:
    """The network with the quantization of PyTorch 2 export, calibrated on x."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(torch.export.export(net, (x[:1],)).module(), quantizer)
    for row in x:
        prepared(row[None])
    return convert_pt2e(prepared)


def main() -> None:
    x, labels = data()
    net = trained(x, labels)
    np.savez(FOLDER / "pytorch.npz", x=x.numpy(), y=labels.numpy(), scores=net(x).detach().numpy())
    names: dict[str, Any] = {"input_names": ["x"], "output_names": ["scores"]}
    ways = sys.argv[1:] or ["dynamo", "script", "pt2e"]
    for way in ways:
        path, dynamo = FOLDER / f"pytorch_{way}.onnx", way != "script"
        model = quantized(net, x) if way == "pt2e" else net
        more = {"external_data": False} if dynamo else {}
        torch.onnx.export(model, (x[:1],), str(path), dynamo=dynamo, **names, **more)


if __name__ == "__main__":
    main()
