"""The search for lanes: exact against all choices, within a device's cells, and what it says where nothing fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnx.parser
import pytest
from support.networks import Network, compile_network

from tinyml_opt.dialects import rtl
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.estimating.cells import Estimate
from tinyml_opt.targets.estimating.cycles import Timing, Wait, beside
from tinyml_opt.targets.estimating.design import design_of
from tinyml_opt.targets.family import load_family
from tinyml_opt.tools.allocating.allocate import AllocateLanesPass, Allocation
from tinyml_opt.tools.allocating.chains import Choice
from tinyml_opt.tools.allocating.problem import Problem
from tinyml_opt.tools.allocating.search import search
from tinyml_opt.tools.bench.allocation import COLUMNS, allocation, widths
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.pipelines import pipeline, run_passes

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
    best = min(problem.score(n) for n in fitting)
    exact, greedy = search(problem, "exact"), search(problem, "greedy")
    assert exact is not None
    assert greedy is not None
    assert problem.fits(exact)
    assert problem.score(exact) == best <= problem.score(greedy)


def test_no_steps_more_for_next_to_nothing():
    """Of two choices with nearly as many steps the one with far fewer look-up tables."""
    choices = [[choice(9995, 4, 4000), choice(10000, 6, 300), choice(20000, 3, 150)]]
    problem = Problem(choices, [1], np.array([5000.0, 9e9, 20.0, 0.0]), one_after_the_other)
    assert search(problem, "exact") == [1]


def beside_each_other(choices: Sequence[Choice]) -> int:
    """Each form takes rows as the one before makes them."""
    timings: dict[str, Timing] = {}
    for n, c in enumerate(choices):
        rows = np.arange(1, c.timing.turns + 1, dtype=np.int64)
        timings[str(n)] = replace(c.timing, waits=(Wait(str(n - 1), rows, True),) if n else ())
    return beside(timings)[0]


def overlapping(random: np.random.Generator, factor: float) -> Problem:
    """Five forms of eight rows in three kinds of cells; prices of one of them times a factor."""
    works, choices = random.integers(1, 60, 5) * 64, list[list[Choice]]()
    for work in works:
        prices = random.integers(5, 40, 3)
        lanes = [n for n in (1, 2, 4, 8) if work % (8 * n) == 0]
        cells = [Estimate(factor * 20 * n * int(prices[0]), 0, n * int(prices[1]) // 8 + 1, n + 1) for n in lanes]
        choices.append(
            [Choice((n,), "", Timing(int(work) // n, 5, 8, 1, ()), c, {}, c) for n, c in zip(lanes, cells, strict=True)]
        )
    return Problem(choices, [1] * 5, np.array([3500.0, 9e9, 40.0, 20.0]), beside_each_other, overlaps=True)


@pytest.mark.parametrize("seed", range(12))
def test_near_the_best_where_forms_overlap(seed: int):
    """Within 3 percent of the best of all combinations, with prices as they are and 3 percent off."""
    for factor in (0.97, 1.0, 1.03):
        problem = overlapping(np.random.default_rng(seed), factor)
        scores = [problem.score(n) for n in product(*(range(len(c)) for c in problem.choices)) if problem.fits(n)]
        found = search(problem, "exact")
        assert (found is None) == (not scores)
        if found is not None:
            assert problem.fits(found)
            assert problem.score(found) <= 1.03 * min(scores)


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


class Crowded(Allocation):
    """Forms of which each says four block RAMs less than it takes with more than two lanes."""

    def __init__(self):
        cells = [Estimate(10 * n, 10 * n, n, 3 * n) for n in (1, 2, 4, 8, 16)]
        forms = [[Choice((c.dsps,), "", Timing(256 // c.dsps, 5, 1, 1, ()), c, {}, c) for c in cells]] * 2
        self.choices, self.all, self.family = forms, np.array([1e4, 1e4, 100.0, 30.0]), load_family("xc7")
        self.timeline = SimpleNamespace(rounds=[1, 1].__getitem__, cycles=one_after_the_other, overlaps=False)  # pyright: ignore[reportAttributeAccessIssue]

    def cells(self, chosen: Sequence[Choice]) -> np.ndarray:
        more = 4.0 * sum(c.lanes[0] > 2 for c in chosen)
        return sum(np.array(c.cells.costs) for c in chosen) + np.array([0.0, 0.0, 0.0, more])


def test_budgets_shrink_until_the_whole_fits():
    """What the whole takes beyond its forms is seen once they are together: less is given to them each time."""
    crowded = Crowded()
    found = crowded.best("exact")
    assert (crowded.cells(found) <= crowded.all).all()
    assert [c.lanes[0] for c in found] == [2, 2]


@pytest.mark.parametrize(("board", "dsps"), [("arty-a7-35t", 16), ("ulx3s-85f", 20)])
def test_products_in_turn_cost_no_lanes(board: str, dsps: int, tmp_path: Path):
    """Where multipliers are few, products behind sums are made in turn; short sums still may have adders instead."""
    net, value = Network((1, 16, 12, 12), 8), "x"
    for _ in range(2):
        value = net.node("Relu", net.node("Conv", value, net.weight(16, 1, 3, 3), pads=[1, 1, 1, 1], group=16))
        value = net.node("Relu", net.node("Conv", value, net.weight(16, 16, 1, 1)))
    net.result(value)
    compilation = compile_network(net.model(), tmp_path, net.rows(1), board, 8, "affine")
    cycles: list[int] = []
    for clocks in (1, 4):
        module, given = compilation.fixed.clone(), {**compilation.hardware(), **compilation.stages(), "dsps": dsps}
        passes = pipeline("fixed-to-rtl", **given)
        passes = [replace(p, finish_clocks=clocks) if isinstance(p, AllocateLanesPass) else p for p in passes]
        run_passes(module, passes, compilation.timing)
        cycles.append(design_of(load_family("xc7"), module.ops).cycles)
    assert cycles[1] <= 1.05 * cycles[0]


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
    assert written.err == f"{model}: mixed widths are found on data: put calib.npz beside the model\n"


def test_forms_of_one_shape_with_other_bodies(tmp_path: Path):
    """Of an inverse and its shift, maps of one number, only the first has a divider: both fit a part that holds one."""
    onnx.save(onnx.parser.parse_model(L1_NORMALIZATION), tmp_path / "l1.onnx")
    rows = np.random.default_rng(0).uniform(0.1, 1, (20, 1, 8)).astype(np.float32)
    np.savez(tmp_path / "l1.npz", x=rows)
    compilation = compile_model(Options(tmp_path / "l1.onnx", "ulx3s-85f", tmp_path / "l1.npz", 16))
    names = [op.sym_name.data for op in compilation.rtl().walk() if isinstance(op, rtl.ModuleOp)]
    assert sum("inverse" in name for name in names) == 1 and sum("shift" in name for name in names) == 1


L1_NORMALIZATION = """
<ir_version: 8, opset_import: ["" : 17]>
l1 (float[1, 8] x) => (float[1, 8] y) { y = LpNormalization <axis = 1, p = 1> (x) }
"""


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
dsps = 1
bram36 = 50
clock_hz = 100_000_000
multiplier_wide_bits = 25
"""
