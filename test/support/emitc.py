"""Modules of the loops level from text, and what upstream MLIR makes of them once they are emitc."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from tinyml_opt.targets.c import print_c
from tinyml_opt.targets.header import print_header
from tinyml_opt.tools.registry import DIALECTS, load


def tool(name: str, package: str) -> str:
    """The path of a program; skips the test where there is none, fails it where toolchains are required."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is not on PATH (Debian package {package})"
    if os.environ.get("TINYML_REQUIRE_TOOLCHAINS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def parse_text(text: str) -> ModuleOp:
    """A module from text."""
    ctx = Context()
    for name, path_of in DIALECTS.items():
        ctx.register_dialect(name, lambda path_of=path_of: load(path_of))
    return Parser(ctx, text).parse_module()


def translated(module: ModuleOp) -> str:
    """What upstream's translator prints for a module of emitc."""
    parser, translator = tool("mlir-opt-22", "mlir-22-tools"), tool("mlir-translate-22", "mlir-22-tools")
    checked = subprocess.run(
        [parser, "--allow-unregistered-dialect"], input=str(module), capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    printed = subprocess.run(
        [translator, "--mlir-to-cpp", "--allow-unregistered-dialect"],
        input=checked.stdout,
        capture_output=True,
        text=True,
    )
    assert printed.returncode == 0, printed.stderr
    return printed.stdout


def whole_c(module: ModuleOp) -> str:
    """NAME.c as one file: with the text of NAME.h in place of its include."""
    return re.sub(r'#include "\w+\.h"\n', lambda _: print_header(module), print_c(module), count=1)


COMPILERS = {
    "cc": ["-std=c99", "-pedantic"],
    "avr-gcc": ["-mmcu=atmega328p", "-std=gnu99"],
    "arm-none-eabi-gcc": ["-mcpu=cortex-m4", "-mthumb", "-std=c99", "-pedantic"],
}
"""The compilers of C, by the program's name, with what makes each strict about the standard."""

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wmissing-prototypes", "-Wcast-align", "-Werror")


def assert_no_warning(module: ModuleOp, compiler: str, folder: Path, *options: str) -> None:
    """Compile a module of emitc, printed as C; skips the test where the compiler is not there, as `tool` does."""
    path = tool(compiler, compiler)
    name = re.search(r'#include "(\w+)\.h"', source := print_c(module))
    assert name is not None
    (folder / f"{name[1]}.h").write_text(print_header(module))
    (folder / f"{name[1]}.c").write_text(source)
    command = [path, *COMPILERS[compiler], *WARNINGS, *options, "-c", "-o", os.devnull, f"{name[1]}.c"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
