"""Translations of layers that remember: an LSTM over whole sequences, and SVDF, a step of which is a call."""

from __future__ import annotations

import numpy as np

from ..import_onnx.node import Unsupported
from ..import_onnx.recurrence.layers import CELL_CLIP
from .graph import is_quantized
from .integer_lstm import integer_lstm
from .layers import bias
from .node import NONE, RELU, Node

TANH = 4
"""A fused activation (schema, ActivationFunctionType)."""

CELL_FUNCTIONS = {TANH: "Tanh", RELU: "Relu"}

INPUT_WEIGHTS, STATE_WEIGHTS, PEEPHOLES, BIASES = (1, 4, 2, 3), (5, 8, 6, 7), (9, 11, 10), (12, 15, 13, 14)
"""Inputs of an LSTM in ONNX's order of gates: in, out, forget, cell."""

PROJECTION, LAYER_NORMS = 16, range(20, 24)
"""Further inputs of an LSTM."""

FEATURES, TIME, BIAS, STATE = 1, 2, 3, 4
"""Inputs of SVDF behind the value."""


def unidirectional_sequence_lstm(node: Node) -> None:
    """An LSTM from state 0; Y is [batch, steps, units], or [steps, batch, units] in time-major order."""
    from tflite import UnidirectionalSequenceLSTMOptions

    options = node.options(UnidirectionalSequenceLSTMOptions)
    if node.quantized() and node.tensor(0).dtype != "int8":
        raise Unsupported(
            f"it is supported of float32 and int8, not of {node.tensor(0).dtype}; convert it to one of them"
        )
    for index in (*INPUT_WEIGHTS, *STATE_WEIGHTS):
        if node.has(index) and is_quantized(node.tensor(index)) and not node.quantized():
            raise Unsupported("it is hybrid, which needs float arithmetic; convert without quantization")
    if not (node.has(INPUT_WEIGHTS[0]) and node.has(STATE_WEIGHTS[0])):
        raise Unsupported("a coupled input gate is not supported; use a plain LSTM")
    if node.has(PROJECTION) or any(map(node.has, LAYER_NORMS)):
        raise Unsupported("projections and layer normalization are not supported; use a plain LSTM")
    clip = options.CellClip()
    if not 0 <= clip < np.inf:
        raise Unsupported(f"cell_clip = {clip} is no bound; convert the model again")
    function = CELL_FUNCTIONS.get(options.FusedActivationFunction())
    if function is None:
        raise Unsupported(f"activation {options.FusedActivationFunction()} is not supported; use tanh or relu")
    node.graph.remark(f"{node.name}: its state is 0 when a call begins, as behind reset_all_variables of LiteRT")
    if node.quantized():
        if function != "Tanh":
            raise Unsupported("of integers it has tanh alone; convert it so")
        integer_lstm(node, bool(options.TimeMajor()), clip)
        return
    units = node.tensor(STATE_WEIGHTS[0]).shape[0]
    stacks = [stacked(node, indices)[None] for indices in (INPUT_WEIGHTS, STATE_WEIGHTS, BIASES)]
    w, r = (node.constant(array, np.float32) for array in stacks[:2])
    biases = node.constant(np.concatenate([stacks[2], np.zeros_like(stacks[2])], axis=1), np.float32)
    inputs = [node.real(0), w, r, biases]
    if node.has(PEEPHOLES[-1]):
        inputs += ["", "", "", node.constant(stacked(node, PEEPHOLES)[None], np.float32)]
    layout = 0 if options.TimeMajor() else 1
    names = ["Sigmoid", function, function]
    clipped = {CELL_CLIP: clip} if clip else {}
    y = node.emit("LSTM", *inputs, hidden_size=units, layout=layout, activations=names, **clipped)
    node.define(node.emit("Squeeze", y, node.constant([2 if layout else 1])))


def stacked(node: Node, indices: tuple[int, ...]) -> np.ndarray:
    """Constants of the gates, one after the other. Raises Unsupported where they do not go together."""
    parts = [node.array(index, "weights and biases").astype(np.float32) for index in indices]
    if len({part.shape for part in parts}) > 1:
        raise Unsupported("its gates have weights of different shapes; convert the model again")
    return np.concatenate(parts)


def svdf(node: Node) -> None:
    """`y = act(sum over rank and time of weights_time state)`, `weights_feature x` being the state's newest column.

    A layer of one window along time: the last columns but one are the state of the program. Of integers the result's
    type alone is the activation, as in TFLite's kernel.
    """
    from tflite import SVDFOptions

    options = node.options(SVDFOptions)
    rank, features, time = options.Rank(), node.array(FEATURES, "weights"), node.array(TIME, "weights of time")
    if rank < 1 or features.ndim != 2 or time.ndim != 2 or len(features) != len(time) or len(time) % rank:
        raise Unsupported(f"weights {list(features.shape)} and {list(time.shape)} do not fit; convert the model again")
    if node.quantized() != is_quantized(node.tensor(FEATURES)):
        raise Unsupported("it is hybrid, which needs float arithmetic; convert with full integer quantization")
    filters, memory = time.shape
    x = node.emit("Unsqueeze", node.real(0), node.constant([2]))
    newest = typed(node, STATE, node.emit("Conv", x, weights(node, FEATURES, (filters, features.shape[1], 1))))
    columns = newest
    if memory > 1:
        batch = node.tensor(STATE).shape[0]
        last = node.graph.carried(node.number(STATE), (batch, filters, memory - 1), node.name)
        columns = typed(node, STATE, node.emit("Concat", last, newest, axis=2))
        ends = [node.constant([number]) for number in (1, memory, 2)]
        node.graph.carry(node.number(STATE), node.emit("Slice", columns, *ends))
    w = weights(node, TIME, (filters // rank, rank, memory))
    y = node.emit("Conv", columns, w, *bias(node, BIAS, STATE, TIME), group=filters // rank)
    y = node.emit("Squeeze", y, node.constant([2]))
    activation = options.FusedActivationFunction()
    if activation not in (NONE, RELU):
        raise Unsupported(f"activation {activation} is not supported; use Relu or none")
    node.define(y, activation=NONE if node.quantized() else activation)


def weights(node: Node, index: int, shape: tuple[int, ...]) -> str:
    """Constant weights in another shape, of one scale where they are quantized."""
    tensor, array = node.tensor(index), node.array(index, "weights")
    if not is_quantized(tensor):
        return node.constant(array.reshape(shape), np.float32)
    if tensor.quantization is None or tensor.quantization.scales.size != 1:
        raise Unsupported("scales per channel are not defined for it; convert the model again")
    constant = node.graph.constant(array.reshape(shape))
    return node.emit("DequantizeLinear", constant, *node.graph.parameters(node.number(index)))


def typed(node: Node, index: int, value: str) -> str:
    """A value rounded to the type of a tensor, where that is quantized."""
    if not is_quantized(node.tensor(index)):
        return value
    parameters = node.graph.parameters(node.number(index))
    return node.emit("DequantizeLinear", node.emit("QuantizeLinear", value, *parameters), *parameters)
