"""The dialect reference has every op of ours, each with a line of IR."""

from __future__ import annotations

import re

import pytest
from xdsl.ir import Operation

from tinyml_opt.tools.dialect_reference import LEVELS, reference
from tinyml_opt.tools.registry import DIALECTS, load

OPS: list[type[Operation]] = [op for name in LEVELS for op in load(DIALECTS[name]).operations]
SECTIONS = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", reference(), re.DOTALL | re.MULTILINE))
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_op_shows_a_line_of_ir(op: type[Operation]) -> None:
    shown = " ".join(CODE.findall(SECTIONS[op.name]))
    assert re.search(rf"{re.escape(op.name)}\b", shown)


def test_all_dialects_of_ours_are_there() -> None:
    assert sorted(LEVELS) == sorted(name for name, path in DIALECTS.items() if not path.startswith("xdsl."))


def test_op_says_what_it_does_itself() -> None:
    assert [op.name for op in OPS if not op.__doc__] == []
