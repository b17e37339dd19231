"""UNIDIRECTIONAL_SEQUENCE_LSTM of integers: inputs and outputs of 8 bits, gates and cell of 16.

A Scan whose body rounds where TFLite's kernel does (tensorflow/lite/kernels/lstm_eval.cc, 8x8_16): sums of gates in
2^-12, gates in 2^-15, the cell in the power of two that the file states. `--arithmetic tflite` gives the kernel's own
integers (`onnx_to_fixed/tflite/recurrent.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import power_of_two
from ..import_onnx.node import Unsupported
from ..import_onnx.recurrence.writing import NodeWriter
from .graph import is_quantized
from .model_file import Quantization, Tensor
from .node import Node

GATE_SCALE, OPENED_SCALE = 2.0**-12, 2.0**-15
"""A step of a gate's sum, and of its function's result."""

INPUT_WEIGHTS, STATE_WEIGHTS, PEEPHOLES, BIASES = (1, 3, 2, 4), (5, 7, 6, 8), (9, 10, 11), (12, 14, 13, 15)
"""Inputs of the operator in the order in, cell, forget, out; peepholes in, forget, out."""

STATE, CELL, HIDDEN = 18, 19, 4
"""The inputs that are its states, and the intermediate that has the type of the output before a projection."""

MOST_CELL = 32767
"""The greatest integer of a cell."""

CELL_SHIFTS = range(-15, -8)
"""Logarithms of the cell's scale: the kernel's Tanh knows from 0 to 6 bits before the point."""


@dataclass(frozen=True)
class Rounded:
    """Writes values that are rounded to integers of a type: QuantizeLinear, then DequantizeLinear."""

    to: NodeWriter
    scale: float
    zero_point: int = 0
    dtype: str = "int16"

    def __call__(self, value: str) -> str:
        """The value on its grid."""
        scale = self.to.constant(np.array(self.scale, np.float32), "scale")
        point = self.to.constant(np.array(self.zero_point, self.dtype), "zero_point")
        return self.to.node("DequantizeLinear", self.to.node("QuantizeLinear", value, scale, point), scale, point)


def integer_lstm(node: Node, time_major: bool, clip: float) -> None:
    """The operator on int8; weights, peepholes and options were looked at before. Raises Unsupported.

    `clip` is what the cell is clipped to, either way; 0 does not clip it.
    """
    if any(map(node.has, PEEPHOLES)):
        raise Unsupported("peepholes of integers are not supported; use a plain LSTM")
    hidden, cell = state_type(node), cell_scale(node)
    x, name = node.real(0), node.name
    before, body = NodeWriter(name), NodeWriter(f"{name}_round")
    w, r, biases = (stacked(node, before, indices) for indices in (INPUT_WEIGHTS, STATE_WEIGHTS, BIASES))
    units, batch = node.tensor(STATE_WEIGHTS[0]).shape[0], node.tensor(0).shape[1 if time_major else 0]
    slice_, h, c = body.name("x"), body.name("state"), body.name("state")
    to_types = Types(
        Rounded(body, float(hidden.scales[0]), int(hidden.zero_points[0]), "int8"),
        Rounded(body, cell),
        clip_of(clip, cell),
        Rounded(body, GATE_SCALE * 2.0 ** more_bits(node, hidden)),
    )
    following = round_of(body, slice_, h, c, (w, r, biases), units, to_types)
    zeros = before.constant(np.zeros((batch, units), np.float32), "zeros")
    axis = 0 if time_major else 1
    states = [(zeros, inner, value) for inner, value in zip((h, c), following, strict=True)]
    _, whole = before.scan(body, states, (x, slice_, axis), (following[0], axis), False, name)
    node.graph.nodes += before.nodes
    node.define(whole)


@dataclass(frozen=True)
class Types:
    """The grids of a round that the file states, what its cell is clipped to, and the grid of the state's product."""

    hidden: Rounded
    cell: Rounded
    reach: float | None
    own: Rounded


def more_bits(node: Node, hidden: Quantization) -> int:
    """Bits before the point that a gate's product with the state may need besides the three of a sum.

    The kernel adds it before it saturates; so do these 16 bits, whose last ones are left out instead.
    """
    scale, point = float(hidden.scales[0]), int(hidden.zero_points[0])
    reach = max(127 - point, point + 128) * scale
    sums = [
        np.abs(node.array(index, "weights").astype(np.int64)).sum(axis=1).max() * float(one_scale(node.tensor(index)))
        for index in STATE_WEIGHTS
    ]
    return max(0, int(np.ceil(np.log2(max(sums) * reach / 8 + 1e-9))))


def round_of(
    to: NodeWriter, x: str, h: str, c: str, weights: tuple[str, str, str], units: int, types: Types
) -> tuple[str, str]:
    """One round: the next output and the next cell."""
    w, r, biases = weights
    gate, opened, in_cell = Rounded(to, GATE_SCALE), Rounded(to, OPENED_SCALE), types.cell
    given = gate(to.node("Gemm", x, w, biases, name="input", transB=1))
    own = types.own(to.node("Gemm", h, r, name="own", transB=1))
    total = gate(to.node("Add", given, own, name="gates"))
    parts = [to.part(total, k * units, (k + 1) * units, 1, "gate") for k in range(4)]
    gate_in, gate_forget, gate_out = (opened(to.node("Sigmoid", parts[k])) for k in (0, 2, 3))
    candidate = opened(to.node("Tanh", parts[1], name="candidate"))
    kept, new = to.node("Mul", gate_forget, c, name="kept"), to.node("Mul", gate_in, candidate, name="new")
    next_cell = in_cell(to.node("Add", in_cell(kept), in_cell(new), name="c"))
    if types.reach is not None:
        next_cell = in_cell(to.clipped(next_cell, types.reach))
    seen = opened(to.node("Tanh", next_cell, name="seen"))
    return types.hidden(to.node("Mul", gate_out, seen, name="h")), next_cell


def stacked(node: Node, to: NodeWriter, indices: tuple[int, ...]) -> str:
    """The gates' constants one after the other, each gate with its own scale. Raises Unsupported."""
    tensors = [node.tensor(index) for index in indices]
    arrays = [node.array(index, "weights and biases") for index in indices]
    if len({array.shape for array in arrays}) > 1 or len({array.dtype for array in arrays}) > 1:
        raise Unsupported("its gates have weights of different shapes or types; convert the model again")
    if indices is BIASES:
        if arrays[0].dtype != np.int32:
            raise Unsupported(f"biases of {arrays[0].dtype} are not supported; convert with int8 quantization")
        x = one_scale(node.tensor(0))
        scales = [x * one_scale(node.tensor(index)) for index in INPUT_WEIGHTS]
    else:
        if arrays[0].dtype != np.int8 or not all(is_symmetric(tensor) for tensor in tensors):
            raise Unsupported("its weights are not int8 around 0; convert with int8 quantization")
        scales = [one_scale(tensor) for tensor in tensors]
    steps = np.repeat(np.array(scales, np.float32), len(arrays[0]))
    values = [np.concatenate(arrays), steps, np.zeros(len(steps), arrays[0].dtype)]
    return to.node("DequantizeLinear", *(node.graph.constant(value) for value in values), axis=0, name="weights")


def is_symmetric(tensor: Tensor) -> bool:
    """Whether a tensor is quantized around 0."""
    return is_quantized(tensor) and tensor.quantization is not None and not tensor.quantization.zero_points.any()


def one_scale(tensor: Tensor) -> np.float32:
    """The one scale of a tensor."""
    scales: NDArray[np.float32] | None = None if tensor.quantization is None else tensor.quantization.scales
    if scales is None or scales.size != 1:
        raise Unsupported("a tensor of it has no scale, or several; convert the model again")
    return scales[0]


def state_type(node: Node) -> Quantization:
    """The type of the output, which is that of its state too. Raises Unsupported where a type between is another."""
    state = node.tensor(STATE)
    intermediates = node.operator.intermediates
    between = node.graph.model.tensors[intermediates[HIDDEN]] if len(intermediates) > HIDDEN else None
    tensors = [state, node.result(), *([] if between is None else [between])]
    found = [tensor.quantization for tensor in tensors if tensor.quantization is not None]
    types = {(q.scales.tobytes(), q.zero_points.tobytes()) for q in found}
    if state.dtype != "int8" or node.result().dtype != "int8" or len(found) < len(tensors) or len(types) > 1:
        raise Unsupported("its output, its state and the product that makes them have not one type of int8")
    one_scale(state)
    return found[0]


def clip_of(clip: float, scale: float) -> float | None:
    """What the cell's integers are clipped to, as a real number; None where no integer of 16 bits is beyond it."""
    most = int(min(clip / scale, MOST_CELL))
    return most * scale if 0 < clip and most < MOST_CELL else None


def cell_scale(node: Node) -> float:
    """The scale of the cell, a power of two. Raises Unsupported for another type."""
    cell = node.tensor(CELL)
    scale = float(one_scale(cell))
    shift = power_of_two(scale)
    if cell.dtype != "int16" or not is_symmetric(cell) or shift is None or shift not in CELL_SHIFTS:
        raise Unsupported("its cell is not int16 in steps of a power of two from 2^-15 to 2^-9; convert it again")
    return scale
