"""The judged values as the integers of `fixed` have them: the last word on a choice of types."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

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
    lowered, stands_for = convert_function(judge.function)
    module = ModuleOp([lowered])
    LegalizeBitwidthsPass(product_bits).apply(Context(), module)
    wanted = {stands_for[value].owner: number for number, value in enumerate(judge.judged)}
    found: dict[int, NDArray[Any]] = {}

    def keep(op: Operation, array: NDArray[Any]) -> None:
        if op in wanted:
            element = element_of(op.results[0])
            assert isinstance(element, QType)
            found[wanted[op]] = ((array.astype(np.float64) - element.zp) * element.scale).reshape(len(array), -1)

    FixedExecutor(module).visit(to_stored(judge.dataset, input_ports(lowered)), keep)
    return [found[number] for number in range(len(judge.judged))]
