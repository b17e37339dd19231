"""What a repetition counts: values that depend on the number of the round alone are known before it runs.

An exporter's loop counts its rounds, compares the count with a constant and takes row `t` of its input by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..computed import ELEMENTWISE, REARRANGED
from ..node import Unsupported
from ..proto import DEFAULT_DOMAINS, graphs_of
from .repetition import Repetition, State

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

COMPUTED = frozenset((ELEMENTWISE + REARRANGED).split()) | {"Gather"}
"""Operators of which the results are no larger than their operands together."""

MAX_ELEMENTS = 16
"""Elements of a value that counts."""

MAX_ROUNDS = 1 << 12
"""Rounds that are gone through to see what a repetition counts."""


@dataclass
class Known:
    """Values by name, one per round; `rounds` of them happen. `states` are those that are known in all rounds."""

    rounds: int
    values: dict[str, list[Array]] = field(default_factory=dict[str, list[Array]])
    states: tuple[State, ...] = ()
    last: dict[str, Array] = field(default_factory=dict[str, Array])
    """After all rounds, by the name of the state inside."""


def counted(repetition: Repetition, rounds: int | None, constants: Mapping[str, Array], opset: int) -> Known:
    """What is known of each round, and how many there are: at most `rounds`, where that is given.

    `constants` are values from outside. Raises Unsupported where the number of rounds is not known.
    """
    states = {s for s in repetition.states if s.first in constants and constants[s.first].size <= MAX_ELEMENTS}
    while True:
        known = {s.inner for s in states} | ({repetition.counter} - {""})
        nodes = depending(repetition, known, constants)
        known |= {output for node in nodes for output in node.output if output}
        lost = {s for s in states if s.next not in known and not is_small(constants.get(s.next))}
        if not lost:
            break
        states -= lost
    if repetition.condition and repetition.condition not in known and repetition.condition not in constants:
        raise Unsupported(
            "its condition is computed from what the rounds compute; only a constant number of rounds is supported"
        )
    if not known and not repetition.condition:
        assert rounds is not None, "a Scan states its rounds"
        return Known(rounds)
    return gone_through(repetition, rounds, constants, opset, tuple(s for s in repetition.states if s in states), nodes)


def is_small(array: Array | None) -> bool:
    """Whether a constant is one that counts."""
    return array is not None and array.size <= MAX_ELEMENTS


def depending(repetition: Repetition, known: set[str], constants: Mapping[str, Array]) -> list[onnx.NodeProto]:
    """The nodes that compute on what is known, and on small constants, alone."""
    names = set(known)
    nodes: list[onnx.NodeProto] = []
    for node in repetition.nodes:
        given = [i for i in node.input if i]
        if node.op_type not in COMPUTED or node.domain not in DEFAULT_DOMAINS or any(graphs_of(node)):
            continue
        if any(i in names for i in given) and all(i in names or is_small(constants.get(i)) for i in given):
            nodes.append(node)
            names |= {output for output in node.output if output}
    return nodes


def gone_through(
    repetition: Repetition,
    rounds: int | None,
    constants: Mapping[str, Array],
    opset: int,
    states: tuple[State, ...],
    nodes: list[onnx.NodeProto],
) -> Known:
    """The values of every round, by ONNX's reference evaluator."""
    step = evaluator(nodes, constants, opset)
    current = {s.inner: constants[s.first] for s in states}
    known = Known(0, states=states)
    condition = next((s for s in states if s.next == repetition.condition), None)
    holds = bool(current[condition.inner].reshape(-1)[0]) if condition is not None else True
    while holds and (rounds is None or known.rounds < rounds):
        if known.rounds >= MAX_ROUNDS:
            raise Unsupported(f"more than {MAX_ROUNDS:,} rounds; split the sequence")
        values = dict(current)
        if repetition.counter:
            values[repetition.counter] = np.array(known.rounds, np.int64)
        values |= step(values)
        for name, value in values.items():
            known.values.setdefault(name, []).append(value)
        current = {s.inner: values[s.next] if s.next in values else constants[s.next] for s in states}
        if repetition.condition:
            after = values.get(repetition.condition, constants.get(repetition.condition))
            assert after is not None, "a condition is known"
            holds = bool(after.reshape(-1)[0])
        known.rounds += 1
    known.last = current
    return known


def evaluator(nodes: list[onnx.NodeProto], constants: Mapping[str, Array], opset: int) -> Any:
    """A function from known values to what the nodes compute of them. Raises Unsupported where one cannot be."""
    from onnx import TypeProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    outputs = [output for node in nodes for output in node.output if output]
    if not outputs:
        return lambda values: {}  # pyright: ignore[reportUnknownLambdaType, reportUnknownVariableType]
    read = {i for node in nodes for i in node.input if i} - set(outputs)
    held = [numpy_helper.from_array(np.asarray(constants[i]), i) for i in sorted(read & constants.keys())]
    given = sorted(read - constants.keys())
    ports = {name: helper.make_value_info(name, TypeProto()) for name in (*given, *outputs)}
    graph = helper.make_graph(nodes, "round", [ports[n] for n in given], [ports[n] for n in outputs], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    session: list[ReferenceEvaluator] = []

    def step(values: dict[str, Array]) -> dict[str, Array]:
        try:
            session.extend([] if session else [ReferenceEvaluator(model)])
            found = session[0].run(None, {name: values[name] for name in given})
        except Exception as error:  # numpy's and the evaluator's, which raises what it likes
            raise Unsupported(f"what it counts cannot be computed ({type(error).__name__}); export it again") from None
        return {name: np.asarray(value) for name, value in zip(outputs, found, strict=True)}  # pyright: ignore[reportUnknownArgumentType]

    return step
