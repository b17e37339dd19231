"""Other options under which a model that does not fit would fit: each is tried before it is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..dialects.errors import UserError
from .analyze import Analysis, analyze
from .compiler import compile_model
from .compiling.compilation import Compilation
from .compiling.options import Options

FORMS_TRIED = 100
"""Beyond so many forms a trial takes too long for a message."""

WAYS: dict[str, dict[str, Any]] = {
    "--bits 8": {"bits": 8},
    "--input arena": {"input": "arena"},
    "--input rows": {"input": "rows"},
}
"""Options that may save bytes, the least troublesome for the caller first."""


def advised(compilation: Compilation, analysis: Analysis) -> Analysis:
    """The analysis; where the model does not fit, its last reason also names the options under which it does."""
    if not analysis.misfit or len(analysis.rows) > FORMS_TRIED:
        return analysis
    found = list(ways_to_fit(compilation.options))
    if not found:
        return analysis
    *others, last = analysis.misfit
    return replace(analysis, misfit=(*others, f"{last}; or compile with {' or '.join(found)}"))


def ways_to_fit(options: Options) -> Iterator[str]:
    """Options with which the model fits, and what it needs then."""
    for flag, change in WAYS.items():
        other = replace(options, **change)
        if other == options or (options.input != "caller" and "input" in change):
            continue
        try:
            analysis = analyze(compile_model(other))
        except UserError:
            continue
        if not analysis.misfit:
            yield f"{flag} ({analysis.peak_ram_bytes:,} bytes of RAM)"
