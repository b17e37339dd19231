"""Cells of memories and multipliers as Yosys 0.70 chose them (synth_xilinx)."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, DenseIntOrFPElementsAttr, IntegerType
from xdsl.parser import Parser

from tinyml_opt.dialects import rtl
from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.targets.estimating.cells import features_of, units_of
from tinyml_opt.targets.estimating.memories import shape_cells, shape_of
from tinyml_opt.targets.family import load_family


@pytest.mark.parametrize(
    ("words", "lanes", "bits", "reads", "bram36", "luts"),
    [
        (8000, 1, 8, 1, 2, 0),
        (1000, 8, 8, 1, 2, 0),
        (1000, 8, 8, 2, 4, 0),
        (500, 16, 8, 1, 2, 0),
        (250, 32, 8, 1, 4, 0),
        (2000, 4, 8, 1, 2, 0),
        (2048, 8, 8, 1, 4, 0),
        (4096, 1, 8, 1, 1, 0),
        (490, 1, 8, 1, 0.5, 0),
        (300, 1, 32, 1, 0.5, 0),
        (100, 16, 8, 1, 2, 0),
        (64, 8, 8, 1, 0, 96),
        (64, 4, 16, 1, 0, 96),
        (32, 16, 8, 1, 0, 128),
        (1, 4, 32, 1, 0, 4),
        (40, 8, 8, 3, 0, 256),
        (10, 1, 8, 3, 0, 16),
        (10, 1, 8, 4, 0, 24),
        (600, 4, 4, 1, 1, 0),
        (600, 1, 40, 1, 1.5, 0),
        (1500, 2, 16, 2, 3, 70),
        (300, 1, 8, 1, 0, 60 + 16 + 5),
    ],
)
def test_buffers(words: int, lanes: int, bits: int, reads: int, bram36: float, luts: int):
    cells = shape_cells(load_family("xc7"), shape_of(rtl.MemoryOp("m", words, lanes, IntegerType(bits))), reads)
    assert (cells.bram36, cells.luts) == (bram36, luts)


@pytest.mark.parametrize(
    ("words", "lanes", "bits", "reads", "bram36", "luts"),
    [
        (10, 1, 8, 3, 0, 36),
        (5, 2, 8, 1, 0, 24),
        (20, 2, 8, 1, 0, 48 + 16 + 4),
        (200, 1, 8, 1, 0.5, 0),
        (1000, 8, 8, 1, 2, 0),
        (600, 4, 4, 1, 1, 0),
        (600, 1, 40, 1, 1.5, 0),
    ],
)
def test_buffers_of_ecp5(words: int, lanes: int, bits: int, reads: int, bram36: float, luts: int):
    cells = shape_cells(load_family("ecp5"), shape_of(rtl.MemoryOp("m", words, lanes, IntegerType(bits))), reads)
    assert (cells.bram36, cells.luts) == (bram36, luts)


@pytest.mark.parametrize(
    ("words", "bits", "is_block", "bram36", "luts"),
    [
        (512, 64, True, 1, 0),
        (72, 64, True, 1, 0),
        (18, 256, True, 4, 0),
        (576, 128, True, 4, 0),
        (1152, 64, True, 3, 64),
        (1024, 16, True, 0.5, 0),
        (4096, 32, True, 4, 0),
        (2048, 128, True, 7.5, 0),
        (64, 19, False, 0, 19),
        (128, 16, False, 0, 32),
        (256, 16, False, 0, 64),
    ],
)
def test_constants(words: int, bits: int, is_block: bool, bram36: float, luts: int):
    memory = rtl.MemoryOp(
        "w", words, max(1, bits // 64), IntegerType(min(bits, 64)), filler(words, min(bits, 64)), is_block
    )
    cells = shape_cells(load_family("xc7"), shape_of(memory), 1)
    assert (cells.bram36, cells.luts) == (bram36, luts)


PRODUCT = """
rtl.module @net {
  %run = rtl.run : i1
  %a = rtl.read @m port 0 [%run] : (i1) -> i24
  %b = rtl.read @m port 1 [%run] : (i1) -> i8
  %sum = rtl.compute "add"(%a, %b) : (i24, i8) -> i25
  %factor = rtl.delay %sum : i25 -> i25
  %other = rtl.delay %b : i8 -> i8
  %product = rtl.compute "mul"(%factor, %other) : (i25, i8) -> i33
  %m = rtl.delay %product : i33 -> i33
  %half = rtl.constant 32768 : i17
  %lifted = rtl.compute "add"(%m, %half) : (i33, i17) -> i33
  %p = rtl.delay %lifted : i33 -> i33
  %upper = rtl.compute "shr"(%p) by 16 : (i33) -> i17
  %more = rtl.compute "add"(%upper, %b) : (i17, i8) -> i18
  rtl.write @m[%run], %more mask %run : i1, i18, i1
  rtl.stop %run
  rtl.done %run
}
"""


@pytest.mark.parametrize(("family", "adds", "registers"), [("xc7", 18, 0), ("ecp5", 25 + 18, 17)])
def test_adders_of_multipliers(family: str, adds: int, registers: int):
    """7 Series multipliers (UG479) have an adder in front and one behind; those of ECP5 have registers only.

    Of the last register, 17 bits are read.
    """
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(rtl.Rtl)
    module = next(op for op in Parser(context, PRODUCT).parse_module().walk() if isinstance(op, rtl.ModuleOp))
    found = features_of(module, load_family(family), {})
    assert (found["dsp"], found["add"], found["ff"]) == (1, adds, registers)


SHIFTED = """
rtl.module @net {
  %run = rtl.run : i1
  %a = rtl.read @m port 0 [%run] : (i1) -> i8
  %b = rtl.read @m port 1 [%run] : (i1) -> i8
  %high = rtl.compute "shl"(%a) by 16 : (i8) -> i24
  %d = rtl.delay %high : i24 -> i24
  %e = rtl.delay %b : i8 -> i8
  %sum = rtl.compute "add"(%d, %e) : (i24, i8) -> i25
  %factor = rtl.delay %sum : i25 -> i25
  %product = rtl.compute "mul"(%factor, %b) : (i25, i8) -> i33
  %p = rtl.delay %product : i33 -> i33
  rtl.write @m[%run], %p mask %run : i1, i33, i1
  rtl.stop %run
  rtl.done %run
}
"""


@pytest.mark.parametrize(("family", "registers"), [("xc7", 8), ("ecp5", 8 + 8)])
def test_registers_of_zeros_and_before_adders_of_multipliers(family: str, registers: int):
    """Bits that are always 0 take no register; one operand of the adder before a multiplier has one inside (UG479)."""
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(rtl.Rtl)
    module = next(op for op in Parser(context, SHIFTED).parse_module().walk() if isinstance(op, rtl.ModuleOp))
    assert features_of(module, load_family(family), {})["ff"] == registers


UNIT = """
rtl.unit @double {
^bb0(%a : i8):
  %b = rtl.compute "add"(%a, %a) : (i8, i8) -> i9
  %c = rtl.delay %b : i9 -> i9
  rtl.give %c : i9
}
rtl.module @net {
  %run = rtl.run : i1
  %a = rtl.read @m port 0 [%run] : (i1) -> i8
  %b = rtl.use @double(%a) : (i8) -> i9
  %a1 = rtl.compute "resize"(%b) : (i9) -> i8
  %c = rtl.use @double(%a1) : (i8) -> i9
  rtl.write @m[%run], %c mask %run : i1, i9, i1
  rtl.stop %run
  rtl.done %run
}
"""


def test_units_count_where_they_are_used():
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(rtl.Rtl)
    ops = list(Parser(context, UNIT).parse_module().ops)
    module = next(op for op in ops if isinstance(op, rtl.ModuleOp))
    found = features_of(module, load_family("ecp5"), units_of(ops))
    assert (found["add"], found["ff"], found["module"]) == (2 * 9, 2 * 9, 1)


def filler(words: int, bits: int = 8) -> DenseIntOrFPElementsAttr:
    """A constant each of whose bits differs between two words."""
    values = np.zeros((words, 1), np.int64)
    values[0] = -1
    return from_numpy(values, IntegerType(bits))


def test_bits_that_are_the_same_in_all_words_take_nothing():
    values = np.array([[0b0101], [0b0111], [0b0011]])
    memory = rtl.MemoryOp("w", 3, 1, IntegerType(5), from_numpy(values, IntegerType(5)))
    assert shape_of(memory).bits == 2


@pytest.mark.parametrize(
    ("words", "lanes", "bram36"),
    [(1280, 16, 5.5), (4096, 16, 14.5), (4608, 1, 1), (4608, 16, 16), (3000, 3, 2), (5000, 4, 4.5), (9216, 3, 6)],
)
@pytest.mark.parametrize("family", ("xc7", "ecp5"))
def test_rows_of_a_constant_share_blocks(family: str, words: int, lanes: int, bram36: float):
    """The bits of all rows lie side by side: 9 rows of 8 bits are two blocks of 512 words, not four of 2,048."""
    values = np.random.default_rng(0).integers(-128, 128, (words, lanes)).astype(np.int8)
    memory = rtl.MemoryOp("m", words, lanes, IntegerType(8), from_numpy(values, IntegerType(8)), True)
    assert shape_cells(load_family(family), shape_of(memory), 1).bram36 == bram36
