"""What a tool that runs for minutes is at: lines of its log that mean a new stage, and a sign of life in between."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Say = Callable[[str], None]

QUIET_SECONDS = 60.0
POLL_SECONDS = 0.5


def silent(text: str) -> None:
    """Say nothing."""


@contextmanager
def reporting(name: str, say: Say, log: Path | None = None, stages: Mapping[str, str] | None = None) -> Generator[None]:
    """Say what a tool is at while the block runs, and how long it took.

    `stages` are texts by patterns of lines in `log`; groups of a pattern fill a text's `{}`.
    """
    ended, start = threading.Event(), time.perf_counter()
    watcher = threading.Thread(target=watch, args=(name, say, log, stages or {}, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    say(f"{name} took {time.perf_counter() - start:.0f} s")


def watch(name: str, say: Say, log: Path | None, stages: Mapping[str, str], ended: threading.Event) -> None:
    """Follow a log until the tool has ended."""
    start = last = time.perf_counter()
    place = 0
    while not ended.wait(POLL_SECONDS):
        if log is not None and log.is_file():
            with log.open(encoding="utf-8", errors="replace") as file:
                file.seek(place)
                lines = file.read()
            lines = lines[: lines.rfind("\n") + 1]
            place += len(lines.encode())
            for text in texts_of(lines, stages):
                say(f"{name}: {text}")
                last = time.perf_counter()
        if time.perf_counter() - last > QUIET_SECONDS:
            last = time.perf_counter()
            say(f"{name}: at it for {last - start:.0f} s")


def texts_of(lines: str, stages: Mapping[str, str]) -> Iterator[str]:
    """The texts of the lines that mean a new stage."""
    for line in lines.splitlines():
        for pattern, text in stages.items():
            if (found := re.search(pattern, line)) is not None:
                yield text.format(*found.groups())
