"""A first look at accuracy while compiling: outputs on some rows of the calibration data against the float model."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import TensorType

from ...dialects.harmless import in_quotes
from ...dialects.onnx import ConvOp, ConvTransposeOp, GemmOp
from ...dialects.onnx.base import OnnxOp, shape_of
from ...passes.fixed.calibrate import the_function
from ...targets.dataset import load_dataset
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.rounds import rounds_around
from ...targets.ports import input_ports, output_ports, to_real, to_stored
from ..compiling.compilation import Compilation, float_outputs, input_types
from .distance import Criterion, distances
from .reference import quantized_by_author

ROWS = 32
"""At most this many rows are looked at."""

WORK = 1 << 26
"""At most so many multiply-accumulates, or elements computed, are spent on all rows together."""

OPS = 400
"""Models of more ops are left to `verify`: for each numpy takes some 0.1 ms, however small it is."""


def remark(compilation: Compilation) -> str | None:
    """A line where an output is not close to the float model on the calibration data; None where all are.

    None as well where nothing was calibrated, or where the look would take long beside the compilation.
    """
    path, rows = compilation.options.calibration, affordable_rows(compilation)
    if path is None or rows == 0 or quantized_by_author(compilation):
        return None
    dataset = load_dataset(path, input_types(compilation.onnx)).head(rows)
    ports = output_ports(compilation.function)
    run = FixedExecutor(compilation.fixed).run(to_stored(dataset, input_ports(compilation.function)))
    found = distances(float_outputs(compilation, dataset), to_real(run.outputs, ports), ports)
    criterion = Criterion(quantized=False)
    for name, distance in found.items():
        fault = criterion.fault(distance)
        if fault is not None:
            where = f"output {in_quotes(name)} on {len(dataset)} rows of {path}"
            return f"{where}: {fault}; `tinyml verify` shows where it is lost"
    return None


def affordable_rows(compilation: Compilation) -> int:
    """How many rows are looked at; none of a model so large that even one would be felt."""
    ops = [op for op in the_function(compilation.typed).walk() if isinstance(op, OnnxOp)]
    if len(ops) > OPS:
        return 0
    return min(ROWS, WORK // max(1, sum(work_of(op) for op in ops)))


def work_of(op: OnnxOp) -> int:
    """About how many multiply-accumulates, or elements, an op computes."""
    elements = rounds_around(op) * sum(prod(r.type.get_shape()) for r in op.results if isinstance(r.type, TensorType))
    return elements * prod(shape_of(op.w)[1:]) if isinstance(op, ConvOp | ConvTransposeOp | GemmOp) else elements
