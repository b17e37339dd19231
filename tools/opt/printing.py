"""Printing IR for a person: large constants elided, the IR after each pass, the file that reproduces a crash."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from typing import IO, TypeVar

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, DenseResourceAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
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


@dataclass
class Names:
    """The same name for a value as long as it lives, so that a pass changes the lines that it changes.

    Printed numbers would shift behind each op that comes or goes.
    """

    numbers: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])

    def text(self, module: ModuleOp, limit: int) -> list[str]:
        """The lines of a module."""
        copy = elided(module, limit)
        for op, named in zip(module.walk(), copy.walk(), strict=True):
            self.name(op.results, named.results)
            for region, twin in zip(op.regions, named.regions, strict=True):
                for block, block_twin in zip(region.blocks, twin.blocks, strict=True):
                    self.name(block.args, block_twin.args)
        return module_text(copy).splitlines()

    def name(self, values: Sequence[SSAValue], twins: Sequence[SSAValue]) -> None:
        """Give values of the copy the names of theirs."""
        for value, twin in zip(values, twins, strict=True):
            number = self.numbers.setdefault(value, f"v{len(self.numbers)}")
            twin.name_hint = value.name_hint or number


@dataclass
class Dumps:
    """Prints the IR after each pass, as the user asked: on standard error, into a directory, both, or not at all.

    With `diff` only what a pass changed is on standard error.
    """

    to_stderr: bool
    directory: Path | None
    limit: int
    diff: bool = False
    names: Names = field(default_factory=Names)
    last: list[str] = field(default_factory=list[str])

    def start(self, module: ModuleOp) -> None:
        """Remember what there is before the first pass."""
        if self.diff:
            self.last = self.names.text(module, self.limit)

    def show_changes(self, step: ModulePass, module: ModuleOp) -> None:
        """What a pass changed, as a unified diff, on standard error."""
        now = self.names.text(module, self.limit)
        changes = list(unified_diff(self.last, now, lineterm="", n=2))[2:]
        self.last = now
        head = f"// -----// IR after {step} //----- //"
        print(head, *(changes or ["// the same"]), sep="\n", file=sys.stderr)

    def dump(self, chunk: int, index: int, step: ModulePass, module: ModuleOp) -> None:
        """The module as pass number `index` left it."""
        if self.to_stderr:
            print(f"// -----// IR after {step} //----- //", file=sys.stderr)
            print_module(module, sys.stderr, self.limit)
        if self.diff:
            self.show_changes(step, module)
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
