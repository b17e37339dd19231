"""The evaluator of forms against loops over the domain, written from the definition of a form."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects import test as placeholder
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType, i8, i32, i64
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.ir.affine import AffineMap

from tinyml_opt.dialects.access import Linear, from_linear
from tinyml_opt.dialects.dense import dtype_of, from_numpy
from tinyml_opt.dialects.fixed import ConstantOp
from tinyml_opt.dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from tinyml_opt.dialects.fixed.scalar import ExtendOp, YieldOp
from tinyml_opt.dialects.fixed.structured import StructuredForm, shaped_type
from tinyml_opt.dialects.fixed.types import DomainAttr, Reduction
from tinyml_opt.targets.executors import contractions, forms
from tinyml_opt.targets.executors.forms import evaluate_form
from tinyml_opt.targets.executors.values import IntegerOverflow

ui8 = IntegerType(8, Signedness.UNSIGNED)
BATCH = 3


def value(shape: Sequence[int], element: Attribute = i8) -> SSAValue:
    """Some tensor."""
    return placeholder.TestOp(result_types=[TensorType(element, shape)]).results[0]


def access(*rows: Sequence[int]) -> AffineMap:
    """An access map; a row is the coefficients of one index, then its offset."""
    return from_linear([Linear(tuple(row[:-1]), row[-1]) for row in rows], len(rows[0]) - 1)


def body(*types: Attribute, sum_of: int = 1) -> Region:
    """A body that yields the sum of its first arguments."""
    block = Block(arg_types=types)
    total = block.args[0]
    for argument in block.args[1:sum_of]:
        add = arith.AddiOp(total, argument)
        block.add_op(add)
        total = add.result
    block.add_op(YieldOp(total))
    return Region(block)


def random_array(rng: np.random.Generator, of: SSAValue, batch: int | None) -> NDArray[Any]:
    """Integers over the full range of a value's element type."""
    type = shaped_type(of)
    dtype = dtype_of(type.element_type)
    limits = np.iinfo(dtype)
    shape = type.get_shape() if batch is None else (batch, *type.get_shape())
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def read(array: NDArray[Any], sample: int, indices: Sequence[int]) -> int | None:
    """One element, or None outside the tensor."""
    array = array[sample % len(array)]
    inside = all(0 <= i < size for i, size in zip(indices, array.shape, strict=True))
    return int(array[tuple(indices)]) if inside else None


def naive(form: ContractOp | ReduceOp, ins: Sequence[NDArray[Any]], bias: NDArray[Any] | None) -> NDArray[np.int64]:
    """Loop over every point of the domain; the body adds the bias."""
    out = np.zeros((BATCH, *shaped_type(form.target).get_shape()), np.int64)
    count = len(form.domain.parallel.data)
    for sample in range(BATCH):
        for parallel in product(*map(range, form.sizes[:count])):
            found: list[int] = []
            positions: list[int] = []
            for position, point in enumerate(product(*map(range, form.sizes[count:]))):
                indices = [access.eval((*parallel, *point), ()) for access in form.in_maps]
                elements = [read(array, sample, index) for array, index in zip(ins, indices, strict=True)]
                if None in elements:
                    continue
                numbers = [e for e in elements if e is not None]
                if isinstance(form, ContractOp):
                    zero_points = form.zero_points.data
                    found.append((numbers[0] - zero_points[0]) * (numbers[1] - zero_points[1]))
                else:
                    found.append(numbers[0] - form.zero_point.data[0])
                positions.append(position)
            origin = (*parallel, *(0 for _ in form.sizes[count:]))
            result = combine(form, found, positions)
            if bias is not None:
                result += int(bias[tuple(form.param_maps[0].eval(origin, ()))])
            out[(sample, *form.out_map.eval(origin, ()))] = result
    return out


def combine(form: ContractOp | ReduceOp, found: list[int], positions: list[int]) -> int:
    """What the form makes of the elements that it found at the positions of the reduction domain."""
    if isinstance(form, ContractOp) or form.kind.data is Reduction.SUM:
        return sum(found)
    if form.kind.data is Reduction.ARGMAX:
        return positions[found.index(max(found))]
    return max(found) if form.kind.data is Reduction.MAX else min(found)


@st.composite
def convolutions(draw: st.DrawFn) -> ContractOp:
    """NHWC convolutions: strides, dilations, asymmetric padding, groups (depthwise too), zero points, ui8 or i8."""
    groups, group_in, group_out = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kernel, stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    before, rows, columns = draw(st.integers(0, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    element = draw(st.sampled_from([i8, ui8]))
    height, width = rows * stride + draw(st.integers(0, 2)), columns * stride
    x = value((1, height, width, groups * group_in), element)
    w = value((groups * group_out, kernel, kernel, group_in))
    b = value((groups * group_out,), i64)
    domain = DomainAttr([rows, columns, groups, group_out], [kernel, kernel, group_in])
    channel = (0, 0, group_out, 1, 0, 0, 0, 0)
    maps = [
        access(
            (0,) * 8,
            (stride, 0, 0, 0, dilation, 0, 0, -before),
            (0, stride, 0, 0, 0, dilation, 0, -before),
            (0, 0, group_in, 0, 0, 0, 1, 0),
        ),
        access(channel, (0, 0, 0, 0, 1, 0, 0, 0), (0, 0, 0, 0, 0, 1, 0, 0), (0, 0, 0, 0, 0, 0, 1, 0)),
        access(channel),
        access((0,) * 8, (1, 0, 0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0, 0, 0), channel),
    ]
    zero_points = (draw(st.integers(0, 127)), draw(st.integers(-128, 127)))
    result = TensorType(i64, [1, rows, columns, groups * group_out])
    form = ContractOp([x, w], result, domain, maps, body(i64, i64, sum_of=2), i64, zero_points, [b])
    form.verify()
    return form


@settings(max_examples=60, deadline=None)
@given(convolutions(), st.integers(0, 1 << 32))
def test_convolution(form: ContractOp, seed: int):
    rng = np.random.default_rng(seed)
    x, w = random_array(rng, form.ins[0], BATCH), random_array(rng, form.ins[1], 1)
    bias = rng.integers(-9999, 9999, shaped_type(form.params[0]).get_shape())
    assert np.array_equal(evaluate_form(form, [x, w], [bias], []), naive(form, [x, w], bias))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("element", [i8, i32])
def test_product_of_two_activations(shared: bool, element: IntegerType):
    """A batch of matrix products, both operands differing between samples (or the first one constant)."""
    x, w = value((2, 3, 4), element), value((2, 5, 4), element)
    x_map = access((1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 0, 1, 0))
    w_map = access((1, 0, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0))
    out_map = access((1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0))
    domain = DomainAttr([2, 3, 5], [4])
    form = ContractOp([x, w], TensorType(i64, [2, 3, 5]), domain, [x_map, w_map, out_map], body(i64), i64)
    rng = np.random.default_rng(0)
    ins = [random_array(rng, x, 1 if shared else BATCH) >> 1, random_array(rng, w, BATCH) >> 1]
    assert np.array_equal(evaluate_form(form, ins, [], []), naive(form, ins, None))


def test_large_sums_are_exact():
    """Bounds beyond what float32, float64 and int64 hold."""
    for bits in (12, 20, 27):
        x, w = value((64,), i32), value((64,), i32)
        maps = [access((0, 1, 0)), access((0, 1, 0)), access((1, 0, 0))]
        form = ContractOp([x, w], TensorType(i64, [1]), DomainAttr([1], [64]), maps, body(i64), i64)
        rng = np.random.default_rng(bits)
        ins = [rng.integers(-(1 << bits), 1 << bits, (n, 64), np.int32) for n in (BATCH, 1)]
        assert np.array_equal(evaluate_form(form, ins, [], []), naive(form, ins, None))


@pytest.mark.parametrize("kind", list(Reduction))
@given(
    stride=st.integers(1, 3),
    kernel=st.integers(1, 3),
    before=st.integers(0, 1),
    element=st.sampled_from([i8, ui8]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_pool(kind: Reduction, stride: int, kernel: int, before: int, element: IntegerType, seed: int):
    before = min(before, kernel - 1)
    x = value((1, 6, 5, 2), element)
    rows, columns = (6 + before - kernel) // stride + 1, (5 + before - kernel) // stride + 1
    row, column = (stride, 0, 0, 1, 0, -before), (0, stride, 0, 0, 1, -before)
    maps = [
        access((0,) * 6, row, column, (0, 0, 1, 0, 0, 0)),
        access((0,) * 6, (1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0)),
    ]
    domain, result = DomainAttr([rows, columns, 2], [kernel, kernel]), TensorType(i32, [1, rows, columns, 2])
    zero_point = 7 if kind is Reduction.SUM else 0
    form = ReduceOp(kind, [x], result, domain, maps, body(i32), i32, zero_point)
    form.verify()
    array = random_array(np.random.default_rng(seed), x, BATCH)
    array[0] = np.iinfo(array.dtype).min
    assert np.array_equal(evaluate_form(form, [array], [], []), naive(form, [array], None))


def test_long_reductions_agree_with_numpy():
    x = value((contractions.MAX_TAPS + 1, 2))
    maps = [access((0, 1, 0), (1, 0, 0)), access((1, 0, 0))]
    domain = DomainAttr([2], [contractions.MAX_TAPS + 1])
    array = random_array(np.random.default_rng(0), x, BATCH)
    expected = {
        Reduction.SUM: (array.astype(int) - 3).sum(1),
        Reduction.MAX: array.max(1),
        Reduction.MIN: array.min(1),
        Reduction.ARGMAX: array.argmax(1),
    }
    for kind, values in expected.items():
        zero_point = 3 if kind is Reduction.SUM else 0
        form = ReduceOp(kind, [x], TensorType(i32, [2]), domain, maps, body(i32), i32, zero_point)
        assert np.array_equal(evaluate_form(form, [array], [], []), values)


def test_map_broadcasts_and_transposes():
    """out[j, i] = x[i, j] + row[j] + bias[i], with a flipped output."""
    x, row, bias = value((3, 4), i32), value((4,), i32), value((3,), i32)
    maps = [
        access((1, 0, 0), (0, 1, 0)),
        access((0, 1, 0)),
        access((1, 0, 0)),
        access((0, -1, 3), (1, 0, 0)),
    ]
    region = body(i32, i32, i32, sum_of=3)
    form = MapOp([x, row], TensorType(i32, [4, 3]), DomainAttr([3, 4]), maps, region, params=[bias])
    form.verify()
    rng = np.random.default_rng(0)
    a, r = rng.integers(-99, 99, (BATCH, 3, 4), np.int32), rng.integers(-99, 99, (BATCH, 4), np.int32)
    b = rng.integers(-99, 99, 3, np.int32)
    expected = (a + r[:, None, :] + b[None, :, None]).transpose(0, 2, 1)[:, ::-1]
    assert np.array_equal(evaluate_form(form, [a, r], [b], []), expected)


def copy_into(shape: Sequence[int], out_map: AffineMap, size: int) -> StructuredForm:
    """A map that copies a vector into a larger tensor."""
    x = value((size,))
    return MapOp([x], TensorType(i8, shape), DomainAttr([size]), [access((1, 0)), out_map], body(i8))


def test_a_partial_output_needs_a_destination():
    form = copy_into((6,), access((2, 1)), 3)
    x = np.asarray([[1, 2, 3], [4, 5, 6]], np.int8)
    with pytest.raises(ValueError, match="does not reach every element"):
        evaluate_form(form, [x], [], [])
    out = np.full((2, 6), 9, np.int8)
    assert evaluate_form(form, [x], [], [], out) is out
    assert out.tolist() == [[9, 1, 9, 2, 9, 3], [9, 4, 9, 5, 9, 6]]


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch):
    form = copy_into((3,), access((-1, 2)), 3)
    x = random_array(np.random.default_rng(0), form.ins[0], 7)
    monkeypatch.setattr(forms, "CHUNK_BYTES", 48)
    assert np.array_equal(evaluate_form(form, [x], [], []), x[:, ::-1])


def test_an_accumulator_that_overflows_is_refused():
    x, w = value((2,)), value((2,))
    maps = [access((0, 1, 0)), access((0, 1, 0)), access((1, 0, 0))]
    form = ContractOp([x, w], TensorType(i8, [1]), DomainAttr([1], [2]), maps, body(i8), i8, node="dense")
    ones = np.ones((1, 2), np.int8)
    assert evaluate_form(form, [63 * ones, ones], [], []).tolist() == [[126]]
    with pytest.raises(IntegerOverflow, match="node `dense`: fixed.contract: the accumulator leaves i8"):
        evaluate_form(form, [64 * ones, ones], [], [])


def test_unsigned_elements_are_extended_without_sign():
    block = Block(arg_types=[ui8])
    extend = ExtendOp(block.args[0], i32)
    block.add_ops([extend, YieldOp(extend.result)])
    constant = ConstantOp(from_numpy(np.asarray([200, 255], np.uint8)), TensorType(ui8, [2]))
    maps = [access((1, 0)), access((1, 0))]
    form = MapOp([constant.result], TensorType(i32, [2]), DomainAttr([2]), maps, Region(block))
    assert evaluate_form(form, [np.asarray([[200, 255]], np.uint8)], [], []).tolist() == [[200, 255]]
