"""A limit of time for what runs in this process: a case that hangs must not hold up all others."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Raise TimeoutError where a with block takes longer; only in a process's first thread."""

    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
