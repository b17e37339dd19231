"""From a histogram to the range that is worth its steps: what lies outside saturates.

percentile  a share of the values is outside, as many on either side (Percentile of onnxruntime's quantizer)
mse         the least square error, of rounding inside and saturation outside (Banner et al., NeurIPS 2019, by search)
entropy     the least Kullback-Leibler divergence of the quantized values from the real ones (Migacz, GTC 2017)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .histogram import Histogram

Range = tuple[float, float]
Reals = NDArray[np.float64]

CANDIDATES = 128
"""How many ends of a range are compared, from all of it down to a 64th."""

FILLED = 64
"""Values of a bin, on average, from which on their number tells a distribution."""

SHARES = np.geomspace(1 / 64, 1, CANDIDATES)


def percentile_range(histogram: Histogram, percent: float) -> Range:
    """The range outside which (100 - percent) / 2 % of the values lie on either side."""
    edges, cumulated = histogram.edges(), np.cumsum(histogram.with_zeros())
    outside = (1 - percent / 100) / 2 * cumulated[-1]
    low = edges[int(np.searchsorted(cumulated, outside, side="right"))]
    high = edges[int(np.searchsorted(cumulated, cumulated[-1] - outside, side="left")) + 1]
    return float(low), float(high)


def mse_range(histogram: Histogram, bits: int) -> Range:
    """The range with the least sum of squared errors; a step's rounding costs step^2 / 12, but exact zeros nothing."""
    lows, highs = (end * SHARES for end in with_zero(histogram))
    counts, centres = histogram.counts.astype(np.float64), histogram.centres()
    below = beyond(counts, -centres, -lows)
    above = beyond(counts, centres, highs)
    steps = (highs[np.newaxis] - lows[:, np.newaxis]) / (2.0**bits - 1)
    errors = counts.sum() * steps**2 / 12 + below[:, np.newaxis] + above[np.newaxis]
    low, high = np.unravel_index(int(errors.argmin()), errors.shape)
    return float(lows[low]), float(highs[high])


def beyond(counts: Reals, centres: Reals, ends: Reals) -> Reals:
    """For each end the sum of count (centre - end)^2 over the bins above it, from three cumulated sums."""
    order = np.argsort(centres)
    centres, counts = centres[order], counts[order]
    sums = [np.concatenate([np.cumsum((counts * centres**power)[::-1])[::-1], [0.0]]) for power in (0, 1, 2)]
    at = np.searchsorted(centres, ends, side="right")
    return np.maximum(sums[2][at] - 2 * ends * sums[1][at] + ends**2 * sums[0][at], 0.0)


def entropy_range(histogram: Histogram, bits: int) -> Range:
    """The share of the whole range, both ends cut alike, whose quantized values tell the most of the original ones."""
    low, high = with_zero(histogram)
    edges, counts = well_filled(histogram.edges(), histogram.counts.astype(np.float64))
    divergences = [divergence(counts, *bins_of(edges, low * s, high * s), levels=1 << bits) for s in SHARES[::-1]]
    share = float(SHARES[::-1][int(np.argmin(divergences))])
    return low * share, high * share


def well_filled(edges: Reals, counts: Reals) -> tuple[Reals, Reals]:
    """Wider bins where there are fewer than `FILLED` values in each on average, whose differences are chance."""
    pairs = max(1, math.ceil(FILLED * len(counts) / max(counts.sum(), 1.0)))
    starts = np.arange(0, len(counts), pairs)
    return np.concatenate([edges[starts], edges[-1:]]), np.add.reduceat(counts, starts)


def bins_of(edges: Reals, low: float, high: float) -> tuple[int, int]:
    """The first bin of a range, and the one behind its last."""
    first = int(np.searchsorted(edges, low, side="right")) - 1
    first = min(max(first, 0), len(edges) - 2)
    last = int(np.searchsorted(edges, high, side="left"))
    return first, max(min(last, len(edges) - 1), first + 1)


def divergence(counts: Reals, first: int, last: int, levels: int) -> float:
    """KL(P, Q): P the bins in the range with all outside added to its ends, Q the bins as `levels` levels hold them.

    Infinite for a part of the bins that has fewer of them than there are levels: it tells nothing.
    """
    inside = counts[first:last]
    if len(inside) < min(levels, len(counts)):
        return math.inf
    reference = inside.copy()
    reference[0] += counts[:first].sum()
    reference[-1] += counts[last:].sum()
    level = np.arange(len(inside)) * levels // len(inside)
    used = inside > 0
    sums, bins = np.bincount(level, inside), np.bincount(level, used)
    quantized = np.where(used, sums[level] / np.maximum(bins[level], 1), 0.0)
    p = reference / max(reference.sum(), 1.0)
    q = np.maximum(quantized / max(quantized.sum(), 1.0), 1e-12)
    some = p > 0
    return float((p[some] * np.log(p[some] / q[some])).sum())


def with_zero(histogram: Histogram) -> Range:
    """What was seen, with 0, which every type holds."""
    return min(histogram.low, 0.0), max(histogram.high, 0.0)
