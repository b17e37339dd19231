"""Cells of memories as Yosys 0.70 chose them (synth_xilinx), for words, elements and readers as hardware has them."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType

from tinyml_opt.dialects import rtl
from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.targets.estimating.memories import memory_cells
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
        (1, 4, 32, 1, 0, 0),
    ],
)
def test_buffers(words: int, lanes: int, bits: int, reads: int, bram36: float, luts: int):
    cells = memory_cells(load_family("xc7"), rtl.MemoryOp("m", words, lanes, IntegerType(bits)), reads)
    assert (cells.bram36, cells.luts) == (bram36, luts)


@pytest.mark.parametrize(
    ("words", "bits", "is_block", "bram36", "luts"),
    [
        (512, 64, True, 1, 0),
        (72, 64, True, 1, 0),
        (18, 256, True, 4, 0),
        (576, 128, True, 4, 0),
        (1152, 64, True, 3, 0),
        (1024, 16, True, 0.5, 0),
        (4096, 32, True, 4, 0),
        (2048, 128, True, 7.5, 0),
        (64, 19, False, 0, 19),
        (128, 16, False, 0, 32),
        (256, 16, False, 0, 64),
    ],
)
def test_constants(words: int, bits: int, is_block: bool, bram36: float, luts: int):
    memory = rtl.MemoryOp("w", words, 1, IntegerType(bits), filler(words), is_block)
    cells = memory_cells(load_family("xc7"), memory, 1)
    assert (cells.bram36, cells.luts) == (bram36, luts)


def filler(words: int) -> DenseIntOrFPElementsAttr:
    """Any constant: only that there is one counts."""
    return from_numpy(np.zeros((words, 1), np.int8), IntegerType(8))
