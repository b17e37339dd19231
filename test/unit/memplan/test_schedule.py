"""The schedule search against brute force over all orders, and scheduled networks against the level `fixed`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp
from xdsl.dialects.func import FuncOp

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.memplan.liveness import Liveness
from tinyml_opt.lowering.fixed_to_memplan.convert import ConvertFixedToMemplanPass
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.passes.memplan.schedule import SCHEDULE, SchedulePass
from tinyml_opt.passes.memplan.scheduling.beam import beam_search
from tinyml_opt.passes.memplan.scheduling.graph import Graph, dataflow, peak_of, with_ends
from tinyml_opt.passes.memplan.scheduling.search import ExactSearch, Schedule, schedule
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.memplan import MemplanExecutor

Order = Sequence[int]


@st.composite
def graphs(draw: st.DrawFn, ops: int = 7) -> Graph:
    """Graphs of two kinds: one tensor per op, read by its successors; or tensors that any ops touch."""
    count = draw(st.integers(1, ops))
    preds = [draw(st.frozensets(st.integers(0, op - 1), max_size=3)) if op else frozenset[int]() for op in range(count)]
    size = st.integers(0, draw(st.sampled_from([1, 3, 20])))
    if draw(st.booleans()):
        sizes = draw(st.lists(size, min_size=count, max_size=count))
        return dataflow(sizes, preds, [[op] for op in range(count)])
    sizes = draw(st.lists(size, min_size=1, max_size=10))
    touched = st.frozensets(st.integers(0, len(sizes) - 1), max_size=4)
    return Graph(tuple(sizes), tuple(draw(touched) for _ in range(count)), tuple(preds))


def orders(graph: Graph, done: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """All topological orders."""
    if len(done) == len(graph.preds):
        yield done
    for op, preds in enumerate(graph.preds):
        if op not in done and preds <= set(done):
            yield from orders(graph, (*done, op))


def peak_by_definition(graph: Graph, order: Order) -> int:
    """The most bytes of tensors that are touched both not after and not before a step."""
    peak = 0
    for step in range(len(order)):
        before = {tensor for op in order[: step + 1] for tensor in graph.touches[op]}
        after = {tensor for op in order[step:] for tensor in graph.touches[op]}
        peak = max(peak, sum(graph.sizes[tensor] for tensor in before & after))
    return peak


def check(graph: Graph, found: Schedule) -> None:
    """The order is a topological one with the peak that it claims."""
    position = {op: step for step, op in enumerate(found.order)}
    assert len(found.order) == len(position) == len(graph.preds)
    assert all(position[pred] < position[op] for op, preds in enumerate(graph.preds) for pred in preds)
    assert peak_by_definition(graph, found.order) == peak_of(graph, found.order) == found.peak
    assert found.lower_bound <= found.peak <= peak_of(graph, range(len(graph.preds)))


@given(graphs())
def test_exact_is_the_best_of_all_orders(graph: Graph) -> None:
    best = min(peak_of(graph, order) for order in orders(graph))
    found = schedule(graph, range(len(graph.preds)))
    check(graph, found)
    assert found.peak == found.lower_bound == best
    for each in (graph, graph.reversed):
        search = ExactSearch(each, 0, 10**9)
        order = search.run(10**6)
        assert order is not None and peak_of(each, order) == search.bound == best


@given(graphs(), st.integers(1, 3))
def test_beam_is_valid_and_bounded(graph: Graph, beam: int) -> None:
    best = min(peak_of(graph, order) for order in orders(graph))
    found = schedule(graph, range(len(graph.preds)), state_limit=0, beam=beam)
    check(graph, found)
    assert found.lower_bound <= best <= found.peak
    assert (found.method == "beam") == (found.peak > found.lower_bound)
    order = beam_search(graph, beam)
    assert order is not None and best <= peak_of(graph, order)


def interleaved(branches: int) -> Graph:
    """Branches of a wide and a narrow op between two common ends, given in the worst order: all wide ops first."""
    wide, narrow = range(branches), range(branches, 2 * branches)
    inputs = [*([] for _ in wide), *([op] for op in wide), list(narrow)]
    return dataflow([*(100 for _ in wide), *(1 for _ in narrow), 5], inputs, [[op] for op in range(2 * branches + 1)])


def test_many_branches_need_few_states() -> None:
    """2**40 down-sets, of which the rules leave a handful."""
    graph = interleaved(40)
    found = schedule(graph, range(len(graph.preds)))
    check(graph, found)
    assert (found.peak, found.method) == (140, "exact")
    assert found.states < 2_000


def test_ends_live_as_long_as_the_graph() -> None:
    chain = dataflow([10, 1, 2], [[0], [0, 1]], [[1], [2]])
    assert peak_of(chain, (0, 1)) == 13
    chain = dataflow([10, 1, 2], [[0], [1]], [[1], [2]])
    assert peak_of(chain, (0, 1)) == 11
    assert peak_of(with_ends(chain, [0], [2]), (0, 1, 2, 3)) == 11
    assert peak_of(with_ends(chain, [0], [0, 2]), (0, 1, 2, 3)) == 13


BRANCH = """
  %wide{n} = fixed.map ins(%x : !t) domain <8, 4> maps [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>]
    node "wide{n}" {{
  ^bb0(%e: i8):
    %c = arith.constant {n} : i8
    %0 = arith.maxsi %e, %c : i8
    fixed.yield %0 : i8
  }} -> !w"""
REDUCED = """
  %narrow{n} = fixed.reduce max ins(%wide{n} : !w) domain <8 | 4>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>] zero_point <0> acc i8 node "narrow{n}" {{
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }} -> !t"""
RESIDUAL = f"""
!t = tensor<8xi8>
!w = tensor<8x4xi8>
func.func @net(%x: !t) -> !t attributes {{
    fixed.inputs = [#fixed.port<"x", !t, permutation <0>>], fixed.outputs = [#fixed.port<"y", !t, permutation <0>>]}} {{
  {"".join(BRANCH.format(n=n) for n in (1, 2))}
  {"".join(REDUCED.format(n=n) for n in (1, 2))}
  %y = fixed.map ins(%x, %narrow1, %narrow2 : !t, !t, !t) domain <8>
    maps [{", ".join(["affine_map<(i) -> (i)>"] * 4)}] node "add" {{
  ^bb0(%a: i8, %b: i8, %c: i8):
    %0 = arith.maxsi %a, %b : i8
    %1 = arith.andi %0, %c : i8
    fixed.yield %1 : i8
  }} -> !t
  func.return %y : !t
}}
"""


@pytest.fixture
def residual() -> ModuleOp:
    return parse(RESIDUAL)


def test_a_scheduled_network_computes_the_same(residual: ModuleOp) -> None:
    images = {"x": np.random.default_rng(0).integers(-128, 128, (5, 8)).astype(np.int8)}
    expected = FixedExecutor(residual).run(images)
    ConvertFixedToMemplanPass().apply(Context(), residual)
    (function,) = (op for op in residual.ops if isinstance(op, FuncOp))
    before = Liveness(function).max_live
    SchedulePass().apply(Context(), residual)
    after = Liveness(function).max_live
    remark = function.attributes[SCHEDULE]
    assert isinstance(remark, DictionaryAttr)
    numbers = {key: value.value.data for key, value in remark.data.items() if isinstance(value, IntegerAttr)}
    assert numbers == {"peak": after, "given_peak": before, "lower_bound": after}
    assert (before, after) == (32 + 32 + 8, 8 + 32 + 8)
    for step in (PlacePass(), CheckPass()):
        step.apply(Context(), residual)
        residual.verify()
    np.testing.assert_array_equal(MemplanExecutor(residual).run(images).outputs["y"], expected.outputs["y"])


def test_refuses_a_beam_of_nothing(residual: ModuleOp) -> None:
    with pytest.raises(UserError, match="beam at least 1, got 300000 and 0"):
        SchedulePass(beam=0).apply(Context(), residual)
