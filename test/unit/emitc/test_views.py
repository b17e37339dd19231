"""Views at byte offsets computed at run time: the compiled C gives the integers of xDSL's interpreter."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.emitc import parse_text, tool, translated, whole_c
from support.loops_interpreter import run_loops
from xdsl.context import Context

from tinyml_opt.lowering.loops_to_emitc.convert import ConvertLoopsToEmitcPass

MODULE = """
"memref.global"() <{sym_name = "net_arena", sym_visibility = "private", type = memref<128xi8>,
                    initial_value = dense<0> : tensor<128xi8>, alignment = 4 : i64}> : () -> ()
func.func private @twice(%p: memref<2x3xT>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %v = memref.load %p[%c1, %c2] : memref<2x3xT>
  %s = arith.addi %v, %v : T
  memref.store %s, %p[%c1, %c2] : memref<2x3xT>
  func.return
}
func.func @net(%x: memref<64xi8>, %starts: memref<4xi16>, %y: memref<32xT>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c6 = arith.constant 6 : index
  %c16 = arith.constant 16 : index
  %arena = memref.get_global @net_arena : memref<128xi8>
  %end = scf.for %i = %c0 to %c4 step %c1 iter_args(%at = %c0) -> (index) {
    %raw = memref.load %starts[%i] : memref<4xi16>
    %start = arith.index_cast %raw : i16 to index
    %in = memref.view %x[%start][] : memref<64xi8> to memref<6xT>
    %out = memref.view %arena[%at][] : memref<128xi8> to memref<6xT>
    %grid = memref.view %arena[%at][] : memref<128xi8> to memref<2x3xT>
    %next = scf.for %j = %c0 to %c6 step %c1 iter_args(%inner = %at) -> (index) {
      %v = memref.load %in[%j] : memref<6xT>
      memref.store %v, %out[%j] : memref<6xT>
      %further = arith.addi %inner, %c4 : index
      scf.yield %further : index
    }
    func.call @twice(%grid) : (memref<2x3xT>) -> ()
    %once = memref.view %arena[%at][] : memref<128xi8> to memref<6xT>
    %third = memref.load %once[%c3] : memref<6xT>
    %other = memref.view %arena[%next][] : memref<128xi8> to memref<6xT>
    memref.store %third, %other[%i] : memref<6xT>
    scf.yield %next : index
  }
  %tail = memref.view %arena[%c16][] : memref<128xi8> to memref<112xi8>
  scf.for %k = %c0 to %c16 step %c1 {
    %shift = arith.muli %k, %c4 : index
    %word = memref.view %tail[%shift][] : memref<112xi8> to memref<2xT>
    %v = memref.load %word[%c0] : memref<2xT>
    %first = memref.view %arena[%shift][] : memref<128xi8> to memref<2xT>
    %w = memref.load %first[%c0] : memref<2xT>
    %to = arith.addi %k, %c16 : index
    memref.store %v, %y[%k] : memref<32xT>
    memref.store %w, %y[%to] : memref<32xT>
  }
  func.return
}
"""

MAIN = """
#include <stdio.h>
int main(void) {
  static int8_t x[64] __attribute__((aligned(4))) = {%s};
  int16_t starts[4] = {%s};
  static T y[32];
  net_run(x, starts, y);
  for (int i = 0; i < 32; i++) printf("%%d ", (int)y[i]);
  return 0;
}
"""

STARTS = [8, 0, 40, 20]

UPSTREAM = ["-fno-strict-aliasing"]
"""What C needs that does not say which types share memory."""


def inputs() -> NDArray[np.int8]:
    """Bytes that no doubling makes overflow: of each word the lowest is small, the others are 0."""
    values = np.zeros(64, np.int8)
    values[::4] = np.random.default_rng(5).integers(-60, 60, 16) & 63
    return values


@pytest.mark.parametrize("upstream", [False, True], ids=["own", "upstream"])
@pytest.mark.parametrize("index_bits", [16, 32])
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_views_give_the_integers_of_the_interpreter(bits: int, index_bits: int, upstream: bool, tmp_path: Path):
    text = MODULE.replace("xT", f"xi{bits}").replace(": T", f": i{bits}")
    x = inputs()
    y = np.zeros(32, f"i{bits // 8}")
    run_loops(parse_text(text), [x, np.array(STARTS, np.int16)], [y])
    assert len(set(y.tolist())) > 4
    module = parse_text(text)
    ConvertLoopsToEmitcPass(index_bits).apply(Context(), module)
    main = MAIN.replace("T y", f"int{bits}_t y") % (str(x.tolist())[1:-1], str(STARTS)[1:-1])
    (tmp_path / "program.c").write_text((translated if upstream else whole_c)(module) + main)
    flags = ["-std=gnu99", *(UPSTREAM if upstream else []), "-fsanitize=undefined,address", "-fno-sanitize-recover=all"]
    subprocess.run([tool("cc", "gcc"), *flags, "-o", "program", "program.c"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    assert [int(word) for word in done.stdout.split()] == y.tolist()
