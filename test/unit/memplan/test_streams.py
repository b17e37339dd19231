"""Streams in the memplan executor: slices on rows that lie apart compute what the forms compute one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.func import Func
from xdsl.parser import Parser

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed import Fixed
from tinyml_opt.dialects.memplan import Memplan
from tinyml_opt.targets.executors.interface import Run
from tinyml_opt.targets.executors.memplan import POISON, MemplanExecutor
from tinyml_opt.targets.executors.values import IntegerOverflow

Array = NDArray[Any]

CHAIN = """
  fixed.reduce max ins(%x : memref<1x5x2xi8>) outs(%a : memref<1x5x2xi8>) domain <5, 2 | 3>
    maps [affine_map<(i, c, k) -> (0, i + k - 1, c)>, affine_map<(i, c, k) -> (0, i, c)>] zero_point <0> acc i8
    node "p" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.contract ins(%a, %w : memref<1x5x2xi8>, memref<2x3x2xi8, "flash">) params(%x : memref<1x5x2xi8>)
    outs(%b : memref<5x2xi16>) domain <5, 2 | 3, 2>
    maps [affine_map<(i, o, k, c) -> (0, i + k - 1, c)>, affine_map<(i, o, k, c) -> (o, k, c)>,
          affine_map<(i, o, k, c) -> (0, i, 1)>, affine_map<(i, o, k, c) -> (i, o)>]
    zero_points <1, 0> acc i32 node "q" {
  ^bb0(%acc: i32, %e: i8):
    %0 = fixed.extend %e : i8 -> i32
    %1 = arith.addi %acc, %0 : i32
    %2 = fixed.saturate %1 to [-32768, 32767] : i32 -> i16
    fixed.yield %2 : i16
  }
  fixed.reduce {kind} ins(%flat : memref<1x5x2x1xi16>) outs(%s : memref<2x{acc}>) domain <2 | 5>
    maps [affine_map<(o, i) -> (0, i, o, 0)>, affine_map<(o, i) -> (o)>] zero_point <{zero}> acc {acc} node "s" {
  ^bb0(%acc: {acc}):
    fixed.yield %acc : {acc}
  }
"""
WHOLE = """
  %a = memplan.buffer : memref<1x5x2xi8>
  %b = memplan.buffer : memref<5x2xi16>
  %flat = memplan.alias %b at 0 : memref<5x2xi16> -> memref<1x5x2x1xi16>
"""
APART = """
  %arena = memplan.arena size 12 align 4 in "sram" : memref<12xi8>
  %a = memplan.rows %arena at dense<[{a}]> : tensor<5xi32> : memref<12xi8> -> memref<1x5x2xi8>
  %b = memplan.rows %arena at dense<[8, 6, 8, 6, 8]> : tensor<5xi32> : memref<12xi8> -> memref<5x2xi16>
  %flat = memplan.alias %b at 0 : memref<5x2xi16> -> memref<1x5x2x1xi16>
"""
RING = APART.format(a="0, 2, 4, 0, 2")
ORDER = [
    *[(0, 0), (0, 1), (1, 0), (2, 0), (0, 2), (1, 1), (2, 1), (0, 3), (1, 2), (2, 2), (0, 4), (1, 3), (2, 3)],
    *[(1, 4), (2, 4)],
]
"""On demand of the last form."""


def program(
    buffers: str, order: Sequence[tuple[int, int]] = (), kind: str = "sum", zero: int = 2, acc: str = "i32"
) -> ModuleOp:
    """Pool, convolution with a param, and a reduction over all rows of its output; streamed where an order is given."""
    chain = CHAIN.replace("{kind}", kind).replace("{zero}", str(zero)).replace("{acc}", acc)
    if order:
        pairs = list(map(list, order))
        chain = f"memplan.stream along <0, 0, 1> order dense<{pairs}> : tensor<15x2xi32> {{{chain}}}"
    context = Context()
    for dialect in (Builtin, Arith, Func, Fixed, Memplan):
        context.load_dialect(dialect)
    module = Parser(
        context,
        f"""
    func.func @net(%x: memref<1x5x2xi8>, %s: memref<2x{acc}>) attributes {{
        fixed.inputs = [#fixed.port<"x", tensor<1x5x2xi8>, permutation <0, 1, 2>>],
        fixed.outputs = [#fixed.port<"s", tensor<2x{acc}>, permutation <0>>]}} {{
      %w = fixed.constant dense<[[[1, 2], [-3, 4], [5, -6]], [[7, 8], [9, -9], [-8, 7]]]> : tensor<2x3x2xi8>
        as memref<2x3x2xi8, "flash">
      {buffers}
      {chain}
      func.return
    }}""",
    ).parse_module()
    module.verify()
    return module


@pytest.fixture
def images() -> dict[str, Array]:
    return {"x": np.random.default_rng(0).integers(-128, 128, (4, 1, 5, 2)).astype(np.int8)}


def run(module: ModuleOp, images: dict[str, Array]) -> Run:
    """With a trace."""
    return MemplanExecutor(module).run(images, trace=True)


@pytest.mark.parametrize(("kind", "zero"), [("sum", 2), ("max", 0), ("min", 0)])
@pytest.mark.parametrize("buffers", [WHOLE, RING], ids=["buffers", "rows"])
def test_slices_compute_what_forms_compute(buffers: str, kind: str, zero: int, images: dict[str, Array]) -> None:
    expected = run(program(WHOLE, (), kind, zero), images)
    actual = run(program(buffers, ORDER, kind, zero), images)
    np.testing.assert_array_equal(actual.outputs["s"], expected.outputs["s"])
    assert actual.values.keys() == expected.values.keys() == {"p", "q", "s"}
    for node, values in expected.values.items():
        np.testing.assert_array_equal(actual.values[node], values)
        assert actual.values[node].dtype == values.dtype


def convolution(a: Array, x: Array, row: int, lost: dict[int, int]) -> Array:
    """A row of node `q`; `lost` maps rows of `a` to those that lie in their bytes instead."""
    weights = np.array([[[1, 2], [-3, 4], [5, -6]], [[7, 8], [9, -9], [-8, 7]]])
    total = x[:, 0, row, 1].astype(int)[:, None] * np.ones(2, int)
    for tap in range(3):
        at = row + tap - 1
        if 0 <= at < 5:
            total += (a[:, 0, lost.get(at, at)].astype(int) - 1) @ weights[:, tap].T
    return total


def test_an_overwritten_row_gives_wrong_numbers(images: dict[str, Array]) -> None:
    """In a ring of two rows instead of three, row `r + 1` of `a` lies where row `r - 1` is still to be read."""
    values = run(program(APART.format(a="0, 2, 0, 2, 0"), ORDER), images).values
    right = run(program(WHOLE), images).values
    np.testing.assert_array_equal(values["p"], right["p"])
    for row in range(5):
        expected = convolution(right["p"], images["x"], row, {row - 1: row + 1} if 0 < row < 4 else {})
        np.testing.assert_array_equal(values["q"][:, row], expected)


def test_a_row_that_is_not_written_is_poison(images: dict[str, Array]) -> None:
    """`q` runs before `p` has made any row of what it reads."""
    order = [(1, 0), *((0, i) for i in range(5)), *((1, i) for i in range(1, 5)), *((2, i) for i in range(5))]
    poison = np.full((4, 1, 5, 2), POISON, np.uint8).view(np.int8)
    values = run(program(RING, order), images).values
    np.testing.assert_array_equal(values["q"][:, 0], convolution(poison, images["x"], 0, {}))


def test_forms_outside_a_stream_see_the_same_rows(images: dict[str, Array]) -> None:
    """Rows apart in any order, each in bytes of its own, written and read by whole forms."""
    rows = """
      %arena = memplan.arena size 30 align 4 in "sram" : memref<30xi8>
      %a = memplan.rows %arena at dense<[8, 0, 6, 2, 4]> : tensor<5xi32> : memref<30xi8> -> memref<1x5x2xi8>
      %b = memplan.rows %arena at dense<[10, 14, 26, 22, 18]> : tensor<5xi32> : memref<30xi8> -> memref<5x2xi16>
      %flat = memplan.alias %b at 0 : memref<5x2xi16> -> memref<1x5x2x1xi16>"""
    expected, actual = run(program(WHOLE), images), run(program(rows), images)
    for node in ("p", "q", "s"):
        np.testing.assert_array_equal(actual.values[node], expected.values[node])


def test_sums_of_slices_must_fit_their_type(images: dict[str, Array]) -> None:
    """Each term of some 20000 fits 16 bits, the sum of two does not."""
    with pytest.raises(IntegerOverflow, match="node `s`: fixed.reduce: the accumulator leaves i16"):
        run(program(WHOLE, ORDER, zero=-20000, acc="i16"), images)


def test_rows_are_neither_reshaped_nor_retired(images: dict[str, Array]) -> None:
    halves = "%h = memplan.alias %b at 0 : memref<5x2xi16> -> memref<10x1xi16>"
    with pytest.raises(UserError, match="must see the same rows"):
        run(program(RING + halves, ORDER), images)
    with pytest.raises(UserError, match="each of which dies by itself"):
        run(program(RING + "memplan.retire %b : memref<5x2xi16>", ORDER), images)
