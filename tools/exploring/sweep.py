"""All candidates of a sweep: what is known is taken, what is not is computed here or on Dask."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...dialects.errors import UserError
from ..progress import bar
from .candidate import Candidate
from .cluster import client_of, run_on_dask
from .local import run_here
from .result import Result
from .store import Store


@dataclass
class Sweep:
    """Candidates, and the results so far by key; `computed` counts those that were not on disk."""

    candidates: Sequence[Candidate]
    store: Store
    found: dict[str, Result] = field(default_factory=dict[str, Result])
    computed: int = 0
    interrupted: bool = False

    @property
    def results(self) -> list[Result]:
        """In the order of the candidates; after an interruption not all."""
        return [self.found[c.key] for c in self.candidates if c.key in self.found]

    def run(self, jobs: int | None = None, scheduler: str | None = None) -> None:
        """Complete the results; Ctrl-C leaves those that there are. Raises UserError."""
        self.store.prepare()
        self.take()
        left = [c for c in self.candidates if c.key not in self.found]
        if not left:
            return
        try:
            with bar("exploring", len(self.candidates)) as tick:
                tick(len(self.found))
                for result in completed(left, self.store.folder, jobs or os.cpu_count() or 1, scheduler):
                    self.found[result.key] = result
                    self.computed += 1
                    tick(1)
        except KeyboardInterrupt:
            self.interrupted = True
            self.computed += self.take()

    def take(self) -> int:
        """Take what is on disk; returns how many results were new."""
        known = [self.store.get(c.key) for c in self.candidates if c.key not in self.found]
        self.found.update({result.key: result for result in known if result is not None})
        return sum(result is not None for result in known)

    def common_fault(self) -> str | None:
        """What was wrong with every candidate, where that is one thing: then it is the input's."""
        faults = {result.reason for result in self.found.values() if result.ram_bytes is None}
        every = len(self.found) == len(self.candidates) and all(r.ram_bytes is None for r in self.found.values())
        return faults.pop() if every and len(faults) == 1 else None


def completed(left: Sequence[Candidate], folder: Path, jobs: int, scheduler: str | None) -> Iterator[Result]:
    """Results as they come."""
    if scheduler is None:
        yield from run_here(left, folder, jobs)
        return
    with client_of(scheduler, jobs) as client:
        yield from run_on_dask(left, folder, client)


def explored(candidates: Sequence[Candidate], folder: Path, jobs: int | None, scheduler: str | None) -> Sweep:
    """A sweep that was run. Raises UserError where all candidates are refused for one reason."""
    sweep = Sweep(candidates, Store(folder))
    sweep.run(jobs, scheduler)
    if (fault := sweep.common_fault()) is not None:
        raise UserError(fault)
    return sweep
