"""The fit of prices of work, and the file that it writes."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from tinyml_opt.targets.core import load_core
from tinyml_opt.targets.costs import CostModel, Work
from tinyml_opt.tools.bench.costs import Point, fitted, model_errors, with_prices

TRUE = {"mac": 7.0, "element": 11.0, "product": 3.0}


def points() -> list[Point]:
    """Functions of two models whose cycles are those of known prices."""
    rng = np.random.default_rng(3)
    found: list[Point] = []
    for number in range(12):
        units = {name: float(rng.integers(1, 1000)) for name in TRUE}
        cycles = sum(TRUE[name] * count for name, count in units.items())
        found.append(Point("cortex-m3", f"model{number // 6}", f"n{number}", Work(units), cycles, cycles / 2))
    return found


def test_prices_are_found() -> None:
    core = fitted(replace(load_core("cortex-m3"), cycles={}, instructions={}), points())
    assert core.cycles == pytest.approx(TRUE, rel=0.02)
    assert core.instructions == pytest.approx({name: price / 2 for name, price in TRUE.items()}, rel=0.02)
    assert max(model_errors(CostModel(core), points()).values()) < 1 and core.cycle_error < 1


def test_prices_of_encodings_are_given() -> None:
    given = replace(load_core("avr"), cycles={})
    found = [replace(p, core="avr", work=Work({**p.work.units, "delta8": 5.0})) for p in points()]
    found = [replace(p, cycles=p.cycles + 5.0 * given.layout_cycles["delta8"]) for p in found]
    assert fitted(given, found).cycles == pytest.approx(TRUE, rel=0.02)


def test_a_file_keeps_all_else() -> None:
    text = (
        'title = "A"\ncycle_error = 9.9\n\n# of layouts\n[layout_cycles]\ndense = 2\n\n# old\n[cycles]\nmac = 1\n\n'
        "# Bytes\n# of code\n[code_bytes]\nadd_8 = 0.3\n"
    )
    core = replace(load_core("cortex-m3"), cycles={"mac": 2.5}, instructions={"mac": 2.0}, cycle_error=1.5)
    new = with_prices(text, core)
    table = tomllib.loads(new)
    assert table["cycles"] == {"mac": 2.5} and table["instructions"] == {"mac": 2.0} and table["cycle_error"] == 1.5
    assert table["code_bytes"] == {"add_8": 0.3} and table["layout_cycles"] == {"dense": 2} and table["title"] == "A"
    assert "# Bytes\n# of code\n[code_bytes]" in new and "# old" not in new
    assert with_prices(new, core) == new
