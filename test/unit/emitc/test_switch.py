"""Steps that a table in flash chooses: interpreted, compiled, and compiled from upstream's C, they give one result."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.emitc import COMPILERS, assert_no_warning, parse_text, tool, translated, whole_c
from support.loops_interpreter import run_loops
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.lowering.loops_to_emitc.convert import ConvertLoopsToEmitcPass

MODULE = Path(__file__).parents[2] / "lowering" / "loops_to_emitc" / "switch.mlir"
INPUTS = ([6, -70000, 40000, 3, -1], [5, 1, 2, 3, 1 << 30])

FILL, WIDEN, LOW = 0, 1, -3
STEPS = [(FILL, 4), (WIDEN, 8), (LOW, 16), (2, 24), (7, 32)]
ORDER = [4, 3, 2, 1, 0]


def expected(x: list[int]) -> list[int]:
    """What the module does, on an array of bytes: little-endian, as the arena of the host and of the boards."""
    arena, y = np.zeros(64, np.int8), [0] * 5
    for i, (kind, at) in enumerate(STEPS):
        words = arena[at : at + 16].view(np.int32)
        if kind == FILL:
            words[:2] = x[i]
        elif kind == WIDEN:
            arena[at] = 100
            arena[at + 2 : at + 4] = np.array([100 * 5], np.int16).view(np.int8)
        elif kind == LOW:
            arena[at + 2 * i : at + 2 * i + 2] = np.array([x[i]]).astype(np.int16).view(np.int8)
        elif kind != 2:
            y[4] = int(arena[at - 24 : at - 16].view(np.int16)[3])
        y[ORDER[i]] += int(words[1])
    return [9, *y[1:]] if x[0] == 6 else y


def interpreted(x: list[int]) -> list[int]:
    """What xDSL's interpreter computes."""
    y: NDArray[np.int32] = np.zeros(5, np.int32)
    module = parse_text(MODULE.read_text().replace("type = memref<64xi8>, initial_value,", ZEROS))
    run_loops(module, [np.array(x, np.int32)], [y])
    return y.tolist()


ZEROS = "type = memref<64xi8>, initial_value = dense<0> : tensor<64xi8>,"
"""C zeroes the arena; the interpreter of the tests fills what has no value with garbage."""

MAIN = """
#include <stdio.h>
int main(void) {
  int32_t x[5] = {%s}, y[5] = {0};
  net_run(x, y);
  for (int i = 0; i < 5; i++) printf("%%d ", (int)y[i]);
  return 0;
}
"""


def compiled(source: str, x: list[int], directory: Path) -> list[int]:
    """The integers that the program prints."""
    (directory / "program.c").write_text(source + MAIN % ", ".join(map(str, x)))
    aliasing = [] if "__may_alias__" in source else ["-fno-strict-aliasing"]
    flags = ["-std=c99", *aliasing, "-O2", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"]
    subprocess.run([tool("cc", "gcc"), *flags, "-o", "program", "program.c"], cwd=directory, check=True)
    done = subprocess.run([directory / "program"], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def lowered(index_bits: int = 32) -> ModuleOp:
    """The module in emitc."""
    module = parse_text(MODULE.read_text())
    ConvertLoopsToEmitcPass(index_bits).apply(Context(), module)
    module.verify()
    return module


@pytest.mark.parametrize("x", INPUTS, ids=str)
def test_the_interpreter_dispatches(x: list[int]):
    assert interpreted(x) == expected(x)


@pytest.mark.parametrize("x", INPUTS, ids=str)
@pytest.mark.parametrize("index_bits", [16, 32])
@pytest.mark.parametrize("printer", [whole_c, translated])
def test_compiled_c_dispatches(printer: Callable[[ModuleOp], str], index_bits: int, x: list[int], tmp_path: Path):
    assert compiled(printer(lowered(index_bits)), x, tmp_path) == expected(x)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_compiler_warns(compiler: str, tmp_path: Path):
    module = lowered(16 if compiler == "avr-gcc" else 32)
    assert_no_warning(module, compiler, tmp_path, "-O2")
