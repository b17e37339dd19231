"""Shifts of sums that packed weights take over: the same sums, modulo 2^32, and no shift where there is no room."""

from __future__ import annotations

import numpy as np
import pytest
from support.texts import parse
from xdsl.context import Context

from tinyml_opt.dialects.fixed.forms import ContractOp
from tinyml_opt.lowering.fixed_to_memplan.convert import ConvertFixedToMemplanPass
from tinyml_opt.passes.memplan.tiling.lifts import Lift, lifted
from tinyml_opt.passes.memplan.tiling.roles import Roles

WEIGHTS = ((127, -128, 3, 0), (5, -6, 7, -8), (-1, 2, -3, 4), (100, 50, 25, 12))
PORT = "tensor<1x2x4x!fixed.q<i8, 2^-4>>, permutation <0, 1, 2>"
BIASES = (1000, -7, 123456, -2000000)

MAPS = (
    "affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>",
    "affine_map<(d0, d1, d2, d3) -> (d2, d3)>",
    "affine_map<(d0, d1, d2, d3) -> (d2)>",
    "affine_map<(d0, d1, d2, d3) -> ({moved})>",
    "affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>",
)


def form(shifts: tuple[int, ...] = (0, 2, 7, 1), type: str = "i8", moved: str = "d2", body: str = "") -> ContractOp:
    """A pointwise layer of four channels whose sums, with their bias, are shifted by a number for each of them."""
    extend, amount = ("%s = fixed.extend %n : i8 -> i32", "%s") if type == "i8" else ("", "%n")
    body = body or f"%m = arith.shli %t, {amount} : i32\n%r = fixed.saturate %m to [-128, 127] : i32 -> i8"
    text = f"""
      func.func @net(%x: tensor<1x2x4x!fixed.q<i8, 2^-4>>) -> tensor<1x2x4x!fixed.q<i8, 2^-4>> attributes {{
          fixed.inputs = [#fixed.port<"x", {PORT}>], fixed.outputs = [#fixed.port<"y", {PORT}>]
      }} {{
        %w = fixed.constant dense<{[[*row] for row in WEIGHTS]}> : tensor<4x4xi8> as tensor<4x4x!fixed.q<i8, 2^-7>>
        %b = fixed.constant dense<{[*BIASES]}> : tensor<4xi32> as tensor<4xi32>
        %a = fixed.constant dense<{[*shifts]}> : tensor<{len(shifts)}x{type}> as tensor<{len(shifts)}x{type}>
        %y = fixed.contract ins(%x, %w : tensor<1x2x4x!fixed.q<i8, 2^-4>>, tensor<4x4x!fixed.q<i8, 2^-7>>)
            params(%b, %a : tensor<4xi32>, tensor<{len(shifts)}x{type}>) domain <1, 2, 4 | 4>
            maps [{", ".join(MAPS).format(moved=moved)}] zero_points <0, 0> acc i32 node "layer" {{
        ^bb0(%sum: i32, %bias: i32, %n: {type}):
          %t = arith.addi %sum, %bias : i32
          {extend}
          {body}
          fixed.yield %r : i8
        }} -> tensor<1x2x4x!fixed.q<i8, 2^-4>>
        func.return %y : tensor<1x2x4x!fixed.q<i8, 2^-4>>
      }}"""
    module = parse(text)
    ConvertFixedToMemplanPass().apply(Context(), module)
    return next(op for op in module.walk() if isinstance(op, ContractOp))


def lift_of(form: ContractOp) -> Lift | None:
    """What its kernel would find."""
    roles = Roles.of(form)
    assert roles is not None
    return Lift.of(roles)


@pytest.mark.parametrize("type", ("i8", "i32"))
def test_sums_of_shifted_weights_are_shifted_sums(type: str):
    lift = lift_of(form(type=type))
    assert lift is not None and lift.param == 1 and lift.amounts.tolist() == [0, 2, 7, 1]
    weights, biases = np.array(WEIGHTS, np.int64), np.array(BIASES, np.int64)
    packed = lifted(weights, lift.amounts)
    assert np.array_equal(packed, packed.astype(np.int16))
    for data in np.random.default_rng(1).integers(-128, 128, (50, 4)):
        sums = (weights @ data + biases) << lift.amounts
        assert np.array_equal((packed @ data + lifted(biases, lift.amounts)).astype(np.int32), sums.astype(np.int32))


def test_weights_without_a_shift_stay():
    weights = np.array(WEIGHTS, np.int64)
    assert lifted(weights, None) is weights


@pytest.mark.parametrize(
    "shifts",
    (
        pytest.param((8, 0, 0, 0), id="-128 by 8 bits leaves what 127 and -127 have room in"),
        pytest.param((9, 0, 0, 0), id="127 by 9 bits has no room"),
        pytest.param((0, 0, 0, -1), id="a shift to the right loses bits"),
        pytest.param((0, 0, 16, 0), id="no half holds a shift by 16"),
    ),
)
def test_no_shift_without_room(shifts: tuple[int, ...]):
    assert lift_of(form(shifts)) is None


def test_the_longest_shift_that_has_room():
    """127 and -128 by 7 bits, 8 by 11."""
    lift = lift_of(form((7, 11, 12, 8)))
    assert lift is not None and np.abs(lifted(np.array(WEIGHTS, np.int64), lift.amounts)).max() < 1 << 15


@pytest.mark.parametrize(
    "body",
    (
        pytest.param("%r = fixed.saturate %t to [-128, 127] : i32 -> i8", id="nothing is shifted"),
        pytest.param(
            "%m = arith.shli %sum, %s : i32\n%r = fixed.saturate %m to [-128, 127] : i32 -> i8",
            id="the sum is shifted without its bias",
        ),
        pytest.param(
            "%m = arith.shli %t, %s : i32\n%k = arith.addi %m, %t : i32\n"
            "%r = fixed.saturate %k to [-128, 127] : i32 -> i8",
            id="the sum is used as it is, too",
        ),
        pytest.param(
            "%m = arith.shli %t, %s : i32\n%k = arith.addi %m, %s : i32\n"
            "%r = fixed.saturate %k to [-128, 127] : i32 -> i8",
            id="so is the number",
        ),
    ),
)
def test_other_bodies_keep_their_shift(body: str):
    assert lift_of(form(body=body)) is None


def test_a_number_for_each_pixel_is_none_for_a_channel():
    assert lift_of(form((1, 2), moved="d1")) is None
