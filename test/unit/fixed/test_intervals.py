"""Interval analysis: sound on random networks, as tight as the weights allow; proofs, and inputs that break them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import Network, compile_network
from support.random_networks import small_networks
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.forms import ContractOp
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.fixed.types import storage_limits
from tinyml_opt.passes.fixed.fold_zero_points import FoldZeroPointsPass
from tinyml_opt.passes.fixed.intervals.analysis import Analysis
from tinyml_opt.passes.fixed.narrow_accumulators import NarrowAccumulatorsPass
from tinyml_opt.passes.fixed.prove_no_overflow import ProveNoOverflowPass
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.values import IntegerOverflow
from tinyml_opt.targets.ports import input_ports

PORTS = """fixed.inputs = [#fixed.port<"x", tensor<1x4x!fixed.q<i8, 1.0>>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]"""


def dense(weights: str, acc: str, shift: int = 0) -> ModuleOp:
    """A dense layer of four inputs and two outputs on i8 whose accumulator is saturated, after a rounding shift."""
    return parse(f"""
    func.func @net(%x: tensor<1x4x!fixed.q<i8, 1.0>>) -> tensor<1x2x!fixed.q<i8, 1.0>> attributes {{{PORTS}}} {{
      %w = fixed.constant dense<{weights}> : tensor<2x4xi8> as tensor<2x4x!fixed.q<i8, 1.0>>
      %y = fixed.contract ins(%x, %w : tensor<1x4x!fixed.q<i8, 1.0>>, tensor<2x4x!fixed.q<i8, 1.0>>) domain <2 | 4>
          maps [affine_map<(o, k) -> (0, k)>, affine_map<(o, k) -> (o, k)>, affine_map<(o, k) -> (0, o)>]
          zero_points <0, 0> acc {acc} node "dense" {{
      ^bb0(%acc: {acc}):
        %r = fixed.rescale %acc shift {shift} half_up in {acc} : {acc} -> {acc}
        %s = fixed.saturate %r to [-128, 127] : {acc} -> i8
        fixed.yield %s : i8
      }} -> tensor<1x2x!fixed.q<i8, 1.0>>
      func.return %y : tensor<1x2x!fixed.q<i8, 1.0>>
    }}""")


def function_of(module: ModuleOp) -> FuncOp:
    """The one function of a module."""
    (function,) = (op for op in module.ops if isinstance(op, FuncOp))
    return function


def only_form(module: ModuleOp) -> tuple[StructuredForm, Analysis]:
    """The one form of a module, and the analysis of its function."""
    analysis = Analysis(function_of(module))
    (form,) = analysis.forms
    return form, analysis


def test_an_accumulator_is_bounded_by_its_weights_channel_by_channel():
    form, analysis = only_form(dense("[[1, 2, 3, 4], [-1, 0, 0, 0]]", "i32"))
    combined = analysis.forms[form].combined
    assert combined is not None
    assert combined.value.low.tolist() == [-1280, -127]
    assert combined.value.high.tolist() == [1270, 128]


def test_partial_sums_count_though_the_sum_is_small():
    """x0 + x1 - x2 - x3 with equal signs: on the way the sum of two is reached, whatever the order ends in."""
    form, analysis = only_form(dense("[[100, 100, -100, -100], [0, 0, 0, 0]]", "i32"))
    combined = analysis.forms[form].combined
    assert combined is not None and combined.partial.greatest == 100 * (127 * 2 + 128 * 2)


@pytest.mark.parametrize("witness", [False, True])
def test_an_overflow_is_shown_by_an_input_that_overflows(witness: bool, tmp_path: Path):
    """127 * 128 * 4 leaves i16: a message names node and op, and the input that it shows is refused when run."""
    file = tmp_path / "witness.npz"
    module = dense("[[127, -127, 127, -127], [1, 1, 1, 1]]", "i16")
    with pytest.raises(UserError, match=r"'dense', fixed.contract: the accumulator leaves i16(.|\n)*an input"):
        ProveNoOverflowPass(witness=str(file) if witness else "").apply(Context(), module)
    assert file.exists() == witness
    if witness:
        with np.load(file) as arrays, pytest.raises(IntegerOverflow, match="accumulator"):
            FixedExecutor(module).run(dict(arrays))


def test_rounding_that_overflows_is_found():
    """The accumulator is at most 255 * 128 = 32,640; half of 2^9 more is not an i16."""
    module = dense("[[-64, -64, -64, -63], [1, 1, 1, 1]]", "i16", shift=9)
    with pytest.raises(UserError, match=r"fixed.rescale: the product, or what rounding adds"):
        ProveNoOverflowPass().apply(Context(), module)


def test_what_is_neither_proven_nor_broken_says_so():
    """Intervals forget that y and y are equal: y - y may be 200 for them, never in truth."""
    type = "tensor<1x2x!fixed.q<i8, 1.0>>"
    ports = PORTS.replace("1x4", "1x2")
    module = parse(f"""
    func.func @net(%x: {type}) -> {type} attributes {{{ports}}} {{
      %y = fixed.map ins(%x, %x : {type}, {type}) domain <2> maps [affine_map<(i) -> (0, i)>,
          affine_map<(i) -> (0, i)>, affine_map<(i) -> (0, i)>] node "difference" {{
      ^bb0(%a: i8, %b: i8):
        %d = arith.subi %a, %b : i8
        fixed.yield %d : i8
      }} -> {type}
      func.return %y : {type}
    }}""")
    with pytest.raises(UserError, match="neither proven nor broken"):
        ProveNoOverflowPass().apply(Context(), module)


def test_a_softmax_is_proven(tmp_path: Path):
    """The index into its table is not negative, and its sum not zero, because the maximum is one of the elements."""
    net = Network((1, 5))
    net.result(net.node("Softmax", net.node("Gemm", "x", net.weight(5, 4, axis=1))))
    for bits in (8, 16):
        module = compile_network(net.model(), tmp_path, net.rows(8), bits=bits).fixed
        assert Analysis(function_of(module)).findings == []


def extremes(module: ModuleOp, seed: int) -> dict[str, Any]:
    """Inputs over the whole range of their types, one of them the least and one the greatest values."""
    generator = np.random.default_rng(seed)
    inputs: dict[str, Any] = {}
    for port in input_ports(function_of(module)):
        least, high = storage_limits(port.storage)
        array = generator.integers(least, high, (6, *port.stored_shape), endpoint=True)
        array[0], array[1] = least, high
        array[2] = np.where(generator.random(port.stored_shape) < 0.5, least, high)
        inputs[port.label.data] = array
    return inputs


@given(
    seed=st.integers(0, 1000),
    zeros=st.tuples(st.integers(0, 255), st.integers(0, 255)),
    types=st.tuples(st.sampled_from(["i8", "ui8"]), st.sampled_from(["i8", "ui8"])),
)
def test_sums_of_products_lie_in_their_range(seed: int, zeros: tuple[int, int], types: tuple[str, str]):
    """Whatever the types and zero points of both operands; the ends are reached, for the weights are known."""
    least = [0 if type == "ui8" else -128 for type in types]
    zero_x, zero_w = (zero + low for zero, low in zip(zeros, least, strict=True))
    weights = np.random.default_rng(seed).integers(least[1], least[1] + 256, (2, 4))
    x = f"tensor<1x4x!fixed.q<{types[0]}, 1.0 : {zero_x}>>"
    module = parse(f"""
    func.func @net(%x: {x}) -> tensor<1x2x!fixed.q<i32, 1.0>> attributes {{
        fixed.inputs = [#fixed.port<"x", {x}, permutation <0, 1>>],
        fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i32, 1.0>>, permutation <0, 1>>]}} {{
      %w = fixed.constant dense<{weights.tolist()}> : tensor<2x4x{types[1]}> as tensor<2x4x{types[1]}>
      %y = fixed.contract ins(%x, %w : {x}, tensor<2x4x{types[1]}>) domain <2 | 4>
          maps [affine_map<(o, k) -> (0, k)>, affine_map<(o, k) -> (o, k)>, affine_map<(o, k) -> (0, o)>]
          zero_points <{zero_x}, {zero_w}> acc i32 node "dense" {{
      ^bb0(%acc: i32):
        fixed.yield %acc : i32
      }} -> tensor<1x2x!fixed.q<i32, 1.0>>
      func.return %y : tensor<1x2x!fixed.q<i32, 1.0>>
    }}""")
    form, analysis = only_form(module)
    combined = analysis.forms[form].combined
    assert combined is not None
    for output, row in enumerate(weights):
        ends = np.where((row - zero_w)[None] >= 0, [[least[0]], [least[0] + 255]], [[least[0] + 255], [least[0]]])
        y = FixedExecutor(module).run({"x": ends[:, None].astype(np.int64)}).outputs["y"][:, 0, output]
        assert y.tolist() == [combined.value.low[output], combined.value.high[output]]


@settings(max_examples=settings().max_examples // 8)
@given(
    net=small_networks(),
    bits=st.sampled_from([8, 16]),
    scheme=st.sampled_from(["affine", "pow2"]),
    board=st.sampled_from(["host", "mega2560"]),
)
def test_every_value_lies_in_its_range(net: Network, bits: int, scheme: str, board: str):
    """Random networks are proven; what the executor computes is in the ranges; narrow accumulators change nothing."""
    with TemporaryDirectory() as folder:
        module = compile_network(net.model(), Path(folder), net.rows(6), board, bits, scheme).fixed
    analysis = Analysis(function_of(module))
    assert not analysis.findings, [str(f) for f in analysis.findings]
    inputs = extremes(module, 1)
    expected = FixedExecutor(module).run(inputs, trace=True)
    for op, range in ((value.owner, range) for value, range in analysis.tensors.items()):
        node = getattr(op, "node", None)
        if isinstance(op, StructuredForm) and isinstance(node, StringAttr):
            values = expected.values[node.data]
            assert (values >= range.low).all() and (values <= range.high).all(), node
    NarrowAccumulatorsPass().apply(Context(), module)
    module.verify()
    narrowed = FixedExecutor(module).run(inputs)
    for label, array in expected.outputs.items():
        np.testing.assert_array_equal(narrowed.outputs[label], array)


@given(seed=st.integers(0, 1000), bias=st.booleans(), zero=st.integers(-128, 127), zero_w=st.integers(-3, 3))
def test_folding_a_zero_point_changes_no_integer(seed: int, bias: bool, zero: int, zero_w: int):
    """With a bias and without, over the whole range of inputs; no zero point is left where it fits i32."""
    generator = np.random.default_rng(seed)
    weights, biases = generator.integers(-128, 128, (2, 4)).tolist(), generator.integers(-9999, 9999, 2).tolist()
    x, y = f"tensor<1x4x!fixed.q<i8, 1.0 : {zero}>>", "tensor<1x2x!fixed.q<i8, 1.0>>"
    module = parse(f"""
    func.func @net(%x: {x}) -> {y} attributes {{{PORTS.replace("i8, 1.0>>, perm", f"i8, 1.0 : {zero}>>, perm", 1)}}} {{
      %w = fixed.constant dense<{weights}> : tensor<2x4xi8> as tensor<2x4xi8>
      %b = fixed.constant dense<{biases}> : tensor<2xi32> as tensor<2xi32>
      %y = fixed.contract ins(%x, %w : {x}, tensor<2x4xi8>) {"params(%b : tensor<2xi32>)" if bias else ""}
          domain <2 | 4> maps [affine_map<(o, k) -> (0, k)>, affine_map<(o, k) -> (o, k)>,
              {"affine_map<(o, k) -> (o)>," if bias else ""} affine_map<(o, k) -> (0, o)>]
          zero_points <{zero}, {zero_w}> acc i32 node "dense" {{
      ^bb0(%acc: i32{", %bias: i32" if bias else ""}):
        %sum = arith.addi %acc, {"%bias" if bias else "%acc"} : i32
        %r = fixed.rescale %sum shift 8 half_up in i32 : i32 -> i32
        %s = fixed.saturate %r to [-128, 127] : i32 -> i8
        fixed.yield %s : i8
      }} -> {y}
      func.return %y : {y}
    }}""")
    inputs = extremes(module, seed)
    expected = FixedExecutor(module).run(inputs).outputs["y"]
    FoldZeroPointsPass().apply(Context(), module)
    module.verify()
    (form,) = (op for op in module.walk() if isinstance(op, ContractOp))
    assert form.zero_points.data == (0, zero_w)
    np.testing.assert_array_equal(FixedExecutor(module).run(inputs).outputs["y"], expected)
