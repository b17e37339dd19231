"""Candidates in processes of this computer: one that is killed costs only what it was at."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from .candidate import Candidate
from .measure import compute
from .result import Result

ATTEMPTS = 2
"""How often a candidate is begun whose process dies."""


class Worker:
    """A process that computes one candidate after the other, and what it is at."""

    def __init__(self, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=serve, args=(theirs, folder), daemon=True)
        self.process.start()
        theirs.close()
        self.candidate: Candidate | None = None

    def begin(self, candidate: Candidate, wait: bool) -> None:
        """Give it a candidate; a process that has died says so when it is listened to."""
        self.candidate = candidate
        try:
            self.connection.send((candidate, wait))
        except OSError:
            pass

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def serve(connection: Connection, folder: Path) -> None:
    """What a worker does until its parent is gone; Ctrl-C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            candidate, wait = connection.recv()
            connection.send(compute(candidate, folder, wait))
    except (EOFError, OSError):
        return


def run_here(candidates: Sequence[Candidate], folder: Path, jobs: int) -> Iterator[Result]:
    """The results in the order in which they come. A candidate at which its process died twice is refused."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process for each core: numpy's threads would only get in the way
    waiting = deque((candidate, False) for candidate in candidates)
    begun: dict[str, int] = {}
    workers = [Worker(folder) for _ in range(min(jobs, len(candidates)))]
    try:
        while waiting or any(worker.candidate for worker in workers):
            for worker in workers:
                if waiting and worker.candidate is None:
                    candidate, patient = waiting.popleft()
                    worker.begin(candidate, patient)
            listened = {worker.connection: worker for worker in workers if worker.candidate}
            for connection in wait(list(listened)):
                worker = next(w for c, w in listened.items() if c is connection)
                candidate, worker.candidate = worker.candidate, None
                assert candidate is not None
                try:
                    result: Result | None = worker.connection.recv()
                except (EOFError, OSError):
                    worker.end()
                    workers[workers.index(worker)] = Worker(folder)
                    begun[candidate.key] = begun.get(candidate.key, 0) + 1
                    if begun[candidate.key] >= ATTEMPTS:
                        yield killed(candidate)
                    else:
                        waiting.append((candidate, False))
                    continue
                if result is None:
                    waiting.append((candidate, True))
                else:
                    yield result
    finally:
        for worker in workers:
            worker.end()


def killed(candidate: Candidate) -> Result:
    """A candidate at which processes died."""
    reason = "the process that measured it was killed, again and again: perhaps for lack of memory (fewer --jobs)"
    return Result.refused(candidate, reason, kept=False)
