"""Inputs that make a value leave its type: tried on the integer executor, which refuses what overflows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from ....dialects.access import linear_map
from ....dialects.dense import dtype_of, to_numpy
from ....dialects.fixed import ConstantOp, ReshapeOp
from ....dialects.fixed.forms import ContractOp, MapOp
from ....dialects.fixed.structured import StructuredForm, shaped_type
from ....dialects.fixed.types import PortAttr, storage_limits
from ....targets.executors.fixed import FixedExecutor
from ....targets.executors.values import IntegerOverflow
from ....targets.executors.views import accessed, used_sizes
from .analysis import Finding

SEED = 1
RANDOM = 64
"""How many inputs of extreme values drawn at random are tried, where extremes and the signs of weights do not do."""

Input = dict[str, NDArray[Any]]
"""Stored integers by port label, with a batch of one."""


@dataclass(frozen=True)
class Witness:
    """An input, and what the executor says of it."""

    input: Input
    message: str


def find_witness(module: ModuleOp, findings: Sequence[Finding]) -> tuple[Witness | None, int]:
    """An input that overflows, if one of those tried does, and how many were tried."""
    executor = FixedExecutor(module)
    tried = 0
    for candidate in candidates(executor.inputs, executor.function.body.block.args, findings):
        tried += 1
        try:
            executor.run(candidate)
        except IntegerOverflow as overflow:
            return Witness(candidate, str(overflow)), tried
    return None, tried


def candidates(
    ports: Sequence[PortAttr], arguments: Sequence[SSAValue], findings: Sequence[Finding]
) -> Iterator[Input]:
    """All least, all greatest, what drives a first layer to its ends, then extremes drawn at random."""
    ends = [storage_limits(port.storage) for port in ports]
    for choice in range(2):
        yield whole(ports, [np.full(p.stored_shape, end[choice]) for p, end in zip(ports, ends, strict=True)])
    for finding in findings:
        yield from driven(ports, arguments, finding.form)
    generator = np.random.default_rng(SEED)
    for round in range(RANDOM):
        arrays = [
            np.where(generator.random(p.stored_shape) < (round + 1) / (RANDOM + 1), end[0], end[1])
            for p, end in zip(ports, ends, strict=True)
        ]
        yield whole(ports, arrays)


def whole(ports: Sequence[PortAttr], arrays: Sequence[NDArray[Any]]) -> Input:
    """One input of the ports' storage types."""
    return {p.label.data: a.astype(dtype_of(p.storage))[None] for p, a in zip(ports, arrays, strict=True)}


def driven(ports: Sequence[PortAttr], arguments: Sequence[SSAValue], form: StructuredForm) -> Iterator[Input]:
    """For a contraction of an input with weights: extremes by sign, where in its domain the sum reaches furthest."""
    if not isinstance(form, ContractOp) or not isinstance(form.ins[1].owner, ConstantOp) or form.held_dims:
        return
    source = form.ins[0]
    while isinstance(source.owner, ReshapeOp | MapOp):
        source = source.owner.operands[0]
    if source not in arguments:
        return
    number = list(arguments).index(source)
    port = ports[number]
    shape_of_x = shaped_type(form.ins[0]).get_shape()
    if int(np.prod(shape_of_x)) != int(np.prod(port.stored_shape)):
        return
    low, high = storage_limits(port.storage)
    parallel = len(form.domain.parallel.data)
    weights = to_numpy(form.ins[1].owner.value).astype(np.int64)[None] - form.zero_points.data[1]
    view = accessed(weights, form.in_maps[1], used_sizes(form.in_maps[1], form.sizes))[0]
    sums = np.abs(view).sum(axis=tuple(range(parallel, view.ndim)))
    point = list(np.unravel_index(int(np.argmax(sums)), sums.shape))
    point = [size // 2 if sums.shape[d] == 1 else int(point[d]) for d, size in enumerate(form.sizes[:parallel])]
    at_point = view[tuple(0 if view.shape[d] == 1 else p for d, p in enumerate(point))]
    signs = np.broadcast_to(np.sign(at_point), form.domain.reduction.data)
    taps = np.indices(form.domain.reduction.data).reshape(len(form.domain.reduction.data), -1)
    results = list(linear_indices(form, point, taps))
    inside = np.all([(0 <= r) & (r < size) for r, size in zip(results, shape_of_x, strict=True)], axis=0)
    places = tuple(r[inside] for r in results)
    for sign in (1, -1):
        array = np.zeros(shape_of_x, np.int64)
        array[places] = np.where(sign * signs.reshape(-1)[inside] > 0, high, low)
        others = [np.zeros(p.stored_shape, np.int64) for p in ports]
        others[number] = array.reshape(port.stored_shape)
        yield whole(ports, others)


def linear_indices(form: ContractOp, point: Sequence[int], taps: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Per dimension of the input, the indices that the taps of the reduction read at a point of the parallel domain."""
    for result in linear_map(form.in_maps[0]):
        start = result.offset + sum(c * p for c, p in zip(result.coefficients, point, strict=False))
        yield start + np.tensordot(np.array(result.coefficients[len(point) :], np.int64), taps, 1)
