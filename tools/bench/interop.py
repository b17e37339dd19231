"""Models through upstream MLIR 22: `python -m tinyml_opt.tools.bench.interop [MODEL...]`.

Of each model the loops level is read, verified and lowered to LLVM by mlir-opt-22, and emitc is printed as C++ by
mlir-translate-22; both are compiled and run, and every integer is compared with the executor of `fixed`. Machine
operations and tiles are no part of it: plans are those for this computer. The exit code is 1 where an integer differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.upstream import LlvmExecutor, TranslatedExecutor
from ...targets.upstream import llvm_ir, read
from ..compiling.compilation import Compilation
from ..pipelines import Timing, pipeline, run_passes
from ..show import print_table
from .models import random_rows
from .samples import OWN, Sample

COLUMNS = ("model", "ops of loops", "lines read back", "lines of LLVM IR", "integers", "by LLVM", "by C++")


@dataclass(frozen=True)
class Line:
    """A model: ops of the loops level, lines of upstream's texts, integers, and how many of them were equal."""

    name: str
    ops: int
    read: int
    ir: int
    integers: int
    by_llvm: int
    by_cpp: int

    @property
    def holds(self) -> bool:
        """True where all integers are equal."""
        return self.by_llvm == self.by_cpp == self.integers


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench-interop", description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, help=".onnx files, or folders with model.onnx")
    parser.add_argument("--rows", type=int, default=4, help="random inputs (4)")
    args = parser.parse_args(arguments)
    paths = [path / "model.onnx" if path.is_dir() else path for path in args.models]
    lines = [line(sample_of(path), args.rows) for path in (OWN / "digits.onnx", OWN / "digits_cnn.onnx", *paths)]
    rows = [(x.name, x.ops, x.read, x.ir, x.integers, x.by_llvm, x.by_cpp) for x in lines]
    print_table("through upstream MLIR", COLUMNS, rows, "integers of all outputs, and those that are equal")
    return 0 if all(line.holds for line in lines) else 1


def sample_of(path: Path) -> Sample:
    """A model with the calibration data that lie beside it."""
    data = path.with_name("calib.npz")
    return Sample(path.parent.name if path.stem == "model" else path.stem, path, data if data.is_file() else None)


def line(sample: Sample, rows: int) -> Line:
    """A model through both ways. Raises UserError where a tool is missing or refuses it."""
    compilation = sample.compile("host", ram=1 << 30)
    model, loops = compilation.generated(), loops_of(compilation)
    inputs = {port.label.data: random_rows(port, rows) for port in model.inputs}
    expected = FixedExecutor(compilation.fixed).run(inputs).outputs
    by_llvm = LlvmExecutor(model, loops).run(inputs).outputs
    by_cpp = TranslatedExecutor(model, emitc_of(compilation)).run(inputs).outputs
    return Line(
        sample.name,
        sum(1 for _ in loops.walk()),
        read(loops).count("\n"),
        llvm_ir(loops).count("\n"),
        sum(value.size for value in expected.values()),
        equal(expected, by_llvm),
        equal(expected, by_cpp),
    )


def loops_of(compilation: Compilation) -> ModuleOp:
    """The loops level in upstream's words."""
    loops = compilation.memplan.clone()
    run_passes(loops, pipeline("memplan-to-upstream"), Timing())
    return loops


def emitc_of(compilation: Compilation) -> ModuleOp:
    """The emitc level before it is brought into a form of this project's files."""
    emitc = compilation.memplan.clone()
    steps = pipeline("memplan-to-emitc", index_bits=32, word_bits=32)
    forms = next(index for index, step in enumerate(steps) if step.name == "convert-loops-to-emitc")
    run_passes(emitc, steps[: forms + 1], Timing())
    return emitc


def equal(expected: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]]) -> int:
    """How many integers are equal."""
    return sum(int(np.count_nonzero(value == found[name])) for name, value in expected.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
