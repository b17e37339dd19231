"""What xDSL's own tools see of this package (entry point `xdsl.universe`): dialects, passes and targets by name.

Left out is what xDSL has under the same name: its own, which ours are taken from, and its `emitc`, which knows less;
passes and targets that need it print and read it with `tinyml-opt`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from xdsl.universe import XDSL_UNIVERSE, Universe

from .registry import DIALECTS, PASSES, TARGETS, load


def ours(table: Mapping[str, str], theirs: Mapping[str, object]) -> dict[str, Callable[[], Any]]:
    """The entries of a table that xDSL has not; nothing is imported before one is asked for."""
    return {name: partial(load, path) for name, path in table.items() if name not in theirs}


UNIVERSE = Universe(
    all_dialects=ours(DIALECTS, XDSL_UNIVERSE.all_dialects),
    all_passes=ours(PASSES, XDSL_UNIVERSE.all_passes),
    all_targets=ours(TARGETS, XDSL_UNIVERSE.all_targets),
)
