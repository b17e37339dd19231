"""Which constants a form can run through from their first element to their last, as layouts need it.

    sum over k of x[.., c k + .., ..] * w[rows.., k, ..]

A contraction walks along an axis of its weights where exactly one dimension is summed over, the weights count with it
along that axis alone, and no element of the other operands is padding.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import SSAValue

from ..access import Linear, linear_map
from .forms import ContractOp
from .structured import StructuredForm, shaped_type


@dataclass(frozen=True)
class Walk:
    """A form reads its operand number `operand` along `axis`, counted by the dimension `dim` of the domain.

    `row` is the number of the row in the order of layouts, over the domain's dimensions.
    """

    operand: int
    axis: int
    dim: int
    row: Linear


def walk_of(form: StructuredForm, value: SSAValue) -> Walk | None:
    """How a form walks along an operand; None where it does not, or reads it otherwise as well."""
    if not isinstance(form, ContractOp) or list(form.operands).count(value) != 1 or value not in form.ins:
        return None
    operand = list(form.ins).index(value)
    parallel = len(form.domain.parallel.data)
    summed = [dim for dim in range(parallel, len(form.sizes)) if form.sizes[dim] > 1]
    if len(summed) != 1 or form.zero_points.data[operand] != 0:
        return None
    (dim,) = summed
    access = linear_map(form.in_maps[operand])
    axes = [axis for axis, index in enumerate(access) if index.coefficients[dim]]
    if any(form.is_padded(number) for number in range(len(form.ins))) or len(axes) != 1:
        return None
    (axis,) = axes
    only = Linear(tuple(int(d == dim) for d in range(len(form.sizes))), 0)
    shape = shaped_type(value).get_shape()
    if access[axis] != only or shape[axis] != form.sizes[dim]:
        return None
    return Walk(operand, axis, dim, row_number(access, shape, axis, len(form.sizes)))


def row_number(access: tuple[Linear, ...], shape: tuple[int, ...], axis: int, dims: int) -> Linear:
    """The row-major position over all axes but one."""
    coefficients, offset, stride = [0] * dims, 0, 1
    for other in reversed(range(len(shape))):
        if other != axis:
            coefficients = [c + stride * a for c, a in zip(coefficients, access[other].coefficients, strict=True)]
            offset += stride * access[other].offset
            stride *= shape[other]
    return Linear(tuple(coefficients), offset)
