"""What quantization costs, by ways of quantizing: `python -m tinyml_opt.tools.bench.accuracy FOLDER... --bits 8`.

Each folder has a model with `calib.npz` and `test.npz` beside it. A line has the accuracy of the float model where
there are labels, and for each way that of the integers and the signal-to-noise ratio of the outputs in dB.
"""

from __future__ import annotations

import argparse
import gc
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from ...dialects.errors import UserError
from ...lowering.import_model import read_model
from ...passes.fixed.calibrate import the_function
from ...targets.board import load_board
from ...targets.dataset import Dataset, load_dataset
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.onnx import OnnxExecutor
from ...targets.ports import input_ports, output_ports, predicted_classes, to_real, to_stored
from ..compiling.compilation import input_types
from ..pipelines import Timing, pipeline, run_passes

WAYS: dict[str, dict[str, Any]] = {
    "minmax": {},
    "99.99 %": {"method": "percentile"},
    "99.9 %": {"method": "percentile", "percentile": 99.9},
    "mse": {"method": "mse"},
    "entropy": {"method": "entropy"},
    "equalized": {"equalize": True},
    "biases kept": {"least_gain": math.inf},
    "all biases": {"least_gain": -math.inf},
}
"""Parameters of the pipeline `onnx-to-fixed`, by name."""

Arrays = Mapping[str, NDArray[Any]]


def main(arguments: Sequence[str]) -> int:
    """Print a line per model."""
    parser = argparse.ArgumentParser(prog="bench-accuracy", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="models, or folders with model.onnx")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8)
    parser.add_argument("--board", default="host", help="whose products are used")
    parser.add_argument("--rows", type=int, default=0, help="of the test data, at most (0: all)")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    args = parser.parse_args(arguments)
    gc.disable()
    print(" | ".join((f"{'model':<24}", "  float", *(f"{way:^14}" for way in args.ways))))
    for path in args.models:
        model = path / "model.onnx" if path.is_dir() else path
        try:
            print(line(model, args), flush=True)
        except UserError as error:
            print(f"{path}: {error}")
    return 0


def line(model: Path, args: argparse.Namespace) -> str:
    """The figures of one model."""
    onnx = read_model(model).module
    dataset = load_dataset(model.with_name("test.npz"), input_types(onnx))
    dataset = dataset.head(args.rows) if args.rows else dataset
    expected = OnnxExecutor(onnx).run(dataset.inputs).outputs
    cells: list[str] = []
    for way in args.ways:
        actual = integers_as_reals(onnx, model.with_name("calib.npz"), args, WAYS[way], dataset)
        right = accuracy(actual, dataset)
        cells.append(f"{'' if right is None else f'{right:7.2%}':7} {signal_to_noise(expected, actual):5.1f}")
    right = accuracy(expected, dataset)
    name = model.parent.name if model.stem == "model" else model.stem
    return " | ".join((f"{name:<24}", "       " if right is None else f"{right:7.2%}", *(f"{c:>14}" for c in cells)))


def integers_as_reals(
    onnx: ModuleOp, calibration: Path, args: argparse.Namespace, way: dict[str, Any], dataset: Dataset
) -> Arrays:
    """The outputs of a model's integers in real units."""
    board, fixed = load_board(args.board), onnx.clone()
    bits = {"accumulator_bits": board.product_bits, "product_bits": board.product_bits}
    passes = pipeline("onnx-to-fixed", data=str(calibration), bits=args.bits, **bits, **way)
    run_passes(fixed, passes, Timing())
    function = the_function(fixed)
    outputs = FixedExecutor(fixed).run(to_stored(dataset, input_ports(function))).outputs
    return to_real(outputs, output_ports(function))


def accuracy(outputs: Arrays, dataset: Dataset) -> float | None:
    """The share of rows whose class, by the first output, is the label; None without labels."""
    values = next(iter(outputs.values()))
    if dataset.labels is None:
        return None
    return float((predicted_classes(values, values[0].size == 1) == dataset.labels).mean())


def signal_to_noise(expected: Arrays, actual: Arrays) -> float:
    """10 log10 of the ratio of the outputs' power to that of the error."""
    pairs = [(e.astype(np.float64).ravel(), a.ravel()) for e, a in zip(expected.values(), actual.values(), strict=True)]
    noise = sum(float(((e - a) ** 2).sum()) for e, a in pairs)
    return 10 * float(np.log10(sum(float((e**2).sum()) for e, _ in pairs) / max(noise, 1e-30)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
