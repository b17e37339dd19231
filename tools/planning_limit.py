"""What `tinyml` says where the planning of memory has stopped at its limit."""

from __future__ import annotations

import sys

from .compiling.compilation import Compilation
from .progress import DISPLAY
from .show import print_line


def say_limit(compilation: Compilation) -> None:
    """A line on standard error where more effort may find a better plan."""
    if compilation.limited and not DISPLAY.quiet:
        more = 10 * compilation.options.effort
        print_line(f"planning stopped at its limit; --effort {more} for more", sys.stderr)
