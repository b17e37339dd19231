"""Safe distances: how far below a dying input a form's output may begin and still share its bytes.

A form visits the points of its parallel domain in row-major order, one by one or in the blocks of its tile; at each it
reads all inputs, then stores. An output that begins at least `d` bytes below an input overwrites only what no later
point reads (params, and all that a tile `reads_late`, count as read while the block is written), with

    d = max(0, max over points p of (end(p) - min over points q after p of start(q)))

where `end(p)` is the byte after the element that p writes, counted from the start of the output, and `start(q)` the
lowest byte of the input that q reads, counted from its start. Nothing smaller is safe: at `d - 1` bytes the last byte
that p writes is the first that q reads. Padding reads nothing. Of a block, `end` is the greatest and `start` the least
of its points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseArrayBase, MemRefType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.access import Linear, from_linear, linear_map
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import AliasOp, element_bytes, row_bytes, row_count, row_dimension, size_in_bytes
from ....dialects.memplan.liveness import is_split, root_of

DISTANCE = "memplan.distance"
"""The attribute of a form that holds a distance in bytes for each of its ins, then of its params; see `overlaps`."""

NEVER = -1
"""The distance where the output and the input may not overlap."""

NOWHERE = 1 << 40
"""The start of what a point reads where it reads nothing; sums of a few of these fit int64."""

Grid = NDArray[np.int64]
"""A number for each point of the parallel domain: one axis per dimension, of size 1 where nothing depends on it."""


def overlaps(form: StructuredForm) -> list[tuple[SSAValue, int]]:
    """The operands whose bytes the destination of a form may take, each with its safe distance in bytes.

    A root Y that is first written in a step of the form, and a root X that is last read in the same step, may overlap
    where `offset(Y) + distance <= offset(X)`. Of storage that is split into rows, each row is an X or a Y of its own.
    """
    distances = form.attributes.get(DISTANCE)
    if not isinstance(distances, DenseArrayBase):
        return []
    values = zip((*form.ins, *form.params), distances.get_values(), strict=True)
    return [(value, int(distance)) for value, distance in values if distance != NEVER]


def safe_distance(
    form: StructuredForm, operand: int, along: int | None = None, splits: Callable[[SSAValue], bool] = is_split
) -> int:
    """The safe distance in bytes between the storage of a form's output and of an operand: ins, params, indices.

    It is counted between the starts of their roots; where a root is split into rows, between the starts of rows: it is
    then the greatest over all pairs of rows. In a stream, `along` is the dimension that a slice holds, and the distance
    is the greatest over all slices; only the first, if the output is not split, since that is where its life begins.
    NEVER where slices accumulate in the output, and where rows are seen through an alias that has other rows. `splits`
    tells of a root whether its rows lie apart (a planner may ask before they do).

    Exact where no reduction dimension occurs in two indices of an access; otherwise never too small.
    """
    parallel = form.trips[: len(form.domain.parallel.data)]
    value = (*form.ins, *form.params, *form.indices)[operand]
    access, target = (*form.in_maps, *form.param_maps, *form.held_maps)[operand], form.target
    if form.is_held(access):
        return NEVER
    if (along is not None and along >= len(parallel)) or not (keeps_rows(value, splits) and keeps_rows(target, splits)):
        return NEVER
    source = Side.of(value, access, splits)
    written, sizes, block = Side.of(target, form.out_map, splits), form.trips, form.block_points
    if form.tile is not None and form.tile.reads_once and along is None and operand == 0:
        new, sizes = newly_read(access, form.trips, len(parallel))
        source = source._replace(access=new)
    together = block > 1 and (operand >= len(form.ins) or (form.tile is not None and form.tile.reads_late))
    reach = reach_of(source, written, sizes, len(parallel), along, block, together)
    assert isinstance(target.type, MemRefType)
    return max(0, reach + element_bytes(target.type) + alias_offset(target) - alias_offset(value))


def newly_read(access: AffineMap, sizes: tuple[int, ...], parallel: int) -> tuple[AffineMap, tuple[int, ...]]:
    """The access and the domain's sizes that say what each block but the first reads of what none before it has read.

    Blocks are rows of the output, which the first parallel dimension of size above 1 counts; it moves the index of the
    data's rows by a stride, and one tap dimension moves it by 1. The taps that are new are the last ones, as many as
    the stride.
    """
    rows = next(dim for dim, size in enumerate(sizes) if size > 1)
    results, new = list(linear_map(access)), list(sizes)
    for number, result in enumerate(results):
        taps = [dim for dim in range(parallel, len(sizes)) if result.coefficients[dim] == 1 and sizes[dim] > 1]
        if rows < parallel and result.coefficients[rows] > 0 and len(taps) == 1:
            new[taps[0]] = min(sizes[taps[0]], result.coefficients[rows])
            results[number] = Linear(result.coefficients, result.offset + sizes[taps[0]] - new[taps[0]])
    return from_linear(results, access.num_dims), tuple(new)


class Side(NamedTuple):
    """A memref as a form sees it: its access map, its shape, bytes of an element, and which dimension lies in rows."""

    access: AffineMap
    shape: tuple[int, ...]
    width: int
    row: int | None
    is_split: bool

    @staticmethod
    def of(value: SSAValue, access: AffineMap, splits: Callable[[SSAValue], bool]) -> Side:
        """`splits` tells of a root whether its rows lie apart."""
        assert isinstance(value.type, MemRefType)
        is_split = splits(root_of(value))
        row = row_dimension(value.type) if is_split else None
        return Side(access, value.type.get_shape(), element_bytes(value.type), row, is_split)


@lru_cache(1024)
def reach_of(
    source: Side,
    target: Side,
    sizes: tuple[int, ...],
    parallel_dims: int,
    along: int | None,
    block: int,
    together: bool,
) -> int:
    """The most by which the address of a store lies above what a later point reads; layers are often alike."""
    parallel = sizes[:parallel_dims]
    reads = addresses(source, sizes, parallel_dims)
    writes = addresses(target, sizes, parallel_dims)
    if along is None:
        reads, writes = [grid[None] for grid in reads], [grid[None] for grid in writes]
        points = trips(parallel, (*reads, *writes), 1) if block == 1 else (1, *parallel)
    else:
        reads = [np.moveaxis(grid, along, 0) for grid in reads]
        writes = [np.moveaxis(grid, along, 0) for grid in writes]
        kept = different_slices((*reads, *writes)) if target.is_split else np.zeros(1, np.int64)
        reads = [grid if len(grid) == 1 else grid[kept] for grid in reads]
        writes = [grid if len(grid) == 1 else grid[kept] for grid in writes]
        rest = [size for dim, size in enumerate(parallel) if dim != along]
        points = trips(rest, (*reads, *writes), len(kept)) if block == 1 else (len(kept), *rest)
    return furthest_reach(*blocks(total(reads, points), total(writes, points), block), together)


def blocks(starts: Grid, stores: Grid, block: int) -> tuple[Grid, Grid]:
    """The least start and the greatest store of each block of so many points, shape (slices, blocks)."""
    if block == 1:
        return starts, stores
    firsts = np.arange(0, starts.shape[1], block)
    return np.minimum.reduceat(starts, firsts, axis=1), np.maximum.reduceat(stores, firsts, axis=1)


def furthest_reach(starts: Grid, stores: Grid, together: bool) -> int:
    """The most by which the address of a store lies above what later points of its slice read, shape (slices, points).

    `together` counts the reads of the same point as later, too. A large negative number where no point reads after
    another has stored.
    """
    from_here_on = np.minimum.accumulate(starts[:, ::-1], axis=1)[:, ::-1]
    if together:
        return int((stores - from_here_on).max(initial=-NOWHERE))
    return int((stores[:, :-1] - from_here_on[:, 1:]).max(initial=-NOWHERE))


def addresses(side: Side, sizes: Sequence[int], parallel: int) -> list[Grid]:
    """The lowest byte of a memref that each point touches, as a sum with one term per index; NOWHERE for padding.

    In storage that is split into rows the byte is counted from the start of the row. Addresses grow with each index, so
    the lowest has the least index inside the memref in every dimension: each is found for itself.
    """
    shape, stride = side.shape, side.width
    terms: list[Grid] = []
    for dim in reversed(range(len(shape))):
        index = least_index(linear_map(side.access)[dim], sizes, parallel, shape[dim])
        terms.append(np.where(index < NOWHERE, index * (0 if dim == side.row else stride), NOWHERE))
        stride *= shape[dim]
    return terms


def least_index(index: Linear, sizes: Sequence[int], parallel: int, size: int) -> Grid:
    """The least index of a memref dimension of `size` that each point touches; NOWHERE where all are outside."""
    base = values_of(index.coefficients[:parallel], sizes[:parallel]) + index.offset
    taps = np.unique(values_of(index.coefficients[parallel:], sizes[parallel:]))
    first = np.searchsorted(taps, -base.reshape(-1)).reshape(base.shape)
    least = base + np.append(taps, NOWHERE)[first]
    return np.where(least < size, least, NOWHERE)


def values_of(coefficients: Sequence[int], sizes: Sequence[int]) -> Grid:
    """The values of a sum of dimensions, each times its coefficient."""
    values = np.zeros((1,) * len(sizes), np.int64)
    for dim, (coefficient, size) in enumerate(zip(coefficients, sizes, strict=True)):
        if coefficient:
            axis = np.arange(size, dtype=np.int64) * coefficient
            values = values + axis.reshape([-1 if d == dim else 1 for d in range(len(sizes))])
    return values


def trips(sizes: Sequence[int], grids: Sequence[Grid], slices: int) -> tuple[int, ...]:
    """The shape that the grids are evaluated in: a dimension that none depends on repeats the others, twice is enough.

    The grids have one axis before those of `sizes`, for the slices.
    """
    used = [max((grid.shape[dim + 1] for grid in grids), default=1) for dim in range(len(sizes))]
    return (slices, *(size if n == size else 2 for n, size in zip(used, sizes, strict=True)))


def total(grids: Sequence[Grid], shape: tuple[int, ...]) -> Grid:
    """The sum of grids as an array (slices, points)."""
    terms = sorted(grids, key=lambda grid: grid.size)
    return np.broadcast_to(sum(terms, np.zeros((), np.int64)), shape).reshape(shape[0], -1)


def different_slices(grids: Sequence[Grid]) -> NDArray[np.int64]:
    """The first of each group of slices (index of axis 0) that are equal in all grids: most only differ in padding."""
    varying = [grid.reshape(len(grid), -1) for grid in grids if len(grid) > 1]
    if not varying:
        return np.zeros(1, np.int64)
    return np.unique(np.concatenate(varying, axis=1), axis=0, return_index=True)[1].astype(np.int64)


def alias_offset(value: SSAValue) -> int:
    """Bytes from the start of a memref's root to its own."""
    offset = 0
    while isinstance(value.owner, AliasOp):
        offset += value.owner.offset.value.data
        value = value.owner.source
    return offset


def keeps_rows(value: SSAValue, splits: Callable[[SSAValue], bool]) -> bool:
    """True unless a memref is an alias of storage that is split into other rows than its own."""
    root = root_of(value)
    if not splits(root):
        return True
    assert isinstance(value.type, MemRefType) and isinstance(root.type, MemRefType)
    same_rows = row_count(value) == row_count(root) and row_bytes(value.type) == row_bytes(root.type)
    return alias_offset(value) == 0 and same_rows


def storage_bytes(root: SSAValue) -> int:
    """Bytes of what is placed as one: a row where the root is split, else all of it."""
    assert isinstance(root.type, MemRefType)
    return row_bytes(root.type) if is_split(root) else size_in_bytes(root.type)
