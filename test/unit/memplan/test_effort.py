"""Limits of planning: what is found within them is a plan, it is the same each time, and it says that it is limited."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.texts import parse
from xdsl.context import Context
from xdsl.passes import ModulePass

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.passes.memplan.defrag import DefragPass
from tinyml_opt.passes.memplan.fit import FitPass
from tinyml_opt.passes.memplan.patch import PatchPass
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.passes.memplan.schedule import SchedulePass
from tinyml_opt.passes.memplan.scheduling.graph import Graph, dataflow, peak_of
from tinyml_opt.passes.memplan.scheduling.greedy import greedy_order
from tinyml_opt.passes.memplan.scheduling.search import schedule
from tinyml_opt.passes.memplan.stream import StreamPass

PASSES = [SchedulePass, StreamPass, PatchPass, PlacePass]


def random_graph(ops: int, seed: int = 0) -> Graph:
    """Ops that each read two earlier tensors, with a last one that reads all that nobody has read."""
    random = Random(seed)
    inputs = [[random.randrange(op) for _ in range(2)] if op else [] for op in range(ops)]
    read = {tensor for tensors in inputs for tensor in tensors}
    inputs.append([op for op in range(ops) if op not in read])
    return dataflow([random.randint(1, 9) for _ in inputs], inputs, [[op] for op in range(ops + 1)])


def is_order(graph: Graph, order: tuple[int, ...]) -> bool:
    position = {op: step for step, op in enumerate(order)}
    complete = sorted(order) == list(range(len(graph.preds)))
    return complete and all(position[p] < position[op] for op, preds in enumerate(graph.preds) for p in preds)


@given(st.integers(1, 60), st.integers(0, 1 << 32))
def test_greedy_orders_are_orders(ops: int, seed: int) -> None:
    graph = random_graph(ops, seed)
    assert is_order(graph, greedy_order(graph))
    assert is_order(graph, greedy_order(graph.reversed)[::-1])


def test_greedy_frees_what_it_can() -> None:
    """Two chains of a wide and a narrow tensor: one after the other, never both wide tensors at once."""
    graph = dataflow([9, 9, 1, 1, 1], [[], [], [0], [1], [2, 3]], [[op] for op in range(5)])
    assert greedy_order(graph) == (0, 2, 1, 3, 4)


def test_more_looks_are_no_worse_and_all_are_repeatable() -> None:
    graph = random_graph(60)
    given_order = range(len(graph.preds))
    found = [schedule(graph, given_order, looks=looks) for looks in (0, 3_000, 100_000)]
    for looks, each in zip((0, 3_000, 100_000), found, strict=True):
        assert is_order(graph, each.order)
        assert peak_of(graph, each.order) == each.peak <= peak_of(graph, given_order)
        assert each.lower_bound <= found[-1].peak
        assert schedule(random_graph(60), given_order, looks=looks) == each
    assert found[-1].peak <= found[0].peak


@pytest.mark.parametrize("each", [*(cls(effort=0) for cls in PASSES), FitPass(1, effort=0), DefragPass(1, effort=0)])
def test_an_effort_below_one_is_refused(each: ModulePass) -> None:
    with pytest.raises(UserError, match=f"{each.name}: effort must be at least 1, got 0"):
        each.apply(Context(), parse("module {}"))
