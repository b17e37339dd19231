"""Upstream MLIR reads the emitc that we print, and makes C of it that gives the same integers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.emitc import parse_text, tool, translated, whole_c
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.lowering.loops_to_emitc.convert import ConvertLoopsToEmitcPass
from tinyml_opt.lowering.memplan_to_loops.convert import ConvertMemplanToLoopsPass
from tinyml_opt.targets.c import print_c

TESTS = Path(__file__).parents[2]
PLANS = sorted((TESTS / "lowering" / "memplan_to_loops").glob("*.mlir"))
LOOPS = sorted((TESTS / "lowering" / "loops_to_emitc").glob("*.mlir"))


def parse(path: Path) -> ModuleOp:
    """A module from a test of the lowering."""
    return parse_text(path.read_text())


def test_there_are_modules():
    assert len(PLANS) >= 5 and len(LOOPS) >= 2


@pytest.mark.parametrize("padding", ["clip", "guard"])
@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_upstream_translates_plans(plan: Path, padding: str):
    # Upstream's emitc has no integers of 24 bits, and what synthesis is told stays in `hls`, which it does not know.
    for part in (part for part in plan.read_text().split("// -----") if "acc i24" not in part):
        module = parse_text(part)
        ConvertMemplanToLoopsPass(padding=padding).apply(Context(), module)
        ConvertLoopsToEmitcPass().apply(Context(), module)
        text = translated(module)
        assert "_run(" in text or "_push_row(" in text


def test_long_sums_are_parted():
    terms = 400
    lines = ["%v0 = memref.load %x[%c0] : memref<1xi32>"]
    for i in range(terms):
        lines += [f"%l{i} = memref.load %x[%c0] : memref<1xi32>", f"%v{i + 1} = arith.addi %v{i}, %l{i} : i32"]
    ops = "\n      ".join(lines)
    text = f"""
    func.func @sum(%x: memref<1xi32>, %y: memref<1xi32>) {{
      %c0 = arith.constant 0 : index
      {ops}
      memref.store %v{terms}, %y[%c0] : memref<1xi32>
      func.return
    }}
    """
    module = parse_text(text)
    ConvertLoopsToEmitcPass().apply(Context(), module)
    printed = print_c(module)
    assert printed.count("x_1[0]") == terms + 1
    assert printed.count("int32_t v") == terms // 50
    assert "noinline" in str(module)
    assert translated(module).count("v3[") == terms + 1


MAIN = """
#include <stdio.h>
int main(void) {
  int32_t x[2] = {3, -7}, y[1], square[32], rows[5] = {-2, 3, -5, 2, 0}, s[3] = {11, 13, 17}, out[2];
  int32_t n[9] = {6, 1, 5, 5, 5, 5, 5, 5, 5};
  for (int i = 0; i < 32; i++) square[i] = i * i - 300;
  nest(square, out);
  printf("%d ", out[0]);
  swap(s, out);
  printf("%d %d ", out[0], out[1]);
  kept(rows, out);
  printf("%d ", out[0]);
  order(s + 1, s);
  for (int i = 0; i < 3; i++) printf("%d ", s[i]);
  bounds(n);
  for (int i = 0; i < 9; i++) printf("%d ", n[i]);
  net_run(x, y);
  printf("%d\\n", y[0]);
  return 0;
}
"""


def run(source: str, directory: Path) -> list[int]:
    """The integers that a program prints."""
    (directory / "program.c").write_text(source + MAIN)
    flags = ["-std=c99", "-fsanitize=undefined,address", "-fno-sanitize-recover=all", "-o", "program", "program.c"]
    subprocess.run([tool("cc", "gcc"), *flags], cwd=directory, check=True)
    done = subprocess.run([directory / "program"], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def expected() -> list[int]:
    """The same in Python."""
    square = [i * i - 300 for i in range(32)]
    nest = sum(square[8 * i + j] for i in range(4) for j in range(8) if i < j)
    kept = 1
    for _ in range(5):
        kept = (kept - 2) * kept
    bounds = [0 if index in (1, 3, 5) else value for index, value in enumerate([6, 1, 5, 5, 5, 5, 5, 5, 5])]
    return [nest, 13, 11, kept, 13, 17, 17, *bounds, -14]


@pytest.mark.parametrize("printer", [whole_c, translated])
def test_control_flow_gives_the_integers_of_python(printer: Callable[[ModuleOp], str], tmp_path: Path):
    module = parse(TESTS / "lowering" / "loops_to_emitc" / "control.mlir")
    ConvertLoopsToEmitcPass().apply(Context(), module)
    assert run(printer(module), tmp_path) == expected()


def test_upstream_translates_a_model():
    text = (TESTS / "lowering" / "loops_to_emitc" / "convert.mlir").read_text()
    module = parse_text(text.replace("      hls.pipeline ii 2\n", ""))
    ConvertLoopsToEmitcPass().apply(Context(), module)
    assert "void net_run(uint8_t* v1, int32_t* v2)" in translated(module)
