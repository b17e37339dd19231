"""How the command line tools end: what a person is told, and the exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from errno import EBADF, EDQUOT, EFBIG, ENOSPC
from typing import NoReturn

from ..dialects.errors import UserError
from ..dialects.harmless import line
from . import streams

FAILED, DEFECT, INTERRUPTED, TERMINATED = 1, 2, 130, 143
"""Exit codes: what the user can mend; a defect of this program (argparse has the same for usage); Ctrl-C; SIGTERM."""


INTERRUPTS: list[int] = []
"""The SIGINTs that this process has received."""


def exit_code(run: Callable[[], int], debug: bool, report: str) -> int:
    """What `run` returns, or the exit code for what it raises; the message is on standard error.

    UserError: an `error:` line per reason. OSError and MemoryError are faults of the surroundings: one line. A reader
    that went away (`| head`) is told nothing. Any other exception is a defect of this program: what it was, and
    `report`, how to report it. With `debug` defects go on as exceptions.
    """
    try:
        streams.prepare()
        return delivered(run)
    except KeyboardInterrupt:
        return fail("error: interrupted", code=INTERRUPTED)
    except UserError as error:
        return fail(*(f"error: {reason}" for reason in error.reasons))
    except BrokenPipeError:
        return fail()
    except OSError as error:
        return fail(f"error: {unprintable() or surroundings(error)}")
    except MemoryError:
        return fail("error: not enough memory: close other programs, or take a smaller model")
    except Exception as error:
        if INTERRUPTS:  # a C extension that Ctrl-C meets while it is loaded raises another exception
            return fail("error: interrupted", code=INTERRUPTED)
        if debug:
            raise
        return fail(f"internal error: {summary(error)}", f"note: {report}", code=DEFECT)


def delivered(run: Callable[[], int]) -> int:
    """What `run` returns, once all that it printed (a help text, too) is written. Raises as `streams.flush` does."""
    try:
        code = run()
    except SystemExit:
        streams.flush()
        raise
    streams.flush()
    return code


def fail(*lines: str, code: int = FAILED) -> int:
    """Print lines on standard error; returns `code`. What then cannot be printed any more is dropped."""
    try:
        streams.flush()
    except (UserError, OSError):
        streams.abandon(sys.stdout)
    try:
        print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr, flush=True)
    except OSError:
        streams.abandon(sys.stderr)
    return code


def unprintable() -> str | None:
    """Why standard output cannot be written, where that is so."""
    try:
        streams.flush()
    except UserError as error:
        return error.reasons[0]
    except BrokenPipeError:
        pass
    return None


def surroundings(error: OSError) -> str:
    """What the operating system refused, and for which file."""
    where = "cannot write" if error.errno in (ENOSPC, EFBIG, EDQUOT, EBADF) else "the system refused"
    where = where if error.filename is None else error.filename
    return f"{where}: {error.strerror or error}"


def summary(error: Exception) -> str:
    """The type of an exception and the first line of what it says."""
    return line(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")


def interrupt(number: int, frame: object) -> NoReturn:
    """What SIGINT does: as Python has it, and remembered."""
    INTERRUPTS.append(number)
    raise KeyboardInterrupt


def terminate(number: int, frame: object) -> NoReturn:
    """What SIGTERM does: the process ends as if it had wanted to."""
    sys.exit(TERMINATED)


def end_process(tool: Callable[[], int]) -> NoReturn:
    """Run a tool as this process. SIGTERM ends it as tidily as Ctrl-C does; neither interrupts the end itself."""
    code = INTERRUPTED
    with suppress(KeyboardInterrupt):
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored in the background of a shell
            signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, terminate)
        code = tool()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
