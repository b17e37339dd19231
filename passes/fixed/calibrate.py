"""`fixed-calibrate`: the range of every real value, seen on calibration data.

Runs the float model on a batch and leaves `fixed.range = [min, max]` on every op with one f32 result and
`fixed.input_ranges` on the function (one pair per argument).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, Float32Type, FloatAttr, IntegerType, ModuleOp, TensorType, f64
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.fixed.numbers import quantize
from ...dialects.onnx.base import OnnxOp, element_of, port_names
from .scales.stated import reading

if TYPE_CHECKING:
    from ...targets.dataset import Dataset

Range = tuple[float, float]


@dataclass(frozen=True)
class CalibratePass(ModulePass):
    """Annotate every f32 value with its range over a data file.

    `data` is an .npz file (see targets/dataset.py); `rows` limits how many of its rows are used (0: all).
    """

    name = "fixed-calibrate"
    data: str
    rows: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from ...targets.dataset import load_dataset
        from ...targets.executors.onnx import OnnxExecutor

        function = the_function(op)
        dataset = load_dataset(self.data, argument_types(function))
        dataset = dataset.head(self.rows) if self.rows else dataset
        ranges: dict[Operation, Range] = {}

        def widen(op: Operation, values: NDArray[Any]) -> None:
            low, high = ranges.get(op, (np.inf, -np.inf))
            ranges[op] = min(low, float(values.min())), max(high, float(values.max()))

        inputs = model_inputs(function, dataset)
        OnnxExecutor(op).visit(inputs, widen)
        for visited, seen in ranges.items():
            if is_real(visited):
                if not np.isfinite(seen).all():
                    raise UserError(
                        f"{visited.name} '{label_of(visited)}': the float model gives NaN or infinite values on "
                        f"{self.data}; check its weights and the range of the data"
                    )
                visited.attributes["fixed.range"] = pair(seen)
        seen = [pair((float(x.min()), float(x.max()))) for x in inputs.values()]
        function.attributes["fixed.input_ranges"] = ArrayAttr(seen)


def model_inputs(function: func.FuncOp, dataset: Dataset) -> dict[str, NDArray[Any]]:
    """The data as the function takes it: real numbers, or integers where its own input is quantized."""
    inputs: dict[str, NDArray[Any]] = {}
    for name, argument in zip(argument_types(function), function.body.block.args, strict=True):
        storage = element_of(argument)
        if not isinstance(storage, IntegerType):
            inputs[name] = dataset.inputs[name]
        elif dataset.stored[name] or (read := reading(argument)) is None:
            inputs[name] = dataset.integers(name, storage)
        else:
            inputs[name] = quantize(dataset.inputs[name], read)
    return inputs


def the_function(module: ModuleOp) -> func.FuncOp:
    """The one function of a model. Raises UserError where there are none or several."""
    functions = [f for f in module.ops if isinstance(f, func.FuncOp)]
    if len(functions) != 1:
        raise UserError(f"expected a module with one function, found {len(functions)}")
    return functions[0]


def argument_types(function: func.FuncOp) -> dict[str, TensorType]:
    """The tensor type of each argument, by its ONNX name."""
    arguments = function.body.block.args
    names = port_names(function.arg_attrs, "input", len(arguments))
    types = [argument.type for argument in arguments]
    return {name: type for name, type in zip(names, types, strict=True) if isinstance(type, TensorType)}


def label_of(op: Operation) -> str:
    """The ONNX node's name."""
    return op.label if isinstance(op, OnnxOp) else ""


def is_real(op: Operation) -> bool:
    """True for an op with one f32 tensor result."""
    type = op.results[0].type if len(op.results) == 1 else None
    return isinstance(type, TensorType) and isinstance(type.element_type, Float32Type)


def pair(values: Range) -> ArrayAttr[Attribute]:
    """A range as an attribute."""
    return ArrayAttr([FloatAttr(v, f64) for v in values])
