"""Which bits of values are built."""

from __future__ import annotations

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin
from xdsl.parser import Parser

from tinyml_opt.dialects import rtl
from tinyml_opt.targets.estimating.bits import Bits

MODULE = """
rtl.module @net {
  %run = rtl.run : i1
  %a = rtl.read @m port 0 [%run] : (i1) -> i16
  %low = rtl.compute "resize"(%a) : (i16) -> i9
  %bare = rtl.compute "zero_extend"(%low) : (i9) -> i10
  %from_zeros = rtl.delay %bare : i10 -> i10
  %still = rtl.delay %from_zeros : i10 -> i10
  %moved = rtl.compute "shl"(%still) by 4 : (i10) -> i14
  %shifted = rtl.delay %moved : i14 -> i14
  %sum = rtl.compute "add"(%shifted, %a) : (i14, i16) -> i17
  %wide = rtl.delay %sum : i17 -> i17
  %later = rtl.delay %wide : i17 -> i17
  %up = rtl.compute "shr"(%later) by 6 : (i17) -> i11
  %y = rtl.compute "resize"(%up) : (i11) -> i8
  %kept = rtl.delay reset %y : i8 -> i8
  %unread = rtl.delay %y : i8 -> i8
  rtl.write @m[%run], %kept mask %run : i1, i8, i1
  rtl.stop %run
  rtl.done %run
}
"""


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("from_zeros", 9),  # nothing is in the bit that tells it from a negative number
        ("still", 9),
        ("shifted", 9),  # nor in the four that were shifted in
        ("wide", 8),  # bits 6 to 13 are read, of which all below are needed for the sum alone
        ("later", 8),
        ("kept", 8),
        ("unread", 0),
    ],
)
def test_registers(name: str, bits: int):
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(rtl.Rtl)
    ops = list(Parser(context, MODULE).parse_module().walk())
    known = Bits()
    built = {op.result.name_hint: known.built(op, op.value) for op in ops if isinstance(op, rtl.DelayOp)}
    assert built[name] == bits


def test_all_bits_of_a_sum_below_those_that_are_read():
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(rtl.Rtl)
    ops = list(Parser(context, MODULE).parse_module().walk())
    sums = next(op for op in ops if isinstance(op, rtl.ComputeOp) and op.kind.data == "add")
    assert Bits().read(sums.result) == (6, 14)
    assert Bits().read(sums.args[0]) == (0, 14)
