"""What the dimensions of a contraction are to its operands: the question that every tile asks first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, MemRefType, i8, i32

from ....dialects.access import Linear, full_box, linear_map
from ....dialects.dense import to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ....dialects.memplan import row_dimension
from ....dialects.memplan.liveness import is_split, root_of
from ...fixed.fold_zero_points import bias_of


@dataclass(frozen=True)
class Roles:
    """Dimensions of size above 1, in order: `pixels` of the data alone, `channels` of the weights alone, `both` of
    both, all parallel; `taps` of the reduction. `index` are the data's indices, `shape` its sizes; `apart` is the axis
    of the data whose indices are rows that lie apart, if they do.
    """

    form: ContractOp
    pixels: tuple[int, ...]
    channels: tuple[int, ...]
    both: tuple[int, ...]
    taps: tuple[int, ...]
    index: tuple[Linear, ...]
    shape: tuple[int, ...]
    apart: int | None

    @staticmethod
    def of(form: StructuredForm, sums: Sequence[IntegerType] = (i32,)) -> Roles | None:
        """The roles in a contraction of 8-bit data with constant weights, summed in one of these types; else None.

        None also where a dimension repeats what it computes, or a tap moves only one of the operands.
        """
        if not isinstance(form, ContractOp) or form.held is not None or not isinstance(form.ins[1].owner, ConstantOp):
            return None
        data, weights = (scalar_type(shaped_type(value).element_type) for value in form.ins)
        if data != i8 or weights.width.data > 8 or form.acc not in sums or not isinstance(form.ins[0].type, MemRefType):
            return None
        index = linear_map(form.in_maps[0])
        used = [{d for r in linear_map(m) for d, c in enumerate(r.coefficients) if c} for m in form.in_maps]
        parallel = len(form.domain.parallel.data)
        groups: dict[str, list[int]] = {"pixels": [], "channels": [], "both": [], "taps": []}
        for dim, size in enumerate(form.sizes):
            if size == 1:
                continue
            moves = dim in used[0], dim in used[1]
            if dim >= parallel:
                name = "taps" if all(moves) else None
            else:
                name = {(True, False): "pixels", (False, True): "channels", (True, True): "both"}.get(moves)
            if name is None:
                return None
            groups[name].append(dim)
        shape = shaped_type(form.ins[0]).get_shape()
        pixels, channels, both, taps = (tuple(dims) for dims in groups.values())
        apart = row_dimension(form.ins[0].type) if is_split(root_of(form.ins[0])) else None
        return Roles(form, pixels, channels, both, taps, index, shape, apart)

    def size(self, dims: tuple[int, ...]) -> int:
        """Points of some dimensions."""
        return prod(self.form.sizes[dim] for dim in dims)

    def step(self, dim: int) -> int:
        """How many elements of the data, row-major, a step along a dimension moves."""
        strides = [prod(self.shape[axis + 1 :]) for axis in range(len(self.shape))]
        return sum(r.coefficients[dim] * stride for r, stride in zip(self.index, strides, strict=True))

    def leaves_row(self, dim: int) -> bool:
        """Whether a dimension moves the data from a row to another that lies apart."""
        return self.apart is not None and bool(self.index[self.apart].coefficients[dim])

    def contiguous(self) -> tuple[int, ...]:
        """The innermost taps that lie one after the other in memory."""
        run: tuple[int, ...] = ()
        for dim in reversed(self.taps):
            if self.step(dim) != self.size(run) or self.leaves_row(dim):
                break
            run = (dim, *run)
        return run

    def padded(self, dim: int) -> bool:
        """True where a dimension moves an index that leaves the data somewhere."""
        box = full_box(self.form.sizes)
        for result, size in zip(self.index, self.shape, strict=True):
            low, high = result.interval(box)
            if result.coefficients[dim] and (low < 0 or high >= size):
                return True
        return False

    def start(self, number: int | None, shift: int = 0) -> NDArray[np.int32]:
        """What the sums begin with when padding holds the zero point, modulo 2^32, for each channel.

        A `shift` is what kernels add to data, and so to the zero point.

        It is the bias, which is the param of that number, if there is one, less zero point times the weights' sum.
        """
        (dim,) = self.channels or self.both
        total = self.weights((dim, *self.taps)).reshape(self.form.sizes[dim], -1).sum(axis=1)
        bias = np.zeros(1, np.int64) if number is None else bias_of(self.form, number).reshape(-1)
        return (bias - (self.form.zero_points.data[0] + shift) * total).astype(np.int32)

    def weights(self, dims: tuple[int, ...]) -> NDArray[np.int64]:
        """The weights less their zero point, an axis for each of these dimensions."""
        constant = self.form.ins[1].owner
        assert isinstance(constant, ConstantOp), "checked: weights are constant"
        values = to_numpy(constant.value).astype(np.int64) - self.form.zero_points.data[1]
        sizes = [self.form.sizes[dim] for dim in dims]
        points = np.ix_(*(np.arange(size) for size in sizes))
        places = [
            sum((r.coefficients[d] * p for d, p in zip(dims, points, strict=True)), np.full((1,) * len(dims), r.offset))
            for r in linear_map(self.form.in_maps[1])
        ]
        return np.broadcast_to(values[tuple(places)], sizes)
