"""Choices near measured ones are what measuring them would give, but for a few look-up tables."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
from xdsl.dialects import func

from tinyml_opt.dialects.fixed.forms import StructuredForm
from tinyml_opt.targets.family import Family
from tinyml_opt.tools.allocating import chains
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
