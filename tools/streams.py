"""Standard input, output and errors of the command line tools, whatever state the caller hands them over in."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from ..dialects.errors import UserError


def prepare() -> None:
    """Make every character printable, and a stream that the caller has closed fail when it is used.

    A closed descriptor would be given to the next file that is opened, and that file would then be printed into.
    """
    for descriptor, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.dup2(os.open(os.devnull, flags), descriptor)
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdin = open(0, closefd=False)
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout = open(1, "w", closefd=False)
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def flush() -> None:
    """Hand what was printed to its reader. Raises BrokenPipeError, or UserError where it cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(f"cannot write to standard output: {error.strerror}") from None


def write(text: str) -> None:
    """Print a text of the compiler's, as UTF-8 whatever the locale. Raises as `flush` does."""
    flush()
    binary = getattr(sys.stdout, "buffer", None)
    try:
        if binary is None:
            sys.stdout.write(text)
        else:
            binary.write(text.encode(errors="surrogateescape"))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(f"cannot write to standard output: {error.strerror}") from None
    flush()


def abandon(stream: TextIO) -> None:
    """Print no more on a stream: what is left in its buffer must not fail again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
