"""Safe distances against their definition, point by point, and against the order check of memplan-check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp, i8, i16, i32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.utils.exceptions import DiagnosticException

from tinyml_opt.dialects.access import Linear, from_linear, linear_map
from tinyml_opt.dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.fixed.tile import Kernel, TileAttr
from tinyml_opt.dialects.fixed.types import DomainAttr, Reduction
from tinyml_opt.dialects.memplan import AliasOp, BufferOp, element_bytes, row_dimension
from tinyml_opt.dialects.memplan.liveness import is_split
from tinyml_opt.passes.fixed.layouts.transposes import identity_body
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.passes.memplan.inplace import annotate
from tinyml_opt.passes.memplan.lifetimes.distance import NEVER, overlaps, safe_distance

Point = tuple[int, ...]

ELEMENTS = (i8, i16, i32)


def access(*rows: Sequence[int]) -> AffineMap:
    """An access map; a row is the coefficients of one index, then its offset."""
    return from_linear([Linear(tuple(row[:-1]), row[-1]) for row in rows], len(rows[0]) - 1)


def buffer(shape: Sequence[int], element: IntegerType = i8, split: bool = False) -> SSAValue:
    """A buffer, split into rows if it has any."""
    type = MemRefType(element, shape)
    dim = row_dimension(type)
    return BufferOp(type, rows=shape[dim] if split and dim is not None else None).result


def extreme(x: SSAValue, y: SSAValue, parallel: Sequence[int], window: Sequence[int], *maps: AffineMap) -> ReduceOp:
    """A maximum over a window."""
    element = y.type.element_type if isinstance(y.type, MemRefType) else None
    assert isinstance(element, IntegerType)
    return ReduceOp(Reduction.MAX, [x], y, DomainAttr(parallel, window), maps, identity_body(element), element)


def copy(values: Sequence[SSAValue], y: SSAValue, sizes: Sequence[int], maps: Sequence[AffineMap]) -> MapOp:
    """A form without a reduction over i8; what its body would compute plays no part."""
    return MapOp(values, y, DomainAttr(sizes), maps, identity_body(i8))


@st.composite
def forms(draw: st.DrawFn, shared: bool = False, split: bool = True) -> ReduceOp:
    """Forms with strides, dilations, padding, flips and diagonals; the output keeps or permutes the parallel domain.

    Only with `shared` do reduction dimensions occur in two indices.
    """
    parallel = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    window = draw(st.lists(st.integers(1, 3), max_size=2))
    rank = draw(st.integers(1, 3))
    indices = [[draw(st.sampled_from([0, 0, 1, 1, 2, -1])) for _ in parallel] for _ in range(rank)]
    taps = [[0] * len(window) for _ in range(rank)]
    for dim in range(len(window)):
        for index in range(rank) if shared else [draw(st.integers(0, rank - 1))]:
            taps[index][dim] = draw(st.sampled_from([0, 1, 1, 2, -1]))
    shape = draw(st.lists(st.integers(1, 5), min_size=rank, max_size=rank))
    offsets = [draw(st.integers(-2, 2)) for _ in range(rank)]
    reads = access(*([*i, *t, offset] for i, t, offset in zip(indices, taps, offsets, strict=True)))
    order = draw(st.permutations(range(len(parallel))))
    margin = draw(st.integers(0, 1))
    sizes = len(parallel) + len(window)
    stores = access(*([int(d == dim) for d in range(sizes)] + [margin] for dim in order))
    x = buffer(shape, draw(st.sampled_from(ELEMENTS)), split and draw(st.booleans()))
    y = buffer(
        [parallel[dim] + margin for dim in order], draw(st.sampled_from(ELEMENTS)), split and draw(st.booleans())
    )
    form = extreme(x, y, parallel, window, reads, stores)
    block = draw(st.sampled_from([1, 1, 2, 3, 5, 8]))
    if block > 1:
        form.properties["tile"] = TileAttr(block, Kernel.COLUMNS, 1)
    return form


def touched(form: StructuredForm, map: AffineMap, value: SSAValue, point: Point) -> Iterator[tuple[int, int]]:
    """What a point touches, as pairs: the row (0 where rows do not count), and the first byte from its start."""
    type = value.type
    assert isinstance(type, MemRefType)
    shape = type.get_shape()
    row = row_dimension(type) if is_split(value) else None
    for taps in product(*(range(size) for size in form.domain.reduction.data)):
        indices = [
            sum(c * i for c, i in zip(result.coefficients, (*point, *taps), strict=True)) + result.offset
            for result in linear_map(map)
        ]
        if all(0 <= index < size for index, size in zip(indices, shape, strict=True)):
            number = 0 if row is None else indices[row]
            inner = [0 if dim == row else index for dim, index in enumerate(indices)]
            yield number, element_bytes(type) * sum(i * prod(shape[dim + 1 :]) for dim, i in enumerate(inner))


def least_distance(form: StructuredForm, points: Sequence[Point]) -> int:
    """The definition, over the points of one slice in order of execution, block by block, and all pairs of rows."""
    (x,), y = form.ins, form.target
    assert isinstance(y.type, MemRefType)
    size = form.block_points
    blocks = [points[start : start + size] for start in range(0, len(points), size)]
    reads = [dict[int, int]() for _ in blocks]
    for read, block in zip(reads, blocks, strict=True):
        for point in block:
            for row, start in touched(form, form.in_maps[0], x, point):
                read[row] = min(start, read.get(row, start))
    ends = [
        max(start for point in block for _, start in touched(form, form.out_map, y, point)) + element_bytes(y.type)
        for block in blocks
    ]
    differences = [
        end - start for number, end in enumerate(ends) for later in reads[number + 1 :] for start in later.values()
    ]
    return max(differences, default=0)


def distance_by_definition(form: StructuredForm, along: int | None) -> int:
    """The greatest over the slices; only the first where the output is not split."""
    parallel = form.domain.parallel.data
    points = list(product(*(range(size) for size in parallel)))
    if along is None:
        return max(0, least_distance(form, points))
    slices = range(parallel[along] if is_split(form.target) else 1)
    return max(0, *(least_distance(form, [p for p in points if p[along] == value]) for value in slices))


@given(forms(), st.data())
def test_distances_follow_the_definition(form: ReduceOp, data: st.DataObject) -> None:
    form.verify()
    along = data.draw(st.one_of(st.none(), st.integers(0, len(form.domain.parallel.data) - 1)))
    assert safe_distance(form, 0, along) == distance_by_definition(form, along)


@given(forms(shared=True), st.data())
def test_distances_are_never_too_small(form: ReduceOp, data: st.DataObject) -> None:
    along = data.draw(st.one_of(st.none(), st.integers(0, len(form.domain.parallel.data) - 1)))
    assert safe_distance(form, 0, along) >= distance_by_definition(form, along)


def at_distance(form: ReduceOp, distance: int) -> ModuleOp:
    """The form on two parts of one argument: its input begins this many bytes above its output."""
    types = [value.type for value in (form.ins[0], form.target)]
    assert isinstance(types[0], MemRefType) and isinstance(types[1], MemRefType)
    function = FuncOp("f", ([MemRefType(i8, [distance + 10000])], []))
    (memory,) = function.body.block.args
    x, y = AliasOp(memory, distance, types[0]), AliasOp(memory, 0, types[1])
    moved = form.clone({form.ins[0]: x.result, form.target: y.result})
    function.body.block.add_ops([x, y, moved, ReturnOp()])
    return ModuleOp([function])


@given(forms(split=False), st.integers(0, 4))
def test_the_check_agrees(form: ReduceOp, more: int) -> None:
    check_agrees(form, more)


def check_agrees(form: ReduceOp, more: int = 0) -> None:
    """The plan checker accepts a distance, and refuses one byte less."""
    (x,) = form.ins
    assert isinstance(x.type, MemRefType)
    distance, width = safe_distance(form, 0), element_bytes(x.type)
    CheckPass().apply(Context(), at_distance(form, -(-(distance + more) // width) * width))
    if distance and (distance - 1) % width == 0:
        with pytest.raises(DiagnosticException, match="before it reads"):
            CheckPass().apply(Context(), at_distance(form, distance - 1))


def depthwise(height: int, width: int, channels: int, stride: int = 1, split: bool = False) -> ReduceOp:
    """A window of 3x3 over each channel, padded by 1."""
    rows, columns = -(-height // stride), -(-width // stride)
    x, y = buffer([1, height, width, channels], i8, split), buffer([1, rows, columns, channels], i8, split)
    reads = access([0] * 6, [stride, 0, 0, 1, 0, -1], [0, stride, 0, 0, 1, -1], [0, 0, 1, 0, 0, 0])
    stores = access([0] * 6, [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0])
    return extreme(x, y, [rows, columns, channels], [3, 3], reads, stores)


def pointwise(pixels: int, channels: int, outputs: int, split: bool = False) -> ContractOp:
    """A convolution with a 1x1 kernel; the weights are a second buffer."""
    x, w, y = buffer([pixels, channels], i8, split), buffer([outputs, channels]), buffer([pixels, outputs], i8, split)
    maps = [access([1, 0, 0, 0], [0, 0, 1, 0]), access([0, 1, 0, 0], [0, 0, 1, 0]), access([1, 0, 0, 0], [0, 1, 0, 0])]
    return ContractOp([x, w], y, DomainAttr([pixels, outputs], [channels]), maps, identity_body(i8), i8)


def test_a_depthwise_convolution_needs_a_row_and_a_pixel() -> None:
    assert safe_distance(depthwise(5, 7, 4), 0) == (7 + 1) * 4
    assert safe_distance(depthwise(48, 40, 8), 0) == (40 + 1) * 8
    # With stride 2 the window runs ahead of the output from the first pixel on.
    assert safe_distance(depthwise(48, 40, 8, stride=2), 0) == 0


@given(st.integers(2, 9), st.integers(2, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2))
def test_rows_that_a_kernel_keeps(rows: int, columns: int, taps: int, stride: int, padding: int) -> None:
    """By definition: the first row of the output that needs a row of data reads it, before that row is written."""
    out = max(1, (rows + 2 * padding - taps) // stride + 1)
    x, y = buffer([rows, columns, 4]), buffer([out, columns, 4])
    reads = access([stride, 0, 0, 1, -padding], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0])
    form = extreme(x, y, [out, columns, 4], [taps], reads, access([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]))
    form.properties["tile"] = TileAttr(columns * 4, Kernel.LANES, 1)
    first: dict[int, int] = {}
    for row in range(out):
        for tap in range(taps):
            first.setdefault(row * stride + tap - padding, row)
    pitch = columns * 4
    ends = [
        ((row + 1) * pitch, [r * pitch for r, at in first.items() if at > row and 0 <= r < rows]) for row in range(out)
    ]
    assert safe_distance(form, 0) == max(0, *(end - min(later) for end, later in ends if later), 0)
    check_agrees(form)


def test_params_are_read_while_a_block_is_written() -> None:
    """Two pixels of 3 elements: the first written may lie where the last of the block is still to be read."""
    x, z, y = buffer([4, 3]), buffer([4, 3]), buffer([4, 3])
    same = access([1, 0, 0], [0, 1, 0])
    form = MapOp([x], y, DomainAttr([4, 3]), [access([1, 0, 0], [0, 1, 0]), same, same], identity_body(i8), [z])
    assert safe_distance(form, 1) == 0
    form.properties["tile"] = TileAttr(6, Kernel.COLUMNS, 2)
    assert (safe_distance(form, 0), safe_distance(form, 1)) == (0, 6)


def test_a_row_of_a_depthwise_convolution_needs_a_pixel() -> None:
    assert safe_distance(depthwise(48, 40, 8, split=True), 0, along=0) == 8


def test_a_pointwise_convolution_needs_a_pixel() -> None:
    assert safe_distance(pointwise(9, 8, 8), 0) == 8 - 1
    assert safe_distance(pointwise(9, 4, 8), 0) == 8 * (8 - 4) + 7
    assert safe_distance(pointwise(9, 8, 8, split=True), 0, along=0) == 8 - 1
    # The last pixel reads all weights once more.
    assert safe_distance(pointwise(9, 8, 8), 1) == 8 * 8


def test_slices_that_accumulate_overlap_nothing() -> None:
    x, y = buffer([4, 8], i8, True), buffer([8])
    form = extreme(x, y, [8], [4], access([0, 1, 0], [1, 0, 0]), access([1, 0, 0]))
    assert safe_distance(form, 0, along=1) == NEVER


def test_aliases_count_from_their_root() -> None:
    whole, y = buffer([12]), buffer([8], i16)
    x = AliasOp(whole, 4, MemRefType(i8, [8])).result
    step = access([1, 0])
    # The whole distance is 7: 16 bytes are written when 8 are read, and the last element is read before it is stored.
    assert safe_distance(copy([x], y, [8], [step, step]), 0) == 7 - 4
    assert safe_distance(copy([buffer([8])], y, [8], [step, step]), 0) == 7


def test_aliases_of_rows_have_the_same_rows() -> None:
    rows, y = buffer([4, 2, 3], split=True), buffer([4, 6], split=True)
    step = access([1, 0, 0], [0, 1, 0])
    same = AliasOp(rows, 0, MemRefType(i8, [4, 6])).result
    assert safe_distance(copy([same], y, [4, 6], [step, step]), 0, along=0) == 0
    other = AliasOp(rows, 0, MemRefType(i8, [8, 3])).result
    halves = access([2, 0, 0], [0, 1, 0])
    assert safe_distance(copy([other], y, [4, 3], [halves, step]), 0, along=0) == NEVER


def test_the_attribute_is_read_back() -> None:
    function = FuncOp("f", ([MemRefType(i8, [8])] * 2, []))
    source, result = function.body.block.args
    a, b = BufferOp(MemRefType(i8, [8])), BufferOp(MemRefType(i8, [8]))
    step, back = access([1, 0]), access([-1, 7])
    first = copy([source], a.result, [8], [step, step])
    second = copy([a.result, a.result], b.result, [8], [step, back, step])
    third = copy([b.result], result, [8], [step, step])
    function.body.block.add_ops([a, b, first, second, third, ReturnOp()])
    annotate(function)
    assert [overlaps(form) for form in (first, second, third)] == [[], [(a.result, 7), (a.result, 7)], []]
    # Where the last form reads `a` once more, it may not be overwritten; the attribute goes.
    third.operands[0] = a.result
    annotate(function)
    assert overlaps(second) == []
