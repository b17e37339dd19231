"""How the command line tools end: what a person is told, and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ..dialects.errors import UserError
from ..dialects.harmless import line


def exit_code(run: Callable[[], int], debug: bool) -> int:
    """What `run` returns; 1 after a UserError, one `error:` line per reason, or when nobody reads the output any more.

    Any other exception is a defect of this program: one line, and exit code 2. With `debug` exceptions go on.
    """
    try:
        return run()
    except BrokenPipeError:
        # The reader (`| head`) has what it wants; Python must not complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        if isinstance(error, UserError):
            for reason in error.reasons:
                print(f"error: {reason}", file=sys.stderr)
            return 1
        first = line((str(error).splitlines() or [""])[0])
        print(f"internal error: {type(error).__name__}: {first}; run with --debug and report it", file=sys.stderr)
        return 2
