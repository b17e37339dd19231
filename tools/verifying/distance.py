"""How far integers are from a reference, in dB and in steps, and when that is close."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import PortAttr, QType
from ...targets.executors.interface import Arrays

FAR_STEPS = 2.0
"""More steps than this are far."""

FAR_SHARE = 0.01
"""The share of values that may be far in a model quantized by its author."""

DEFAULT_MIN_SNR = 8.0
"""In dB. Below the 9 dB that onnxruntime's own int8 reaches on some public detectors that still work."""

SLACK = 1e-4
"""In steps: what float32 may lose of a reference that lies on the grid."""


@dataclass
class Distance:
    """The distance of an array from its reference, taken up part by part.

    `signal` and `noise` are the sums of y^2 and of (y - y')^2; where values are `plain` integers (an ArgMax), whose
    size means nothing, the number of values and that of the wrong ones. `bad` counts values that are not finite.
    """

    plain: bool = False
    count: int = 0
    signal: float = 0.0
    noise: float = 0.0
    max_steps: float = 0.0
    far: int = 0
    bad: int = 0

    def add(self, reference: NDArray[Any], actual: NDArray[Any], step: float | NDArray[np.float64]) -> None:
        """Take up arrays of one shape, in real units; `step` is the real number that one integer stands for."""
        expected = reference.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.abs(expected - actual)
            steps = error / step
            self.bad += int(np.count_nonzero(~np.isfinite(error)))
            self.count += error.size
            self.signal += error.size if self.plain else float(np.square(expected).sum())
            self.noise += float(np.count_nonzero(reference != actual) if self.plain else np.square(error).sum())
        self.max_steps = max(self.max_steps, float(steps.max(initial=0.0)))
        self.far += int(np.count_nonzero(steps > FAR_STEPS + SLACK))

    @property
    def snr_db(self) -> float | None:
        """10 log10(signal / noise); None where a sum is 0 (all equal, or a reference of zeros) or not finite."""
        if self.bad or not (0 < self.noise < math.inf and 0 < self.signal < math.inf):
            return None
        return 10 * math.log10(self.signal / self.noise)

    @property
    def equal(self) -> bool:
        """Whether every value is that of the reference."""
        return not self.bad and self.noise == 0

    @property
    def share_over_2(self) -> float:
        """The share of values that are far."""
        return self.far / max(1, self.count)

    @property
    def greatest(self) -> float | None:
        """The greatest distance in steps; None where a value is not finite."""
        return self.max_steps if not self.bad and math.isfinite(self.max_steps) else None


@dataclass(frozen=True)
class Criterion:
    """When an output is close: at most `tolerance` steps where one is given, else by dB or by far values."""

    quantized: bool
    min_snr: float = DEFAULT_MIN_SNR
    tolerance: float | None = None

    def fault(self, distance: Distance) -> str | None:
        """What is wrong with a distance; None where it is close."""
        if distance.bad:
            return f"{distance.bad:,} of {distance.count:,} values are NaN or infinite on one side"
        if self.tolerance is not None:
            if distance.max_steps <= self.tolerance + SLACK:
                return None
            return f"{distance.max_steps:.4g} steps off at most, above the {self.tolerance:g} of --tolerance"
        if self.quantized or (distance.signal == 0 and not distance.equal):
            if distance.share_over_2 <= FAR_SHARE:
                return None
            share = f"{distance.share_over_2:.2%} of the values are more than {FAR_STEPS:g} steps off"
            return f"{share} (at most {FAR_SHARE:.0%} may be), the worst {distance.max_steps:.4g}"
        if distance.equal or (distance.snr_db is not None and distance.snr_db >= self.min_snr):
            return None
        if distance.snr_db is None:
            return "its values are too large to be compared"
        return f"the SNR is {distance.snr_db:.1f} dB, below the {self.min_snr:g} dB of --min-snr"


def distances(reference: Arrays, values: Arrays, ports: Sequence[PortAttr]) -> dict[str, Distance]:
    """The distance of each output from the reference, both in real units."""
    found: dict[str, Distance] = {}
    for port in ports:
        name, element = port.label.data, port.element
        found[name] = Distance(plain=not port.is_real)
        found[name].add(reference[name], values[name], element.scale if isinstance(element, QType) else 1.0)
    return found
