"""A good order by beam search, forwards or, on a reversed graph, backwards."""

from __future__ import annotations

import heapq

from .graph import Graph, Node, unwind

BEAM = 64
"""Down-sets of each size that the beam search keeps by default."""


def beam_search(graph: Graph, width: int, looks: int = 1 << 62) -> tuple[int, ...] | None:
    """A good order: of all partial orders of one length, only the `width` best go on, by peak, then by bytes alive.

    None where that takes more than so many looks at ops.
    """
    moves = graph.moves
    most = moves.looks + looks
    levels: dict[int, dict[int, tuple[int, Node]]] = {0: {0: (0, (0, 0, moves.start(), None))}}
    while True:
        count = min(levels)
        entries = heapq.nsmallest(width, levels.pop(count).values(), key=lambda entry: (entry[0], entry[1][0]))
        for peak, node in entries:
            if node[1] == moves.full:
                return unwind(node[3])
            if moves.looks > most:
                return None
            for during, after in moves.steps(node):
                worst = max(peak, during)
                settled = moves.settle(after, worst)
                level = levels.setdefault(settled[1].bit_count(), {})
                if settled[1] not in level or worst < level[settled[1]][0]:
                    level[settled[1]] = worst, settled
