"""What a map of one narrow input computes for every integer of its type, by the executor: a proof by looking."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from ....dialects.dense import dtype_of, to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import MapOp
from ....dialects.fixed.structured import scalar_type, shaped_type
from ....dialects.fixed.types import storage_limits
from ....targets.executors.scalars import evaluate_body
from ....targets.executors.values import Values


def all_integers(form: MapOp) -> NDArray[np.int64]:
    """Every integer of the type of a map's input, ascending."""
    low, high = storage_limits(scalar_type(shaped_type(form.ins[0]).element_type))
    return np.arange(low, high + 1)


def images(form: MapOp) -> NDArray[Any]:
    """The results of a map of one input and constant tables, for each integer of the input's type (at most 16 bits).

    Raises IntegerOverflow where a value of the body leaves its type.
    """
    assert len(form.ins) == 1 and not form.params, "a function of one number"
    type = scalar_type(shaped_type(form.ins[0]).element_type)
    arguments = [Values.of_type(all_integers(form).astype(dtype_of(type)), type)]
    for table in form.tables:
        assert isinstance(table.owner, Operation) and isinstance(table.owner, ConstantOp), "a table is a constant"
        arguments.append(Values.measured(to_numpy(table.owner.value)))
    label = form.node.data if form.node else form.name
    return np.broadcast_to(evaluate_body(form.body.block, arguments, label).array, arguments[0].array.shape)
