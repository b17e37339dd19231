"""Files of widths and scales: TOML, a line per value, as a search writes them and a person edits them.

    [inputs]
    image = { bits = 8 }
    [values]
    Gemm_2 = { bits = 16, clip = 0.9 }
    sigmoid = { bits = 8, range = [-4.0, 4.0] }
    Relu = 8                            # the same as { bits = 8 }
    [weights]
    node_0_weight = { bits = 4, per = "tensor" }

What may be set is in `dialects/fixed/settings.py`. What the file does not name keeps the defaults.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ....dialects.errors import UserError
from ....dialects.fixed.settings import Setting, wrong
from ....dialects.harmless import in_quotes, in_terminal, json_text
from .named_values import TABLES

MOST_BYTES = 1 << 24
"""A longer file is none of these."""

Settings = dict[tuple[str, str], Setting]
"""What is set, by table and name."""

SHOWN = 20
"""At most so many reasons are listed."""


def read_settings(path: Path, known: Iterable[tuple[str, str]]) -> Settings:
    """What a file sets. Raises UserError with all that is wrong: names that are not `known`, keys, numbers."""
    tables = read_tables(path)
    names = set(known)
    reasons: list[str] = []
    found: Settings = {}
    for table, entries in tables.items():
        if table not in TABLES or not isinstance(entries, dict):
            reasons.append(f"{in_quotes(table)} is no table of it: there are {', '.join(f'[{t}]' for t in TABLES)}")
            continue
        for name, entry in entries.items():
            given = entry if isinstance(entry, dict) else {"bits": entry}
            faults = list(faults_of(given))
            if (table, name) not in names:
                faults = [f"the model has no such {table.removesuffix('s')}{hint(table, name, names)}"]
            reasons += [f"[{table}] {in_quotes(name)}: {fault}" for fault in faults]
            if not faults:
                found[table, name] = setting_from(given)
    if reasons:
        rest = len(reasons) - SHOWN
        raise UserError(*(f"{path}: {r}" for r in reasons[:SHOWN]), *([f"{path}: and {rest} more"] if rest > 0 else []))
    return found


def setting_from(given: Mapping[str, Any]) -> Setting:
    """An entry without faults."""
    fields: dict[str, Any] = {**given, **{key: float(given[key]) for key in ("clip", "scale") if key in given}}
    if "range" in fields:
        low, high = fields["range"]
        fields["range"] = float(low), float(high)
    return Setting(**fields)


def read_tables(path: Path) -> Mapping[str, Any]:
    """The tables of a TOML file. Raises UserError where there is none, or no TOML in it."""
    if not path.is_file():
        raise UserError(f"{path}: no such file of types")
    if path.stat().st_size > MOST_BYTES:
        raise UserError(f"{path}: {path.stat().st_size:,} bytes are too many for a file of types")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError
        raise UserError(f"{path}: no TOML: {in_terminal(str(error))}") from None


def faults_of(given: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an entry."""
    for key, value in given.items():
        fault = wrong(key, value)
        if fault is not None:
            yield f"{in_terminal(f'{key} = {value}')}: {fault}"


def hint(table: str, name: str, names: Iterable[tuple[str, str]]) -> str:
    """The names that look like one that is not there."""
    others = [n for t, n in names if t == table]
    elsewhere = [t for t, n in names if n == name]
    if elsewhere:
        return f"; it belongs into [{elsewhere[0]}]"
    close = get_close_matches(name, sorted(others), n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(map(in_quotes, close))}?" if close else ""


def settings_text(settings: Settings, remarks: Mapping[tuple[str, str], str] | None = None) -> str:
    """The file that sets so; `remarks` stand as comments behind their lines."""
    lines: list[str] = []
    for table in TABLES:
        entries = [(name, setting) for (t, name), setting in settings.items() if t == table and setting]
        if entries:
            lines += ["", f"[{table}]"]
        for name, setting in entries:
            fields = ", ".join(f"{key} = {text_of(value)}" for key, value in setting.to_dict().items())
            remark = (remarks or {}).get((table, name))
            lines.append(f"{key_text(name)} = {{ {fields} }}" + (f"  # {in_terminal(remark)}" if remark else ""))
    return "\n".join(lines[1:]) + "\n"


def key_text(name: str) -> str:
    """A name as a TOML key."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name, re.ASCII) else json_text(name)


def text_of(value: float | str | tuple[float, ...]) -> str:
    """Numbers or a word as TOML."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(repr, value))}]"
    return json_text(value) if isinstance(value, str) else repr(value)
