"""Candidates on Dask: a cluster that there is, or one of processes on this computer."""

from __future__ import annotations

import logging
import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...dialects.errors import UserError
from .candidate import Candidate
from .local import killed
from .measure import compute
from .result import Result
from .store import Store

if TYPE_CHECKING:
    from distributed import Client, WorkerPlugin

LOCAL = "local-cluster"
SCHEMES = ("tcp://", "tls://", "ucx://")
PATIENCE = 10
"""Seconds in which a scheduler has to answer."""


def check_scheduler(scheduler: str) -> None:
    """Raises UserError for what names no scheduler, and where Dask is not installed."""
    if scheduler != LOCAL and not scheduler.startswith(SCHEMES):
        raise UserError(f"--scheduler {scheduler}: give {LOCAL}, or the address of one, as tcp://host:8786")
    try:
        import distributed  # noqa: F401 # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise UserError("--scheduler needs dask.distributed: pip install 'tinyml-opt[explore]'") from None


@contextmanager
def client_of(scheduler: str, jobs: int) -> Generator[Client]:
    """A client inside of the block. Raises UserError where no scheduler answers."""
    from distributed import Client, LocalCluster

    if scheduler != LOCAL:
        try:
            client = Client(scheduler, timeout=PATIENCE)
        except (OSError, ValueError):
            raise UserError(f"--scheduler {scheduler}: nobody answers there; start `dask scheduler`") from None
        with client:
            yield client
        return
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        LocalCluster(
            n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as own,
        Client(own) as client,
    ):
        client.register_plugin(uninterrupted())
        yield client


def uninterrupted() -> WorkerPlugin:
    """What lets Ctrl-C be the client's: a terminal sends it to the workers as well, those that are begun anew too."""
    from distributed import WorkerPlugin

    class Uninterrupted(WorkerPlugin):
        def setup(self, worker: object) -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return Uninterrupted()


def run_on_dask(candidates: Sequence[Candidate], folder: Path, client: Client) -> Iterator[Result]:
    """The results in the order in which they come. Workers read the same files, and keep results in the same folder.

    A worker that dies costs what it was at, which another one begins anew; where several died of it, it is refused.
    """
    from distributed import KilledWorker, as_completed

    futures = {
        client.submit(compute, candidate, folder, True, key=f"tinyml-{candidate.key}", pure=False): candidate
        for candidate in candidates
    }
    store = Store(folder)
    try:
        for future in as_completed(futures):
            try:
                result = future.result()
            except KilledWorker:
                yield killed(futures[future])
                continue
            except OSError as error:
                yield Result.refused(futures[future], f"on the cluster: {error}", kept=False)
                continue
            assert result is not None
            if result.kept and store.get(result.key) is None:
                store.put(result)
            yield result
    finally:
        client.cancel(list(futures))
