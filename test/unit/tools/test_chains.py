"""Choices near measured ones are what measuring them would give, but for a few look-up tables."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network
from xdsl.dialects import func

from tinyml_opt.dialects.fixed.forms import StructuredForm
from tinyml_opt.targets.family import Family
from tinyml_opt.tools.allocating import allocate, chains
from tinyml_opt.tools.allocating.choices import Choice, Choices
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


@pytest.mark.parametrize(
    ("lanes", "reduction", "by_results", "lines"),
    [
        ([1, 2, 4, 8, 16, 32], 64, True, [[0], [1, 2, 3, 4, 5]]),
        ([1, 2, 4, 8, 16, 32], 8, True, [[0], [1, 2, 3], [4, 5]]),
        ([1, 2, 4, 8, 10], 8, True, [[0], [1, 2, 3], [4]]),
        ([2, 4, 8, 16], 32, False, [[0, 1, 2, 3]]),
        ([1], 1, True, [[0]]),
    ],
)
def test_lines(lanes: list[int], reduction: int, by_results: bool, lines: list[list[int]]):
    """One lane, lanes that make no words, and lanes whose results take longer than their reduction stand apart."""
    assert chains.lines_of(lanes, reduction, by_results) == lines


def test_on_line_as_measured(monkeypatch: pytest.MonkeyPatch):
    """Steps, multipliers and block RAMs are those of the lowered choice, look-up tables within some percent."""
    seen: list[tuple[Choice, Choice]] = []
    last: list[tuple[Choices, StructuredForm, func.FuncOp]] = []
    measured, on_line = Choices.measured, chains.on_line

    def keeping(
        self: Choices, form: StructuredForm, function: func.FuncOp, lanes: chains.Lanes, kind: str
    ) -> Choice | None:
        last[:] = [(self, form, function)]
        return measured(self, form, function, lanes, kind)

    def checked(
        family: Family, point: tuple[chains.Lanes, str], low: Choice | None, high: Choice | None, by_results: bool
    ) -> Choice | None:
        found, real = on_line(family, point, low, high, by_results), measured(*last[0], *point)
        if found is not None and real is not None:
            seen.append((found, real))
        return found

    monkeypatch.setattr(Choices, "measured", keeping)
    monkeypatch.setattr(chains, "on_line", checked)
    compile_model(Options(DIGITS / "digits.onnx", "arty-a7-35t", DIGITS / "calib.npz")).rtl()
    assert len(seen) >= 4
    for found, real in seen:
        assert found.timing.steps == real.timing.steps
        assert abs(found.timing.behind - real.timing.behind) <= 2
        assert abs(found.cells.luts - real.cells.luts) <= 0.1 * real.cells.luts, prod(found.lanes)
        assert abs(found.cells.dsps - real.cells.dsps) <= 1
        assert abs(found.cells.bram36 - real.cells.bram36) <= 0.5


@pytest.mark.parametrize(("inputs", "as_first"), [((16, 16, 8), True), ((16, 16, 4, 1), False)])
def test_of_forms_alike_as_measured(
    inputs: tuple[int, ...], as_first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Of many forms those of one shape have the choices of the first, and what they take more on one lane.

    Where a narrow sum has its products made otherwise, all are measured.
    """
    net, value = Network((1, 16, 6, 6), 8), "x"
    for number in inputs:  # with fewer weights sums are narrower
        weights = net.random.choice([-127.0, 127.0], (16, 16, 1, 1)) / 128 * (np.arange(16) < number)[:, None, None]
        value = net.node("Relu", net.node("Conv", value, net.constant(weights.astype(np.float32))))
    net.result(value)
    compilation = compile_network(net.model(), tmp_path, net.rows(4), "arty-a7-35t", 8, "affine")
    seen: list[tuple[int, list[Choice], list[Choice]]] = []
    lowered: list[chains.Lanes] = []
    of, measured = Choices.of, Choices.measured

    def counted(
        self: Choices, form: StructuredForm, function: func.FuncOp, lanes: chains.Lanes, kind: str
    ) -> Choice | None:
        lowered.append(lanes)
        return measured(self, form, function, lanes, kind)

    def checked(self: Choices, form: StructuredForm, function: func.FuncOp, most: int) -> list[Choice]:
        before, found = len(lowered), of(self, form, function, most)
        alone = Choices(self.loops, self.limits, self.family, self.known, self.clocks)
        seen.append((len(lowered) - before, found, of(alone, form, function, most)))
        return found

    monkeypatch.setattr(allocate, "MANY_FORMS", 2)
    monkeypatch.setattr(allocate, "FINISHING", 0.0)
    monkeypatch.setattr(Choices, "of", checked)
    monkeypatch.setattr(Choices, "measured", counted)
    compilation.rtl()
    times = [number for number, _, _ in seen]
    assert times[0] > 6 and (times[-1] == 2) == as_first
    for _, found, real in seen:
        by_lanes = {(c.lanes, c.multipliers): c for c in real}
        assert len(found) >= 6
        for choice in found:
            other = by_lanes[choice.lanes, choice.multipliers]
            assert choice.timing.steps == other.timing.steps
            assert abs(choice.timing.behind - other.timing.behind) <= 2
            assert abs(choice.cells.luts - other.cells.luts) <= 0.15 * other.cells.luts
            assert abs(choice.cells.dsps - other.cells.dsps) <= 2
