"""`fixed-calibrate`: the range of every real value, seen on calibration data.

Runs the float model on a batch and leaves `fixed.range = [min, max]` on every op with one f32 result and
`fixed.input_ranges` on the function (one pair per argument): all that was seen, or what a method finds worth its steps
(calibration/methods.py). The model's outputs are never cut: the greatest of a classifier's is its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, Float32Type, FloatAttr, IntegerType, ModuleOp, TensorType, f64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.fixed.numbers import quantize
from ...dialects.onnx.base import OnnxOp, element_of, port_names
from .calibration.histogram import Histogram
from .calibration.methods import Range, entropy_range, mse_range, percentile_range
from .scales.repeated import all_sources
from .scales.stated import reading

if TYPE_CHECKING:
    from ...targets.dataset import Dataset

METHODS: dict[str, Callable[[Histogram, CalibratePass], Range]] = {
    "minmax": lambda seen, options: (seen.low, seen.high),
    "percentile": lambda seen, options: percentile_range(seen, options.percentile),
    "mse": lambda seen, options: mse_range(seen, options.bits),
    "entropy": lambda seen, options: entropy_range(seen, options.bits),
}
"""From all that was seen of a value to its range."""


@dataclass(frozen=True)
class CalibratePass(ModulePass):
    """Annotate every f32 value with its range over a data file.

    `data` is an .npz file (see targets/dataset.py); `rows` limits how many of its rows are used (0: all). `method` is
    minmax, percentile, mse or entropy; `percentile` is the share of the values inside, in percent, and `bits` the width
    for which mse and entropy look for the best range.
    """

    name = "fixed-calibrate"
    data: str
    rows: int = 0
    method: str = "minmax"
    percentile: int | float = 99.99
    bits: int = 8

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from ...targets.dataset import load_dataset

        self._check()
        dataset = load_dataset(self.data, argument_types(the_function(op)))
        self.calibrate(op, dataset.head(self.rows) if self.rows else dataset)

    def calibrate(self, op: ModuleOp, dataset: Dataset) -> None:
        """Annotate a module with the ranges over a dataset. Raises UserError for values that are not finite."""
        from ...targets.executors.onnx import OnnxExecutor

        function = the_function(op)
        last = function.body.block.last_op
        outputs: set[SSAValue] = set() if last is None else all_sources(last.operands)
        seen: dict[Operation, Histogram] = {}

        def look(op: Operation, values: NDArray[Any]) -> None:
            if is_real(op):
                if not np.isfinite(values).all():
                    raise UserError(
                        f"{op.name} '{label_of(op)}': the float model gives NaN or infinite values on "
                        f"{self.data}; check its weights and the range of the data"
                    )
                self._look(seen.setdefault(op, Histogram()), values, op.results[0] in outputs)

        inputs = model_inputs(function, dataset)
        OnnxExecutor(op).visit(inputs, look)
        for visited, histogram in seen.items():
            visited.attributes["fixed.range"] = pair(self._range(histogram))
        function.attributes["fixed.input_ranges"] = ArrayAttr([pair(self._of_input(x)) for x in inputs.values()])

    def _check(self) -> None:
        if self.method not in METHODS:
            raise UserError(f"{self.name}: method is one of {', '.join(METHODS)}, got {self.method}")
        if not 50 < self.percentile <= 100:
            raise UserError(f"{self.name}: percentile is more than 50 and at most 100, got {self.percentile}")

    def _look(self, histogram: Histogram, values: NDArray[Any], whole: bool) -> None:
        """Take up values; only their extent where the range is `whole` or the method asks no more."""
        if whole or self.method == "minmax":
            histogram.widen(values)
        else:
            histogram.add(values)

    def _range(self, histogram: Histogram) -> Range:
        method = self.method if len(histogram.counts) else "minmax"
        return METHODS[method](histogram, self)

    def _of_input(self, values: NDArray[Any]) -> Range:
        histogram = Histogram()
        self._look(histogram, values, values.dtype.kind != "f")
        return self._range(histogram)


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
    """True for an op with one f32 tensor result that it computes itself: a scan's are what its body computes."""
    type = op.results[0].type if len(op.results) == 1 and not op.regions else None
    return isinstance(type, TensorType) and isinstance(type.element_type, Float32Type)


def pair(values: Range) -> ArrayAttr[Attribute]:
    """A range as an attribute."""
    return ArrayAttr([FloatAttr(v, f64) for v in values])
