"""Scales, once widths are chosen: coordinate descent over the share of each range that gets steps.

SeeDot (PLDI 2019) searches one scale exponent for all values; here each value of 8 bits or fewer has its own, among
shares of its range and, for what is computed, the ranges that outliers leave (percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...dialects.fixed.settings import Setting
from .judging import Score
from .variables import Choice, Key, Variable

CLIPS = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Shares that are tried from the greatest on, as long as they help."""

GAIN = 1e-3
"""A smaller share of the error is no gain: it would be noise of the calibration data."""

Ranges = Mapping[Key, Sequence[tuple[float, float]]]
"""Other ranges of inputs and values."""


def refined(
    variables: Sequence[Variable], choice: Choice, judged: Callable[[Choice], Score], ranges: Ranges, most: int
) -> dict[Key, Setting]:
    """A choice whose scales are not improved by any one step, after at most `most` evaluations."""
    best, score, left = dict(choice), judged(choice), most
    improved = True
    while improved and left > 0:
        improved = False
        for key in [v.key for v in variables if (best[v.key].bits or 8) <= 8]:
            for candidates in series(best[key], ranges.get(key, ())):
                for candidate in candidates:
                    if left == 0:
                        return best
                    left -= 1
                    found = judged({**best, key: candidate})
                    if not is_better(found, score):
                        break
                    best[key], score, improved = candidate, found, True
    return best


def series(setting: Setting, ranges: Sequence[tuple[float, float]]) -> Iterator[list[Setting]]:
    """Lists of settings, each to be followed as long as it helps."""
    yield [replace(setting, range=pair, clip=None) for pair in ranges if pair != setting.range]
    now = 1.0 if setting.clip is None else setting.clip
    yield [replace(setting, clip=clip) for clip in CLIPS if clip < now]
    if now < 1.0:
        yield [replace(setting, clip=None if now > CLIPS[0] - 0.05 else round(now + 0.1, 1))]


def is_better(new: Score, old: Score) -> bool:
    """Fewer wrong rows, or an error that is less by more than noise."""
    return new.wrong < old.wrong or (new.wrong == old.wrong and new.error < old.error * (1 - GAIN))
