"""The judged values as the integers of `fixed` have them: the last word on a choice of types."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue

from ...dialects.fixed.types import QType
from ...dialects.onnx.base import element_of
from ...lowering.onnx_to_fixed.convert import convert_function
from ...passes.fixed.legalize_bitwidths import LegalizeBitwidthsPass
from ...targets.executors.fixed import FixedExecutor
from ...targets.ports import input_ports, to_stored
from .judging import Judge


def integer_values(judge: Judge, product_bits: int) -> list[NDArray[Any]]:
    """The judged values of a module with types in real units, (rows, elements) each, in all rows of the data.

    Raises UserError where the types have no integer form.
    """
    lowered, stands_for = convert_function(judge.function, product_bits=product_bits)
    module = ModuleOp([lowered])
    LegalizeBitwidthsPass(product_bits).apply(Context(), module)
    values = [stands_for[value] for value in judge.judged]
    executor = FixedExecutor(module)
    terminator = lowered.body.block.last_op
    assert terminator is not None
    found: dict[SSAValue, NDArray[Any]] = {}

    def keep(op: Operation, array: NDArray[Any]) -> None:
        if op.results and op.results[0] in values:
            found[op.results[0]] = array

    outputs = executor.visit(to_stored(judge.dataset, input_ports(lowered)), keep)
    found.update(zip(terminator.operands, outputs.values(), strict=False))
    return [in_reals(found[value], element_of(value)) for value in values]


def in_reals(integers: NDArray[Any], element: Attribute) -> NDArray[np.float64]:
    """Stored integers as real numbers, (rows, elements)."""
    assert isinstance(element, QType)
    return ((integers.astype(np.float64) - element.zp) * element.scale).reshape(len(integers), -1)
