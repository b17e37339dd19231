"""Bytes that are accessed under several types: optimizing compilers keep the order that the program says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.emitc import COMPILERS, assert_no_warning, parse_text, tool, whole_c
from support.loops_interpreter import run_loops
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.lowering.loops_to_emitc.convert import ConvertLoopsToEmitcPass

MODULE = """
"memref.global"() <{sym_name = "net_arena", sym_visibility = "private", type = memref<32xi8>,
                    initial_value = dense<0> : tensor<32xi8>, alignment = 4 : i64}> : () -> ()
func.func @net(%starts: memref<2xi16>, %x: memref<2xi32>, %y: memref<2xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %first = memref.load %starts[%c0] : memref<2xi16>
  %second = memref.load %starts[%c1] : memref<2xi16>
  %at = arith.index_cast %first : i16 to index
  %again = arith.index_cast %second : i16 to index
  %arena = memref.get_global @net_arena : memref<32xi8>
  %half = memref.view %arena[%at][] : memref<32xi8> to memref<1xi16>
  %word = memref.view %arena[%again][] : memref<32xi8> to memref<1xi32>
  %a = memref.load %x[%c0] : memref<2xi32>
  %b = memref.load %x[%c1] : memref<2xi32>
  %short = arith.trunci %a : i32 to i16
  memref.store %short, %half[%c0] : memref<1xi16>
  memref.store %b, %word[%c0] : memref<1xi32>
  %low = memref.load %half[%c0] : memref<1xi16>
  %wide = arith.extsi %low : i16 to i32
  memref.store %wide, %y[%c0] : memref<2xi32>
  memref.store %short, %half[%c0] : memref<1xi16>
  %mixed = memref.load %word[%c0] : memref<1xi32>
  memref.store %mixed, %y[%c1] : memref<2xi32>
  func.return
}
"""
"""An i16 and an i32 in the same bytes, which a compiler that thinks them apart would keep in registers."""

STARTS, X = [8, 8], [1111, 0x00050003]
EXPECTED = [3, 0x00050000 + 1111]

MAIN = """
#include <stdio.h>
int main(void) {
  int16_t starts[2] = {%s};
  int32_t x[2] = {%s}, y[2];
  net_run(starts, x, y);
  printf("%%d %%d", (int)y[0], (int)y[1]);
  return 0;
}
"""

LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os"]


def lowered(index_bits: int = 32) -> ModuleOp:
    """The module in emitc."""
    module = parse_text(MODULE)
    ConvertLoopsToEmitcPass(index_bits).apply(Context(), module)
    module.verify()
    return module


def compiled(source: str, level: str, directory: Path) -> list[int]:
    """The integers that the program prints."""
    main = MAIN % tuple(", ".join(map(str, values)) for values in (STARTS, X))
    (directory / "program.c").write_text(source + main)
    flags = ["-std=c99", "-fstrict-aliasing", level]
    subprocess.run([tool("cc", "gcc"), *flags, "-o", "program", "program.c"], cwd=directory, check=True)
    done = subprocess.run([directory / "program"], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def test_the_interpreter_shares_bytes():
    y = np.zeros(2, np.int32)
    run_loops(parse_text(MODULE), [np.array(STARTS, np.int16), np.array(X, np.int32)], [y])
    assert y.tolist() == EXPECTED


@pytest.mark.parametrize("level", LEVELS)
def test_optimizers_keep_the_order(level: str, tmp_path: Path):
    assert compiled(whole_c(lowered()), level, tmp_path) == EXPECTED


def test_the_module_needs_the_typedefs(tmp_path: Path):
    """What keeps the test above from passing for another reason: without the attribute, gcc does reorder."""
    path = tool("gcc", "gcc")
    source = whole_c(lowered())
    assert source.count("__may_alias__") == 2
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if "Free Software Foundation" not in version:
        pytest.skip("gcc is another compiler here")
    plain = source.replace("__attribute__((__may_alias__)) ", "")
    assert any(compiled(plain, level, tmp_path) != EXPECTED for level in LEVELS)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_compiler_warns(compiler: str, level: str, tmp_path: Path):
    module = lowered(16 if compiler == "avr-gcc" else 32)
    assert_no_warning(module, compiler, tmp_path, "-Wstrict-aliasing=1", level)
