"""Sums as results in vectors: what kernels of cores with vectors end with."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.ir import SSAValue

from ....dialects.access import linear_map
from ....dialects.fixed.structured import StructuredForm, shaped_type
from ....dialects.mcu.vectors import RequantizeBlockOp
from ....passes.memplan.tiling.requantized import Requantized
from ....passes.memplan.tiling.roles import Roles
from ..emit import Index
from ..rows import Rows
from .scope import Operands, Point, Scope

WIDE_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""The channels of a wide block in the order of its sums."""


def requantized(roles: Roles, memory: Operands) -> Requantized | None:
    """The body of a form whose channels lie one after the other in the output; None where vectors do not end it."""
    return Requantized.of(roles) if lie_together(roles, roles.form, memory) else None


def lie_together(roles: Roles, form: StructuredForm, memory: Operands) -> bool:
    """Whether channels follow each other in the output."""
    (dim,) = roles.channels or roles.both
    storage, sizes, step = memory[form.target], shaped_type(form.target).get_shape(), 0
    for axis, index in enumerate(linear_map(form.out_map)):
        if index.coefficients[dim] and isinstance(storage, Rows) and storage.dim == axis:
            return False
        step += index.coefficients[dim] * prod(sizes[axis + 1 :])
    return step == 1


class Requantizer:
    """Writes the ends of sums that began with 0; `order` is that of channels in groups of sums."""

    def __init__(self, body: Requantized, scope: Scope, order: Sequence[int] | None = None):
        self.body, self.scope = body, scope
        table = body.table(None if order is None else np.array(order))
        self.row = table.shape[1]
        self.table = scope.constant(f"{scope.node}_channels", table)

    def store(self, sums: SSAValue, at: int, channels: int, point: Point, first: Index) -> None:
        """Store the results of some channels of a pixel, from the first one on; their sums begin at an index."""
        body, emit = self.body, self.scope.emit
        (dim,) = body.roles.channels or body.roles.both
        near = self.scope.output_at({**point, dim: first}, {dim: channels})
        assert near is not None, "asked: channels lie together"
        window = (channels, self.row, body.shift, body.addend, body.low, body.high)
        table = (self.table, [emit.index(0), emit.index(first)])
        emit.block.add_op(RequantizeBlockOp(table, [(sums, [emit.index(at)])], near[0], window))
