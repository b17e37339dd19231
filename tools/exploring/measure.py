"""One candidate: compiled, sized, run on the data; what a worker does."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...dialects.errors import UserError
from ..exit_codes import summary, surroundings
from ..progress import DISPLAY
from .candidate import MIXED, Candidate
from .result import Result
from .store import Store


def compute(candidate: Candidate, folder: Path, wait: bool) -> Result | None:
    """The result, from the folder or measured and kept there; None where another process is at it, without `wait`."""
    DISPLAY.quiet = True  # the bar is the parent's
    store = Store(folder)
    with store.claim(candidate.key, wait) as mine:
        if (known := store.get(candidate.key)) is not None or not mine:
            return known
        result = measured(candidate)
        if result.kept:
            store.put(result)
        return result


def measured(candidate: Candidate) -> Result:
    """The figures of a candidate, or why there are none; a defect of this program is a reason as well, and not kept."""
    began = time.monotonic()
    try:
        figures: dict[str, Any] = figures_of(candidate)
        result = replace(Result.refused(candidate, ""), **figures)
    except UserError as error:
        result = Result.refused(candidate, "; ".join(error.reasons))
    except OSError as error:
        result = Result.refused(candidate, surroundings(error), kept=False)
    except MemoryError:
        result = Result.refused(candidate, "not enough memory", kept=False)
    except Exception as error:
        result = Result.refused(candidate, f"a defect of this program: {summary(error)}", kept=False)
    worker = f"{platform.node()}:{os.getpid()}"
    return replace(result, seconds=round(time.monotonic() - began, 3), worker=worker)


def figures_of(candidate: Candidate) -> dict[str, Any]:
    """Sizes, and accuracy where there are data. Raises UserError."""
    from ..api.model import load

    model, settings = load(candidate.model), candidate.settings
    choices: dict[str, Any] = {**candidate.fixed.choices(), **settings.choices()}
    if settings.bits == MIXED and settings.arithmetic != "exact":
        raise UserError("the search for widths judges exact arithmetic only")
    if settings.bits == MIXED and candidate.calibration is None:
        raise UserError("the search for widths judges types on calibration data: give --calib")
    if candidate.calibration is None and candidate.data is None:
        return sizes(model.analyze(candidate.board, **choices))
    choices["calibration"] = candidate.calibration
    program = model.compile(candidate.board, **choices)
    found = sizes(program.analysis)
    return found if found["reason"] else {**found, **qualities(program, candidate)}


def sizes(analysis: Any) -> dict[str, Any]:
    """Of an analysis."""
    ms = 1000 * analysis.cycles / analysis.clock_hz if analysis.clock_hz else None
    return {
        "reason": "; ".join(analysis.misfit),
        "ram_bytes": analysis.peak_ram_bytes,
        "flash_bytes": analysis.flash_bytes,
        "cycles": analysis.cycles,
        "ms": ms,
    }


def qualities(program: Any, candidate: Candidate) -> dict[str, Any]:
    """Accuracy by the labels, if there are some, and SNR against the model in float32, of the worst output."""
    from ...targets.ports import output_ports
    from ..compiling.compilation import float_outputs
    from ..simulate import accuracy
    from ..verifying.distance import distances

    compilation = program.compilation
    dataset = program.dataset(candidate.data or candidate.calibration, candidate.fixed.limit)
    outputs = program.run(dataset)
    ports = output_ports(compilation.function)
    found = distances(float_outputs(compilation, dataset), outputs, ports).values()
    ratios = [distance.snr_db for distance in found if distance.snr_db is not None]
    return {
        "accuracy": accuracy(outputs, dataset, ports),
        "snr_db": min(ratios, default=None),
        "equal": all(distance.equal for distance in found),
    }
