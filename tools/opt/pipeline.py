"""From the text after `-p` to passes: named pipelines expanded, every name and option checked before any work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any

from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import ArgSpec, ArgSpecConvertible, parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError
from xdsl.utils.hints import type_repr

from ...dialects.errors import UserError
from ..pipelines import PIPELINES, pipeline
from ..registry import PASSES, TARGETS, load

NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*([eE][-+]?[0-9]+)?)?")
VALUE = re.compile(r'"[^"]*"|(?<=[=,])[^\s{}",=]+')


def parse_passes(text: str) -> list[ModulePass]:
    """The passes of a list such as `a,onnx-to-fixed{bits=8 data=dir/calib.npz},b`.

    Raises UserError with every unknown name and every wrong option.
    """
    passes: list[ModulePass] = []
    reasons: list[str] = []
    for spec in parse_specs(text):
        try:
            if spec.name in PIPELINES:
                passes += pipeline(spec.name, **pipeline_parameters(spec))
            else:
                passes.append(from_spec("pass", PASSES, spec, also=PIPELINES))
        except UserError as error:
            reasons += error.reasons
    if reasons:
        raise UserError(*reasons)
    return passes


def parse_target(text: str) -> ArgSpec:
    """The target that `-t` asks for. Raises UserError for an unknown name or option."""
    specs = parse_specs(text)
    if len(specs) != 1:
        raise UserError(f"-t takes one target, got '{text}'; there are {', '.join(TARGETS)}")
    from_spec("target", TARGETS, specs[0])
    return specs[0]


def parse_specs(text: str) -> list[ArgSpec]:
    """The names and options of a list. Values with dots and slashes (paths) may stand without quotes."""
    try:
        return list(parse_pipeline(VALUE.sub(quoted, text.strip())))
    except ArgSpecParseError as error:
        raise UserError(str(error).rstrip()) from None


def quoted(match: re.Match[str]) -> str:
    """A value in quotes, where xDSL's lexer would otherwise not take it as one word."""
    value = match.group()
    is_word = re.fullmatch(r"[A-Za-z0-9_-]+", value) or NUMBER.fullmatch(value) or value.startswith('"')
    return value if is_word else f'"{value}"'


def pipeline_parameters(spec: ArgSpec) -> dict[str, Any]:
    """The parameters of a named pipeline; one without value is a flag."""
    parameters = spec.normalize_parameter_names().parameters
    return {name: values[0] if len(values) == 1 else values or True for name, values in parameters.items()}


def from_spec(kind: str, table: dict[str, str], spec: ArgSpec, also: Iterable[str] = ()) -> Any:
    """The pass or target of a table that a spec describes. Raises UserError for an unknown name or a wrong option."""
    if spec.name not in table:
        raise UserError(unknown(kind, spec.name, [*table, *also], f"--list-{kind}{'es' if kind == 'pass' else 's'}"))
    cls: type[ArgSpecConvertible] = load(table[spec.name])
    known = {field.name: field for field in fields(cls)}
    given = spec.normalize_parameter_names().parameters
    where = f"{kind} '{spec.name}'"
    reasons = [unknown(f"option of {where}", name, known) for name in given if name not in known]
    reasons += [f"{where} needs option '{name}'" for name in sorted(cls.required_fields() - set(given))]
    if reasons:
        raise UserError(*reasons)
    try:
        return cls.from_spec(spec)
    except ValueError as error:
        raise UserError(f"{where}: {error}; its options are {options_text(cls)}") from None


def unknown(kind: str, name: str, names: Iterable[str], where: str = "") -> str:
    """An error message for a name that is not there, with the names that look like it."""
    names = list(names)
    matches = get_close_matches(name, names, n=3, cutoff=0.5)
    if matches:
        hint = f"did you mean {' or '.join(repr(match) for match in matches)}?"
    elif where:
        hint = f"{where} prints them all"
    else:
        hint = f"there are {', '.join(names)}" if names else "it has no options"
    return f"unknown {kind}: '{name}'; {hint}"


def options_text(cls: type[Any]) -> str:
    """Options as they are written after a name, each with its default or its type: `{bits=8 data=<str>}`."""
    texts = [f"{f.name.replace('_', '-')}={default_text(f)}" for f in fields(cls)]
    return f"{{{' '.join(texts)}}}" if texts else ""


def default_text(field: Field[Any]) -> str:
    """An option's default as it would be written, or its type where it has none."""
    default = field.default
    if default is MISSING or default is None or default == "":
        return f"<{field.type if isinstance(field.type, str) else type_repr(field.type)}>"
    return str(default).lower() if isinstance(default, bool) else str(default)
