"""What the outputs of a model are compared with: its own evaluation, onnxruntime's, or values from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context

from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes, in_terminal
from ...dialects.onnx.base import element_of, port_names, shape_of
from ...passes.fixed.calibrate import the_function
from ...targets.dataset import Dataset, fit_shape, read_arrays
from ...targets.ports import dequantized, input_ports, model_to_real, output_ports, to_model
from ..compiling.compilation import Compilation, float_outputs
from ..pipelines import pipeline
from .litert import litert_outputs

RANGES = ("fixed.range", "fixed.type", "fixed.input_ranges", "fixed.input_types")
"""What calibration and the choice of types leave on ops and functions."""


@dataclass(frozen=True)
class Reference:
    """Real outputs by name, (rows, *shape in the model), and where they are from: float, exact, a runtime, file."""

    source: str
    outputs: dict[str, NDArray[Any]]


def reference_outputs(
    compilation: Compilation, dataset: Dataset, source: str, expected: Path | None, file_rows: int
) -> Reference:
    """The reference from a source; from the file `expected` where one is given, whose rows are those of the data file.

    Raises UserError where the file does not fit, or onnxruntime is missing or refuses the model.
    """
    if expected is not None:
        return Reference("file", expected_outputs(compilation, expected, len(dataset), file_rows))
    if source == "litert":
        return Reference(source, litert_outputs(compilation, dataset))
    if source == "onnxruntime":
        return Reference(source, onnxruntime_outputs(compilation, dataset))
    return Reference(source, float_outputs(compilation, dataset, exact=source == "exact"))


def quantized_by_author(compilation: Compilation) -> bool:
    """Whether QuantizeLinear and DequantizeLinear state the types of a model, so that it needs no calibration."""
    module = compilation.typed.clone()
    for op in module.walk():
        for name in RANGES:
            op.attributes.pop(name, None)
    options = compilation.options
    passes = pipeline("onnx-to-fixed", bits=options.bits, scheme=options.scheme)
    (assign,) = (step for step in passes if step.name == "fixed-assign-types")
    try:
        assign.apply(Context(), module)
    except UserError:
        return False
    return True


def expected_outputs(compilation: Compilation, path: Path, rows: int, file_rows: int) -> dict[str, NDArray[Any]]:
    """The outputs in an .npz file: real numbers, by the model's names for them, (rows, *shape in the model).

    Rows are as many as are used, or as the data file has: then those that are used come first.
    Where the model gives quantized integers, an array of integers holds those. Raises UserError with every mismatch.
    """
    arrays = read_arrays(path)
    function = the_function(compilation.onnx)
    results = function.get_return_op()
    assert results is not None
    names = port_names(function.res_attrs, "output", len(results.operands))
    known = in_terminal(str(names))
    reasons = [f"{path}: no output {in_quotes(n)}; the model has {known}" for n in arrays if n not in names]
    outputs: dict[str, NDArray[Any]] = {}
    for name, value, port in zip(names, results.operands, output_ports(compilation.function), strict=True):
        array = arrays.get(name)
        if array is None:
            found = in_terminal(str(sorted(arrays)))
            reasons.append(f"{path}: no array for output {in_quotes(name)}; it has {found}")
            continue
        shaped = fit_shape(array, shape_of(value)) if array.dtype.kind in "fiub" else None
        if shaped is None or len(shaped) not in (rows, file_rows):
            shape = f"real numbers of shape {(file_rows, *shape_of(value)[1:])}"
            reasons.append(f"{path}: {in_quotes(name)} is {array.dtype} of shape {array.shape}, expected {shape}")
        elif not np.isfinite(shaped).all():
            what = "holds NaN or infinite values; remove those rows here and in the data"
            reasons.append(f"{path}: {in_quotes(name)} {what}")
        else:
            is_stored = shaped.dtype.kind in "iu" and element_of(value).name != "f32"
            outputs[name] = (dequantized(shaped, port) if is_stored else shaped.astype(np.float64))[:rows]
    if reasons:
        raise UserError(*reasons)
    return outputs


def onnxruntime_outputs(compilation: Compilation, dataset: Dataset) -> dict[str, NDArray[Any]]:
    """The outputs of the model's file in onnxruntime, row by row, without its graph optimizations, as real numbers."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError("--against onnxruntime: it is not installed; pip install onnxruntime") from None
    function, model = compilation.function, compilation.options.model
    path = model if isinstance(model, Path) else compilation.name
    ports = output_ports(function)
    inputs = to_model(dataset, input_ports(function), the_function(compilation.onnx))
    source = model if isinstance(model, bytes) else str(model)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    names = [port.label.data for port in ports]
    found: list[list[NDArray[Any]]] = []
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        for row in range(len(dataset)):
            feeds = {port.name: fed(inputs[port.name][row], port.type) for port in session.get_inputs()}
            found.append([np.asarray(output) for output in session.run(names, feeds)])
    except Exception as error:  # onnxruntime has no class of its own above its errors
        raise UserError(f"--against onnxruntime: it refuses {path}: {first_line(error)}") from None
    outputs: dict[str, NDArray[Any]] = {}
    for port, rows in zip(ports, zip(*found, strict=True), strict=True):
        outputs[port.label.data] = np.stack(rows).reshape(len(rows), *port.type.get_shape())
    return model_to_real(outputs, ports)


def fed(row: NDArray[Any], type: str) -> NDArray[Any]:
    """A row as onnxruntime takes it: `type` is its name for the type, such as tensor(float)."""
    reals = {"tensor(float16)": np.float16, "tensor(double)": np.float64}
    return np.ascontiguousarray(row.astype(reals.get(type, row.dtype)))


def first_line(error: Exception) -> str:
    """What an exception says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
