"""`tinyml_opt.explore`: a design space swept on all cores or on Dask, and the front of what was measured."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...dialects.errors import UserError
from ...dialects.harmless import in_html
from ..exploring.arguments import AXES, word
from ..exploring.candidate import Candidate
from ..exploring.front_svg import front_svg
from ..exploring.result import Result, front_of
from ..exploring.showing import COLUMNS, cells, csv_of
from ..exploring.space import candidates_of
from ..exploring.store import default_folder
from ..exploring.sweep import Sweep, explored
from ..reporting.html import html_table
from .data import Data, Files
from .model import Model, load


@dataclass(frozen=True)
class Exploration:
    """What a sweep has measured; `interrupted` where Ctrl-C ended it before all `candidates` were. A notebook shows it.

    `computed` of the results are new, the others were on disk.
    """

    candidates: tuple[Candidate, ...] = field(repr=False)
    results: tuple[Result, ...] = field(repr=False)
    computed: int
    interrupted: bool

    @property
    def front(self) -> tuple[Result, ...]:
        """What no other result on the same board beats in RAM, flash, cycles and accuracy (or SNR), least RAM first."""
        return tuple(front_of(self.results))

    def csv(self) -> str:
        """All results, those of the front marked."""
        return csv_of(self.results)

    def _repr_html_(self) -> str:
        best, fitting = front_of(self.results), [result for result in self.results if result.fits]
        told = f"{len(best)} of {len(fitting)} that fit, of {len(self.candidates)} candidates"
        boards = dict.fromkeys(result.board for result in fitting)
        figures = "".join(front_svg([r for r in fitting if r.board == board], best, board) for board in boards)
        return html_table(in_html(told), COLUMNS, [*map(cells, best)]) + figures


def explore(
    models: str | Path | Model | Sequence[str | Path | Model],
    boards: str | Path | Sequence[str | Path],
    *,
    calibration: Data | None = None,
    data: Data | None = None,
    limit: int | None = None,
    flash: int | None = None,
    stack: int | None = None,
    effort: int | None = None,
    batch: int | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    results: str | Path | None = None,
    **axes: object,
) -> Exploration:
    """Measure every combination of models, boards and `axes`, each a value or a list of them: `bits=[8, "mixed"]`.

    The axes are those of `tinyml explore` (bits, max_loss, scheme, arithmetic, calibration_method, stream, ram, input,
    packed, objective). All models take the same data. Processes: `jobs`, or those of a Dask `scheduler`. Results are
    kept in the folder `results` by content hash: a sweep goes on where it was stopped. Raises UserError.
    """
    files = Files()
    sources = [model_file(m) for m in ([models] if isinstance(models, str | Path | Model) else models)]
    args = Namespace(
        models=sources,
        board=[str(b) for b in ([boards] if isinstance(boards, str | Path) else boards)],
        calib=[path for path in [files.path(calibration)] if path is not None],
        data=[path for path in [files.path(data)] if path is not None],
        **{"limit": limit, "flash": flash, "stack": stack, "effort": effort, "shape": [], "dim": [], "batch": batch},
        **swept(axes),
    )
    candidates = candidates_of(args)
    sweep: Sweep = explored(candidates, Path(results or default_folder()).resolve(), jobs, scheduler)
    return Exploration(tuple(candidates), tuple(sweep.results), sweep.computed, sweep.interrupted)


def model_file(model: str | Path | Model) -> Path:
    """The file of a model, which other processes read. Raises UserError for one that has none."""
    source = load(model).source
    if not isinstance(source, Path):
        raise UserError("explore reads models from files: write this one into a file first")
    return source


def swept(axes: dict[str, object]) -> dict[str, list[Any]]:
    """The values of each axis. Raises UserError for axes and values that there are not."""
    names = {"calibration_method" if name == "calibration" else name.replace("-", "_"): name for name in AXES}
    reasons = [f"no axis '{axis}'; there are {', '.join(names)}" for axis in axes if axis not in names]
    found: dict[str, list[Any]] = {}
    for axis, name in names.items():
        _, parse, default, _ = AXES[name]
        given = axes.get(axis, default)
        values: list[Any] = [*given] if isinstance(given, list | tuple) else [given]
        try:
            found[name.replace("-", "_")] = [None if value is None else parse(word(value)) for value in values]
        except ArgumentTypeError as error:
            reasons.append(f"{axis}: {error}")
    if reasons:
        raise UserError(*reasons)
    return found
