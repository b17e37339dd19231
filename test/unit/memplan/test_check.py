"""What memplan-check accepts computes the same as the forms one after the other, each tensor in memory of its own.

Random chains are run point by point on bytes, as compiled code runs them: a point reads, then writes one element.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.plans import is_accepted, random_program
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.utils.exceptions import DiagnosticException

from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.dialects.memplan import AliasOp, RowsOp, ViewOp
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.targets.executors.memplan import MemplanExecutor

SEEDS = st.integers(0, 1 << 32)


@given(SEEDS)
@settings(max_examples=150, deadline=None)
def test_what_is_accepted_computes_the_same(seed: int) -> None:
    program, plain, random = random_program(seed)
    module = parse(program.text())
    if not is_accepted(module):
        event("refused")
        return
    event("accepted")
    x, y = plain.forms[0].ins[0], plain.forms[-1].out
    images = np.array([random.randrange(-128, 128) for _ in range(3 * x.rows * x.columns)], np.int8)
    images = images.reshape(3, x.rows, x.columns)
    expected = [plain.run(image) for image in images]
    assert [program.run(image) for image in images] == expected
    for each in (module, parse(plain.text())):
        output = MemplanExecutor(each).run({"x": images}).outputs["y"]
        assert output.shape == (3, y.rows, y.columns)
        assert [row.tobytes() for row in output] == expected


def test_random_plans_are_of_all_kinds() -> None:
    """Without this the test above could pass by refusing, or by never placing anything."""
    kinds = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for seed in range(100):
        program, _, _ = random_program(seed)
        if program.places:
            kinds[is_accepted(parse(program.text())), bool(program.order)] += 1
    assert min(kinds.values()) >= 8, kinds


LEAVING = """
func.func @net(%x: memref<4x2xi8>) {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %v = memplan.view %arena at 0 : memref<8xi8> -> memref<4x2xi8>
  %r = memplan.rows %arena at dense<[0, 2, 4, 6]> : tensor<4xi32> : memref<8xi8> -> memref<4x2xi8>
  %a = memplan.alias %v at 4 : memref<4x2xi8> -> memref<2x2xi8>
  fixed.map ins(%x : memref<4x2xi8>) outs(%v : memref<4x2xi8>) domain <4, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
"""


@pytest.mark.parametrize(
    ("op", "name", "value", "message"),
    [
        (ViewOp, "offset", IntegerAttr(1, i64), r"`v` at bytes \[1, 9\) leaves the arena of 8 bytes"),
        (ViewOp, "offset", IntegerAttr(-1, i64), r"`v` at bytes \[-1, 7\) leaves the arena of 8 bytes"),
        (RowsOp, "offsets", from_numpy(np.array([0, 7, 2, 4], np.int32)), r"row 1 of `r` at bytes \[7, 9\) leaves"),
        (RowsOp, "offsets", from_numpy(np.array([0, 2, 4], np.int32)), "`r` has 4 rows and 3 offsets"),
        (AliasOp, "offset", IntegerAttr(6, i64), r"an alias at bytes \[6, 10\) leaves `v`"),
        (AliasOp, "offset", IntegerAttr(-2, i64), r"an alias at bytes \[-2, 2\) leaves `v`"),
    ],
)
def test_places_outside_their_memory_are_refused(
    op: type[ViewOp | RowsOp | AliasOp], name: str, value: IntegerAttr, message: str
) -> None:
    """The verifiers of the ops refuse these as well; the check does not rely on them."""
    module = parse(LEAVING)
    CheckPass().apply(Context(), module)
    (found,) = (each for each in module.walk() if isinstance(each, op))
    found.properties[name] = value
    with pytest.raises(DiagnosticException, match=message):
        CheckPass().apply(Context(), module)
