"""Words for what becomes of a case, and when numbers are right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.toolchain import CompileError

from .cases import Array

RIGHT, COARSE, REFUSED, WRONG, CRASHED = "right", "coarse", "refused", "wrong", "crashed"
WORST = (CRASHED, WRONG, RIGHT, COARSE, REFUSED)
"""Which verdict counts where two ways to take a case differ: a wrong number is never made good by a right one.

`coarse` is right for the input that the program got, but 16 bits do not hold the case's own closely enough.
"""

MIN_SNR = 60.0
"""In dB: what real outputs must reach at 16 bits."""

ROUNDINGS = 2
"""Steps of its own type by which a case may be off that was computed in it: a softmax and a sum round once each."""

FLOAT_SLACK = 1e-5
"""What float32 may lose, as a part of an output's greatest value, beside ONNX's own relative tolerance."""


@dataclass(frozen=True)
class Verdict:
    """A word, why it is not `right`, and the way in which the case was taken."""

    word: str
    reason: str = ""
    variant: str = ""


@dataclass
class Outcome:
    """The verdicts on a case; `c` is None where only the float executor was asked."""

    name: str
    operator: str
    float: Verdict
    c: Verdict | None = None


def failure(error: Exception, way: str) -> Verdict:
    """A refusal is a UserError; anything else is a crash."""
    if isinstance(error, UserError) and not isinstance(error, CompileError):
        reasons = [r for r in error.reasons if "between the model and its C" not in r]
        return Verdict(REFUSED, reasons[0] if reasons else str(error), way)
    return Verdict(CRASHED, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}", way)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The one that counts; of refusals that of the last way, which asks least."""
    return min(reversed(verdicts), key=lambda verdict: WORST.index(verdict.word))


def float_fault(expected: Array, actual: Array, rtol: float) -> str | None:
    """Integers and booleans must be equal, reals close."""
    if expected.shape != actual.shape:
        return f"shape {list(actual.shape)} instead of {list(expected.shape)}"
    if expected.dtype.kind in "iub":
        wrong = np.count_nonzero(expected != actual)
        return f"{wrong} of {expected.size} values differ" if wrong else None
    real = expected.astype(np.float64)
    finite = np.abs(real[np.isfinite(real)])
    rtol = max(rtol, ROUNDINGS * float(ml_dtypes.finfo(expected.dtype).eps))
    if np.allclose(actual.astype(np.float64), real, rtol, FLOAT_SLACK * finite.max(initial=1e-2), equal_nan=True):
        return None
    return f"{np.abs(actual - real).max():.3g} off at most"


def c_fault(expected: Array, actual: Array, step: float) -> str | None:
    """Integers and booleans must be equal; reals above MIN_SNR, and zeros within a step."""
    if expected.dtype.kind in "iub" or expected.shape != actual.shape:
        return float_fault(expected, actual, 0)
    real = expected.astype(np.float64)
    noise, signal = np.square(real - actual).sum(), np.square(real).sum()
    if signal == 0 or noise == 0:
        return None if np.abs(real - actual).max(initial=0) <= step else f"{np.abs(actual).max():.3g} instead of 0"
    snr = 10 * np.log10(signal / noise)
    return None if snr >= MIN_SNR else f"an SNR of {snr:.1f} dB"


def kind_of(reason: str) -> str:
    """A reason without the names and numbers of its model, to count those alike."""
    return re.sub(r"-?\d[\d.,e]*", "#", re.sub(r"'[^']*'", "'...'", reason))
