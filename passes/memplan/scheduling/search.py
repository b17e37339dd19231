"""The execution order of least peak memory: pure functions on graphs whose ops touch tensors.

An order is a path through down-sets, and the least peak a bottleneck shortest path. The bytes alive f are submodular,
f(X & Y) + f(X | Y) <= f(X) + f(Y), from which follow the rules that make the search small; they extend the hills and
valleys of Liu, "An application of generalized tree pebbling to sparse matrix factorization", 1987, to any graph:

- An op that fits under the bound and does not increase f is taken at once.
- A best-first search (least f, then most ops) may forget everything else when it comes to a down-set V whose f is not
  above that of its start: no part of V has less, for it would have come first, and so whatever order another down-set X
  goes on with, X | V can go on with too.
- The same holds at a cut, a down-set that every order passes.

The bound starts at the largest op and rises only when the search is exhausted: it is always a proven lower bound.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .beam import BEAM, beam_search
from .graph import Graph, Moves, Node, peak_of, unwind
from .greedy import greedy_order

LOOKS = 1_000_000
"""Looks at ops in a direction, of exact searches and again of beams: in all some two seconds where masks are short."""

STATE_LIMIT = 300_000
"""Down-sets that the exact search may visit by default, forwards and again backwards."""

WORDS = 4
"""Words of masks for each look allowed: in graphs that need more, down-sets take too long."""

HOPE = 0.5
"""Exact searches go on after a first try only where their bound is at least this part of the best peak known."""

LONG = 64
"""Words of a mask with which a look takes twice as long."""


@dataclass(frozen=True)
class Schedule:
    """An order of all ops, its peak and a proven lower bound in bytes.

    `method` is `given` where the order that came in is proven to be optimal, `exact` for another order that is, and
    `beam` where a limit was hit and the best order found has no proof. `states` counts the down-sets visited.
    """

    order: tuple[int, ...]
    peak: int
    lower_bound: int
    method: str
    states: int = 0


def schedule(
    graph: Graph, given: Sequence[int], state_limit: int = STATE_LIMIT, beam: int = BEAM, looks: int = LOOKS
) -> Schedule:
    """The order of least peak, as far as the limits on visited states and on looks at ops allow.

    It is never worse than the given order. Graphs so large that looking at each down-set takes too long are ordered
    greedily.
    """
    bound = max((sum(graph.sizes[t] for t in tensors) for tensors in graph.touches), default=0)
    if bound >= peak_of(graph, given):
        return Schedule(tuple(given), bound, bound, "given")
    states, both = 0, ((graph, 1), (graph.reversed, -1))
    best = min((tuple(given), *(greedy_order(each)[::turn] for each, turn in both)), key=lambda o: peak_of(graph, o))
    peak = peak_of(graph, best)
    known = "given" if best == tuple(given) else "exact"
    words = len(graph.preds) // 64 + 1
    looks = looks * LONG // (LONG + words) if words * mask_count(graph) <= WORDS * looks else 0
    ends = [each.moves.looks + looks for each, _ in both] if looks else []
    for budget in budgets(state_limit) if looks else ():
        if states and bound < HOPE * peak:
            break
        for (each, turn), end in zip(both, ends, strict=True):
            search = ExactSearch(each, bound, peak)
            order = search.run(budget, end)
            states, bound = states + search.states, search.bound
            if order is not None:
                return Schedule(order[::turn], bound, bound, "exact", states)
            if bound >= peak:
                return Schedule(best, peak, peak, known, states)
    wider = [order[::turn] for each, turn in both for order in (beams(each, beam, looks) if looks else ())]
    best = min((best, *wider), key=lambda order: peak_of(graph, order))
    peak = peak_of(graph, best)
    return Schedule(best, peak, bound, "beam" if peak > bound else "exact", states)


def mask_count(graph: Graph) -> int:
    """The masks that `Moves` keeps, with a bit for each op: for each tensor that an op touches, and for each op."""
    return 2 * sum(map(len, graph.touches)) + 3 * len(graph.preds)


def beams(graph: Graph, widest: int, looks: int) -> Iterator[tuple[int, ...]]:
    """The orders of ever wider beams, as far as the looks allow."""
    most, width = graph.moves.looks + looks, 1
    while (order := beam_search(graph, width, most - graph.moves.looks)) is not None:
        yield order
        if width == widest:
            return
        width = min(4 * width, widest)


def budgets(state_limit: int) -> Iterator[int]:
    """Limits for searches in turn forwards and backwards: one is often quick where the other is not."""
    budget = 1000
    while budget < state_limit:
        yield budget
        budget *= 8
    yield state_limit


@dataclass
class ExactSearch:
    """Best-first search under a rising bound; `limit` is the peak of a known order: none as bad is of interest."""

    graph: Graph
    bound: int
    limit: int
    states: int = field(default=0, init=False)

    def run(self, state_limit: int, looks: int = 1 << 62) -> tuple[int, ...] | None:
        """An order whose peak is `bound`; None when `bound` has risen to `limit`, or when it takes more.

        It ends when so many `looks` at ops have been counted in this graph.
        """
        if self.bound >= self.limit:
            return None
        moves = self.graph.moves
        if moves.looks >= looks:
            return None
        root: Node = (0, 0, moves.start(), None)
        while root[1] != moves.full:
            found = self._valley(moves, root, state_limit, looks)
            if found is None:
                return None
            root = found
        return unwind(root[3])

    def _valley(self, moves: Moves, root: Node, state_limit: int, looks: int) -> Node | None:
        """The first node at a cut, or with no more bytes alive than the root has."""
        seen = {root[1]}
        frontier: list[tuple[int, int, int, Node]] = []
        rejected: list[tuple[int, int, Node]] = []
        node = root
        while True:
            for during, after in moves.steps(node):
                if during > self.bound:
                    if during < self.limit:
                        rejected.append((during, len(rejected), after))
                    continue
                self._push(moves, after, seen, frontier)
            while not frontier:
                if not self._raise_bound(moves, seen, frontier, rejected):
                    return None
            node = heapq.heappop(frontier)[3]
            if node[0] <= root[0] or node[1] in moves.cuts:
                return node
            if self.states >= state_limit or moves.looks >= looks:
                return None

    def _push(self, moves: Moves, node: Node, seen: set[int], frontier: list[tuple[int, int, int, Node]]) -> None:
        if node[1] in seen:
            return
        seen.add(node[1])
        settled = moves.settle(node, self.bound)
        if settled[1] != node[1]:
            if settled[1] in seen:
                return
            seen.add(settled[1])
        self.states += 1
        heapq.heappush(frontier, (settled[0], -settled[1].bit_count(), self.states, settled))

    def _raise_bound(
        self,
        moves: Moves,
        seen: set[int],
        frontier: list[tuple[int, int, int, Node]],
        rejected: list[tuple[int, int, Node]],
    ) -> bool:
        """Raise the bound to the least that lets a rejected step in; False when no better order can exist."""
        self.bound = min((during for during, _, _ in rejected), default=self.limit)
        if self.bound >= self.limit:
            return False
        let_in = [node for during, _, node in rejected if during <= self.bound]
        rejected[:] = [entry for entry in rejected if entry[0] > self.bound]
        for node in let_in:
            self._push(moves, node, seen, frontier)
        return True
