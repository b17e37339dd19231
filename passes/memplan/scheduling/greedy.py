"""An order in little time: always the ready op that frees the most beyond what it adds, in near-linear time."""

from __future__ import annotations

import heapq

from .graph import Graph


def greedy_order(graph: Graph) -> tuple[int, ...]:
    """Of the ready ops always the one after which the fewest bytes are alive; among equals the first in the graph.

    What an op adds and frees changes only when one of its tensors comes to life, or has it as the last op left.
    """
    state = Growth(graph)
    waiting = [len(preds) for preds in graph.preds]
    heap = [(state.change[op], op) for op, count in enumerate(waiting) if not count]
    heapq.heapify(heap)
    order: list[int] = []
    done = [False] * len(waiting)
    while heap:
        change, op = heapq.heappop(heap)
        if done[op] or change != state.change[op]:
            continue
        done[op] = True
        order.append(op)
        for other in state.run(op):
            if not waiting[other] and not done[other]:
                heapq.heappush(heap, (state.change[other], other))
        for succ in graph.succs[op]:
            waiting[succ] -= 1
            if not waiting[succ]:
                heapq.heappush(heap, (state.change[succ], succ))
    return tuple(order)


class Growth:
    """What each op would add to the bytes alive, less what it would free, after the ops that were run."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.left = [0] * len(graph.sizes)
        self.sum = [0] * len(graph.sizes)
        self.users: list[list[int]] = [[] for _ in graph.sizes]
        for op, tensors in enumerate(graph.touches):
            for tensor in tensors:
                self.left[tensor] += 1
                self.sum[tensor] += op
                self.users[tensor].append(op)
        self.change = [
            sum(graph.sizes[t] for t in tensors) - sum(graph.sizes[t] for t in tensors if self.left[t] == 1)
            for tensors in graph.touches
        ]

    def run(self, op: int) -> list[int]:
        """Run an op; returns the ops whose change is another one now."""
        changed: list[int] = []
        for tensor in self.graph.touches[op]:
            size, users = self.graph.sizes[tensor], self.users[tensor]
            if self.left[tensor] == len(users):
                for other in users:
                    self.change[other] -= size
                changed += users
            self.left[tensor] -= 1
            self.sum[tensor] -= op
            if self.left[tensor] == 1:
                self.change[self.sum[tensor]] -= size
                changed.append(self.sum[tensor])
        return changed
