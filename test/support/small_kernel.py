"""A kernel module as small as one can be."""

from __future__ import annotations

from typing import Any


def total(row: Any, factor: int) -> int:
    """The sum of a row, each number times a factor."""
    result = 0
    for number in row:
        result += times(number, factor)
    return result


def times(number: int, factor: int) -> int:
    """The product."""
    return number * factor


WHEN_COMPILED: dict[str, Any] = {}
