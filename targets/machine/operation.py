"""An operation in a block of them."""

from __future__ import annotations

from typing import NamedTuple


class Operation(NamedTuple):
    """One operation: its name, its operands, its immediates."""

    name: str
    operands: tuple[str, ...]
    numbers: tuple[int, ...] = ()
