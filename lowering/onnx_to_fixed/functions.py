"""Real functions of one number as maps: straight lines by arithmetic, others by tables.

Of 8 bits a table holds every result. Of more, tables hold segments (interpolation.py); what a map computes is then
compared with the function for every integer of the input's type, and the greatest distance stands in the IR.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, IntegerType, f64, i8, i16, i32
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.dense import dtype_of
from ...dialects.errors import UserError
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.structured import MAX_ERROR
from ...dialects.fixed.types import QType
from ...passes.fixed.bodies.images import images
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import elementwise, name_of
from .grids import RealFunction, values_of
from .interpolation import ERRORS, FRACTION, MOST_BYTES, Segments, segmented
from .periodic import is_long, place_in_turn
from .quotients import reciprocal
from .stairs import STAIRS, staircase
from .straight_lines import straight_lines

PERIODIC = ("onnx.Cos", "onnx.Sin")
"""Functions of the place in a turn."""

WIDEST_INPUT = 16
"""The most bits of an input of which every integer is looked at."""


def lower_function(builder: FixedBuilder, op: onnx.FunctionOp) -> SSAValue:
    """An op of `dialects/onnx/function_table.py`, as its form and the width of its input ask."""
    return function_map(builder, op, op.x, op.evaluate)


def function_map(builder: FixedBuilder, op: Operation, x: SSAValue, function: RealFunction) -> SSAValue:
    """A map that computes a function of x as the op's result, with its greatest error where that is measured."""
    type, y = builder.type_of(x), builder.type_of(op.results[0])
    if type.bits > WIDEST_INPUT:
        raise UserError(f"{op.name} '{name_of(op)}': values of {type.bits} bits are too wide, 16 are supported")
    if op.name in PERIODIC and type.bits > 8 and is_long(type):
        x = place_in_turn(builder, op, x)
        type = builder.type_of(x)
    pieces = op.pieces if isinstance(op, onnx.FunctionOp) else None
    if pieces is not None:
        result = straight_lines(builder, op, pieces)
    elif type.bits <= 8:
        return tabulated(builder, op, x, function)
    elif op.name in STAIRS:
        result = staircase(builder, op, x)
    elif op.name == "onnx.Reciprocal":
        result = reciprocal(builder, op, x)
    else:
        result = interpolated(builder, op, x, function)
    if type.bits > 8:
        state_error(result, steps_of(function, type, y), y)
    return result


def steps_of(function: RealFunction, x: QType, y: QType) -> NDArray[np.float64]:
    """A function's results in steps of y's scale, zero point added, one for each integer of x; not rounded."""
    return values_of(function, x) / y.scale + y.zp


def tabulated(builder: FixedBuilder, op: Operation, x: SSAValue, function: RealFunction) -> SSAValue:
    """A table of all results, exact to half a step."""
    type, y = builder.type_of(x), builder.type_of(op.results[0])
    results = quantize(values_of(function, type), y)
    entries = builder.constant(results, y.storage, f"{name_of(op)}_table")
    body = Body([type.storage, entries.type])
    element, entry = body.arguments
    value = body.lookup(entry, body.offset(body.extend(element, i32), -type.limits[0]), y.storage)
    return elementwise(builder, [builder.value(x)], y, shape_of(op.results[0]), body, value, name_of(op), [entries])


def interpolated(builder: FixedBuilder, op: Operation, x: SSAValue, function: RealFunction) -> SSAValue:
    """Segments of a polynomial, and the tables that lead to them.

    Raises UserError where the function changes so fast that no table of a sensible size follows it.
    """
    type, y = builder.type_of(x), builder.type_of(op.results[0])
    segments = segmented(steps_of(function, type, y), y.limits)
    if segments is None:
        raise UserError(
            f"{op.name} '{name_of(op)}': over the range of its {type.bits}-bit input it changes so fast that tables of "
            f"{MOST_BYTES:,} bytes are more than {ERRORS[-1]:.0f} steps off; "
            "give it a smaller range, or compile with --bits 8"
        )
    arrays = [array for cut in segments.cuts for array in (cut.first, cut.left)] + [*segments.coefficients]
    types = [t for _ in segments.cuts for t in (i16, i8)] + [i32] + [i16] * (len(segments.coefficients) - 1)
    names = [f"{n}{i}" for i in range(len(segments.cuts)) for n in ("first", "left")]
    names += [f"a{i}" for i in range(len(segments.coefficients))]
    tables = [
        builder.constant(array.astype(dtype_of(t)), t, f"{name_of(op)}_{name}")
        for array, t, name in zip(arrays, types, names, strict=True)
    ]
    body = Body([type.storage, *(table.type for table in tables)])
    value = polynomial(body, type, segments, list(zip(body.arguments[1:], types, strict=True)))
    value = body.saturate(value, *y.limits, y.storage)
    return elementwise(builder, [builder.value(x)], y, shape_of(op.results[0]), body, value, name_of(op), tables)


def polynomial(body: Body, x: QType, segments: Segments, tables: list[tuple[SSAValue, IntegerType]]) -> SSAValue:
    """The result in steps, zero point included, not saturated yet.

    Every product fits 32 bits, whichever segment's numbers meet: that is what interval analysis proves.
    """

    def entry(number: int, index: SSAValue) -> SSAValue:
        table, type = tables[number]
        return body.extend(body.lookup(table, index, type), i32)

    place = body.offset(body.extend(body.arguments[0], i32), -x.limits[0])
    node, rest = body.shift_right(place, segments.top), body.masked(place, segments.top)
    counts = [*(len(cut.first) for cut in segments.cuts[1:]), len(segments.coefficients[0])]
    for level, (cut, count) in enumerate(zip(segments.cuts, counts, strict=False)):
        stretched = body.shift_left(rest, entry(2 * level + 1, node))
        child = body.add(entry(2 * level, node), body.shift_right(stretched, cut.wide))
        node, rest = body.least(child, body.constant(count - 1, i32)), body.masked(stretched, cut.wide)
    first = 2 * len(segments.cuts)
    slope = entry(first + 1, node)
    if len(segments.coefficients) == 3:
        slope = body.add(slope, body.shift_right(body.mul(entry(first + 2, node), rest), segments.wide))
    total = body.add(entry(first, node), body.shift_right(body.mul(slope, rest), segments.wide))
    return body.round_shift(total, FRACTION)


def state_error(result: SSAValue, steps: NDArray[np.float64], y: QType) -> None:
    """Leave on a map how far it is from the saturated function, over every integer of its input's type."""
    form = result.owner
    assert isinstance(form, MapOp)
    error = float(np.abs(images(form) - np.clip(steps, *y.limits)).max())
    form.attributes[MAX_ERROR] = FloatAttr(np.ceil(error * 1e4) / 1e4, f64)
