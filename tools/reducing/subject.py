"""What `reduce` makes small: parts that can be left out, kind by kind, and the file that the others make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Part = tuple[str, int, str]
"""A kind (as `nodes`), a number, and a name where the number does not say all."""


class Subject(Protocol):
    """A model or a module."""

    kinds: tuple[str, ...]
    """The kinds in the order in which they are tried."""

    def parts(self) -> list[Part]:
        """All parts, in the order of the file."""
        ...

    def written(self, kept: Sequence[Part]) -> bytes | None:
        """The file with these parts alone; None where there is no such file."""
        ...
