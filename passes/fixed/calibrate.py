"""`fixed-calibrate`: the range of every real value, seen on calibration data.

Runs the float model on a batch and leaves `fixed.range = [min, max]` on every op with one f32 result and
`fixed.input_ranges` on the function (one pair per argument).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, Float32Type, FloatAttr, ModuleOp, TensorType, f64
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.onnx.base import OnnxOp, port_names, shape_of

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
        dataset = load_dataset(self.data, argument_shapes(function))
        dataset = dataset.head(self.rows) if self.rows else dataset
        ranges: dict[Operation, Range] = {}

        def widen(op: Operation, values: NDArray[Any]) -> None:
            low, high = ranges.get(op, (np.inf, -np.inf))
            ranges[op] = min(low, float(values.min())), max(high, float(values.max()))

        OnnxExecutor(op).visit(dataset.inputs, widen)
        for visited, seen in ranges.items():
            if is_real(visited):
                if not np.isfinite(seen).all():
                    raise UserError(
                        f"{visited.name} '{label_of(visited)}': the float model gives NaN or infinite values on "
                        f"{self.data}; check its weights and the range of the data"
                    )
                visited.attributes["fixed.range"] = pair(seen)
        inputs = [pair((float(x.min()), float(x.max()))) for x in dataset.inputs.values()]
        function.attributes["fixed.input_ranges"] = ArrayAttr(inputs)


def the_function(module: ModuleOp) -> func.FuncOp:
    """The one function of a model. Raises UserError where there are none or several."""
    functions = [f for f in module.ops if isinstance(f, func.FuncOp)]
    if len(functions) != 1:
        raise UserError(f"expected a module with one function, found {len(functions)}")
    return functions[0]


def argument_shapes(function: func.FuncOp) -> dict[str, tuple[int, ...]]:
    """The shape of each argument, by its ONNX name."""
    arguments = function.body.block.args
    names = port_names(function.arg_attrs, "input", len(arguments))
    return {name: shape_of(argument) for name, argument in zip(names, arguments, strict=True)}


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
