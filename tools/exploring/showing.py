"""A sweep as a table, CSV, JSON and a page."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from ...dialects.harmless import in_csv
from ..reporting.document import Section, document
from ..reporting.html import html_table
from .front_svg import front_svg
from .result import Result, front_of, quality_of

COLUMNS = ("model", "board", "accuracy", "SNR, dB", "RAM", "flash (about)", "cycles (about)", "ms", "options")
REFUSED = ("model", "board", "options", "reason")
GROUPED = ("model", "board", "candidates", "the first one's options", "reason")


def cells(result: Result) -> tuple[object, ...]:
    """A row of the table."""
    accuracy = "-" if result.accuracy is None else f"{100 * result.accuracy:.2f} %"
    snr = result.snr()
    ratio = "-" if snr is None else "equal" if math.isinf(snr) else f"{snr:.1f}"
    figures = (result.ram_bytes, result.flash_bytes, result.cycles, result.ms)
    return result.model, result.board, accuracy, ratio, *("-" if f is None else f for f in figures), result.options


def refusals(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """What does not fit, or was refused, with the reasons."""
    return [(r.model, r.board, r.options, r.reason) for r in results if not r.fits]


def grouped(results: Sequence[Result]) -> list[tuple[object, ...]]:
    """The same, a row for each reason: how many candidates it keeps from a board, and the first one's options."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for model, board, options, reason in refusals(results):
        found.setdefault((model, board, reason), []).append(options)
    return [(model, board, len(all), all[0], reason) for (model, board, reason), all in found.items()]


def csv_of(results: Sequence[Result]) -> str:
    """All results, those of the front marked."""
    best = {result.key for result in front_of(results)}
    text = io.StringIO()
    rows = [{"front": int(result.key in best), **result.to_json()} for result in results]
    writer = csv.DictWriter(text, ["front", *Result.__annotations__, "fits"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: in_csv(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    return text.getvalue()


def json_of(results: Sequence[Result], total: int) -> dict[str, Any]:
    """The same as plain data; `missing` candidates were not measured before the run was interrupted."""
    best = [result.to_json() for result in front_of(results)]
    rest = [result.to_json() for result in results]
    return {"front": best, "candidates": rest, "missing": total - len(results), "quality": quality_of(results)}


def page_of(results: Sequence[Result], total: int, command: str) -> str:
    """One page without scripts."""
    best, wrong = front_of(results), refusals(results)
    fitting = [result for result in results if result.fits]
    sections = [
        Section("front", "The front", html_table("What no other candidate beats", COLUMNS, [*map(cells, best)]))
    ]
    if fitting:
        boards = dict.fromkeys(result.board for result in fitting)
        figures = "".join(front_svg([r for r in fitting if r.board == board], best, board) for board in boards)
        sections.insert(0, Section("figure", "RAM and quality", figures))
        sections.append(Section("all", "All that fit", html_table("Each candidate", COLUMNS, [*map(cells, fitting)])))
    if wrong:
        sections.append(Section("refused", "What does not", html_table("And why", REFUSED, wrong)))
    missing = total - len(results)
    verdict = f'<p class="good">{len(best)} of {len(results)} candidates are on the front.</p>'
    if missing:
        verdict += f'<p class="bad">Interrupted: {missing} candidates were not measured.</p>'
    return document("A front, not a point", verdict, sections, command)
