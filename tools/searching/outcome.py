"""What a search found, as a table: each candidate's widths, accuracy, flash, RAM, cycles, and whether it fits."""

from __future__ import annotations

import math
from typing import Any

from ...passes.fixed.scales.types_file import settings_text
from .found import Candidate, Found

COLUMNS = ("types", "4 bits", "8 bits", "16 bits", "right", "SNR, dB", "parameters", "flash", "RAM", "cycles", "fits")


def rows(found: Found) -> list[tuple[object, ...]]:
    """A row per candidate, the one that is taken last."""
    return [row(c, found.rows, c is found.taken) for c in (*found.others, found.taken)]


def row(candidate: Candidate, rows: int, taken: bool) -> tuple[object, ...]:
    """The cells of a candidate; sizes as measured, estimates are marked with ~."""
    cost, score = candidate.cost, candidate.score
    counts = [sum(n for bits, n in candidate.tensors.items() if low < bits <= high) for low, high in BANDS]
    right = "-" if score.right is None else f"{100 * score.right / rows:.2f} %"
    snr = f"{-10 * math.log10(max(score.error, 1e-15)):.1f}" if math.isfinite(score.error) else "-"
    about, sizes = "~" if candidate.measured is None else "", candidate.sizes
    parameters, flash, ram = (f"{about}{size:,}" for size in (sizes.parameters, sizes.flash, sizes.ram))
    name = f"{candidate.name} (taken)" if taken else candidate.name
    return (
        name,
        *counts,
        right,
        snr,
        parameters,
        flash,
        ram,
        f"~{cost.cycles:,}",
        "yes" if candidate.fits else "no",
    )


BANDS = ((0, 4), (4, 8), (8, 16))
"""Widths that are counted together: above the first and up to the second."""


def caption(found: Found) -> str:
    """What the numbers rest on."""
    limited = "; the list of choices was thinned" if found.limited else ""
    right = "" if found.float_right is None else f"; float: {100 * found.float_right / found.rows:.2f} % right"
    return f"{found.rows:,} rows of calibration data, {found.evaluations:,} choices looked at{limited}{right}"


def lines(found: Found) -> list[str]:
    """The table as plain lines, for the IR."""
    return [", ".join(f"{name}: {cell}" for name, cell in zip(COLUMNS, cells, strict=True)) for cells in rows(found)]


def file_text(found: Found) -> str:
    """The file that `--types` reads, with the table as a comment."""
    comment = "".join(f"# {line}\n" for line in [*lines(found), caption(found)])
    return f"{comment}\n{settings_text(dict(found.taken.choice))}"


def to_json(found: Found) -> dict[str, Any]:
    """The table as plain data."""
    table = [dict(zip(COLUMNS, cells, strict=True)) for cells in rows(found)]
    return {"rows": found.rows, "evaluations": found.evaluations, "limited": found.limited, "candidates": table}
