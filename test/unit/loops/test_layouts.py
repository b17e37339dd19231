"""Encoded constants: loops over every encoding give the products of the dense constant, in every order of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.loops_interpreter import run_loops
from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.parser import Parser

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed import Fixed
from tinyml_opt.dialects.fixed.layout import Encoding, LayoutAttr, encode
from tinyml_opt.dialects.memplan import Memplan
from tinyml_opt.lowering.memplan_to_loops.convert import ConvertMemplanToLoopsPass

NARROW = (Encoding.NIBBLES, Encoding.PACKED4)


def sparse(shape: tuple[int, ...], dense: float, dtype: str, narrow: bool, seed: int = 0) -> NDArray[Any]:
    """Random integers of which a share is not 0; the first row is all 0, the second has only its last element."""
    generator = np.random.default_rng(seed)
    low, high = (-8, 7) if narrow else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    values = generator.integers(low, high, shape, endpoint=True) * (generator.random(shape) < dense)
    flat = values.reshape(-1, shape[-1])
    flat[0], flat[1, :-1], flat[1, -1] = 0, 0, 5
    return values.astype(dtype)


def parse(text: str) -> ModuleOp:
    ctx = Context()
    for dialect in (Fixed, Memplan, arith.Arith, func.Func, Builtin):
        ctx.load_dialect(dialect)
    module = Parser(ctx, text).parse_module()
    module.verify()
    return module


def product(weights: NDArray[Any], encoding: Encoding, domain: str, maps: str, x: str, y: str, axis: int = 1) -> str:
    """A contraction of x with weights under a layout."""
    element = f"i{8 * weights.dtype.itemsize}"
    shape = "x".join(map(str, weights.shape))
    flash = f'memref<{shape}x{element}, "flash">'
    return f"""func.func @net(%x: {x}, %y: {y}) {{
      %w = fixed.constant dense<{weights.tolist()}> : tensor<{shape}x{element}>
        {{layout = #fixed.layout<{encoding} along {axis}>}} as {flash}
      fixed.contract ins(%x, %w : {x}, {flash}) outs(%y : {y}) domain <{domain}> maps [{maps}]
        zero_points <3, 0> acc i32 {{ ^bb0(%acc: i32): fixed.yield %acc : i32 }}
      func.return }}"""


def run(text: str, x: NDArray[Any], shape: tuple[int, ...], word_bits: int = 16) -> NDArray[Any]:
    """What the loops of a plan write."""
    module = parse(text)
    ConvertMemplanToLoopsPass(word_bits=word_bits).apply(Context(), module)
    module.verify()
    y = np.zeros(shape, np.int32)
    run_loops(module, [x], [y])
    return y


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("size", [2, 17, 300])
def test_loops_give_the_products_of_the_dense_constant(encoding: Encoding, dtype: str, size: int):
    dense = 0.01 if size == 300 else 0.4
    weights = sparse((4, size), dense, dtype, encoding in NARROW)
    x = np.random.default_rng(1).integers(-128, 127, (1, size)).astype(np.int8)
    maps = "affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>"
    text = product(weights, encoding, f"1, 4 | {size}", maps, f"memref<1x{size}xi8>", "memref<1x4xi32>")
    expected = (x.astype(np.int64) - 3) @ weights.T.astype(np.int64)
    expected = expected.astype(np.int32)
    np.testing.assert_array_equal(run(text, x, (1, 4), 32), expected)


# Orders of rows: for each row of x again; two axes of the constant; backwards; the reduction along the first axis.
ORDERS = {
    "each row of x": ("3, 4 | 9", "(m, o, k) -> (m, k)", "(m, o, k) -> (o, k)", "(m, o, k) -> (m, o)", (4, 9), 1),
    "outputs outside": ("4, 3 | 9", "(o, m, k) -> (m, k)", "(o, m, k) -> (o, k)", "(o, m, k) -> (m, o)", (4, 9), 1),
    "backwards": ("3, 4 | 9", "(m, o, k) -> (m, k)", "(m, o, k) -> (3 - o, k)", "(m, o, k) -> (m, o)", (4, 9), 1),
    "every second": ("3, 4 | 9", "(m, o, k) -> (m, k)", "(m, o, k) -> (2 * o, k)", "(m, o, k) -> (m, o)", (7, 9), 1),
    "two axes": ("3, 4 | 9", "(a, b, k) -> (a, k)", "(a, b, k) -> (a, b, k)", "(a, b, k) -> (a, b)", (3, 4, 9), 2),
    "first axis": ("3, 4 | 9", "(m, o, k) -> (m, k)", "(m, o, k) -> (k, o)", "(m, o, k) -> (m, o)", (9, 4), 0),
}


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("order", ORDERS)
def test_rows_are_taken_in_every_order(encoding: Encoding, order: str):
    domain, *accesses, shape, axis = ORDERS[order]
    weights = sparse(shape, 0.5, "int8", True, 3)
    x = np.random.default_rng(2).integers(-128, 127, (3, 9)).astype(np.int8)
    maps = ", ".join(f"affine_map<{access}>" for access in accesses)
    text = product(weights, encoding, domain, maps, "memref<3x9xi8>", "memref<3x4xi32>", axis)
    picked = {"backwards": weights[::-1], "every second": weights[::2], "first axis": weights.T}.get(order, weights)
    wide = np.broadcast_to(picked, (3, 4, 9)).astype(np.int64)
    expected = np.einsum("mk,mok->mo", x.astype(np.int64) - 3, wide)
    np.testing.assert_array_equal(run(text, x, (3, 4)), expected.astype(np.int32))


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("node", [0, 1, 4])
def test_rows_at_a_run_time_index(encoding: Encoding, node: int):
    weights = sparse((5, 4, 9), 0.5, "int8", True, 4)
    x = np.random.default_rng(2).integers(-128, 127, (1, 9)).astype(np.int8)
    flash = 'memref<5x4x9xi8, "flash">'
    text = f"""func.func @net(%x: memref<1x9xi8>, %i: memref<1xi8>, %y: memref<1x4xi32>) {{
      %w = fixed.constant dense<{weights.tolist()}> : tensor<5x4x9xi8>
        {{layout = #fixed.layout<{encoding} along 2>}} as {flash}
      fixed.contract ins(%x, %w : memref<1x9xi8>, {flash}) outs(%y : memref<1x4xi32>)
        at <0>(%i : memref<1xi8>) by [affine_map<(n, m, o, k) -> (0)>] domain <5, 1, 4 | 9>
        maps [affine_map<(n, m, o, k) -> (m, k)>, affine_map<(n, m, o, k) -> (n, o, k)>,
              affine_map<(n, m, o, k) -> (m, o)>]
        zero_points <3, 0> acc i32 {{ ^bb0(%acc: i32): fixed.yield %acc : i32 }}
      func.return }}"""
    module = parse(text)
    ConvertMemplanToLoopsPass().apply(Context(), module)
    y = np.zeros((1, 4), np.int32)
    run_loops(module, [x, np.array([node], np.int8)], [y])
    np.testing.assert_array_equal(y, (x.astype(np.int32) - 3) @ weights[node].T.astype(np.int32))


def test_moves_reach_as_far_as_they_need():
    far = np.zeros((1, 700), np.int8)
    far[0, 600] = 7
    moves = {e: encode(far, LayoutAttr(e, 1)) for e in (Encoding.DELTA8, Encoding.NIBBLES)}
    assert moves[Encoding.DELTA8].data.tolist() == [3, 255, 0, 255, 0, 90, 7]
    assert moves[Encoding.NIBBLES].entries == 40


def test_sizes_of_a_sparse_matrix():
    generator = np.random.default_rng(0)
    weights = generator.integers(1, 7, 2560) * (generator.permutation(2560) < 768)
    sizes = {e: len(encode(weights.reshape(10, 256).astype(np.int8), LayoutAttr(e, 1)).data) for e in Encoding}
    assert sizes[Encoding.DELTA8] == 1546 and sizes[Encoding.BITMAP] == 1088 and sizes[Encoding.PACKED4] == 1280
    assert 1162 <= sizes[Encoding.DELTA4] < 1200 and 778 <= sizes[Encoding.NIBBLES] < 800


def test_a_form_that_walks_otherwise_is_refused():
    weights = sparse((4, 9), 0.5, "int8", True)
    maps = "affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>"
    text = product(weights, Encoding.DELTA8, "3, 4 | 9", maps, "memref<3x9xi8>", "memref<3x4xi32>", 0)
    with pytest.raises(UserError, match="does not read its constant of layout delta8"):
        run(text, np.zeros((3, 9), np.int8), (3, 4))
