"""The C of machine operations: what NAME.c defines in its head of those that it uses.

Each definition stands between guards of its own, so that several generated files may become one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from .blocks import NEEDED, block_lines, quad_macro
from .direct import SPACES

PREFIX = "tinyml_"
"""What the names in C begin with."""


@cache
def spellings() -> dict[str, dict[str, str]]:
    """The entries of operations.toml."""
    text = files(f"{__package__}").joinpath("operations.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def definitions(names: Iterable[str]) -> list[str]:
    """The lines that define these operations and blocks, operations first; a blank line before each."""
    blocks = sorted(set(names) - set(spellings()))
    wanted = {*names, *(needed for name in blocks for needed in NEEDED[name.partition("_")[0]])}
    lines = [line for name, entry in spellings().items() if name in wanted for line in ("", *definition(name, entry))]
    for pixels in sorted({name.partition("_")[2].partition("_")[0][2:] for name in blocks if name.startswith("dot")}):
        lines += ["", *guarded(f"quad_4x{pixels}", quad_macro(int(pixels)), False)]
    if any(name.startswith("direct") for name in blocks):
        lines += ["", *guarded("spaces", SPACES)]
    return lines + [line for name in blocks for line in ("", *guarded(name, block_lines(name)))]


def definition(name: str, entry: dict[str, str]) -> list[str]:
    """One operation: for compilers that have its instruction, and for all others."""
    plain = entry["c"].strip().splitlines()
    if "core" in entry:
        plain = [f"#if defined({entry['when']})", *entry["core"].strip().splitlines(), "#else", *plain, "#endif"]
    return guarded(name, plain)


def guarded(name: str, lines: list[str], defines: bool = True) -> list[str]:
    """Lines that count once, however often the text comes; a macro is its own guard."""
    guard = f"{PREFIX}{name}".upper()
    return [f"#ifndef {guard}", *([f"#define {guard}"] if defines else []), *lines, "#endif"]
