"""Printing IR for a person: large constants elided, the IR after each pass, the file that reproduces a crash."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import IO, TypeVar

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, DenseResourceAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from ..atomic_files import write_files
from ..pipelines import Timing

DEFAULT_LIMIT = 16
"""Elements of a constant that are printed after passes."""

OpT = TypeVar("OpT", bound=Operation)


def elided(op: OpT, limit: int) -> OpT:
    """A copy of an op in which constants of more than `limit` elements are `dense_resource<__elided__>`."""
    copy = op.clone()
    for nested in copy.walk():
        for attributes in (nested.attributes, nested.properties):
            attributes.update({name: elide(value, limit) for name, value in attributes.items()})
    return copy


def elide(value: Attribute, limit: int) -> Attribute:
    """The attribute, or what stands for it where it is a large constant."""
    if isinstance(value, DenseIntOrFPElementsAttr) and len(value) > limit:
        return DenseResourceAttr(StringAttr("__elided__"), value.type)
    return value


def print_module(module: ModuleOp, stream: IO[str], limit: int | None = None) -> None:
    """Print a module, its large constants elided where a limit is given."""
    Printer(stream=stream).print_op(module if limit is None else elided(module, limit))
    stream.write("\n")


@dataclass(frozen=True)
class Dumps:
    """Prints the IR after each pass, as the user asked: on standard error, into a directory, both, or not at all."""

    to_stderr: bool
    directory: Path | None
    limit: int

    def dump(self, chunk: int, index: int, step: ModulePass, module: ModuleOp) -> None:
        """The module as pass number `index` left it."""
        if self.to_stderr:
            print(f"// -----// IR after {step} //----- //", file=sys.stderr)
            print_module(module, sys.stderr, self.limit)
        if self.directory is not None:
            part = f"part{chunk + 1:02}-" if chunk else ""
            text = f"// after {step}\n{module_text(module, self.limit)}"
            write_files({self.directory / f"{part}{index:02}-{step.name}.mlir": text}, make_folders=True)


def module_text(module: ModuleOp, limit: int | None = None) -> str:
    """A module as text, its large constants elided where a limit is given."""
    stream = StringIO()
    print_module(module, stream, limit)
    return stream.getvalue()


def write_reproducer(path: Path, module: ModuleOp, passes: Sequence[ModulePass], target: str, failure: str) -> None:
    """A test that fails as this run did: the IR before what failed, and a RUN line that starts there."""
    spec = ",".join(str(step) for step in passes)
    flags = (f" -p '{spec}'" if passes else "") + (f" -t '{target}'" if target != "mlir" else "")
    write_files({path: f"// RUN: tinyml-opt{flags} %s\n// {failure}\n{module_text(module)}"})


def print_timing(timing: Timing) -> None:
    """Seconds and share of each stage on standard error, in the order in which they first ran."""
    total = sum(timing.stages.values()) or 1.0
    rows = [*timing.stages.items(), ("total", total)]
    print(f"{'seconds':>10} {'share':>7}  stage", file=sys.stderr)
    for stage, seconds in rows:
        print(f"{seconds:>10.4f} {100 * seconds / total:>6.1f}%  {stage}", file=sys.stderr)
