"""RNN, GRU and LSTM: a Scan for each direction, whose results stand beside each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ....dialects.onnx.base import shape_of
from ..node import Unsupported
from .activations import Activation, activations
from .cells import CELLS, Cell, Flags, Weights
from .writing import NodeWriter

if TYPE_CHECKING:
    import onnx

DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
"""Whether each direction runs from the end."""

CELL_CLIP = "cell_clip"
"""What an LSTM of TFLite clips its cell to: an attribute of LSTM here, none of ONNX's own."""

Lookup = Callable[[str], SSAValue | None]

Numbers = Callable[[SSAValue], NDArray[Any] | None]
"""The numbers of a constant, None for what is computed at run time."""


@dataclass(frozen=True)
class Layer:
    """What the nodes of one layer are written from; `batch_first` is layout 1."""

    proto: onnx.NodeProto
    cell: Cell
    to: NodeWriter
    rounds: int
    batch: int
    hidden: int
    batch_first: bool
    flags: Flags

    def input(self, index: int) -> str:
        """The name of an input, empty where it is left out."""
        return self.proto.input[index] if index < len(self.proto.input) else ""

    def output(self, index: int) -> str:
        """The name of an output, empty where it is left out."""
        return self.proto.output[index] if index < len(self.proto.output) else ""

    def of_direction(self, index: int, direction: int, axis: int = 0) -> str | None:
        """One direction's part of an input, None where it is left out."""
        name = self.input(index)
        if not name:
            return None
        number = self.to.constant(np.array(direction, np.int64), "direction")
        return self.to.node("Gather", name, number, name=f"input_{index}", axis=axis)


def layer_nodes(
    proto: onnx.NodeProto, name: str, attributes: dict[str, Any], lookup: Lookup, numbers: Numbers, used: set[str]
) -> list[onnx.NodeProto]:
    """The nodes that stand for an RNN, GRU or LSTM, of opset `writing.OPSET`. Raises Unsupported with what it is not.

    X is [T, batch, I], or [batch, T, I] of layout 1.
    """
    cell, to = CELLS[proto.op_type], NodeWriter(name)
    direction = attributes.get("direction", "forward")
    if direction not in DIRECTIONS:
        raise Unsupported(f"direction is one of {', '.join(DIRECTIONS)}; export the model again")
    x, w, r = (shape_of(required(lookup, proto, index)) for index in range(3))
    flags = DIRECTIONS[direction]
    if not len(x) == len(w) == len(r) == 3 or not w[0] == r[0] == len(flags) or w[1] != r[1] or w[2] != x[2]:
        raise Unsupported(f"X {list(x)}, W {list(w)} and R {list(r)} do not go together; export the model again")
    if r[1] != cell.gates * r[2] or attributes.get("hidden_size", r[2]) != r[2]:
        raise Unsupported(f"R {list(r)} has not {cell.gates} gates of hidden_size; export the model again")
    batch_first = bool(attributes.get("layout", 0))
    rounds, batch = (x[1], x[0]) if batch_first else x[:2]
    proto = with_constants(proto, to, lookup, numbers)
    layer = Layer(proto, cell, to, rounds, batch, r[2], batch_first, flags_of(attributes))
    length = length_of(layer, lookup, numbers)
    whole = layer.input(0)
    if length < rounds:
        whole = to.part(whole, 0, length, int(batch_first), "heard")
    functions = activations(attributes, cell.functions, len(flags))
    results = [
        direction_nodes(layer, whole, number, flag, functions[number], layer.output(0) in used, name)
        for number, flag in enumerate(flags)
    ]
    write_outputs(layer, results, length, used)
    return to.nodes


def required(lookup: Lookup, proto: onnx.NodeProto, index: int) -> SSAValue:
    """The value of a required input."""
    value = lookup(proto.input[index]) if index < len(proto.input) else None
    if value is None:
        raise Unsupported(f"input {index} is missing")
    return value


def with_constants(proto: onnx.NodeProto, to: NodeWriter, lookup: Lookup, numbers: Numbers) -> onnx.NodeProto:
    """The node on plain weights: parts of quantized ones are those of their reals."""
    import onnx

    copy = onnx.NodeProto()
    copy.CopyFrom(proto)
    for index in range(1, len(proto.input)):
        value = lookup(proto.input[index])
        array = None if value is None or index == 4 else numbers(value)
        if array is not None:
            copy.input[index] = to.constant(array.astype(np.float32), f"weights_{index}")
    return copy


def flags_of(attributes: dict[str, Any]) -> Flags:
    """What changes the cell."""
    linear, coupled = (bool(attributes.get(name, 0)) for name in ("linear_before_reset", "input_forget"))
    return Flags(linear, coupled, attributes.get(CELL_CLIP))


def length_of(layer: Layer, lookup: Lookup, numbers: Numbers) -> int:
    """The rounds that are run. Raises Unsupported where that is not one number for all sequences."""
    value = lookup(layer.input(4)) if layer.input(4) else None
    if value is None:
        return layer.rounds
    lengths = numbers(value)
    if lengths is None:
        raise Unsupported("sequence_lens is computed at run time; leave it out, and pad sequences to one length")
    if lengths.size == 0 or (lengths != lengths.reshape(-1)[0]).any():
        raise Unsupported("sequence_lens are not equal; run one sequence at a time")
    length = int(lengths.reshape(-1)[0])
    if not 0 < length <= layer.rounds:
        raise Unsupported(f"sequence_lens of {length} are not between 1 and {layer.rounds}; export the model again")
    return length


def direction_nodes(
    layer: Layer, whole: str, number: int, flag: bool, functions: list[Activation], stacks: bool, name: str
) -> tuple[list[str], str]:
    """The Scan of one direction: the names of its last states, and of its output in all rounds where that is used."""
    to, cell = layer.to, layer.cell
    suffix = "_reverse" if flag else ""
    body = NodeWriter(f"{name}{suffix}_round")
    weights = weights_of(layer, number)
    slice_, inner = body.name("x"), [body.name("state") for _ in range(cell.states)]
    following = cell.round(body, to, slice_, inner, weights, functions, layer.flags)
    firsts = [first_state(layer, 5 + index, number) for index in range(cell.states)]
    return to.scan(
        body,
        list(zip(firsts, inner, following, strict=True)),
        (whole, slice_, int(layer.batch_first)),
        (following[0], int(layer.batch_first)) if stacks else None,
        flag,
        f"{name}{suffix}",
    )


def weights_of(layer: Layer, number: int) -> Weights:
    """The weights of one direction."""
    w, r = layer.of_direction(1, number), layer.of_direction(2, number)
    assert w is not None and r is not None, "W and R are required"
    bias, size = layer.of_direction(3, number), layer.cell.gates * layer.hidden
    biases = (None, None) if bias is None else (layer.to.part(bias, 0, size, 0), layer.to.part(bias, size, 2 * size, 0))
    peepholes = layer.of_direction(7, number) if layer.cell.states == 2 else None
    return Weights(w, r, *biases, peepholes, layer.hidden)


def first_state(layer: Layer, index: int, number: int) -> str:
    """What a state begins with: 0 where nothing is given."""
    given = layer.of_direction(index, number, int(layer.batch_first))
    return given or layer.to.constant(np.zeros((layer.batch, layer.hidden), np.float32), "zeros")


def write_outputs(layer: Layer, results: list[tuple[list[str], str]], length: int, used: set[str]) -> None:
    """Y with a dimension of directions, and the last states with one."""
    to, time = layer.to, int(layer.batch_first)
    if layer.output(0) in used:
        axis = 2 if layer.batch_first else 1
        whole = beside(to, [stacked for _, stacked in results], axis)
        if length < layer.rounds:
            shape = [length, layer.batch] if not layer.batch_first else [layer.batch, length]
            shape[time] = layer.rounds - length
            shape = [*shape[:axis], len(results), *shape[axis:], layer.hidden]
            whole = to.node("Concat", whole, to.constant(np.zeros(shape, np.float32), "unheard"), axis=time)
        to.give(whole, layer.output(0))
    for index in range(layer.cell.states):
        if layer.output(1 + index) in used:
            last = beside(to, [states[index] for states, _ in results], time)
            to.give(last, layer.output(1 + index))


def beside(to: NodeWriter, values: list[str], axis: int) -> str:
    """Values beside each other along a new dimension."""
    parts = [to.node("Unsqueeze", value, to.integers(axis), name="direction") for value in values]
    return parts[0] if len(parts) == 1 else to.node("Concat", *parts, axis=axis, name="directions")
