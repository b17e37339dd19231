"""The dialect reference, made of docstrings: `python -m tinyml_opt.tools.dialect_reference docs/dialects.md`."""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import cleandoc, getdoc
from pathlib import Path

from xdsl.ir import Attribute, Dialect, Operation, TypeAttribute

from .registry import DIALECTS, load

LEVELS = ("onnx", "fixed", "memplan", "mcu", "hls", "emitc", "rtl")
"""Our dialects, in the order in which a model passes through them."""

HEAD = """# Dialects

Generated from the docstrings of `dialects/` by `make docs`. Beside these, modules use `builtin`, `func`, `scf`, `arith`
and `memref`, which are xDSL's own. ARCHITECTURE.md says what each level decides; the verifiers say what must hold.
"""


def documentation(thing: type[Operation] | type[Attribute]) -> str:
    """The docstring of an op or an attribute itself, not one that it inherits."""
    return cleandoc(thing.__doc__ or "")


def introduction(dialect: Dialect) -> str:
    """What the module that holds a dialect says of it."""
    module = import_module(f"..{DIALECTS[dialect.name].split(':')[0]}", __package__)
    return getdoc(module) or ""


def section(dialect: Dialect) -> str:
    """A dialect: its introduction, then its ops and attributes, by name."""
    parts = [f"## {dialect.name}", introduction(dialect)]
    for op in sorted(dialect.operations, key=lambda op: op.name):
        parts += [f"### `{op.name}`", documentation(op)]
    for attribute in sorted(dialect.attributes, key=lambda attribute: attribute.name):
        mark = "!" if is_type(attribute) else "#"
        parts += [f"### `{mark}{attribute.name}`", documentation(attribute)]
    return "\n\n".join(part for part in parts if part)


def is_type(attribute: type[Attribute]) -> bool:
    """Whether an attribute is a type, which is printed behind `!`."""
    return issubclass(attribute, TypeAttribute)


def reference() -> str:
    """The whole page, as Markdown."""
    return "\n\n".join([HEAD.rstrip(), *(section(load(DIALECTS[name])) for name in LEVELS)]) + "\n"


def main() -> int:
    """Write the page to the file that is named. Returns the exit code."""
    if len(sys.argv) != 2:
        print("usage: python -m tinyml_opt.tools.dialect_reference FILE", file=sys.stderr)
        return 2
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
