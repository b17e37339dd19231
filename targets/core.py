"""Cores as data: what their compilers make of generated C.

A core is a TOML file in `targets/cores/`, named as boards name their `core`, in lower case and with hyphens.
`python -m tinyml_opt.tools.bench.code_size` writes the figures of the cores whose compiler is installed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Protocol

STAND_INS = {16: "avr", 32: "cortex-m3"}
"""The core whose figures stand for one without a file, by the width of indices."""


@dataclass(frozen=True)
class Core:
    """What a compiler makes of a program. `code_bytes` are the prices of the features that `code_size` counts,
    `cycles` and `instructions` those of the units of work of `costs.py`, and `cycle_error` is how far an estimate of a
    whole model was off where they were fitted, the mean of the models, in percent; 0 where nobody has measured it.

    `operations` are the machine operations that it has in one instruction (dialects/machine.py).
    `array_alignment` is that of static arrays, in bytes, where they do not say one; with `pads_arrays` their ends have
    it, too. `measured` names the compiler and the flags that the figures
    were measured with. `class_cycles` are the cycles of an instruction of each class (simulators/classes.py), where a
    simulator counts only these; `timings` names their source.
    """

    name: str
    title: str
    measured: str
    array_alignment: int
    pads_arrays: bool
    code_bytes: Mapping[str, float]
    cycles: Mapping[str, float]
    layout_cycles: Mapping[str, float] = field(default_factory=dict[str, float])
    operations: Sequence[str] = ()
    instructions: Mapping[str, float] = field(default_factory=dict[str, float])
    cycle_error: float = 0.0
    timings: str = ""
    class_cycles: Mapping[str, float] = field(default_factory=dict[str, float])


class HasCore(Protocol):
    """What a board says of its core."""

    @property
    def core(self) -> str: ...

    @property
    def index_bits(self) -> int: ...


def core_of(board: HasCore) -> Core:
    """The core of a board; one of the same width where there is no file of it."""
    name = core_name(board)
    return load_core(name if name in core_names() else STAND_INS[board.index_bits])


def operations_of(board: HasCore) -> Sequence[str]:
    """The machine operations of a board's core: none where it has no file."""
    name = core_name(board)
    return load_core(name).operations if name in core_names() else ()


def core_names() -> tuple[str, ...]:
    """The cores that have a file, sorted."""
    names = (entry.name for entry in files(f"{__package__}.cores").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def core_name(board: HasCore) -> str:
    """The name of the file of a board's core: `cortex-m0plus` for Cortex-M0+."""
    return board.core.lower().replace("+", "plus").replace(" ", "-")


@cache
def load_core(name: str) -> Core:
    """The core of the file of this name; what it does not say is that of the core that it is `like`."""
    source = files(f"{__package__}.cores").joinpath(f"{name}.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    if like := table.pop("like", None):
        return replace(load_core(like), name=name, **{"cycle_error": 0.0, **table})
    return Core(name=name, **table)
