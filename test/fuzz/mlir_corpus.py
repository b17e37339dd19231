"""The texts of this repository's FileCheck tests, as words, with the flags that each is worth being run with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinyml_opt.tools import registry

TESTS = Path(__file__).parents[1]

TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|[%@#!^]?[A-Za-z_][\w$.]*(?:[#:]\d+)?|%\d+(?:[#:]\d+)?|0x[0-9A-F]{2,}|\d+x(?=[\w!?])|'
    r"\d+(?:\.\d+(?:[eE][-+]?\d+)?)?|->|::|\S"
)
"""A word of MLIR text. The sizes of a shape are words of their own."""

DOWN = {
    "emitc": "",
    "loops": "convert-loops-to-emitc",
    "memplan": "memplan-schedule,memplan-split-reductions,memplan-stream,memplan-inplace,memplan-place,memplan-check,"
    "memplan-to-emitc",
    "fit": "memplan-fit{ram=64 required=false},memplan-check,memplan-to-emitc",
    "fixed": "fixed-fold-transposes,fixed-fuse-maps,cse,dce,fixed-to-memplan,memplan-to-emitc",
    "hls": "fixed-fold-transposes,fixed-fuse-maps,fixed-to-hls",
    "onnx": "onnx-fold-constants,onnx-fold-pad,onnx-fold-bias,onnx-fold-batch-normalization,fixed-assume-ranges,"
    "fixed-assign-types,convert-onnx-to-fixed,fixed-fold-transposes,fixed-fuse-maps,cse,dce,fixed-to-memplan,"
    "memplan-to-emitc",
}
"""Passes from a level to its end."""

TARGETS = {"hls": ("hls", "hls-testbench"), "emitc": ("c", "header", "hls", "mlir")}
"""What is printed at the end, where it is not C or its header."""

ANYWHERE = (
    *(("-p", name) for name in registry.PASSES if name != "fixed-calibrate"),
    ("-p", "memplan-input{by=rows}"),
    ("-p", "memplan-input{by=arena},memplan-stream,memplan-place,memplan-check,memplan-to-emitc", "-t", "c"),
    ("-p", "memplan-fit{ram=1}"),
    ("-p", "memplan-defrag{capacity=1}"),
    *(("-t", name) for name in registry.TARGETS),
)
"""Passes and targets that a text of any level must bear."""

LEVELS = (
    ("onnx.", ("onnx",)),
    ("memplan.", ("memplan", "fit")),
    ("outs(", ("memplan", "fit")),
    ("fixed.", ("fixed", "hls")),
    ("emitc.", ("emitc",)),
    ("func.func", ("loops",)),
)
"""By what a text contains, the ways down from it."""


@dataclass(frozen=True)
class Text:
    """A part of a test, without comments, and the flags with which it is run."""

    name: str
    words: tuple[str, ...]
    flags: tuple[tuple[str, ...], ...]


@cache
def texts() -> tuple[Text, ...]:
    """All parts of all FileCheck tests."""
    found: list[Text] = []
    for path in sorted(TESTS.rglob("*.mlir")):
        if "Output" in path.parts or path.stem == "invalid":
            continue
        content = path.read_text()
        flags = tuple(run_flags(content))
        for number, part in enumerate(content.split("// -----")):
            bare = "\n".join(line for line in part.splitlines() if line.strip() and not line.strip().startswith("//"))
            if bare:
                name = f"{path.relative_to(TESTS)}:{number}"
                found.append(Text(name, tuple(words_of(bare)), (*flags, *ways_down(bare))))
    return tuple(found)


def run_flags(content: str) -> Iterator[tuple[str, ...]]:
    """The flags of each RUN line that names no other files; a part is read by itself, and errors are errors."""
    for line in re.findall(r"// RUN: (.*)", content):
        command = shlex.split(line.partition("|")[0].partition("2>")[0])
        if "tinyml-opt" in command:
            flags = [word for word in command[command.index("tinyml-opt") + 1 :] if word != "%s"]
            dropped = ("--split-input-file", "--verify-diagnostics", "--parsing-diagnostics")
            if not any("%" in flag or flag.startswith("--print-ir") for flag in flags):
                yield tuple(flag for flag in flags if flag not in dropped)


def ways_down(text: str) -> Iterator[tuple[str, ...]]:
    """The flags that lead from the level of a text to code."""
    for mark, ways in LEVELS:
        if mark in text:
            for way in ways:
                for target in TARGETS.get(way, ("c", "header")):
                    yield ("-p", DOWN[way], "-t", target)
            return


def words_of(text: str) -> Iterator[str]:
    """Words and line ends."""
    for line in text.splitlines():
        yield from TOKEN.findall(line)
        yield "\n"
