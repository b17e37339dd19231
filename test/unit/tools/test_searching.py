"""The search for types."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.onnx.base import OnnxOp
from tinyml_opt.lowering.import_onnx.importer import read_model
from tinyml_opt.passes.fixed.assign_types import Assignment
from tinyml_opt.passes.fixed.calibrate import argument_types, the_function
from tinyml_opt.passes.fixed.scales.in_bodies import stays_in_body
from tinyml_opt.passes.knapsack import Item, solutions
from tinyml_opt.targets.costs import CostModel
from tinyml_opt.targets.dataset import Dataset, load_dataset
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options, SearchOptions
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes
from tinyml_opt.tools.searching.candidates import burden
from tinyml_opt.tools.searching.costs import ChoiceCosts, Limits
from tinyml_opt.tools.searching.found import Found, Goal
from tinyml_opt.tools.searching.integers import integer_values
from tinyml_opt.tools.searching.judging import Judge
from tinyml_opt.tools.searching.outcome import file_text
from tinyml_opt.tools.searching.ranges import other_ranges
from tinyml_opt.tools.searching.search import search
from tinyml_opt.tools.searching.variables import uniform, variables

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


def calibrated(model: str = "digits.onnx") -> tuple[Assignment, Dataset]:
    """A model that is ready to be searched, and its data."""
    module = read_model(DIGITS / model).module
    passes = pipeline("onnx-to-fixed", data=str(DIGITS / "calib.npz"))
    split = next(i for i, step in enumerate(passes) if step.name == "fixed-assign-types")
    run_passes(module, passes[:split], Timing())
    dataset = load_dataset(DIGITS / "calib.npz", argument_types(the_function(module)))
    return Assignment(the_function(module), 8, False, 32), dataset


def module_of(assignment: Assignment) -> ModuleOp:
    """The module whose types are assigned."""
    module = assignment.function.parent_op()
    assert isinstance(module, ModuleOp)
    return module


def searched(goal: Goal, strategy: str, model: str = "digits.onnx") -> Found:
    """The outcome of a search."""
    assignment, dataset = calibrated(model)
    return search(module_of(assignment), dataset, assignment, goal, strategy, CostModel.parse("avr"))


@pytest.mark.parametrize("strategy", ["exact", "shiftry", "sensitivity"])
def test_limits_hold_and_more_room_is_less_error(strategy: str):
    taken = [searched(Goal(Limits(parameters=limit)), strategy).taken for limit in (1_500, 2_000, 2_600)]
    assert all(candidate.fits for candidate in taken)
    assert all(c.cost.parameters <= limit for c, limit in zip(taken, (1_500, 2_000, 2_600), strict=True))
    assert taken[0].score.error > taken[2].score.error


def test_exact_is_no_worse_than_the_others():
    exact, shiftry, sensitivity = (
        searched(Goal(Limits(parameters=2_000)), s).taken.score.error for s in ("exact", "shiftry", "sensitivity")
    )
    assert exact <= 1.1 * min(shiftry, sensitivity)


def test_a_loss_is_kept_on_the_integers():
    found = searched(Goal(loss=1.0), "exact", "digits_cnn.onnx")
    assert found.taken.score.right is not None and found.float_right is not None
    assert found.taken.score.right >= found.float_right - 0.01 * found.rows
    assert found.taken.cost.flash < next(c for c in found.others if c.name == "all 8").cost.flash


def test_decibels_weigh_as_bits_do():
    """Eight bits more are 48 dB and twice the cost; a cost that is a few percent less is not worth 5 dB."""
    assert burden(1.0, 1e-9) == burden(1.0, 1e-5)
    assert burden(1.0, 1e-3) == pytest.approx(burden(2.0 ** (10 / 48), 1e-4))
    assert burden(0.97, 1e-3 / 10**0.5) > burden(1.0, 1e-4)
    assert burden(0.5, 1e-3) < burden(1.0, 1e-5)


def test_what_little_saves_is_not_bought_with_error():
    """With limits that all hold, 8 bits are not given up for one percent less."""
    found = searched(Goal(Limits(flash=30_000)), "exact")
    base = next(c for c in (found.taken, *found.others) if c.name == "all 8")
    assert found.taken.score.error <= base.score.error * 1.5


def test_two_searches_are_equal():
    first, second = (file_text(searched(Goal(Limits(parameters=1_800)), "exact")) for _ in range(2))
    assert first == second


def test_nothing_within_the_limits_takes_the_cheapest():
    found = searched(Goal(Limits(parameters=100)), "exact")
    assert not found.taken.fits
    assert found.taken.cost.parameters == min(c.cost.parameters for c in (found.taken, *found.others))


def test_the_rounding_executor_scores_as_the_integers():
    assignment, dataset = calibrated("digits_cnn.onnx")
    assignment.run()
    judge = Judge(module_of(assignment), dataset, by_labels=False)
    rounded, integers = judge.score(), judge.score_of(integer_values(judge, 32))
    assert rounded.right == integers.right
    assert integers.error == pytest.approx(rounded.error, rel=0.3)


def test_costs_follow_widths():
    assignment, _ = calibrated()
    assignment.run()
    free = variables(assignment, (4, 8, 16))
    assert [v.key for v in free] == [
        ("inputs", "image"),
        ("weights", "w1"),
        ("values", "relu"),
        ("weights", "w2"),
        ("values", "classes"),
    ]
    model = ChoiceCosts(assignment, free, CostModel.parse("avr"))
    narrow, wide = (model.cost(uniform(free, bits)) for bits in (8, 16))
    weights, biases = 64 * 32 + 32 * 10, 4 * (32 + 10)
    assert (narrow.parameters, wide.parameters) == (weights + biases, 2 * weights + biases)
    assert (narrow.ram, wide.ram) == (64 + 32 + 10, 2 * (64 + 32 + 10))
    assert wide.cycles > narrow.cycles > 20 * weights
    tight = {**uniform(free, 8), ("weights", "w1"): free[1].levels[0]}
    assert model.cost(tight).parameters <= narrow.parameters - 64 * 32 * 2 // 5


def test_knapsack_is_the_best_of_all_choices():
    rng = np.random.default_rng(5)
    items = [Item(np.sort(rng.random(3))[::-1], np.sort(rng.uniform(1, 30, (3, 2)), axis=0)) for _ in range(6)]
    bounds = np.array([70.0, 75.0])
    best = min(
        sum(item.errors[level] for item, level in zip(items, levels, strict=True))
        for levels in itertools.product(range(3), repeat=6)
        if (sum(item.costs[level] for item, level in zip(items, levels, strict=True)) <= bounds).all()
    )
    found = solutions(items, bounds)
    assert found[0].error == pytest.approx(best)
    assert not found[0].limited
    assert [s.error for s in found] == sorted(s.error for s in found)
    assert solutions(items, np.array([1.0, 1.0])) == []


def test_the_file_gives_the_same_program(tmp_path: Path):
    options = Options(DIGITS / "digits.onnx", "uno", DIGITS / "calib.npz", search=SearchOptions(weights=1_800))
    first = compile_model(options)
    assert first.found is not None
    file = tmp_path / "digits.types.toml"
    file.write_text(file_text(first.found))
    second = compile_model(replace(options, search=None, types=file))
    assert second.c_files() == first.c_files()
    with pytest.raises(UserError, match="nothing to search"):
        compile_model(replace(options, types=file))


def test_other_ranges_leave_no_trace():
    assignment, dataset = calibrated()
    assignment.run()
    module, free = module_of(assignment), variables(assignment, (8,))
    before = str(module)
    ranges = other_ranges(module, dataset, free)
    assert str(module) == before
    assert ranges["values", "relu"][0][1] < 6.2432723045349121
    assert ranges["values", "classes"] == []


def test_what_stays_in_bodies_is_what_fusion_removes():
    assignment, _ = calibrated("digits_cnn.onnx")
    assignment.run()
    module = module_of(assignment)
    ops = [op for op in assignment.function.walk() if isinstance(op, OnnxOp) and len(op.results) == 1]
    said = sum(stays_in_body(op.results[0]) for op in ops)
    passes = pipeline("onnx-to-fixed")
    first = next(i for i, step in enumerate(passes) if step.name == "convert-onnx-to-fixed")
    fuse = next(i for i, step in enumerate(passes) if step.name == "fixed-fuse-maps")
    run_passes(module, passes[first:fuse], Timing())
    before = sum(isinstance(op, StructuredForm) for op in module.walk())
    run_passes(module, [passes[fuse]], Timing())
    assert said == before - sum(isinstance(op, StructuredForm) for op in module.walk()) > 0


def test_programs_of_an_fpga_are_none():
    options = Options(DIGITS / "digits.onnx", "arty-a7-35t", DIGITS / "calib.npz", search=SearchOptions("exact"))
    with pytest.raises(UserError, match="is an FPGA: search for a board with a microcontroller"):
        compile_model(options)
