"""What a command is doing, on standard error, where a person looks at it and it takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

PATIENCE, TICK = 2.0, 0.5
"""Seconds before anything is shown, and between changes of what is."""

Tick = Callable[[int], None]
"""Told how many more of the parts that were announced are done."""


class Display:
    """The line of the innermost thing that is being done; `quiet` shows nothing, nor does a stream that is no terminal.

    A thread writes it. Whoever leaves `doing` finds the line clean.
    """

    def __init__(self) -> None:
        self.quiet = False
        self.held = 0
        """How many bars are on the terminal; there is no line meanwhile."""
        self._stack: list[tuple[str, float]] = []
        self._lock = threading.Lock()
        self._width = 0
        self._thread: threading.Thread | None = None

    @property
    def is_shown(self) -> bool:
        """True where a person sees what is written."""
        return not self.quiet and sys.stderr.isatty()

    @contextmanager
    def doing(self, what: str) -> Generator[None]:
        """Show what the with block does, once it takes long."""
        if not self.is_shown:
            yield
            return
        with self._lock:
            self._stack.append((what, time.monotonic()))
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._stack.pop()
                self._clear()

    def _write(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                if not self._stack:
                    self._thread = None
                    return
                what, since = self._stack[-1]
                seconds = time.monotonic() - since
                if seconds >= PATIENCE and not self.held:
                    text = f"{what}, {seconds:.0f} s"
                    print(f"\r{text.ljust(self._width)}", end="", file=sys.stderr, flush=True)
                    self._width = len(text)

    def _clear(self) -> None:
        if self._width:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


DISPLAY = Display()
doing = DISPLAY.doing


@contextmanager
def bar(title: str, total: int) -> Generator[Tick]:
    """A bar with the time left inside of a with block; nothing where nobody sees it."""
    if not DISPLAY.is_shown:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    DISPLAY.held += 1
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield lambda done: progress.advance(task, done)
    finally:
        DISPLAY.held -= 1
