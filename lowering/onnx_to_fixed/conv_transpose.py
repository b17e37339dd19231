"""ConvTranspose as one contraction: the positions of a stride are phases, each with the taps that reach it.

Output `q * stride + p` reads inputs around q; which taps of the window meet them depends on the phase p alone
(sub-pixel convolution: Shi et al., CVPR 2016). Weights are laid out by phase, zero where a phase has fewer taps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.fixed import SliceOp
from ...dialects.fixed.types import DomainAttr, QType
from ...passes.fixed.layouts.transposes import transpose
from .builder import FixedBuilder, access, dimensions, shape_of
from .contractions import Accesses, Weights, contract
from .elementwise import name_of

NO_TAP = -1
"""Where a phase has fewer taps than others."""


@dataclass(frozen=True)
class Phases:
    """One spatial dimension: phase p reads input `q + p * slope + start + t` with tap `taps[p, t]` of the window."""

    slope: int
    start: int
    taps: NDArray[np.int64]

    @staticmethod
    def of(kernel: int, stride: int, dilation: int, pad: int) -> Phases:
        """Those with the fewest taps."""
        found: dict[tuple[int, int], int] = {}
        for tap in range(kernel):
            phase = (tap * dilation - pad) % stride
            found[phase, (phase + pad - tap * dilation) // stride] = tap
        options: list[Phases] = []
        for slope in (0, 1) if stride > 1 else (0,):
            shifts = [shift - phase * slope for phase, shift in found]
            taps = np.full((stride, max(shifts) - min(shifts) + 1), NO_TAP)
            for (phase, shift), tap in found.items():
                taps[phase, shift - phase * slope - min(shifts)] = tap
            options.append(Phases(slope, min(shifts), taps))
        return min(options, key=lambda option: option.taps.shape[1])


@dataclass(frozen=True)
class PhaseWeights(Weights):
    """Weights whose window dimensions, from `first` on in the order of use, become a phase and its taps each."""

    phases: tuple[Phases, ...]
    first: int

    def laid_out(self) -> NDArray[Any]:
        """The integers in the order of use, the zero point where there is no tap."""
        array = super().laid_out()
        for number, phases in enumerate(self.phases):
            axis = self.first + 2 * number
            margins = [(0, int(a == axis)) for a in range(array.ndim)]
            array = np.pad(array, margins, constant_values=self.type.zp).take(phases.taps, axis)
        return np.ascontiguousarray(array)

    def laid_out_type(self) -> QType:
        """The type of the laid out integers."""
        type, axis = super().laid_out_type(), super().laid_out_type().axis.data
        moved = axis + len(self.phases) if axis >= self.first else axis
        return type if axis < 0 else QType(type.storage, type.scales.data, axis=moved)


def lower_conv_transpose(builder: FixedBuilder, op: onnx.ConvTransposeOp) -> SSAValue:
    """On NHWC; the last phases are cut off where the result is no whole number of strides."""
    integers, type = builder.integers(op.w)
    name, rank = name_of(op), len(op.stride_list)
    windows = zip(integers.shape[2:], op.stride_list, op.dilation_list, op.pad_list, strict=False)
    phases = tuple(Phases.of(*window) for window in windows)
    batch, channels, *image = shape_of(op.result)
    blocks = [-(-n // stride) for n, stride in zip(image, op.stride_list, strict=True)]
    whole = [n * stride for n, stride in zip(blocks, op.stride_list, strict=True)]
    weights, accesses = layout(op, integers, type, phases, blocks)
    source = builder.emit(transpose(builder.value(op.x), (0, *range(2, rank + 2), 1), f"{name}_nhwc"))
    result = contract(builder, op, source, weights, accesses, (batch, *whole, channels))
    if whole != image:
        result = builder.emit(SliceOp(result, [0] * (rank + 2), (batch, *image, channels), f"{name}_cut"))
    return builder.emit(transpose(result, (0, rank + 1, *range(1, rank + 1)), f"{name}_nchw"))


def layout(
    op: onnx.ConvTransposeOp, integers: NDArray[Any], type: QType, phases: tuple[Phases, ...], blocks: list[int]
) -> tuple[PhaseWeights, Accesses]:
    """Weights in the order of use and the access maps, for dense (group 1), depthwise and grouped layers.

    dense      weights [o, (phase, tap)..., c]       domain (n, (q, phase)..., o | tap..., c)
    depthwise  weights [(phase, tap)..., c]          domain (n, (q, phase)..., c | tap...)
    grouped    weights [g, o, (phase, tap)..., c]    domain (n, (q, phase)..., g, o | tap..., c)
    """
    channels, depth, *window = integers.shape
    groups, rank, batch = op.groups, len(phases), shape_of(op.x)[0]
    per_group = channels // groups
    depthwise = depth == 1 and per_group == 1
    outer = [groups] if depthwise else [channels] if groups == 1 else [groups, per_group]
    positions = [size for q, p in zip(blocks, phases, strict=True) for size in (q, len(p.taps))]
    parallel = (batch, *positions, *outer)
    reduction = (*(p.taps.shape[1] for p in phases), *([] if depthwise else [depth]))
    d = dimensions(len(parallel) + len(reduction))
    q, p = d[1 : 1 + 2 * rank : 2], d[2 : 2 + 2 * rank : 2]
    first, taps = 1 + 2 * rank, d[len(parallel) : len(parallel) + rank]
    reads = [q[a] + p[a] * f.slope + taps[a] + f.start for a, f in enumerate(phases)]
    writes = [q[a] * stride + p[a] for a, stride in enumerate(op.stride_list)]
    placed = [index for pair in zip(p, taps, strict=True) for index in pair]
    if depthwise:
        channel, in_channel, index = d[first], d[first], [*placed, d[first]]
        shape, order, at = (channels, *window), (*range(1, rank + 1), 0), 0
    elif groups == 1:
        channel, in_channel, index = d[first], d[-1], [d[first], *placed, d[-1]]
        shape, order, at = integers.shape, (0, *range(2, rank + 2), 1), 1
    else:
        channel, in_channel = d[first] * per_group + d[first + 1], d[first] * depth + d[-1]
        index = [d[first], d[first + 1], *placed, d[-1]]
        shape, order, at = (groups, per_group, depth, *window), (0, 1, *range(3, rank + 3), 2), 2
    accesses = Accesses(
        DomainAttr(parallel, reduction),
        access(len(d), d[0], *reads, in_channel),
        access(len(d), *index),
        access(len(d), channel),
        access(len(d), d[0], *writes, channel),
    )
    return PhaseWeights(integers, type, shape, order, phases, at), accesses
