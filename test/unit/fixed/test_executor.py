"""The executor of the level `fixed` as its callers see it: ports, traces, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.texts import parse
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.values import IntegerOverflow

MODEL = """
func.func @model(%x: tensor<2x3xi8>) -> (tensor<2xi32>, tensor<6xi8>) attributes {
  fixed.inputs = [#fixed.port<"image", tensor<3x2xi8>, permutation <1, 0>>],
  fixed.outputs = [#fixed.port<"sums", tensor<2xi32>, permutation <0>>,
                   #fixed.port<"flat", tensor<6xi8>, permutation <0>>]
} {
  %bias = fixed.constant dense<[10, 20]> : tensor<2xi32> {node = "bias"} as tensor<2xi32>
  %sums = fixed.reduce sum ins(%x : tensor<2x3xi8>) params(%bias : tensor<2xi32>) domain <2 | 3>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0)>]
      zero_point <1> acc i32 node "sum" {
  ^bb0(%acc: i32, %b: i32):
    %biased = arith.addi %acc, %b : i32
    %twice = fixed.rescale %biased by %b shift 0 floor in i16 : i32, i32 -> i32
    fixed.yield %twice : i32
  } -> tensor<2xi32>
  %flat = fixed.reshape %x {node = "flatten"} : tensor<2x3xi8> -> tensor<6xi8>
  func.return %sums, %flat : tensor<2xi32>, tensor<6xi8>
}
"""


IMAGE = np.arange(12, dtype=np.int8).reshape(2, 2, 3)


def test_outputs_by_label_and_values_by_node():
    run = FixedExecutor(parse(MODEL)).run({"image": IMAGE.astype(np.int64)}, trace=True)
    assert run.outputs["sums"].tolist() == [[100, 580], [280, 940]]
    assert run.outputs["sums"].dtype == np.int32
    assert run.outputs["flat"].dtype == np.int8
    assert np.array_equal(run.outputs["flat"], IMAGE.reshape(2, 6))
    assert list(run.values) == ["sum", "flatten"]
    assert np.array_equal(run.values["sum"], run.outputs["sums"])
    assert not FixedExecutor(parse(MODEL)).run({"image": IMAGE}).values


def test_an_output_known_at_compile_time_is_the_same_for_every_sample():
    returned = MODEL.replace("func.return %sums,", "func.return %bias,")
    outputs = FixedExecutor(parse(returned)).run({"image": IMAGE}).outputs
    assert outputs["sums"].tolist() == [[10, 20], [10, 20]]


def test_overflow_names_the_node_and_the_op():
    with pytest.raises(IntegerOverflow, match="node `sum`: fixed.rescale: the product, .* leaves i16"):
        FixedExecutor(parse(MODEL.replace("10, 20", "10, 200"))).run({"image": IMAGE})


def refusal(module: ModuleOp, **inputs: NDArray[Any]) -> str:
    """The reasons for which a run is refused."""
    with pytest.raises(UserError) as caught:
        FixedExecutor(module).run(inputs)
    return str(caught.value)


def test_inputs_that_do_not_match_the_ports_are_refused():
    module = parse(MODEL)
    assert refusal(module) == "no input 'image': give an array of shape (batch, 2, 3)"
    assert "has shape (2, 3, 2), expected a batch of (2, 3)" in refusal(module, image=IMAGE.transpose(0, 2, 1))
    assert "has shape (0, 2, 3)" in refusal(module, image=IMAGE[:0])
    assert "expected integers in [-128, 127]" in refusal(module, image=IMAGE.astype(np.float32))
    assert "expected integers in [-128, 127]" in refusal(module, image=IMAGE.astype(np.int16) + 120)


def test_modules_without_ports_or_with_foreign_ops_are_refused():
    with pytest.raises(UserError, match="expected one function with `fixed.inputs`, found 0"):
        FixedExecutor(parse("func.func @f() { func.return }"))
    with pytest.raises(UserError, match="has no `fixed.outputs`"):
        FixedExecutor(parse("func.func @f() attributes {fixed.inputs = []} { func.return }"))
    constant = MODEL.replace("func.return", "%c = arith.constant 1 : i32\n func.return")
    assert "`arith.constant` does not belong to the level `fixed`" in refusal(parse(constant), image=IMAGE)
