"""How commands print: a rich table for people, JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from ..dialects.harmless import json_text, line
from .progress import DISPLAY

WIDTH, MOST_WIDTH = 160, 240
"""Characters of a line where no terminal says how many there are; a table that fits the second is not folded."""


def print_json(data: Any) -> None:
    """Pretty-printed JSON on standard output."""
    print(json_text(data))


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str | None = None
) -> None:
    """A table; a column whose cells are all numbers is right-aligned. Text is text: no markup, no escape sequences."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    plain = "NO_COLOR" in os.environ
    texts = [[cell_text(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, cells)) for cells in zip(map(line, columns), *texts, strict=True)]
    needed = sum(widths) + 3 * len(widths) + 1
    width = None if sys.stdout.isatty() else needed if WIDTH < needed <= MOST_WIDTH else WIDTH
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    fits = needed <= console.width
    table = Table(header_style="none" if plain else "table.header")
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) for row in rows)
        given = widths[index] if fits else None  # rich would measure each cell once more
        table.add_column(line(column), justify="right" if numeric else "left", overflow="fold", width=given)
    for cells in texts:
        table.add_row(*cells)
    console.print(line(title), style="none" if plain else "bold")
    console.print(table)
    if caption is not None:
        console.print(line(caption))


def print_line(text: str, file: TextIO | None = None) -> None:
    """A line on standard output, or in `file`, as harmless as a cell of a table."""
    print(cell_text(text), file=file)


def print_remarks(remarks: Sequence[str]) -> None:
    """What a user should know and need not mend, on standard error."""
    for remark in () if DISPLAY.quiet else remarks:
        print_line(f"remark: {remark}", sys.stderr)


def cell_text(cell: object) -> str:
    """Integers with thousands separators, floats with three digits."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return line(str(cell))
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.3f}"
