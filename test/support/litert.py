"""LiteRT's reference kernels as the judge of TFLite files, and this compiler's integers of the same files."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.lowering.import_model import read_model
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.onnx import OnnxExecutor
from tinyml_opt.targets.ports import input_ports, output_ports
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes

Array = NDArray[Any]


def litert(data: bytes, inputs: list[Array]) -> list[Array]:
    """The outputs of a file for each row of its inputs, (rows, *shape), as its reference kernels compute them."""
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    places, results = interpreter.get_input_details(), interpreter.get_output_details()
    rows: list[list[Array]] = []
    for row in zip(*inputs, strict=True):
        for place, value in zip(places, row, strict=True):
            interpreter.set_tensor(place["index"], value)
        interpreter.invoke()
        rows.append([interpreter.get_tensor(result["index"]) for result in results])
    return [np.stack(column) for column in zip(*rows, strict=True)]


def lowered(data: bytes, arithmetic: str) -> ModuleOp:
    """A quantized file at the level `fixed`."""
    module = read_model(data).module
    run_passes(module, pipeline("onnx-to-fixed", arithmetic=arithmetic), Timing())
    return module


def integers(data: bytes, inputs: list[Array], arithmetic: str) -> list[Array]:
    """The outputs of this compiler's integers, in the shapes that the file states."""
    module = lowered(data, arithmetic)
    ports = input_ports(the_function(module))
    orders = [tuple(p.permutation.data) for p in ports]
    moved = [x.transpose(0, *(axis + 1 for axis in order)) for x, order in zip(inputs, orders, strict=True)]
    run = FixedExecutor(module).run({p.label.data: x for p, x in zip(ports, moved, strict=True)})
    results = zip(run.outputs.values(), output_ports(the_function(module)), strict=True)
    return [y.transpose(0, *(axis + 1 for axis in np.argsort(p.permutation.data))) for y, p in results]


def keeps_images(data: bytes) -> bool:
    """Whether the images of a file lie in memory as it states them, channels last."""
    function = the_function(lowered(data, "tflite"))
    ports = (*input_ports(function), *output_ports(function))
    return all(p.stored_shape == tuple(p.type.get_shape()) for p in ports)


def reals(data: bytes, inputs: list[Array]) -> list[Array]:
    """The outputs of the imported model itself."""
    module = read_model(data).module
    names = [port["name"] for port in interpreter_inputs(data)]
    return list(OnnxExecutor(module).run(dict(zip(names, inputs, strict=True))).outputs.values())


def interpreter_inputs(data: bytes) -> list[dict[str, Any]]:
    """The inputs of a file as LiteRT lists them."""
    return Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF).get_input_details()


def random_inputs(data: bytes, rows: int, seed: int = 0) -> list[Array]:
    """Rows of all integers of the inputs' types, or of reals about 0."""
    random = np.random.default_rng(seed)
    found: list[Array] = []
    for port in interpreter_inputs(data):
        dtype, shape = np.dtype(port["dtype"]), (rows, *map(int, port["shape"]))
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            found.append(random.integers(limits.min, limits.max, shape, dtype, endpoint=True))
        else:
            found.append(random.normal(0, 2, shape).astype(dtype))
    return found
