"""The kernels of search and repair: compiled and interpreted alike; hot buffers first; proofs for some hold for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tinyml_opt.passes.memplan.offsets import placement as offsets_placement
from tinyml_opt.passes.memplan.offsets import repair as offsets_repair
from tinyml_opt.passes.memplan.offsets import restarts as offsets_restarts
from tinyml_opt.passes.memplan.offsets.greedy import greedy
from tinyml_opt.passes.memplan.offsets.improve import Hunt, improve
from tinyml_opt.passes.memplan.offsets.placement import Overlap, Placement, Request, place
from tinyml_opt.passes.memplan.offsets.problem import Problem
from tinyml_opt.passes.memplan.offsets.restarts import Restarts, run_length


def streamed(random: np.random.Generator, rows: int) -> tuple[list[Request], list[Overlap]]:
    """Rows of a few sizes, each written over what dies in its step."""
    sizes = random.integers(1, 20, 4) * 4
    requests: list[Request] = []
    for step in range(rows):
        requests.append(Request(step, step + int(random.integers(2, 14)), int(sizes[random.integers(4)]), 4))
    overlaps = [
        Overlap(old, new, int(random.integers(0, 3)) * 4)
        for new in range(rows)
        for old in range(new)
        if requests[old].upper == requests[new].lower + 1
    ]
    return requests, overlaps


def check(requests: Sequence[Request], overlaps: Sequence[Overlap], placement: Placement) -> None:
    """By the definition of a placement."""
    shared = {(overlap.input, overlap.output): overlap.distance for overlap in overlaps}
    for j, a in enumerate(requests):
        for k, b in enumerate(requests):
            x, y = placement.offsets[j], placement.offsets[k]
            if j != k and max(a.lower, b.lower) < min(a.upper, b.upper) and x <= y < x + a.size:
                assert x + shared.get((k, j), a.size) <= y or (x == y and shared.get((j, k)) == 0)


def never(steps: int) -> bool:
    """Interpret."""
    return False


def ever(steps: int) -> bool:
    """Compile."""
    return True


@pytest.mark.parametrize("seed", range(4))
def test_compiled_and_interpreted_kernels_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same offsets after the same number of nodes, whichever way the kernels run."""
    requests, overlaps = streamed(np.random.default_rng(seed), 60)
    found: list[Placement] = []
    for always in (never, ever):
        for module in (offsets_repair, offsets_restarts):
            monkeypatch.setattr(module, "worthwhile", always)
        found.append(place(requests, node_limit=4000, overlaps=overlaps))
    check(requests, overlaps, found[0])
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(6))
def test_rows_are_placed_in_the_bound(seed: int) -> None:
    """Two hundred rows, each over the one that dies: no byte is wasted, or hardly one."""
    requests, overlaps = streamed(np.random.default_rng(seed), 200)
    placement = place(requests, overlaps=overlaps, node_limit=20_000)
    check(requests, overlaps, placement)
    assert placement.peak <= 1.03 * placement.lower_bound


def test_the_peak_of_a_long_network_is_placed_first() -> None:
    """What is alive where the load is highest is found among all, and around it the others."""
    random = np.random.default_rng(3)
    requests, overlaps = streamed(random, 300)
    at = 150
    requests += [Request(at, at + 3, int(size) * 4) for size in random.integers(1, 30, 12)]
    problem = Problem.of(requests, overlaps)
    hunt = Hunt(problem, greedy(problem), problem.lower_bound(), 20_000)
    hot = hunt._hot(hunt.bound)[0]  # pyright: ignore[reportPrivateUsage]
    assert 0 < len(hot) < 60
    assert all(requests[buffer].lower < at + 3 and requests[buffer].upper > at for buffer in hot)
    hunt.attempt(hunt.bound, 1)
    check(requests, overlaps, Placement(tuple(hunt.best.tolist()), hunt.peak, hunt.bound))
    assert hunt.peak == hunt.bound


def test_what_is_refuted_for_some_is_refuted_for_all() -> None:
    """Seven bytes are needed where six are alive; many more buffers elsewhere do not hide it."""
    columns = [(4, 6, 1), (3, 5, 1), (1, 2, 3), (6, 10, 3), (5, 9, 3), (2, 6, 2), (1, 4, 3)]
    elsewhere = [(20 + step, 22 + step, 1) for step in range(100)]
    placement = place([Request(*column) for column in columns + elsewhere])
    assert (placement.peak, placement.lower_bound) == (7, 7)


def test_more_effort_is_due_while_a_capacity_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds what the usual effort does not; it ends at a limit, and is not spent where the bound says no."""
    monkeypatch.setattr(offsets_placement, "NODE_LIMIT", 1000)
    monkeypatch.setattr(offsets_placement, "CAPACITY_NODES", 20_000)
    requests, overlaps = streamed(np.random.default_rng(18), 60)
    assert place(requests, overlaps=overlaps).peak > 440
    assert place(requests, overlaps=overlaps, capacity=440).peak == 440
    requests, overlaps = streamed(np.random.default_rng(9), 60)
    still_open = place(requests, overlaps=overlaps, capacity=480)
    assert still_open.peak > 480 and still_open.nodes >= 20_000
    refused = place(requests, overlaps=overlaps, capacity=479)
    assert refused.lower_bound == 480 and refused.nodes < 2000


def test_the_usual_limit_holds_once_a_capacity_is_refuted() -> None:
    """Seven bytes are needed: six are refuted by search, and no more nodes are spent than without a capacity."""
    columns = [(4, 6, 1), (3, 5, 1), (1, 2, 3), (6, 10, 3), (5, 9, 3), (2, 6, 2), (1, 4, 3)]
    problem = Problem.of([Request(*column) for column in columns])
    found, bound, nodes = improve(problem, np.arange(7) * 3, 6, (100_000, 0), goal=6)
    assert bound == 7 and problem.peak(found) > 7 and nodes < 1000


def test_a_subset_of_a_problem() -> None:
    """It keeps the overlaps among its buffers, and its loads are its own."""
    requests = [Request(0, 2, 8), Request(1, 3, 8), Request(2, 4, 6), Request(0, 9, 5)]
    problem = Problem.of(requests, [Overlap(0, 1, 0), Overlap(1, 2, 2)])
    assert problem.loads().tolist() == [13, 15, 15, 15]
    part = problem.subset(np.array([1, 2]))
    assert part.pairs.tolist() == [[0], [1], [2]]
    assert part.loads().tolist() == [10, 10]
    assert part.lower_bound() == 10


def test_restarts_refute_and_find() -> None:
    """Two buffers alive together: within the sum of their sizes, and not below."""
    restarts = Restarts(Problem.of([Request(0, 2, 8), Request(1, 3, 4)]))
    assert restarts.search(11, 10, 1000) is False
    found = restarts.search(12, 10, 1000)
    assert found is not None and found is not False
    assert sorted(found.tolist()) in ([0, 4], [0, 8])


def test_run_lengths() -> None:
    assert [run_length(i) for i in range(1, 17)] == [1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 4]
