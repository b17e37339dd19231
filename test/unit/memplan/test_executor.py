"""The memplan level computes what the fixed level computes, whatever the plan; its liveness is what the plan needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.memplan import ArenaOp, RetireOp, ViewOp
from tinyml_opt.dialects.memplan.liveness import Liveness
from tinyml_opt.lowering.fixed_to_memplan.convert import ConvertFixedToMemplanPass
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.memplan import POISON, MemplanExecutor

CONV = "affine_map<(h, w, c, kh, kw, k) -> (0, h + kh - 1, w + kw - 1, k)>"
WEIGHT = "affine_map<(h, w, c, kh, kw, k) -> (c, kh, kw, k)>"
OUT = "affine_map<(h, w, c, kh, kw, k) -> (0, h, w, c)>"
BIAS = "affine_map<(h, w, c, kh, kw, k) -> (c)>"
SAME = "affine_map<(h, w, c) -> (0, h, w, c)>"

NETWORK = f"""
!t = tensor<1x6x6x2x!fixed.q<i8, 2^-4>>
!f = tensor<1x2x!fixed.q<i8, 2^-4>>
func.func @net(%x: !t) -> (!f, tensor<2x1xi32>, !t) attributes {{
    fixed.inputs = [#fixed.port<"x", !t, permutation <0, 1, 2, 3>>],
    fixed.outputs = [#fixed.port<"y", !f, permutation <0, 1>>,
                     #fixed.port<"wide", tensor<2x1xi32>, permutation <0, 1>>,
                     #fixed.port<"x_again", !t, permutation <0, 1, 2, 3>>]}} {{
  %w = fixed.constant dense<"0x{bytes(range(1, 37)).hex()}"> : tensor<2x3x3x2xi8> as tensor<2x3x3x2x!fixed.q<i8, 2^-7>>
  %b = fixed.constant dense<[100, -200]> : tensor<2xi32> as tensor<2xi32>
  %s = fixed.constant dense<[7, 5]> : tensor<2xi16> as tensor<2xi16>
  %a = fixed.contract ins(%x, %w : !t, tensor<2x3x3x2x!fixed.q<i8, 2^-7>>) params(%b : tensor<2xi32>)
    domain <6, 6, 2 | 3, 3, 2> maps [{CONV}, {WEIGHT}, {BIAS}, {OUT}] zero_points <3, 0> acc i32 node "conv" {{
  ^bb0(%acc: i32, %bias: i32):
    %0 = arith.addi %acc, %bias : i32
    %1 = fixed.rescale %0 shift 7 half_up in i32 : i32 -> i32
    %2 = fixed.saturate %1 to [-128, 127] : i32 -> i8
    fixed.yield %2 : i8
  }} -> !t
  %r = fixed.map ins(%a, %x : !t, !t) domain <6, 6, 2> maps [{SAME}, {SAME}, {SAME}] node "add" {{
  ^bb0(%e: i8, %f: i8):
    %0 = fixed.extend %e : i8 -> i16
    %1 = fixed.extend %f : i8 -> i16
    %2 = arith.addi %0, %1 : i16
    %3 = fixed.saturate %2 to [-128, 127] : i16 -> i8
    fixed.yield %3 : i8
  }} -> !t
  %flat = fixed.reshape %r : !t -> tensor<36x2x!fixed.q<i8, 2^-4>>
  %sum = fixed.reduce sum ins(%flat : tensor<36x2x!fixed.q<i8, 2^-4>>) domain <2 | 36>
    maps [affine_map<(c, i) -> (i, c)>, affine_map<(c, i) -> (c)>] zero_point <0> acc i32 node "sum" {{
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }} -> tensor<2xi32>
  %column = fixed.reshape %sum : tensor<2xi32> -> tensor<2x1xi32>
  %m = fixed.map ins(%sum : tensor<2xi32>) tables(%s : tensor<2xi16>) domain <2>
    maps [affine_map<(c) -> (c)>, affine_map<(c) -> (0, c)>] node "table" {{
  ^bb0(%e: i32, %table: tensor<2xi16>):
    %c1 = arith.constant 1 : i32
    %i = arith.andi %e, %c1 : i32
    %0 = fixed.lookup %table[%i] : tensor<2xi16>, i32 -> i16
    %1 = fixed.saturate %0 to [-128, 127] : i16 -> i8
    fixed.yield %1 : i8
  }} -> !f
  func.return %m, %column, %x : !f, tensor<2x1xi32>, !t
}}
"""


def lowered(module: ModuleOp, *passes: ModulePass) -> ModuleOp:
    """A verified copy after these passes."""
    module = module.clone()
    for each in passes:
        each.apply(Context(), module)
        module.verify()
    return module


def function_of(module: ModuleOp) -> FuncOp:
    """The one function."""
    (function,) = (op for op in module.ops if isinstance(op, FuncOp))
    return function


@pytest.fixture
def network() -> ModuleOp:
    module = parse(NETWORK)
    module.verify()
    return module


@pytest.fixture
def images() -> dict[str, NDArray[Any]]:
    return {"x": np.random.default_rng(0).integers(-128, 128, (5, 1, 6, 6, 2)).astype(np.int8)}


@pytest.mark.parametrize(
    "passes",
    [(), (PlacePass(),), (PlacePass(alignment=1, exact=False),)],
    ids=["buffers", "arena", "packed"],
)
def test_same_integers_as_fixed(
    network: ModuleOp, images: dict[str, NDArray[Any]], passes: tuple[ModulePass, ...]
) -> None:
    expected = FixedExecutor(network).run(images, trace=True)
    module = lowered(network, ConvertFixedToMemplanPass(), *passes, CheckPass())
    actual = MemplanExecutor(module).run(images, trace=True)
    assert expected.outputs.keys() == actual.outputs.keys()
    for label, values in expected.outputs.items():
        np.testing.assert_array_equal(actual.outputs[label], values)
        assert actual.outputs[label].dtype == values.dtype
    assert actual.values.keys() >= {"conv", "add", "sum", "table"}
    for node in actual.values.keys() & expected.values.keys():
        values = expected.values[node]
        np.testing.assert_array_equal(actual.values[node].reshape(values.shape), values)


def test_bytes_are_poisoned_after_death(network: ModuleOp, images: dict[str, NDArray[Any]]) -> None:
    """Retiring `conv` before its reader must change the result: the executor shows what a wrong plan does."""
    module = lowered(network, ConvertFixedToMemplanPass(), PlacePass())
    block = function_of(module).body.block
    (view,) = (op for op in block.ops if isinstance(op, ViewOp) and op.node is not None and op.node.data == "conv")
    retire = next(op for op in block.ops if isinstance(op, RetireOp) and op.buffer is view.result)
    liveness = Liveness(function_of(module))
    reader = liveness.steps[liveness.life_of(view.result).last].op
    retire.detach()
    block.insert_op_before(retire, reader)
    run = MemplanExecutor(module).run(images, trace=True)
    poison = np.full(images["x"].shape, POISON, np.uint8).view(np.int8)
    expected = np.clip(images["x"].astype(int) + poison, -128, 127)
    np.testing.assert_array_equal(run.values["add"], expected)


def test_liveness_of_the_network(network: ModuleOp) -> None:
    """Steps: conv 0, add 1, sum 2, table 3, copy 4. The sum and both other outputs lie in the caller's memory."""
    liveness = Liveness(function_of(lowered(network, ConvertFixedToMemplanPass())))
    lives = [(life.name, life.size, life.first, life.last) for life in liveness.lives]
    assert lives == [
        ("x", 72, -1, 4),
        ("out0", 2, 3, 5),
        ("out1", 8, 2, 5),
        ("out2", 72, 4, 5),
        ("conv", 72, 0, 1),
        ("add", 72, 1, 2),
    ]
    assert liveness.live_bytes == (72, 144, 72, 0, 0)
    assert liveness.max_live == 144
    assert liveness.steps[liveness.peak_step].name == "add"
    assert [life.name for life in liveness.live_at(1)] == ["conv", "add"]


def test_placement_of_the_network(network: ModuleOp) -> None:
    function = function_of(lowered(network, ConvertFixedToMemplanPass(), PlacePass()))
    (arena,) = (op for op in function.body.block.ops if isinstance(op, ArenaOp))
    assert arena.size == IntegerAttr(144, 64)
    again = lowered(network, ConvertFixedToMemplanPass(), PlacePass(), PlacePass())
    assert str(function_of(again)) == str(function)


def test_partial_writes_and_overlap() -> None:
    """Two forms fill the halves of a buffer; then one shifts it in its own bytes: all inputs are read before."""
    module = parse("""
    func.func @halves(%x: memref<4xi8>, %y: memref<8xi8>) attributes {
        fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>],
        fixed.outputs = [#fixed.port<"y", tensor<8xi8>, permutation <0>>]} {
      fixed.map ins(%x : memref<4xi8>) outs(%y : memref<8xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (2 * i)>] node "even" {
      ^bb0(%e: i8):
        fixed.yield %e : i8
      }
      %odd = memplan.alias %y at 1 : memref<8xi8> -> memref<7xi8>
      fixed.map ins(%x : memref<4xi8>) outs(%odd : memref<7xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (2 * i)>] node "odd" {
      ^bb0(%e: i8):
        fixed.yield %e : i8
      }
      fixed.map ins(%y : memref<8xi8>) outs(%odd : memref<7xi8>) domain <7>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "shift" {
      ^bb0(%e: i8):
        fixed.yield %e : i8
      }
      func.return
    }
    """)
    run = MemplanExecutor(module).run({"x": np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.int8)})
    np.testing.assert_array_equal(run.outputs["y"], [[1, 1, 1, 2, 2, 3, 3, 4], [5, 5, 5, 6, 6, 7, 7, 8]])


def test_a_module_of_another_level_is_refused(network: ModuleOp) -> None:
    with pytest.raises(UserError, match="lower it with `convert-fixed-to-memplan`"):
        MemplanExecutor(network)
    with pytest.raises(UserError, match="power of two, got 3"):
        PlacePass(alignment=3).apply(Context(), network)
    module = lowered(network, ConvertFixedToMemplanPass())
    with pytest.raises(UserError, match="`memplan.buffer` does not belong to the level `fixed`"):
        ConvertFixedToMemplanPass().apply(Context(), module)


def test_what_dies_leaves_the_bytes_of_others_alone() -> None:
    """`b` is written over `a`, which dies in that step: retiring `a` poisons only what `b` did not take."""
    module = parse("""
    func.func @in_place(%x: memref<6xi8>, %y: memref<6xi8>, %z: memref<2xi8>) attributes {
        fixed.inputs = [#fixed.port<"x", tensor<6xi8>, permutation <0>>],
        fixed.outputs = [#fixed.port<"y", tensor<6xi8>, permutation <0>>,
                         #fixed.port<"z", tensor<2xi8>, permutation <0>>]} {
      %arena = memplan.arena size 10 align 1 in "sram" : memref<10xi8>
      %a = memplan.view %arena at 2 : memref<10xi8> -> memref<6xi8>
      %b = memplan.view %arena at 0 : memref<10xi8> -> memref<6xi8>
      %c = memplan.view %arena at 6 : memref<10xi8> -> memref<2xi8>
      fixed.map ins(%x : memref<6xi8>) outs(%a : memref<6xi8>) domain <6>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
      ^bb0(%e: i8):
        fixed.yield %e : i8
      }
      fixed.map ins(%a : memref<6xi8>) outs(%b : memref<6xi8>) domain <6>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
      ^bb0(%e: i8):
        %0 = arith.addi %e, %e : i8
        fixed.yield %0 : i8
      }
      memplan.retire %a : memref<6xi8>
      fixed.map ins(%b : memref<6xi8>) outs(%y : memref<6xi8>) domain <6>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
      ^bb0(%e: i8):
        fixed.yield %e : i8
      }
      fixed.map ins(%c : memref<2xi8>) outs(%z : memref<2xi8>) domain <2>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
      ^bb0(%e: i8):
        fixed.yield %e : i8
      }
      func.return
    }
    """)
    run = MemplanExecutor(module).run({"x": np.array([[1, 2, 3, 4, 5, 6]], np.int8)})
    np.testing.assert_array_equal(run.outputs["y"], [[2, 4, 6, 8, 10, 12]])
    np.testing.assert_array_equal(run.outputs["z"].view(np.uint8), [[POISON, POISON]])
