"""What a kernel needs of each channel beside weights, in one table: where its sums begin, and the body's params.

One pointer reaches all of them; two arrays would take two registers, which kernels do not have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i32

from ....dialects.access import linear_map
from ....dialects.dense import to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.structured import scalar_type, shaped_type
from ....passes.fixed.fold_zero_points import bias_of
from ....passes.memplan.tiling.roles import Roles


def packed_params(roles: Roles, bias: int | None) -> tuple[int, ...]:
    """The params of the body, beside the bias, that are constant words with an element for each channel."""
    form, (channel,) = roles.form, roles.channels or roles.both
    found: list[int] = []
    for number, (param, access) in enumerate(zip(form.params, form.param_maps, strict=True)):
        used = {dim for index in linear_map(access) for dim, step in enumerate(index.coefficients) if step}
        is_word = scalar_type(shaped_type(param).element_type) == i32
        if number != bias and used == {channel} and is_word and isinstance(param.owner, ConstantOp):
            if to_numpy(param.owner.value).size > 1:
                found.append(number)
    return tuple(found)


def channel_table(roles: Roles, starts: NDArray[np.int32], params: tuple[int, ...]) -> NDArray[np.int32]:
    """Where sums begin, and these params: shape (channels, 1 + params)."""
    (dim,) = roles.channels or roles.both
    start = np.broadcast_to(starts, roles.form.sizes[dim])
    columns = [start, *(bias_of(roles.form, number).reshape(-1) for number in params)]
    return np.stack([column.astype(np.int32) for column in columns], axis=1)
