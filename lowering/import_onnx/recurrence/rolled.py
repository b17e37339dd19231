"""Puts a Scan in place of the nodes of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..proto import read_by
from .steps import Row, Steps
from .writing import NodeWriter, stacking

if TYPE_CHECKING:
    import onnx

MOST_ROWS = 2
"""Values of single rounds that are taken out of what a Scan stacks."""

Place = tuple[int, int]
"""A node of a round, and the number of its result."""


@dataclass(frozen=True)
class Run:
    """`rounds` times `period` nodes, from node `begin` of those in question on."""

    steps: Steps
    begin: int
    period: int
    rounds: int

    def nodes_of(self, turn: int) -> list[onnx.NodeProto]:
        """The nodes of a round."""
        start = self.begin + turn * self.period
        return self.steps.rest[start : start + self.period]

    def name(self, place: Place, turn: int) -> str:
        """The name of a round's value."""
        return self.nodes_of(turn)[place[0]].output[place[1]]

    def place(self, name: str) -> tuple[Place, int] | None:
        """Which value of which round a name is; None for values from outside."""
        at, number = self.steps.made.get(name, (-1, 0))
        turn, node = divmod(at - self.begin, self.period)
        return ((node, number), turn) if at >= self.begin and turn < self.rounds else None


@dataclass(frozen=True)
class Collected:
    """What a Concat makes of a value of every round: `whole`, stacked along `axis`, in which a part has 1 already."""

    whole: str
    place: Place
    axis: int
    is_reversed: bool = False
    squeezed: bool = False


@dataclass
class Round:
    """The body of the Scan of a run, while it is written."""

    run: Run
    body: NodeWriter
    states: dict[tuple[Place, str], tuple[str, str]] = field(default_factory=dict[tuple[Place, str], tuple[str, str]])
    """What the first round reads and the name inside, by the value of the round before and what it begins with."""
    slices: dict[Row, tuple[str, str, bool]] = field(default_factory=dict[Row, tuple[str, str, bool]])
    """By the first round's row: names inside of the slice and of what becomes of it; whether the last comes first."""

    def write(self) -> None:
        """The nodes of a round on states and slices."""
        import onnx

        rounds = zip(self.run.nodes_of(0), self.run.nodes_of(1), strict=True)
        copies: list[onnx.NodeProto] = []
        for first, second in rounds:
            copy = onnx.NodeProto()
            copy.CopyFrom(first)
            copy.input[:] = [self.operand(a, b) for a, b in zip(first.input, second.input, strict=True)]
            copies.append(copy)
        self.body.nodes += copies

    def operand(self, first: str, second: str) -> str:
        """What an operand is called inside, by its names in the first two rounds."""
        steps, found = self.run.steps, self.run.place(second)
        if found is not None and found[1] == 0:
            key = found[0], steps.key(first)
            name = self.states[key][1] if key in self.states else self.body.name("state")
            return self.states.setdefault(key, (first, name))[1]
        if first in steps.rows and second in steps.rows and first not in steps.tensors:
            row, following = steps.rows[first], steps.rows[second]
            if row.number != following.number:
                return self.slice(first, row, following.number < row.number)
        return first

    def slice(self, name: str, row: Row, is_reversed: bool) -> str:
        """A row as the body sees it: the slice, with the axis where rows keep it, through what they went through."""
        if row not in self.slices:
            slice_ = self.body.name("slice")
            chain: list[onnx.NodeProto] = []
            while name in self.run.steps.carriers:
                chain.append(self.run.steps.carriers[name])
                name = chain[-1].input[0]
            value = self.body.node("Unsqueeze", slice_, self.body.integers(row.axis)) if row.keeps else slice_
            for node in reversed(chain):
                value = self.body.copy(node, [value, *node.input[1:]])
            self.slices[row] = slice_, value, is_reversed
        return self.slices[row][1]


def without_run(steps: Steps, run: Run, outputs: set[str]) -> list[onnx.NodeProto] | None:
    """The graph's nodes with a Scan in place of a run; None where too much is read of single rounds."""
    prefix = f"rolled_{run.name((run.period - 1, 0), 0)}"
    round = Round(run, NodeWriter(f"{prefix}_round"))
    round.write()
    inside = {id(node) for turn in range(run.rounds) for node in run.nodes_of(turn)}
    outside = [node for node in steps.nodes if id(node) not in inside]
    collected = collections(run, outside, {place: first for (place, _), (first, _) in round.states.items()})
    wholes = {c.whole for c in collected}
    by_rounds = set().union(*(read_by(node) for node in round.body.nodes), (s for s, _ in round.states.values()))
    wanted = outputs | by_rounds | {row.source for row in round.slices}
    kept = alive([node for node in outside if not wholes.intersection(node.output)], wanted)
    read = outputs.union(*(read_by(node) for node in kept))
    single = [(name, *found) for name in sorted(read) if (found := run.place(name)) is not None]
    lasts = {place for place, _ in round.states}
    others = [(name, p, turn) for name, p, turn in single if turn < run.rounds - 1 or p not in lasts]
    if len(others) > MOST_ROWS:
        return None
    after = NodeWriter(f"{prefix}_after")
    for name, place, turn in others:
        collected.append(Collected(after.name("stacked"), place, 0))
        number = after.constant(np.array(turn, np.int64), "number")
        after.give(after.node("Gather", collected[-1].whole, number, name="row", axis=0), name)
    before = NodeWriter(prefix)
    scan = scan_of_run(round, collected, before, prefix)
    return placed(kept, [*before.nodes, scan, *after.nodes], {id(node) for node in earlier(steps, run)})


def earlier(steps: Steps, run: Run) -> list[onnx.NodeProto]:
    """The nodes before a run, and all constants."""
    place = next(at for at, node in enumerate(steps.nodes) if node is run.nodes_of(0)[0])
    return [node for at, node in enumerate(steps.nodes) if at < place or node.op_type == "Constant"]


def placed(kept: Sequence[onnx.NodeProto], new: Sequence[onnx.NodeProto], earlier: set[int]) -> list[onnx.NodeProto]:
    """New nodes between those that are earlier and the others, whose order stays."""
    return [*(n for n in kept if id(n) in earlier), *new, *(n for n in kept if id(n) not in earlier)]


def alive(nodes: Sequence[onnx.NodeProto], wanted: set[str]) -> list[onnx.NodeProto]:
    """The nodes, in topological order, from which what is wanted is computed."""
    read, kept = set(wanted), list(nodes[:0])
    for node in reversed(nodes):
        if read.intersection(node.output):
            kept.append(node)
            read |= read_by(node)
    return kept[::-1]


def collections(run: Run, outside: Sequence[onnx.NodeProto], firsts: dict[Place, str]) -> list[Collected]:
    """The Concats of a value of every round; `firsts` are what states begin with."""
    makers = {name: node for node in outside for name in node.output}
    found: list[Collected] = []
    for node in outside:
        if node.op_type != "Concat" or node.domain or len(node.input) != run.rounds:
            continue
        axis = next(a.i for a in node.attribute if a.name == "axis")
        lifted = [lifted_from(makers.get(name), axis, run.steps) for name in node.input]
        squeezed = not all(lifted)
        places = [run.place(name) for name in (node.input if squeezed else lifted)]
        values = {place[0] for place in places if place is not None}
        turns, forward = [place[1] for place in places if place is not None], list(range(run.rounds))
        if len(values) != 1 or turns not in (forward, forward[::-1]):
            continue
        (value,) = values
        if not squeezed or has_one(run, firsts.get(value, ""), axis):
            found.append(Collected(node.output[0], value, axis, turns != forward, squeezed))
    return found


def lifted_from(maker: onnx.NodeProto | None, axis: int, steps: Steps) -> str:
    """The value that an Unsqueeze gives this dimension; empty for other nodes."""
    if maker is None or maker.op_type != "Unsqueeze" or maker.domain:
        return ""
    given = [list(a.ints) for a in maker.attribute if a.name == "axes"]
    axes = given[0] if given else steps.integers(maker.input[1])
    return maker.input[0] if axes == [axis] else ""


def has_one(run: Run, first: str, axis: int) -> bool:
    """Whether a state, by the constant that it begins with, has 1 element along an axis."""
    tensor = run.steps.tensors.get(first)
    return tensor is not None and -len(tensor.dims) <= axis < len(tensor.dims) and tensor.dims[axis] == 1


def scan_of_run(round: Round, collected: Sequence[Collected], before: NodeWriter, name: str) -> onnx.NodeProto:
    """The Scan of a run; `before` it stands what brings its operands into order."""
    from onnx import TensorProto, helper

    run, body = round.run, round.body
    parts: list[str] = []
    for c in collected:
        value = run.name(c.place, 0)
        parts.append(body.node("Squeeze", value, body.integers(c.axis)) if c.squeezed else body.node("Identity", value))
    ins: list[tuple[str, str, int, bool]] = []
    for row, (slice_, _, is_reversed) in round.slices.items():
        begin = row.number - (run.rounds - 1 if is_reversed else 0)
        whole = before.part(row.source, begin, begin + run.rounds, row.axis, "rows")
        ins.append((whole, slice_, row.axis, is_reversed))
    if not ins:  # a Scan takes its number of rounds from what it scans
        ins.append((before.constant(np.zeros(run.rounds, np.float32), "rounds"), body.name("slice"), 0, False))

    def port(value: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(value, TensorProto.FLOAT, None)

    following = [run.name(place, 0) for place, _ in round.states]
    graph = helper.make_graph(
        body.nodes,
        "round",
        [*(port(inner) for _, inner in round.states.values()), *(port(slice_) for _, slice_, _, _ in ins)],
        [*map(port, following), *map(port, parts)],
    )
    lasts: list[str] = []
    for place, _ in round.states:
        last = run.name(place, run.rounds - 1)
        lasts.append("" if last in lasts else last)
    return helper.make_node(
        "Scan",
        [*(first for first, _ in round.states.values()), *(whole for whole, _, _, _ in ins)],
        [*lasts, *(c.whole for c in collected)],
        name=name,
        body=graph,
        num_scan_inputs=len(ins),
        scan_input_axes=[axis for _, _, axis, _ in ins],
        scan_input_directions=[int(flag) for _, _, _, flag in ins],
        **stacking([c.axis for c in collected], [c.is_reversed for c in collected]),
    )
