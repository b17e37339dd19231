"""One round of RNN, GRU and LSTM as nodes (the equations of ONNX's operator specification).

A gate's products with the input, and with the state, are parts of one product with all weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .activations import Activation
from .writing import NodeWriter


@dataclass(frozen=True)
class Weights:
    """Names of one direction's weights: `w` [gates H, I], `r` [gates H, H]; biases [gates H], None where left out.

    `peepholes` [3 H] are an LSTM's.
    """

    w: str
    r: str
    input_bias: str | None
    state_bias: str | None
    peepholes: str | None
    hidden: int


@dataclass(frozen=True)
class Cell:
    """A kind of cell: gates, states, functions where none are named, and the nodes of its round.

    `round` takes where nodes of the round and those before all rounds are written, the names of slice and states, the
    weights, the functions and the node's attributes; it returns the names of the next states, the output first.
    """

    gates: int
    states: int
    functions: tuple[str, ...]
    round: Callable[[NodeWriter, NodeWriter, str, Sequence[str], Weights, Sequence[Activation], Flags], list[str]]


@dataclass(frozen=True)
class Flags:
    """Attributes that change what a cell computes."""

    linear_before_reset: bool = False
    input_forget: bool = False
    cell_clip: float | None = None
    """What the next cell of an LSTM is clipped to, either way."""


def product(to: NodeWriter, x: str, w: str, bias: str | None, name: str) -> str:
    """x w^T + bias"""
    return to.node("Gemm", x, w, *([] if bias is None else [bias]), name=name, transB=1)


def sum_of(before: NodeWriter, *biases: str | None) -> str | None:
    """The sum of biases, None where there are none."""
    given = [bias for bias in biases if bias is not None]
    return before.node("Add", *given, name="bias") if len(given) == 2 else next(iter(given), None)


def rnn(
    to: NodeWriter, before: NodeWriter, x: str, states: Sequence[str], w: Weights, f: Sequence[Activation], flags: Flags
) -> list[str]:
    """h' = f(W x + R h + b)"""
    (h,) = states
    bias = sum_of(before, w.input_bias, w.state_bias)
    total = to.node("Add", product(to, x, w.w, bias, "input"), product(to, h, w.r, None, "state"), name="sum")
    return [f[0].write(to, total)]


def gru(
    to: NodeWriter, before: NodeWriter, x: str, states: Sequence[str], w: Weights, f: Sequence[Activation], flags: Flags
) -> list[str]:
    """h' = (1 - z) n + z h = n + z (h - n) with n = g(..): a rounding less, and none of 1 - z"""
    (h,), n = states, w.hidden
    if flags.linear_before_reset:
        given = product(to, x, w.w, w.input_bias, "input")
        own = product(to, h, w.r, w.state_bias, "state")
        gates = to.node("Add", to.part(given, 0, 2 * n, 1), to.part(own, 0, 2 * n, 1), name="gates")
    else:
        given = product(to, x, w.w, sum_of(before, w.input_bias, w.state_bias), "input")
        own = product(to, h, before.part(w.r, 0, 2 * n, 0, "weights_zr"), None, "state")
        gates = to.node("Add", to.part(given, 0, 2 * n, 1), own, name="gates")
    gates = f[0].write(to, gates)
    z, r = to.part(gates, 0, n, 1, "update"), to.part(gates, n, 2 * n, 1, "reset")
    if flags.linear_before_reset:
        kept = to.node("Mul", r, to.part(own, 2 * n, 3 * n, 1), name="kept")
    else:
        weights = before.part(w.r, 2 * n, 3 * n, 0, "weights_h")
        kept = product(to, to.node("Mul", r, h, name="kept"), weights, None, "state_kept")
    candidate = f[1].write(to, to.node("Add", to.part(given, 2 * n, 3 * n, 1), kept, name="candidate"))
    change = to.node("Mul", z, to.node("Sub", h, candidate, name="difference"), name="undone")
    return [to.node("Add", candidate, change, name="h")]


def lstm(
    to: NodeWriter, before: NodeWriter, x: str, states: Sequence[str], w: Weights, f: Sequence[Activation], flags: Flags
) -> list[str]:
    """c' = forget c + in g(..), h' = out h(c'); gates in the order in, out, forget, cell"""
    (h, c), n = states, w.hidden
    bias = sum_of(before, w.input_bias, w.state_bias)
    total = to.node("Add", product(to, x, w.w, bias, "input"), product(to, h, w.r, None, "state"), name="gates")
    if w.peepholes is None and not flags.input_forget:
        opened = f[0].write(to, to.part(total, 0, 3 * n, 1))
        gate_in, gate_out, gate_forget = (to.part(opened, k * n, (k + 1) * n, 1, "gate") for k in range(3))
    else:
        gate_in = f[0].write(to, peeped(to, before, total, 0, w, c))
        gate_forget = f[0].write(to, peeped(to, before, total, 2, w, c)) if not flags.input_forget else ""
        gate_out = ""
    if flags.input_forget:
        gate_forget = to.node("Sub", to.number(1.0), gate_in, name="forget")
    candidate = f[1].write(to, to.part(total, 3 * n, 4 * n, 1, "candidate"))
    kept, new = to.node("Mul", gate_forget, c, name="kept"), to.node("Mul", gate_in, candidate, name="new")
    cell = to.clipped(to.node("Add", kept, new, name="c"), flags.cell_clip)
    gate_out = gate_out or f[0].write(to, peeped(to, before, total, 1, w, cell))
    seen = Activation(f[2].name, f[2].alpha, f[2].beta)
    return [to.node("Mul", gate_out, seen.write(to, cell), name="h"), cell]


def peeped(to: NodeWriter, before: NodeWriter, total: str, gate: int, w: Weights, c: str) -> str:
    """The sum of a gate, with what it sees of the cell."""
    begin, end = gate * w.hidden, (gate + 1) * w.hidden
    part = to.part(total, begin, end, 1)
    if w.peepholes is None:
        return part
    return to.node("Add", part, to.node("Mul", before.part(w.peepholes, begin, end, 0, "peephole"), c), name="gate")


CELLS = {
    "RNN": Cell(1, 1, ("Tanh",), rnn),
    "GRU": Cell(3, 1, ("Sigmoid", "Tanh"), gru),
    "LSTM": Cell(4, 2, ("Sigmoid", "Tanh", "Tanh"), lstm),
}
