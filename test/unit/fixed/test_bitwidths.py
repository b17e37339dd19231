"""Products in 32 bits: the ways that are called exact are, and no way leaves 32 bits or its tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import ArrayAttr, IntegerType, ModuleOp, StringAttr, TensorType, i32, i64
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap

from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.dialects.fixed import ConstantOp
from tinyml_opt.dialects.fixed.forms import MapOp
from tinyml_opt.dialects.fixed.scalar import ExtendOp, RescaleOp, SaturateOp, YieldOp
from tinyml_opt.dialects.fixed.types import DomainAttr, IntsAttr, PortAttr, QType, Rounding
from tinyml_opt.passes.fixed.bitwidths.products import TOLERATED, Scaling, plan
from tinyml_opt.passes.fixed.bitwidths.sums import Sum, Term
from tinyml_opt.passes.fixed.legalize_bitwidths import LegalizeBitwidthsPass
from tinyml_opt.passes.fixed.narrow_bodies import NarrowBodiesPass
from tinyml_opt.targets.executors.fixed import FixedExecutor


def rescaling(multipliers: list[int], shift: int, bits: int, steps: int) -> ModuleOp:
    """`saturate(round(x * m / 2^shift))` for values of so many bits, one multiplier per channel, or only the shift."""
    channels = max(1, len(multipliers))
    x, y = QType(IntegerType(bits), 1.0), QType(IntegerType(steps), 1.0)
    types = [TensorType(x, [1, channels]), TensorType(y, [1, channels])]
    block = Block(arg_types=types[:1])
    constants = [ConstantOp(from_numpy(np.array(multipliers), i32), TensorType(i32, [channels]))] if multipliers else []
    body = Block(arg_types=[x.storage, *(i32 for _ in constants)])
    value = body.args[0]
    ops: list[Operation] = [] if bits == 32 else [ExtendOp(value, i32)]
    value = ops[0].results[0] if ops else value
    ops.append(RescaleOp(value, shift, Rounding.HALF_UP, i64, i32, *body.args[1:]))
    ops.append(SaturateOp(ops[-1].results[0], *y.limits, y.storage))
    body.add_ops([*ops, YieldOp(ops[-1].results[0])])
    identity, channel = AffineMap.identity(2), AffineMap.from_callable(lambda a, b: (b,))
    maps = [identity, *(channel for _ in constants), identity]
    params = [constant.result for constant in constants]
    form = MapOp(list(block.args), types[1], DomainAttr((1, channels)), maps, Region(body), params, node="m")
    block.add_ops([*constants, form, func.ReturnOp(form.results[0])])
    function = func.FuncOp("f", (types[:1], types[1:]), Region(block))
    for name, type in zip(("inputs", "outputs"), types, strict=True):
        function.attributes[f"fixed.{name}"] = ArrayAttr([PortAttr(StringAttr(name), type, IntsAttr((0, 1)))])
    return ModuleOp([function])


@given(
    st.lists(st.integers(1 << 28, (1 << 31) - 1), min_size=0, max_size=4),
    st.integers(1, 61),
    st.integers(4, 31),
    st.sampled_from([8, 16]),
    st.sampled_from([16, 32]),
)
def test_near_the_product_of_64_bits(multipliers: list[int], shift: int, bits: int, steps: int, product: int):
    """A step more or less where the real result is within the tolerance of a half, else equal; all in 32 bits."""
    assume(not multipliers or shift >= bits)
    assume(multipliers or shift < 32)
    module = rescaling(multipliers, shift, bits, steps)
    legal = module.clone()
    LegalizeBitwidthsPass(product).apply(Context(), legal)
    legal.verify()
    widths = [op.product.width.data for op in legal.walk() if isinstance(op, RescaleOp)]
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    factors = np.array(multipliers or [1], np.float64) * 2.0**-shift
    near = np.clip(np.linspace(-(1 << steps), 1 << steps, 300)[:, None] / factors, low, high)
    far = np.random.default_rng(len(multipliers)).integers(low, high + 1, (200, len(factors)))
    x = np.concatenate([np.full((1, len(factors)), low), np.full((1, len(factors)), high), near, far]).astype(np.int32)
    inputs = {"inputs": x[:, None].astype(f"i{1 << max(0, (bits - 1).bit_length() - 3)}")}
    expected, actual = (FixedExecutor(m).run(inputs).outputs["outputs"] for m in (module, legal))
    if 64 in widths:
        assert (expected == actual).all() and multipliers
        return
    differ = expected != actual
    real = (x * factors)[:, None]
    assert (np.abs(np.abs(real - np.floor(real)) - 0.5)[differ] <= TOLERATED + 1e-9).all()
    assert multipliers or not differ.any()


@given(st.lists(st.integers(1 << 28, (1 << 31) - 1), min_size=1, max_size=4), st.integers(16, 28))
def test_products_of_16_bits(multipliers: list[int], bits: int):
    """Of a sum that gives 8 bits no product has more than 16, and the results are those of 64 bits or next to them."""
    module = rescaling(multipliers, 31 + bits - 8, bits, 8)
    legal = module.clone()
    for step in (LegalizeBitwidthsPass(16), NarrowBodiesPass()):
        step.apply(Context(), legal)
    legal.verify()
    products = [op.product for op in legal.walk() if isinstance(op, RescaleOp) and op.multiplier is not None]
    products += [op.result.type for op in legal.walk() if isinstance(op, arith.MuliOp)]
    assert products and all(isinstance(t, IntegerType) and t.width.data <= 16 for t in products)
    x = np.random.default_rng(bits).integers(-(1 << bits - 1), 1 << bits - 1, (500, 1, len(multipliers)))
    inputs = {"inputs": x.astype(np.int32 if bits > 16 else np.int16)}
    expected, actual = (FixedExecutor(m).run(inputs).outputs["outputs"] for m in (module, legal))
    assert np.abs(expected.astype(int) - actual).max() <= 1


@pytest.mark.parametrize(
    ("multiplier", "shift", "bound", "reach", "way"),
    [
        (0x5A5A5A5A, 40, 1 << 20, 127, "narrow"),
        (0x5A5A5A5A, 41, (1 << 30) - 1, 127, "wide"),
        (0x5A5A5A5A, 46, (1 << 30) - 1, 32767, "exact"),
        (0x40000000, 45, (1 << 30) - 1, 32767, "wide"),
    ],
)
def test_the_cheapest_way_that_is_good_enough(multiplier: int, shift: int, bound: int, reach: int, way: str):
    found = plan(Scaling(np.array([multiplier]), shift, np.array([bound], object), reach))
    assert found is not None and found.way == way


@given(
    st.lists(st.integers(-(1 << 11), 1 << 11), min_size=1, max_size=3),
    st.integers(-(1 << 12), 1 << 12),
    st.integers(8, 12),
)
def test_sums_in_halves(coefficients: list[int], number: int, shift: int):
    """Both halves fit 16 bits, and give what the whole sum gives, for every integer of 8 bits."""
    block = Block(arg_types=[i32 for _ in coefficients])
    terms = [Term(x, c, 128) for x, c in zip(block.args, coefficients, strict=True)]
    whole = Sum.of([*terms, Term(None, number, 1)], shift)
    halves = whole.halves()
    assume(halves is not None and whole.bytes > 2)
    assert halves is not None
    x = np.random.default_rng(len(coefficients)).integers(-128, 128, (1000, len(coefficients)))
    columns: dict[SSAValue | None, NDArray[np.int64]] = dict(zip(block.args, x.T, strict=True))
    columns[None] = np.ones(1000, np.int64)
    parts = [[t.coefficient * columns[t.value] for t in half.terms] for half in halves]
    high, low = (np.sum(part, 0) for part in parts)
    assert max(np.abs(high).max(), np.abs(low).max()) < 1 << 15
    assert ((high + (low >> 8) >> shift - 8) == (x @ coefficients + number + (1 << shift - 1) >> shift)).all()


@given(st.lists(st.integers(-(1 << 24), 1 << 24), min_size=1, max_size=3), st.integers(2, 24))
def test_shorter_coefficients(coefficients: list[int], shift: int):
    """What another shift may change is bounded by the error that is said, and exact where nothing is dropped."""
    block = Block(arg_types=[i32 for _ in coefficients])
    whole = Sum.of([Term(x, c, 128) for x, c in zip(block.args, coefficients, strict=True)], shift)
    shorter = whole.with_shift(shift - 1)
    x = np.random.default_rng(shift).integers(-128, 129, (1000, len(coefficients)))
    drift = x @ coefficients / 2.0**shift - x @ [t.coefficient for t in shorter.terms] / 2.0 ** (shift - 1)
    assert np.abs(drift).max() <= whole.error(shorter) + 1e-9
    assert whole.error(whole) == 0
