"""The bytes that a weight takes in flash, and the cycles of running through it, in the layout that will be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import weight_reals
from ...passes.memplan.choose_layouts import ChooseLayoutsPass, best_candidate
from ...targets.core import Core


@dataclass(frozen=True)
class Stored:
    """Bytes, and by how many cycles one walk through all elements is dearer than through bytes that lie densely."""

    bytes: int
    cycles: float


def stored(value: SSAValue, type: QType, core: Core) -> Stored:
    """How a constant of this type is stored."""
    integers: NDArray[Any] = quantize(weight_reals(value), type)
    if is_one_number(integers):
        return Stored(0, 0.0)
    axis = walked_axis(value)
    if axis is None or type.zp != 0 or not type.signed or not core.layout_cycles:
        return Stored(integers.nbytes, 0.0)
    chosen, dense = best_candidate(integers, axis, core, ChooseLayoutsPass())
    return Stored(chosen.bytes, chosen.cycles - dense.cycles)


def is_one_number(values: NDArray[Any]) -> bool:
    """Whether a constant holds one number everywhere: it is part of the code."""
    return bool((values == values.reshape(-1)[:1]).all())


def walked_axis(value: SSAValue) -> int | None:
    """The axis along which the one reader of a constant sums, where it sums along no other; see fixed/walks.py."""
    (use,) = list(value.uses) if value.has_one_use() else (None,)
    if use is None:
        return None
    reader, shape = use.operation, shape_of(value)
    if isinstance(reader, onnx.GemmOp) and use.index == 1:
        return 1
    if isinstance(reader, onnx.MatMulOp) and use.index == 1 and len(shape) == 2:
        return 0
    pointwise = isinstance(reader, onnx.ConvOp) and set(shape[2:]) == {1} and reader.groups == 1
    return 1 if pointwise and isinstance(reader, onnx.ConvOp) and not any(reader.pad_list) else None
