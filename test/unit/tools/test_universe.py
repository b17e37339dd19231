"""The plugin for xDSL's own tools."""

from __future__ import annotations

import tomllib
from pathlib import Path

from xdsl.context import Context
from xdsl.parser import Parser
from xdsl.universe import XDSL_UNIVERSE

from tinyml_opt.tools.registry import DIALECTS, PASSES
from tinyml_opt.tools.universe import UNIVERSE

ROOT = Path(__file__).parents[3]


def test_no_name_is_xdsl_s_own():
    for kind in ("all_dialects", "all_passes", "all_targets"):
        assert not set(getattr(UNIVERSE, kind)) & set(getattr(XDSL_UNIVERSE, kind))
    assert set(UNIVERSE.all_dialects) == set(DIALECTS) - set(XDSL_UNIVERSE.all_dialects) >= {"fixed", "memplan", "mcu"}
    assert {"memplan-place", "fixed-calibrate"} <= set(UNIVERSE.all_passes) <= set(PASSES)


def test_entry_point_names_it():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["xdsl.universe"]
    assert points == {"tinyml-opt": "tinyml_opt.tools.universe:UNIVERSE"}


def test_dialects_and_passes_work_in_a_context_of_xdsl_s():
    context = Context()
    for name, dialect in {**XDSL_UNIVERSE.all_dialects, **UNIVERSE.all_dialects}.items():
        context.register_dialect(name, dialect)
    text = "%0 = memplan.buffer : memref<4xi8>"
    module = Parser(context, text).parse_module()
    UNIVERSE.all_passes["memplan-schedule"]()().apply(context, module)
    assert "memplan.buffer" in str(module)
