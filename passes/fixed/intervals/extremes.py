"""What a softmax needs that intervals forget: the maximum of a row is not less than any element, and is one of them."""

from __future__ import annotations

from xdsl.ir import BlockArgument, SSAValue

from ....dialects.access import Linear, linear_map
from ....dialects.fixed.forms import MapOp, ReduceOp
from ....dialects.fixed.scalar import ExtendOp, YieldOp
from ....dialects.fixed.structured import shaped_type
from ....dialects.fixed.types import Reduction


def extreme_of(value: SSAValue, kind: Reduction) -> ReduceOp | None:
    """The reduction that computes a value, if it is a plain maximum or minimum."""
    form = value.owner
    if not isinstance(form, ReduceOp) or form.kind.data is not kind:
        return None
    last = form.body.block.last_op
    plain = isinstance(last, YieldOp) and last.values[0] is form.body.block.args[0]
    return form if plain else None


def argument_of(value: SSAValue) -> int | None:
    """The number of the body's argument that a value is, widened or not."""
    while isinstance(value.owner, ExtendOp):
        value = value.owner.value
    return value.index if isinstance(value, BlockArgument) else None


def extreme_over(form: MapOp, extreme: int | None, element: int | None, kind: Reduction) -> ReduceOp | None:
    """The reduction whose result is input `extreme`, where each element that input `element` reads is in its window."""
    if extreme is None or element is None or max(extreme, element) >= len(form.ins):
        return None
    reduce = extreme_of(form.ins[extreme], kind)
    if reduce is None or reduce.ins[0] is not form.ins[element]:
        return None
    point: dict[int, Linear] = {}
    for result, index in zip(linear_map(reduce.out_map), linear_map(form.in_maps[extreme]), strict=True):
        dims = [d for d, c in enumerate(result.coefficients) if c]
        if dims and (len(dims) > 1 or result.coefficients[dims[0]] != 1 or result.offset):
            return None
        point.update({dims[0]: index} if dims else {})
    shape = shaped_type(reduce.ins[0]).get_shape()
    pairs = zip(linear_map(reduce.in_maps[0]), linear_map(form.in_maps[element]), shape, strict=True)
    return reduce if all(covers(reduce, read, seen, size, point) for read, seen, size in pairs) else None


def covers(reduce: ReduceOp, read: Linear, seen: Linear, size: int, point: dict[int, Linear]) -> bool:
    """Whether a window's index `read` takes the value of the index `seen`: all of the dimension, or the same place."""
    parallel = len(reduce.domain.parallel.data)
    inner = [d for d in range(parallel, len(reduce.sizes)) if read.coefficients[d] and reduce.sizes[d] > 1]
    outer = [d for d in range(parallel) if read.coefficients[d] and reduce.sizes[d] > 1]
    if inner:
        whole = len(inner) == 1 and not outer and not read.offset and read.coefficients[inner[0]] == 1
        return whole and reduce.sizes[inner[0]] == size
    if size == 1:
        return True
    return len(outer) == 1 and not read.offset and read.coefficients[outer[0]] == 1 and point.get(outer[0]) == seen
