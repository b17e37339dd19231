"""What is known of a candidate once it was measured, or why it was not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..pareto import Costs, pareto
from .candidate import Candidate


@dataclass(frozen=True)
class Result:
    """A row. Sizes in bytes, `ms` at the board's clock; flash and cycles are estimates. None: not measured.

    `accuracy` is the share of right rows, `snr_db` that of the worst output against the model in float32, None where it
    is `equal`. `reason` says what keeps it from the board, or why it was refused; `seconds` is what measuring took, in
    the process `worker`. Only what is `kept` would come out the same again.
    """

    key: str
    model: str
    board: str
    options: str
    reason: str = ""
    accuracy: float | None = None
    snr_db: float | None = None
    equal: bool = False
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    cycles: int | None = None
    ms: float | None = None
    seconds: float = 0.0
    worker: str = ""
    kept: bool = True

    @staticmethod
    def refused(candidate: Candidate, reason: str, kept: bool = True) -> Result:
        """A candidate without figures."""
        return Result(
            candidate.key, candidate.model.stem, candidate.board, candidate.settings.flags(), reason, kept=kept
        )

    @property
    def fits(self) -> bool:
        """Whether it is a program for its board."""
        return not self.reason and self.ram_bytes is not None

    def snr(self) -> float | None:
        """In dB, infinite where it is equal."""
        return math.inf if self.equal else self.snr_db

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "fits": self.fits}


def quality_of(results: Sequence[Result]) -> str:
    """By what results are compared: accuracy where each has one, else SNR, else neither."""
    fitting = [result for result in results if result.fits]
    if fitting and all(result.accuracy is not None for result in fitting):
        return "accuracy"
    return "snr" if fitting and all(result.snr() is not None for result in fitting) else ""


def front_of(results: Sequence[Result]) -> list[Result]:
    """What no other candidate on the same board beats, by board, least RAM first."""
    quality = quality_of(results)

    def costs(result: Result) -> Costs:
        gain = result.accuracy if quality == "accuracy" else result.snr() if quality == "snr" else 0
        return result.ram_bytes or 0, result.flash_bytes or 0, result.cycles or 0, -(gain or 0.0)

    fitting = [result for result in results if result.fits]
    boards = dict.fromkeys(result.board for result in fitting)
    return [r for board in boards for r in pareto((f for f in fitting if f.board == board), costs)]
