"""The C of machine operations: what NAME.c defines in its head of those that it uses.

Each definition stands between guards of its own, so that several generated files may become one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from ...dialects.machine import OPERATIONS
from .blocks import NEEDED, block_lines, macros
from .direct import SPACES

CALLED = "_called"
"""The end of the name of a function that is called for an operation."""

PREFIX = "tinyml_"
"""What the names in C begin with."""


@cache
def spellings() -> dict[str, dict[str, str]]:
    """The entries of operations.toml."""
    text = files(f"{__package__}").joinpath("operations.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def definitions(names: Iterable[str], asm: bool = True) -> list[str]:
    """The lines that define these operations and blocks, operations first; a blank line before each.

    Without `asm` all is C.
    """
    called = sorted(name for name in set(names) if name.endswith(CALLED))
    blocks = sorted(set(names) - set(spellings()) - set(called))
    wanted = {*names, *(needed for name in blocks for needed in NEEDED[name.partition("_")[0]])}
    known = spellings().items()
    lines = [line for name, entry in known if name in wanted for line in ("", *definition(name, entry, asm))]
    for name, macro in macros(blocks) if asm else []:
        lines += ["", *guarded(name.removeprefix(PREFIX.upper()), macro, False)]
    if any(name.startswith(("clipped", "direct", "sparse")) for name in blocks):
        lines += ["", *guarded("spaces", SPACES)]
    lines += [line for name in called for line in ("", *guarded(name, calling(name)))]
    return lines + [line for name in blocks for line in ("", *guarded(name, block_lines(name, asm)))]


def definition(name: str, entry: dict[str, str], asm: bool) -> list[str]:
    """One operation: for compilers that have its instruction, and for all others."""
    plain = entry["c"].strip().splitlines()
    if "core" in entry and asm:
        plain = [f"#if defined({entry['when']})", *entry["core"].strip().splitlines(), "#else", *plain, "#endif"]
    return guarded(name, plain)


def calling(name: str) -> list[str]:
    """A function that is called for an operation."""
    operation = OPERATIONS[name.removesuffix(CALLED)]
    result, type = (f"int{bits}_t" for bits in (operation.result_bits, operation.bits))
    parameters = [chr(ord("a") + number) for number in range(operation.words)]
    return [
        f"static __attribute__((noinline)) {result} {PREFIX}{name}({', '.join(f'{type} {p}' for p in parameters)}) {{",
        f"  return {PREFIX}{operation.name}({', '.join(parameters)});",
        "}",
    ]


def guarded(name: str, lines: list[str], defines: bool = True) -> list[str]:
    """Lines that count once, however often the text comes; a macro is its own guard."""
    guard = f"{PREFIX}{name}".upper()
    return [f"#ifndef {guard}", *([f"#define {guard}"] if defines else []), *lines, "#endif"]
