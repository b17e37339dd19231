"""What forms combine over their reduction domain, as intervals: sums of products with the actual weights, extremes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ....dialects.fixed.forms import ContractOp, ReduceOp
from ....dialects.fixed.types import Reduction
from ....targets.executors.views import accessed, used_sizes
from .ranges import Array, Range
from .reads import chosen, read, uniform

PRODUCTS = 1 << 22
"""Products of intervals that are looked at one by one, unless there are more weights."""


@dataclass(frozen=True)
class Combined:
    """The range of the combined value, and of what the accumulator holds on the way, in whatever order."""

    value: Range
    partial: Range


def contraction(form: ContractOp, x: Range, w: Range) -> Combined:
    """Between the sums of the least and of the greatest products; exact where the weights are known and x is free."""
    zero_x, zero_w = form.zero_points.data
    parallel = len(form.domain.parallel.data)
    padded = form.is_padded(0)
    fill = zero_x if padded else None
    x, w = chosen(x, form, form.in_maps[0]), chosen(w, form, form.in_maps[1])
    xs = read(x, form.in_maps[0], form.trips, fill)
    ws = read(w, form.in_maps[1], form.trips, zero_w) if form.is_padded(1) else read_all(w, form)
    if prod(np.broadcast_shapes(xs.low.shape, ws.low.shape)) > max(ws.low.size, PRODUCTS):
        x = uniform(x, x.low.ndim)
        xs = read(x, form.in_maps[0], form.trips, fill)
    if padded and x.low.size == 1:
        xs = xs.hull(Range.of(zero_x, zero_x))
    ends = [exact(end) for end in (xs.low - zero_x, xs.high - zero_x)]
    weights = [exact(end) for end in ((ws.low - zero_w,) if ws.low is ws.high else (ws.low - zero_w, ws.high - zero_w))]
    products = [end * weight for end in ends for weight in weights]
    low, high = products[0], products[0]
    for product in products[1:]:
        low, high = np.minimum(low, product), np.maximum(high, product)
    # Dimensions of the reduction along which neither operand varies count as often as they are long.
    shape = np.broadcast_shapes(low.shape, high.shape)
    times = prod(size for size, seen in zip(form.trips[parallel:], shape[parallel:], strict=True) if seen == 1)
    axes = tuple(range(parallel, len(shape)))
    value = Range.of(total(low, axes, times), total(high, axes, times))
    partial = Range.of(
        total(np.minimum(low, 0), axes, times),
        total(np.maximum(high, 0), axes, times),
    )
    return Combined(value, partial)


def read_all(w: Range, form: ContractOp) -> Range:
    """The second operand, where it is not padded, at the points of the domain, however many."""
    if w.low is not w.high:
        return read(w, form.in_maps[1], form.trips)
    view = accessed(w.low[None], form.in_maps[1], used_sizes(form.in_maps[1], form.trips))[0]
    return Range(view, view)


def exact(array: Array) -> Array:
    """The array in a type in which its products with 32-bit numbers and their sums are exact."""
    wide = array.dtype == object or array.size == 0 or max(abs(int(array.min())), abs(int(array.max()))) >= 1 << 20
    return array.astype(object if wide else np.int64, copy=False)


def total(array: Array, axes: tuple[int, ...], times: int) -> Array:
    """The sum over some axes, repeated."""
    summed = array.sum(axis=axes) if axes else array
    return np.asarray(summed, object) * times


def reduction(form: ReduceOp, x: Range) -> Combined:
    """A sum of as many elements as the window has, fewer at the border; the extremes are those of the elements."""
    kind, (zero,) = form.kind.data, form.zero_point.data
    parallel = len(form.domain.parallel.data)
    x, count = chosen(x, form, form.in_maps[0]), prod(form.trips[parallel:])
    if kind is Reduction.ARGMAX:
        index = Range.of(np.zeros((1,) * parallel, object), np.full((1,) * parallel, count - 1, object))
        return Combined(index, index)
    padded = form.is_padded(0)
    if kind is not Reduction.SUM:
        limits = Range.of_type(form.acc) if padded else None
        value = over_window(uniform(x, x.low.ndim) if padded else x, form, parallel)
        return Combined(value, value if limits is None else value.hull(limits))
    seen = over_window(uniform(x, x.low.ndim) if padded else x, form, parallel)
    low, high = count * (seen.low - zero), count * (seen.high - zero)
    partial = Range.of(np.minimum(low, 0), np.maximum(high, 0))
    return Combined(partial if padded else Range.of(low, high), partial)


def over_window(x: Range, form: ReduceOp, parallel: int) -> Range:
    """The hull of the elements of each window."""
    xs = read(x, form.in_maps[0], form.trips)
    axes = tuple(range(parallel, xs.low.ndim))
    return Range.of(xs.low.min(axis=axes), xs.high.max(axis=axes)) if axes else Range.of(xs.low, xs.high)
