"""The search for lanes: exact against all choices, within a device's cells, and what it says where nothing fits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.estimating.cells import Estimate
from tinyml_opt.targets.estimating.cycles import Timing, Wait, beside
from tinyml_opt.tools.allocating.chains import Choice
from tinyml_opt.tools.allocating.search import Problem, search
from tinyml_opt.tools.bench.allocation import COLUMNS, allocation, widths
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


def choice(steps: int, dsps: int, luts: int = 0) -> Choice:
    cells = Estimate(luts, 0, dsps, 0)
    return Choice((1,), "", Timing(steps, 5, 1, 1, ()), cells, {}, cells)


def one_after_the_other(choices: Sequence[Choice]) -> int:
    return sum(c.timing.steps for c in choices)


@pytest.mark.parametrize("seed", range(6))
def test_exact_where_forms_run_one_after_the_other(seed: int):
    """As good as the best of all combinations; greedy is never better."""
    random = np.random.default_rng(seed)
    works = random.integers(100, 3000, 4)
    choices = [[choice(int(w) // n, n * int(random.integers(1, 3)), 20 * n) for n in (1, 2, 4, 8)] for w in works]
    problem = Problem(choices, [1] * 4, np.array([500.0, 9e9, 18.0, 0.0]), one_after_the_other)
    fitting = [n for n in product(range(4), repeat=4) if problem.fits(n)]
    best = min(problem.time(n) for n in fitting)
    exact, greedy = search(problem, "exact"), search(problem, "greedy")
    assert exact is not None
    assert greedy is not None
    assert problem.fits(exact)
    assert problem.time(exact) == best <= problem.time(greedy)


def test_nothing_fits():
    problem = Problem([[choice(10, 4)], [choice(10, 4)]], [1, 1], np.array([1.0, 1.0, 7.0, 1.0]), one_after_the_other)
    assert search(problem, "exact") is None


def test_rows_overlap():
    """A consumer that needs two rows at a time follows its producer, and ends a row behind it."""
    first = Timing(40, 3, 4, 1, ())
    second = Timing(20, 3, 2, 2, (Wait("first", np.array([2, 4]), True),))
    total, ends = beside({"first": first, "second": second})
    assert ends == {"first": 43, "second": 43 + 2 + 9 + 3}
    assert total == max(ends.values())


@pytest.mark.parametrize("dsps", [20, 60])
def test_lanes_of_digits(dsps: int):
    """More multipliers, fewer cycles; all within the device."""
    board = load_board("arty-a7-35t")
    assert board.fpga is not None
    compilation = compile_model(Options(DIGITS / "digits_cnn.onnx", board.name, DIGITS / "calib.npz"))
    design = compilation.design(dsps=dsps)
    assert design.cells.dsps <= dsps
    assert design.cycles < {20: 3000, 60: 1500}[dsps]


def test_beside_uniform_lanes():
    """Faster with no more multipliers than uniform lanes take; faster still where layers overlap."""
    row = dict(zip(COLUMNS, allocation(DIGITS / "digits_cnn.onnx", "arty-a7-35t"), strict=True))
    uniform, allocated, overlapped = (row[name] for name in ("uniform", "allocated", "allocated*"))
    assert isinstance(uniform, int) and isinstance(allocated, int) and isinstance(overlapped, int)
    assert overlapped < allocated < uniform
    assert float(str(row["bound"])) >= 1


def test_widths_of_a_model_without_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One message, no table: widths are found on data."""
    model = tmp_path / "digits.onnx"
    model.write_bytes((DIGITS / "digits.onnx").read_bytes())
    assert widths([model], "arty-a7-35t") == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err == f"{model}: --search judges types on calibration data: give --calib\n"


def test_a_part_too_small(tmp_path: Path):
    """The op and the resource are named before any tool runs."""
    board = tmp_path / "small.toml"
    board.write_text(SMALL)
    compilation = compile_model(Options(DIGITS / "digits.onnx", str(board), DIGITS / "calib.npz"))
    with pytest.raises(
        UserError, match="XC7TINY has too few DSP: one lane for each form takes .* most of them 'hidden'"
    ):
        compilation.rtl()


SMALL = """
kind = "fpga"
title = "A small part"
[fpga]
part = "XC7TINY"
family = "xc7"
luts = 20800
ffs = 41600
dsps = 2
bram36 = 50
clock_hz = 100_000_000
multiplier_wide_bits = 25
"""
