"""A repetition as Scan and Loop state it: names of states, slices and outputs, and the nodes of one round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..node import Unsupported, from_first
from ..proto import read_by
from ..renaming import name_within, renamed
from ..sorting import in_order

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class State:
    """A value that one round leaves to the next: `first` before all rounds, `last` after them (empty: unused)."""

    first: str
    inner: str
    next: str
    last: str


@dataclass(frozen=True)
class Scanned:
    """A tensor of which each round takes a slice, without the dimension `axis`."""

    whole: str
    inner: str
    axis: int = 0
    is_reversed: bool = False


@dataclass(frozen=True)
class Stacked:
    """A value of each round, beside each other along a new dimension `axis` of the result."""

    inner: str
    whole: str
    axis: int = 0
    is_reversed: bool = False


@dataclass(frozen=True)
class Repetition:
    """Nodes that run once per round, operands before their users; names inside are unlike all outside.

    `counter` is a Loop's number of the round, `condition` what must hold for another round.
    """

    nodes: tuple[onnx.NodeProto, ...]
    states: tuple[State, ...]
    ins: tuple[Scanned, ...]
    outs: tuple[Stacked, ...]
    counter: str = ""
    condition: str = ""

    def reads(self) -> set[str]:
        """What the rounds read, names of their own included."""
        names = {name for node in self.nodes for name in read_by(node)}
        return names | {s.next for s in self.states} | {o.inner for o in self.outs}

    def live(self, used: set[str]) -> Repetition:
        """Without what nothing uses: states that only serve themselves, and the nodes that compute them."""
        outs = tuple(out for out in self.outs if out.whole in used)
        states = {s for s in self.states if s.last in used}
        while True:
            wanted = {out.inner for out in outs} | {s.next for s in states} | {self.condition}
            nodes, names = needed(self.nodes, wanted)
            more = {s for s in self.states if s.inner in names} | states
            if more == states:
                break
            states = more
        ins = tuple(scanned for scanned in self.ins if scanned.inner in names)
        return replace(self, nodes=nodes, states=tuple(s for s in self.states if s in states), ins=ins, outs=outs)


def needed(nodes: Sequence[onnx.NodeProto], wanted: set[str]) -> tuple[tuple[onnx.NodeProto, ...], set[str]]:
    """The nodes that compute what is wanted, and all names that these and those who want them read."""
    names = set(wanted)
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if any(output in names for output in node.output if output):
            kept.append(node)
            names |= read_by(node)
    return tuple(reversed(kept)), names


@dataclass(frozen=True)
class BodyNodes:
    """A graph's nodes under names of their own, and those of its inputs and outputs."""

    nodes: tuple[onnx.NodeProto, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def body_nodes(graph: onnx.GraphProto, prefix: str) -> BodyNodes:
    """The nodes of a body with its weights as Constants. Raises Unsupported where nodes need each other's results."""
    from onnx import helper

    weights = [helper.make_node("Constant", [], [t.name], value=t, name=t.name) for t in graph.initializer]
    held = {t.name for t in graph.initializer}
    nodes = [*weights, *graph.node]
    inputs = [i.name for i in graph.input]
    own = {output for node in nodes for output in node.output if output} | set(inputs)
    names = {name: name_within(prefix, name) for name in own}
    copies = renamed(nodes, names, prefix, {}, own)
    for node, copy in zip(nodes, copies, strict=True):
        copy.name = node.name or (node.output[0] if node.output else "")
    ordered, cycle = in_order(copies)
    if cycle:
        raise Unsupported("nodes of its body need each other's results; export the model again")
    if held & set(inputs):
        raise Unsupported("an input of its body has an initializer; export the model again")
    outputs = [names.get(o.name, o.name) for o in graph.output]
    return BodyNodes(tuple(ordered), tuple(names[i] for i in inputs), tuple(outputs))


def scan_of(proto: onnx.NodeProto, body: BodyNodes, attributes: dict[str, object], ranks: Sequence[int]) -> Repetition:
    """What a Scan repeats; `ranks` are the dimensions of its operands. Raises Unsupported for one that is malformed."""
    count = attributes.get("num_scan_inputs")
    if not isinstance(count, int) or not 0 < count <= len(proto.input) == len(body.inputs):
        raise Unsupported(f"{len(proto.input)} inputs, of which {count} are scanned, for a body of {len(body.inputs)}")
    states = len(proto.input) - count
    stacked = len(body.outputs) - states
    if stacked < 0 or len(proto.output) > len(body.outputs):
        raise Unsupported(f"a body with {len(body.outputs)} outputs for {states} states")
    results = [*proto.output, *[""] * (len(body.outputs) - len(proto.output))]
    in_axes = per_value(attributes, "scan_input_axes", count)
    in_flags = directions(attributes, "scan_input_directions", count)
    out_axes = per_value(attributes, "scan_output_axes", stacked)
    out_flags = directions(attributes, "scan_output_directions", stacked)
    ins = [
        Scanned(whole, inner, from_first(axis, rank), flag)
        for whole, inner, axis, rank, flag in zip(
            proto.input[states:], body.inputs[states:], in_axes, ranks[states:], in_flags, strict=True
        )
    ]
    outs = [
        Stacked(inner, whole, axis, flag)
        for inner, whole, axis, flag in zip(body.outputs[states:], results[states:], out_axes, out_flags, strict=True)
    ]
    return Repetition(
        body.nodes, states_of(proto.input[:states], body.inputs, body.outputs, results), tuple(ins), tuple(outs)
    )


def loop_of(proto: onnx.NodeProto, body: BodyNodes) -> Repetition:
    """What a Loop repeats. Raises Unsupported for one that is malformed."""
    states = len(proto.input) - 2
    if states < 0 or len(body.inputs) != states + 2 or len(body.outputs) < states + 1:
        raise Unsupported(f"a body of {len(body.inputs)} inputs and {len(body.outputs)} outputs for {states} states")
    results = [*proto.output, *[""] * (len(body.outputs) - 1 - len(proto.output))]
    carried = states_of(proto.input[2:], body.inputs[2:], body.outputs[1:], results)
    outs = zip(body.outputs[1 + states :], results[states:], strict=True)
    stacked = tuple(Stacked(inner, whole) for inner, whole in outs)
    condition = State(proto.input[1], body.inputs[1], body.outputs[0], "")
    return Repetition(body.nodes, (*carried, condition), (), stacked, body.inputs[0], body.outputs[0])


def states_of(
    firsts: Iterable[str], inners: Sequence[str], nexts: Sequence[str], lasts: Sequence[str]
) -> tuple[State, ...]:
    """The states of as many first values as there are."""
    return tuple(State(*names) for names in zip(firsts, inners, nexts, lasts, strict=False))


def per_value(attributes: dict[str, object], name: str, count: int) -> list[int]:
    """A number per value, 0 where the attribute is left out."""
    given = attributes.get(name, [0] * count)
    if not isinstance(given, list) or len(given) != count or not all(isinstance(n, int) for n in given):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        raise Unsupported(f"{name} has not {count} numbers; export the model again")
    return given  # pyright: ignore[reportUnknownVariableType]


def directions(attributes: dict[str, object], name: str, count: int) -> list[bool]:
    """Whether the rounds take each value from its end."""
    flags = per_value(attributes, name, count)
    if any(flag not in (0, 1) for flag in flags):
        raise Unsupported(f"{name} holds other numbers than 0 and 1; export the model again")
    return [bool(flag) for flag in flags]
