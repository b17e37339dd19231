"""Steps that an exporter wrote out become a Scan again, where they repeat exactly.

A run is a row of rounds, `period` nodes each. Node j of every round is the same operator with the same attributes, and
reads in each operand the same constant or value from before the run, row t of one tensor, what node j' of its own round
makes, or what node j' of the round before makes: that is a state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .rolled import Run, without_run
from .steps import FEWEST, Row, Steps

if TYPE_CHECKING:
    import onnx

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "MatMulInteger", "QLinearConv", "QLinearMatMul", "ConvInteger")
"""What makes a round worth a loop."""

CANDIDATES = 24
"""Next nodes like one that are tried as the same node of the next round."""

MAX_NODES = 1 << 14
"""Nodes of a graph in which repetitions are looked for."""

MAX_RUNS = 64
"""Repetitions of one model."""


@dataclass(frozen=True)
class Role:
    """What an operand is in a round: of `kind` const, outer, row, same or before, and which one."""

    kind: str
    which: object


def rolled(
    nodes: Sequence[onnx.NodeProto], initializers: Sequence[onnx.TensorProto], outputs: set[str]
) -> list[onnx.NodeProto]:
    """The nodes of a graph, in topological order, with Scans in place of steps that repeat; `outputs` are its own."""
    current = list(nodes)
    if len(current) > MAX_NODES:
        return current
    for _ in range(MAX_RUNS):
        steps = Steps.of(current, initializers)
        replaced = next((new for run in runs(steps) if (new := without_run(steps, run, outputs))), None)
        if replaced is None:
            break
        current = replaced
    return current


def runs(steps: Steps) -> Iterator[Run]:
    """Runs that are worth it, those first that may have the most nodes; of the same nodes the shortest period."""
    numbers: dict[tuple[object, ...], int] = {}
    labels = np.array([numbers.setdefault(label, len(numbers)) for label in steps.labels], np.int64)
    products = np.cumsum([0, *(node.op_type in PRODUCTS for node in steps.rest)])
    tried: list[tuple[int, int, int, int]] = []
    for period in periods(labels):
        for begin, end in stretches(labels[:-period] == labels[period:], (FEWEST - 1) * period):
            for first in range(begin, min(begin + period, end - (FEWEST - 1) * period + 1)):
                rounds = (end - first) // period + 1
                if products[first + period] > products[first]:
                    tried.append((-rounds * period, period, first, rounds))
    for _, period, first, rounds in sorted(tried):
        run = longest(steps, first, period, rounds)
        if run is not None:
            yield run


def periods(labels: NDArray[np.int64]) -> list[int]:
    """Distances between like nodes, of which there may be a run."""
    order = np.argsort(labels, kind="stable")
    found: set[int] = set()
    for ahead in range(1, CANDIDATES + 1):
        same = labels[order[ahead:]] == labels[order[:-ahead]]
        found |= set((order[ahead:] - order[:-ahead])[same].tolist())
    return sorted(p for p in found if p * FEWEST <= len(labels))


def stretches(like: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    """Where something holds at least so many times in a row: first place, and the one behind the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], like, [False]]).astype(np.int8)))
    return [(b, e) for b, e in edges.reshape(-1, 2).tolist() if e - b >= least]


def longest(steps: Steps, begin: int, period: int, rounds: int) -> Run | None:
    """The run of a period that begins at a node, with at most so many rounds; None where it has too few."""
    first, second = (roles(steps, begin, period, turn) for turn in (0, 1))
    if first is None or second is None or not all(goes_on(a, b) for a, b in zip(first, second, strict=True)):
        return None
    if not any(role.kind == "before" for role in second):
        return None
    turn = 2
    while turn < rounds:
        this = roles(steps, begin, period, turn)
        if this is None or not all(repeats(a, b, c, turn) for a, b, c in zip(first, second, this, strict=True)):
            break
        turn += 1
    return Run(steps, begin, period, turn) if turn >= FEWEST else None


def roles(steps: Steps, begin: int, period: int, turn: int) -> list[Role] | None:
    """The roles of all operands of a round; None where one is none of these."""
    start = begin + turn * period
    found: list[Role] = []
    for node in steps.rest[start : start + period]:
        for name in node.input:
            role = role_of(steps, name, begin, period, start)
            if role is None:
                return None
            found.append(role)
    return found


def role_of(steps: Steps, name: str, begin: int, period: int, start: int) -> Role | None:
    """What a value is to the round that begins at a node; None for what an earlier round makes."""
    at, number = steps.made.get(name, (-1, 0))
    if start <= at:
        return Role("same", (at - start, number)) if at < start + period else None
    if begin <= at:
        return Role("before", (at - start + period, number)) if start - period <= at else None
    if name in steps.tensors:
        return Role("const", steps.key(name))
    row = steps.rows.get(name)
    if row is None:
        return Role("outer", name)
    return Role("row", row) if steps.made.get(row.source, (-1, 0))[0] < begin else None


def goes_on(first: Role, second: Role) -> bool:
    """Whether an operand of round 1 can be that of round 0, whose states come from before."""
    if second.kind == "before":
        return first.kind not in ("same", "before")
    if first.kind == second.kind == "row":
        a, b = first.which, second.which
        assert isinstance(a, Row) and isinstance(b, Row)
        return same_rows(a, b) and abs(a.number - b.number) <= 1
    return first == second


def repeats(first: Role, second: Role, role: Role, turn: int) -> bool:
    """Whether an operand of a later round is like those of the first two."""
    if second.kind != "row":
        return role == second
    if role.kind != "row":
        return False
    a, b, c = first.which, second.which, role.which
    assert isinstance(b, Row) and isinstance(c, Row)
    if not isinstance(a, Row):
        return False
    return same_rows(b, c) and c.number == a.number + turn * (b.number - a.number)


def same_rows(a: Row, b: Row) -> bool:
    """Whether two rows differ in their number alone."""
    return (a.source, a.axis, a.keeps, a.chain) == (b.source, b.axis, b.keeps, b.chain)
