"""What both digit models share: the data, how it is stored, and how a model is written.

The data are scikit-learn's handwritten digits (UCI, Alpaydin and Kaynak 1998): 1797 images of 8x8 pixels from 0 to 16.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
SCALE = np.float32(1 / 16)
"""Pixels are stored as they are, 0 to 16; the models take them times this."""


@dataclass(frozen=True)
class Digits:
    """Images (rows, 8, 8) as uint8, labels (rows,) as uint8."""

    x: NDArray[np.uint8]
    y: NDArray[np.uint8]

    @property
    def real(self) -> NDArray[np.float64]:
        """Images as the models take them, from 0 to 1."""
        return self.x * np.float64(SCALE)

    def save(self, path: Path) -> None:
        """Write an .npz file as the tools take it: real = x * x_scale + x_offset."""
        np.savez_compressed(path, x=self.x, y=self.y, x_scale=SCALE, x_offset=np.float32(0))


def load_split() -> tuple[Digits, Digits]:
    """Training and test digits: the same split every time, the classes in equal parts."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8).astype(np.uint8)
    train, test = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    return tuple(Digits(images[rows], labels[rows].astype(np.uint8)) for rows in (train, test))


def save_model(name: str, nodes: list[onnx.NodeProto], weights: dict[str, NDArray[np.floating]]) -> Path:
    """Write NAME.onnx beside this file: from `image` (1, 1, 8, 8) to `scores` (1, 10), weights in float32."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])
    constants = [numpy_helper.from_array(value.astype(np.float32), key) for key, value in weights.items()]
    graph = helper.make_graph(nodes, name, [image], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path = FOLDER / f"{name}.onnx"
    onnx.save(model, path)
    return path


def report(path: Path, test: Digits) -> None:
    """Print the accuracy of the file as written, run by ONNX's reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    model = ReferenceEvaluator(str(path))
    rows = test.real.astype(np.float32).reshape(-1, 1, 1, 8, 8)
    predicted = [int(model.run(None, {"image": row})[0].argmax()) for row in rows]
    accuracy = np.mean(np.array(predicted) == test.y)
    print(f"{path.name}: {path.stat().st_size} bytes, {100 * accuracy:.2f} % of {len(test.y)} held-out digits right")
