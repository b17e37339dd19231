"""The outputs of a TFLite file as LiteRT's reference kernels compute them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...lowering.import_tflite.model_file import is_tflite
from ...lowering.onnx_to_fixed.convert import TFLITE
from ...passes.fixed.calibrate import the_function
from ...targets.dataset import Dataset
from ...targets.ports import input_ports, model_to_real, output_ports, to_model
from ..compiling.compilation import Compilation

PACKAGE = "ai_edge_litert"


def gives_its_integers(compilation: Compilation) -> bool:
    """Whether a compilation claims to compute LiteRT's integers, and LiteRT is there to say so."""
    options = compilation.options
    return options.arithmetic == TFLITE and is_tflite(options.model) and find_spec(PACKAGE) is not None


def litert_outputs(compilation: Compilation, dataset: Dataset) -> dict[str, NDArray[Any]]:
    """The outputs of the model's file for each row, as real numbers. Raises UserError."""
    path = compilation.options.model
    if not is_tflite(path):
        raise UserError(f"--against litert: {path} is no TFLite file; use onnxruntime, float or exact")
    if find_spec(PACKAGE) is None:
        raise UserError("--against litert: it is not installed; pip install ai-edge-litert")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    ports = output_ports(compilation.function)
    inputs = to_model(dataset, input_ports(compilation.function), the_function(compilation.onnx))
    try:
        interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        found = [outputs_of(interpreter, [array[row] for array in inputs.values()]) for row in range(len(dataset))]
    except (RuntimeError, ValueError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UserError(f"--against litert: it refuses {path}: {line}") from None
    outputs: dict[str, NDArray[Any]] = {}
    for port, rows in zip(ports, zip(*found, strict=True), strict=True):
        outputs[port.label.data] = np.stack(rows).reshape(len(rows), *port.type.get_shape())
    return model_to_real(outputs, ports)


def outputs_of(interpreter: Any, inputs: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """The outputs of one row, from state 0. A row with a dimension more than the file states is a sequence of steps."""
    places, results = interpreter.get_input_details(), interpreter.get_output_details()
    in_steps = all(array.ndim > len(place["shape"]) for place, array in zip(places, inputs, strict=True))
    sequences = inputs if in_steps else [array[None] for array in inputs]
    for place, array in zip(places, sequences, strict=True):
        interpreter.resize_tensor_input(place["index"], array.shape[1:])
    interpreter.allocate_tensors()
    interpreter.reset_all_variables()
    steps: list[list[NDArray[Any]]] = []
    for number in range(len(sequences[0])):
        for place, array in zip(places, sequences, strict=True):
            interpreter.set_tensor(place["index"], np.ascontiguousarray(array[number]))
        interpreter.invoke()
        steps.append([interpreter.get_tensor(result["index"]) for result in results])
    return [np.stack(values) for values in zip(*steps, strict=True)] if in_steps else steps[0]
