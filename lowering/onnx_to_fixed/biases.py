"""Biases of layers as integers in units of the accumulator.

A channel whose weights are next to nothing has a tiny scale: its bias is a large integer, and its multiplier, whose
shift is that of all channels, has few bits. What the sums lose by that is nothing, as they are small; what the bias
loses is made good in the bias itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.onnx.weights import centred_integers, weight_reals

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]

GREATEST = (1 << 31) - 2
"""The greatest magnitude of a sum that is shifted left."""

SAME_SCALE = 1e-6
"""How far a bias's scale may be from the product of its layer's, relatively: both are floats of 24 bits."""


def bias_integers(op: onnx.GemmOp | onnx.ConvOp | onnx.ConvTransposeOp, scales: Reals) -> Integers | None:
    """The bias in units of the accumulator, None where there is none. Raises UserError where it needs over 63 bits.

    The model's own integers where it states that unit, whose last digits a float does not hold.
    """
    if op.bias is None:
        return None
    integers = stated_integers(op.bias, scales)
    if integers is None:
        integers = np.rint(weight_reals(op.bias).reshape(-1) / scales)
    if not np.abs(integers).max(initial=0) < 2.0**62:
        raise UserError(f"{op.name} '{op.node.data if op.node else ''}': the bias is too large for its input's scale")
    values = integers.astype(np.int64)
    return np.broadcast_to(values, scales.shape) if values.any() else None


def stated_integers(bias: SSAValue, scales: Reals) -> Reals | None:
    """The integers of a quantized bias whose scales are those of the accumulator, None for any other."""
    owner = bias.owner
    if not isinstance(owner, onnx.DequantizeLinearOp):
        return None
    stated = np.broadcast_to(owner.scales_array.astype(np.float64), scales.shape)
    same = (np.abs(stated - scales) <= SAME_SCALE * scales).all()
    return centred_integers(owner).reshape(-1).astype(np.float64) if same else None


def following(bias: Integers, sums: NDArray[Any], factors: Reals, actual: Reals, lifts: Integers | int = 0) -> Integers:
    """Biases `b'` such that `b' * actual` is nearer to `b * factor` than with `b`, for each channel.

    `sums` (channels,) are the greatest magnitudes of sums without the bias. A bias stays where the other would need
    more bits, before or behind the shift to the left by `lifts`.
    """
    exact = bias * factors
    nearest = np.rint(exact / np.where(actual > 0, actual, np.inf))
    greatest = (1 << int((sums + np.abs(bias)).max()).bit_length()) - 2
    room = np.where(lifts, np.minimum(greatest, GREATEST >> lifts), greatest) - sums
    better = np.abs(nearest * actual - exact) < np.abs(bias * actual - exact)
    return np.where(better & (np.abs(nearest) <= room), nearest, bias).astype(np.int64)


def magnitudes(sums: NDArray[Any], bias: Integers | None) -> Integers:
    """The greatest magnitude that any partial sum of each channel can reach, with its bias."""
    return (sums if bias is None else sums + np.abs(bias)).astype(np.int64)
