"""The ports of a function at `fixed`: what its inputs and outputs are to its caller."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IntegerType, StringAttr, TensorType, i1
from xdsl.ir import Attribute, BlockArgument, SSAValue

from ...dialects.fixed.types import Holds, IntsAttr, PortAttr, QType, integer_type
from ...passes.fixed.scales.stated import reading
from .builder import element_of, shape_of


def ports(models: Sequence[SSAValue], values: Sequence[SSAValue], names: Sequence[str]) -> ArrayAttr[Attribute]:
    """A port per value, in ONNX's own order of dimensions; `models` are the model's values for which they stand."""
    result: list[Attribute] = []
    for model, value, name in zip(models, values, names, strict=True):
        element, shape = element_of(value), shape_of(value)
        order = IntsAttr(tuple(range(len(shape))))
        result.append(PortAttr(StringAttr(name), TensorType(element, shape), order, held(model, element)))
    return ArrayAttr(result)


def held(model: SSAValue, element: Attribute) -> Holds:
    """What a value of the model holds that is stored as `element`: integers in which reals are read count as reals."""
    storage = element_of(model)
    if storage == i1:
        return Holds.BOOL
    if not isinstance(storage, IntegerType) or not isinstance(element, QType) or element != integer_type(storage):
        return Holds.REAL
    is_read = isinstance(model, BlockArgument) and reading(model) is not None
    return Holds.REAL if is_read else Holds.INTEGER
