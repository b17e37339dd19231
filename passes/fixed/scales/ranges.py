"""Types for ranges of real numbers: affine (Jacob et al., CVPR 2018), or power-of-two scales (SeeDot, PLDI 2019)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from xdsl.dialects.builtin import IntegerType, Signedness

from ....dialects.fixed.settings import Setting
from ....dialects.fixed.types import QType

WIDE_HEADROOM = 1.25
"""Where there are bits to spare, ranges grow by so much: few inputs outside the calibration data then saturate.
Twice as much costs 0.2 to 3.6 dB on the networks of MLPerf Tiny, MNIST and EdgeML, and saturates as many."""


@dataclass(frozen=True)
class RangeTypes:
    """The types of a width in bits and a scheme; `clip` is the share of each range that gets steps.

    With a `range` all types have that one, with a `scale` that scale; `symmetric` ones have no zero point.
    """

    bits: int
    pow2: bool
    clip: float = 1.0
    range: tuple[float, float] | None = None
    scale: float | None = None
    symmetric: bool = False

    def following(self, setting: Setting) -> RangeTypes:
        """The types of a value for which something is set."""
        if not setting:
            return self
        pow2 = self.pow2 if setting.scheme is None else setting.scheme == "pow2"
        symmetric = self.symmetric if setting.scheme is None else setting.scheme == "symmetric"
        clip = self.clip if setting.clip is None else setting.clip
        bits = setting.bits or self.bits
        given = {"clip": clip, "range": setting.range, "scale": setting.scale}
        return replace(self, bits=bits, pow2=pow2, symmetric=symmetric, **given)

    def of_range(self, low: float, high: float, farthest: float = math.inf) -> QType:
        """Affine over [low, high] with 0 exact, or symmetric (power-of-two scales, and everything over 8 bits).

        Numbers of 16 bits that are not negative are unsigned.

        Numbers beyond `farthest` need no place, even where there are bits to spare.
        """
        low, high = self.range or (low, high)
        low, high = min(low, 0.0), max(high, 0.0)
        if self.scale is not None:
            return self.of_scale(low, self.scale)
        return self.of_clipped(low * self.clip, high * self.clip, farthest)

    def of_scale(self, low: float, scale: float) -> QType:
        """The type of a scale; affine, the least integer stands for `low`."""
        least, greatest = -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        symmetric = self.pow2 or self.symmetric or self.bits > 8
        return QType(IntegerType(self.bits), scale, 0 if symmetric else within(least - low / scale, least, greatest))

    def of_clipped(self, low: float, high: float, farthest: float) -> QType:
        """The type for what gets steps, 0 included."""
        storage, steps = IntegerType(self.bits), (1 << self.bits) - 1
        if low == high:
            return QType(storage, 1.0)
        if self.pow2 or self.bits > 8:
            headroom = 1.0 if self.bits <= 8 else WIDE_HEADROOM
            reach = min(max(-low, high) * headroom, max(-low, high, farthest))
            if low == 0 and not self.pow2 and self.bits == 16:
                return QType(IntegerType(self.bits, Signedness.UNSIGNED), reach / steps)
            return QType(storage, self.symmetric_scale(reach))
        least, greatest = -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        if self.symmetric:
            return QType(storage, max(low / least, high / greatest))
        scale = (high - low) / steps
        return QType(storage, scale, within(least - low / scale, least, greatest))

    def unit(self) -> QType:
        """For values in [0, 1]: the whole storage range, as TFLite's softmax; with 2^k scales one bit less."""
        if self.clip != 1.0 or self.range is not None or self.scale is not None:
            return self.of_range(0.0, 1.0)
        storage = IntegerType(self.bits)
        if self.pow2 or self.bits > 8:
            return QType(storage, 2.0 ** (1 - self.bits))
        return QType(storage, 2.0**-self.bits, -(1 << (self.bits - 1)))

    def symmetric_scale(self, magnitude: float) -> float:
        """The scale at which `magnitude` is the greatest integer; rounded up to 2^k where the scheme asks it."""
        greatest = (1 << (self.bits - 1)) - 1
        if not self.pow2:
            return magnitude / greatest
        return 2.0 ** math.ceil(math.log2(magnitude / (greatest + 0.5)))


def within(number: float, least: int, greatest: int) -> int:
    """The nearest integer between two."""
    return max(least, min(greatest, round(number)))


def limits_in_reals(type: QType) -> tuple[float, float]:
    """The least and the greatest real number that a type holds."""
    low, high = type.limits
    return (low - type.zp) * type.scale, (high - type.zp) * type.scale


def common_type(types: Iterable[QType]) -> QType:
    """The one type of them all, else 16 bits that reach as far as the farthest."""
    distinct = list(dict.fromkeys(types))
    if len(distinct) == 1:
        return distinct[0]
    farthest = max(abs(limit) for type in distinct for limit in limits_in_reals(type))
    return QType(IntegerType(16), farthest / ((1 << 15) - 1))


def whole_bytes(type: QType) -> QType:
    """The same scale in 8 or 16 bits: what a caller may fill as it likes, and the program clamps."""
    bits = next(bits for bits in (8, 16, 32) if bits >= type.bits)
    return QType(IntegerType(bits, type.storage.signedness), type.scales.data, type.zp, type.axis.data)
