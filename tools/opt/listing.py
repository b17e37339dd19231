"""`--list-passes`, `--list-pipelines`, `--list-targets`: what the tool has, told by the code itself."""

from __future__ import annotations

import argparse
import textwrap

from ..pipelines import PIPELINES, Step
from ..registry import PASSES, TARGETS, load
from .pipeline import options_text


def print_lists(args: argparse.Namespace) -> int:
    """Print the lists that were asked for."""
    if args.list_passes:
        print_table(PASSES)
    if args.list_pipelines:
        for name, steps in PIPELINES.items():
            print_pipeline(name, steps)
    if args.list_targets:
        print_table(TARGETS)
    return 0


def print_table(table: dict[str, str]) -> None:
    """Name, options with defaults, and the first line of the docstring, for every entry."""
    for name, path in sorted(table.items()):
        try:
            cls = load(path)
        except ImportError as error:
            print(f"{name}\n    cannot be loaded: {error}")
            continue
        print(f"{name}{options_text(cls)}")
        print(f"    {summary(cls)}")


def summary(cls: type) -> str:
    """The first line of a class's own docstring; where there is none (a dataclass then makes one up), its module."""
    doc = cls.__dict__.get("__doc__") or ""
    if not doc or doc.startswith(f"{cls.__name__}("):
        return f"{cls.__module__}"
    return doc.strip().partition("\n")[0]


def print_pipeline(name: str, steps: tuple[Step, ...]) -> None:
    """A pipeline's parameters, and its passes with the reason for each one's place."""
    parameters = dict.fromkeys(p for step in steps for p in (*step.parameters, step.only_with) if p is not None)
    print(f"{name}{{{' '.join(parameters)}}}" if parameters else name)
    for step in steps:
        options = [f"{key}={value}" for key, value in step.options.items()]
        options += [f"{parameter}=.." for parameter in step.parameters]
        condition = f" (only with {step.only_with})" if step.only_with else ""
        head = step.name + (f"{{{' '.join(options)}}}" if options else "") + condition
        print(f"    {head}")
        print(textwrap.indent(step.reason, "        "))
