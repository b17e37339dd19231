"""Types of a layer's weights: one scale per output channel, chosen with the bias and the result in view.

Weights that a model has quantized keep their integers where their scales run along the output channels. Scales along
an input channel, and zero points per channel, become part of the integers where these then still fit 16 bits exactly;
else the real numbers are quantized again, to 16 bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType

from ....dialects.fixed.settings import Setting
from ....dialects.fixed.types import QType, storage_limits
from ....dialects.onnx import DequantizeLinearOp
from ....dialects.onnx.weights import centred_integers, scales_of, weight_reals
from .ranges import RangeTypes
from .signs import greatest_sums

Reals = NDArray[np.float64]

WIDE_BITS = 16
"""The width of quantized weights that have to be quantized again."""

QUIET_STEPS = 2.0**13
"""As many steps of the result a channel's accumulator may span at no cost: narrowed to 16 bits before it is multiplied,
as for cores with 32-bit products (lowering/onnx_to_fixed/requantize.py), its low bit is then 1/8 of a step."""

TOLERATED_STEPS = 0.125
"""Root mean square error of a result, in its steps, that weights may have to make room for a bias."""

DEAD_STEPS = 2.0**-6
"""The scale of a channel whose weights are all 0, at most, in steps of the result: as fine is its bias."""

MARGIN = 2.0**-10
"""The share of an accumulator that is left free where weights are made to fill it."""

TYPICAL = 0.125
"""The root mean square of a layer's inputs, as a share of what their type reaches."""

NOISE = 2.0**-19
"""The root mean square error, as a share of what the result's type spans, that weights may cost to fit 32 bits."""

BIAS_BITS = 28
"""No bias exceeds this many bits in units of its accumulator."""


@dataclass(frozen=True)
class Layer:
    """What a layer's weights meet: the types of its input and its result, and its bias's magnitudes, (o,), in reals.

    Its input's integers reach `below` and `above` their zero point.
    """

    x: QType
    y: QType
    bias: Reals
    below: int
    above: int

    @property
    def reach(self) -> int:
        """The greatest magnitude of an input's integer without its zero point."""
        return max(self.below, self.above)


@dataclass(frozen=True)
class WeightTypes:
    """The types of weights of a width; `accumulator_bits` (32 or 64) bounds the sums of weights wider than 8 bits.

    What is `set` of single weights goes before (settings.py).
    """

    bits: int
    pow2: bool
    accumulator_bits: int
    set: Setting = Setting()

    def following(self, setting: Setting) -> WeightTypes:
        """The types of weights for which something is set."""
        if not setting:
            return self
        ranges = RangeTypes(self.bits, self.pow2).following(setting)
        return replace(self, bits=ranges.bits, pow2=ranges.pow2, set=setting)

    def of_reals(self, values: NDArray[Any], layer: Layer) -> QType:
        """Symmetric, per output channel (axis 0), or one power of two, for real numbers (o, ...)."""
        rows = np.abs(values.reshape(len(values), -1).astype(np.float64))
        greatest = (1 << (self.bits - 1)) - 1
        if self.set.scale is not None:
            return QType(IntegerType(self.bits), self.set.scale)
        scales = rows.max(axis=1) / greatest * (1.0 if self.set.clip is None else self.set.clip)
        if self.bits > 8:
            scales = self.fitting(scales, values.reshape(len(values), -1), layer)
        scales = balanced(scales, rows, layer)
        if self.pow2:
            least = float(scales.max()) * greatest / (greatest + 0.5)
            return QType(IntegerType(self.bits), 2.0 ** math.ceil(math.log2(least)))
        if self.set.per == "tensor":
            return QType(IntegerType(self.bits), float(scales.max()))
        return QType(IntegerType(self.bits), scales.tolist(), axis=0)

    def fitting(self, scales: Reals, rows: NDArray[Any], layer: Layer) -> Reals:
        """Scales at which sums fit the accumulator; they stay, for one of 64 bits, where these would cost good bits."""
        coarse = np.maximum(scales, self.least_scales(rows, layer))
        noise = coarse.max() * math.sqrt(rows.shape[1] / 12) * layer.reach * layer.x.scale * TYPICAL
        return coarse if noise <= layer.y.scale * 2.0**layer.y.bits * NOISE else scales

    def least_scales(self, rows: NDArray[Any], layer: Layer) -> Reals:
        """The scales (o,) at which the sums of rows (o, n) with the bias just fit the accumulator.

        Rounding may add half a unit to each weight, and to the bias.
        """
        sums = greatest_sums(rows.astype(np.float64), layer.below, layer.above) + layer.bias / layer.x.scale
        greatest = 2.0 ** (self.accumulator_bits - 1)
        rounding = rows.shape[1] * (layer.below + layer.above) / 2
        return sums / max(greatest * (1 - MARGIN) - rounding, greatest / 2)

    def of_quantized(self, op: DequantizeLinearOp, layer: Layer) -> QType:
        """For weights (o, ...) with scales per channel."""
        known = exact_type(op, along_axis_0=True)
        if known is None:
            wide = WeightTypes(max(self.bits, WIDE_BITS), self.pow2, self.accumulator_bits)
            return wide.of_reals(weight_reals(op.result), layer)
        if known.axis.data < 0:
            return known
        if self.accumulator_bits == 64 and fits_a_word(centred_integers(op), np.asarray(known.scales.data), layer):
            return known
        rows = np.abs(weight_reals(op.result)).reshape(len(known.scales.data), -1)
        scales = balanced(np.asarray(known.scales.data), rows, layer)
        return QType(known.storage, scales.tolist(), axis=0)


def fits_a_word(integers: NDArray[np.int64], scales: Reals, layer: Layer) -> bool:
    """Whether the sums of each channel of weights (o, ...) with its bias fit 32 bits, in units of its own scale."""
    sums = greatest_sums(integers.reshape(len(integers), -1), layer.below, layer.above)
    return bool((sums + np.ceil(layer.bias / (layer.x.scale * scales)) < 2.0**31 - 1).all())


def exact_type(op: DequantizeLinearOp, along_axis_0: bool) -> QType | None:
    """A type that holds a constant with scales per channel exactly, None where there is none.

    Scales stay where they run along axis 0 and may; else they are whole multiples of one.
    """
    integers, scales = centred_integers(op), scales_of(op)
    stays = along_axis_0 and scales.shape[0] == scales.size
    unit = float(scales.min())
    if not stays:
        ratios = np.rint(scales / unit)
        if ratios.max() > 1 << WIDE_BITS or not np.allclose(ratios * unit, scales, rtol=1e-6, atol=0):
            return None
        integers = integers * ratios.astype(np.int64)
    storage = narrowest(integers)
    if storage is None:
        return None
    return QType(storage, scales.reshape(-1).tolist(), axis=0) if stays else QType(storage, unit)


def narrowest(integers: NDArray[np.int64]) -> IntegerType | None:
    """The narrower of i8 and i16 that holds integers, None where neither does."""
    for storage in (IntegerType(8), IntegerType(WIDE_BITS)):
        low, high = storage_limits(storage)
        if low <= integers.min(initial=0) and integers.max(initial=0) <= high:
            return storage
    return None


def of_operand(op: DequantizeLinearOp) -> QType:
    """The one scale of a constant with scales per channel that no layer takes as its weights: exact, or of 16 bits."""
    known = exact_type(op, along_axis_0=False)
    if known is not None:
        return known
    greatest = float(np.abs(weight_reals(op.result)).max()) or 1.0
    return QType(IntegerType(WIDE_BITS), RangeTypes(WIDE_BITS, False).symmetric_scale(greatest))


def balanced(scales: Reals, rows: Reals, layer: Layer) -> Reals:
    """Scales per output channel, coarser where a channel's bias would ask more of the accumulator than any sum.

    `rows` are the weights' magnitudes, (o, n). One shift narrows the accumulators of all channels before they are
    multiplied, so that one bias in units of a tiny scale costs all channels their low bits. The scale of such a channel
    grows until its bias reaches no further than the greatest sum, or than what costs nothing, but no further than its
    own result bears: errors of up to half a scale in each weight, independent of each other, times inputs at their
    limit. A channel without weights has any scale; its neighbours' keeps their multipliers as long as they are. Without
    weights is also what such a scale leaves none.
    """
    step = layer.y.scale / layer.x.scale
    live = rows.max(axis=1) > 0
    coarsest = float(scales[live].max()) if live.any() else step * DEAD_STEPS
    scales = np.where(live, scales, min(coarsest, step * DEAD_STEPS))
    sums = rows.sum(axis=1) / scales * layer.reach
    room = max(float(sums.max()), QUIET_STEPS * step / coarsest)
    bias = layer.bias / layer.x.scale
    bearable = TOLERATED_STEPS * step * math.sqrt(12 / rows.shape[1]) / layer.reach
    scales = np.maximum(scales, np.where(live, np.minimum(bias / room, bearable), 0.0))
    scales = np.maximum(scales, bias / 2.0**BIAS_BITS)
    silent = live & (rows.max(axis=1) < scales / 2)
    return np.where(silent, np.maximum(scales, min(coarsest, step * DEAD_STEPS)), scales)
