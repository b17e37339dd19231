"""Tables of prices in the files of cores (targets/cores): one is replaced, all else stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

CORES = Path(__file__).parents[2] / "targets" / "cores"


def with_table(text: str, name: str, comment: str, prices: Mapping[str, float]) -> str:
    """The text of a TOML file with a table at its end, under a comment, in place of that of this name."""
    lines = [f"{key} = {price}\n" for key, price in prices.items()]
    return without_table(text, name).rstrip() + f"\n\n# {comment}\n[{name}]\n" + "".join(lines)


def without_table(text: str, name: str) -> str:
    """The text of a TOML file without a table and the comment right above it."""
    lines = text.splitlines()
    if f"[{name}]" not in lines:
        return text
    start = end = lines.index(f"[{name}]")
    while start and lines[start - 1].startswith("#"):
        start -= 1
    end += 1
    while end < len(lines) and not lines[end].startswith("[") and not leads(lines, end):
        end += 1
    return "\n".join([*lines[:start], *lines[end:]]) + "\n"


def leads(lines: Sequence[str], at: int) -> bool:
    """Whether a comment above a table begins at a line."""
    if not lines[at].startswith("#") or lines[at - 1]:
        return False
    return next((line.startswith("[") for line in lines[at:] if not line.startswith("#")), False)
