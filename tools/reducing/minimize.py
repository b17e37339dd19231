"""Delta debugging (Zeller and Hildebrandt, 2002) on a list of parts, by leaving out runs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimized(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """A sublist with which `fails` holds, as it does with all items: leaving out any one more, it does not.

    Runs of half the list are tried first, those at its end before others (readers before what they read), then shorter
    ones. Takes about 2 log2(n) + n trials for each run that can go.
    """
    kept, size = list(items), max(1, len(items))
    while kept:
        before, end = len(kept), len(kept)
        while end > 0:
            begin = max(0, end - size)
            candidate = kept[:begin] + kept[end:]
            if fails(candidate):
                kept = candidate
            end = begin
        if size > 1:
            size //= 2
        elif len(kept) == before:
            break
    return kept
