"""Pad as a reduction: padding of an access contributes nothing, and a sum over one element starts at 0."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import TensorType, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.forms import ReduceOp
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.structured import scalar_type
from ...dialects.fixed.types import DomainAttr, Reduction
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, element_of, shape_of
from .elementwise import in_type, name_of


def lower_pad(builder: FixedBuilder, op: onnx.PadOp) -> SSAValue:
    """`sum(x - f) + f` over one element of x or, in the margins, over none, with f the constant's integer.

    A row of the result depends on one row of x.
    """
    type = builder.type_of(op.result)
    source = in_type(builder, builder.value(op.x), type, name_of(op))
    is_integer = element_of(op.x) == scalar_type(type)
    fill = int(op.fill) if is_integer else int(quantize(np.array([op.fill]), type)[0])
    shape, rank = shape_of(op.result), len(shape_of(op.result))
    padded = [axis for axis, margin in enumerate(op.margins) if margin != (0, 0)]
    d = dimensions(rank + len(padded))
    index = list(d[:rank])
    for number, axis in enumerate(padded):
        index[axis] = d[axis] + d[rank + number] - op.margins[axis][0]
    wide = i32 if type.bits <= 16 else i64
    if type.bits > 32 and fill:
        raise UserError(
            f"{op.name} '{name_of(op)}': {type.storage} is padded with 0 only, not {fill}; "
            "put a Cast to int32 before it"
        )
    body = Body([wide])
    value = body.saturate(body.offset(body.arguments[0], fill), *type.limits, type.storage)
    return builder.emit(
        ReduceOp(
            Reduction.SUM,
            [source],
            TensorType(type, shape),
            DomainAttr(shape, (1,) * len(padded)),
            [access(len(d), *index), access(len(d), *d[:rank])],
            body.finish(value),
            wide,
            fill,
            node=name_of(op),
        )
    )
