"""Graphs whose ops touch tensors, and what each op adds to the bytes alive and frees.

A tensor is alive from the first op that touches it to the last. The bytes alive after a set of ops that is closed under
predecessors (a down-set, here a bitmask) do not depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

Path = tuple[int, "Path"] | None
"""The ops of an order, the last first."""

Node = tuple[int, int, int, Path]
"""Bytes alive, the down-set, its ready ops, and the order that led there."""


@dataclass(frozen=True)
class Graph:
    """Ops with their tensors. `touches[op]` are numbers of tensors, `preds[op]` of ops; `sizes` in bytes.

    A tensor that lives from the start is touched by a first op, one that must last to the end by a last op; see
    `with_ends`. Memory that belongs to the caller is left out.
    """

    sizes: tuple[int, ...]
    touches: tuple[frozenset[int], ...]
    preds: tuple[frozenset[int], ...]

    @cached_property
    def touchers(self) -> tuple[int, ...]:
        """Per tensor, the mask of the ops that touch it."""
        masks = [0] * len(self.sizes)
        for op, tensors in enumerate(self.touches):
            for tensor in tensors:
                masks[tensor] |= 1 << op
        return tuple(masks)

    @cached_property
    def succs(self) -> tuple[frozenset[int], ...]:
        """Per op, the ops that wait for it."""
        result = [set[int]() for _ in self.preds]
        for op, preds in enumerate(self.preds):
            for pred in preds:
                result[pred].add(op)
        return tuple(map(frozenset, result))

    @cached_property
    def reversed(self) -> Graph:
        """The same graph with time reversed; a reversed order has the same peak."""
        return Graph(self.sizes, self.touches, self.succs)

    @cached_property
    def moves(self) -> Moves:
        """What its ops add and free."""
        return Moves(self)


def dataflow(
    sizes: Sequence[int],
    inputs: Sequence[Iterable[int]],
    outputs: Sequence[Iterable[int]],
) -> Graph:
    """A graph whose ops read and write tensors, each written by at most one op."""
    writer = {tensor: op for op, tensors in enumerate(outputs) for tensor in tensors}
    touches = tuple(frozenset((*reads, *writes)) for reads, writes in zip(inputs, outputs, strict=True))
    preds = tuple(frozenset(writer[tensor] for tensor in reads if tensor in writer) for reads in inputs)
    return Graph(tuple(sizes), touches, preds)


def with_ends(graph: Graph, inputs: Iterable[int], outputs: Iterable[int]) -> Graph:
    """The graph between a first op that touches `inputs` and a last op that touches `outputs`."""
    count = len(graph.preds)
    preds = (frozenset[int](), *(frozenset((0, *(p + 1 for p in preds))) for preds in graph.preds))
    touches = (frozenset(inputs), *graph.touches, frozenset(outputs))
    return Graph(graph.sizes, touches, (*preds, frozenset(range(count + 1))))


def peak_of(graph: Graph, order: Iterable[int]) -> int:
    """The most bytes alive during one op of an order."""
    left = [0] * len(graph.sizes)
    for tensors in graph.touches:
        for tensor in tensors:
            left[tensor] += 1
    alive = peak = 0
    begun: set[int] = set()
    for op in order:
        tensors = graph.touches[op]
        alive += sum(graph.sizes[tensor] for tensor in tensors - begun)
        begun |= tensors
        peak = max(peak, alive)
        for tensor in tensors:
            left[tensor] -= 1
            if not left[tensor]:
                alive -= graph.sizes[tensor]
    return peak


class Moves:
    """What an op adds and frees, as masks over down-sets. `looks` counts the ops that were looked at."""

    def __init__(self, graph: Graph):
        count = len(graph.preds)
        self.looks = 0
        self.full = (1 << count) - 1
        self.preds = [mask_of(preds) for preds in graph.preds]
        self.succs = [tuple(sorted(succs)) for succs in graph.succs]
        self.always_new, self.always_freed = [0] * count, [0] * count
        self.maybe_new: list[list[tuple[int, int]]] = [[] for _ in graph.preds]
        self.maybe_freed: list[list[tuple[int, int]]] = [[] for _ in graph.preds]
        before = closure(graph.preds)
        after = closure(graph.succs)
        for op, tensors in enumerate(graph.touches):
            for tensor in tensors:
                size, others = graph.sizes[tensor], graph.touchers[tensor] & ~(1 << op)
                self._add(self.always_new, self.maybe_new, op, size, others, before[op], after[op])
                self._add(self.always_freed, self.maybe_freed, op, size, others, after[op], before[op])
        self.cuts = {before[op] for op in range(count) if before[op] | after[op] | 1 << op == self.full}
        self.cuts |= {before[op] | 1 << op for op in range(count) if before[op] | after[op] | 1 << op == self.full}

    @staticmethod
    def _add(
        always: list[int], maybe: list[list[tuple[int, int]]], op: int, size: int, others: int, never: int, surely: int
    ) -> None:
        """File a tensor: what `op` does to it depends on `others`, unless they all come on one side of it."""
        if not others & never:
            if others & ~surely:
                maybe[op].append((size, others))
            else:
                always[op] += size

    def new_bytes(self, op: int, state: int) -> int:
        """Bytes of the tensors that `op` is the first to touch after the down-set `state`."""
        total = self.always_new[op]
        for size, others in self.maybe_new[op]:
            if not others & state:
                total += size
        return total

    def freed_bytes(self, op: int, state: int) -> int:
        """Bytes of the tensors that `op` is the last to touch in the down-set `state`."""
        total = self.always_freed[op]
        for size, others in self.maybe_freed[op]:
            if not others & ~state:
                total += size
        return total

    def start(self) -> int:
        """The ready ops of the empty down-set, as a mask."""
        return mask_of(op for op, preds in enumerate(self.preds) if not preds)

    def enabled(self, op: int, state: int) -> int:
        """The ops that `op`, the last of the down-set `state`, makes ready."""
        missing, ready = ~state, 0
        for succ in self.succs[op]:
            if not self.preds[succ] & missing:
                ready |= 1 << succ
        return ready

    def settle(self, node: Node, bound: int) -> Node:
        """Take ops that fit under the bound and do not increase the alive bytes, until there is none or at a cut."""
        alive, state, ready, path = node
        always_new, maybe_new = self.always_new, self.maybe_new
        todo, looks = ready, 0
        while todo:
            bit = todo & -todo
            todo ^= bit
            looks += 1
            op = bit.bit_length() - 1
            during = alive + always_new[op]
            if during <= bound:
                for size, others in maybe_new[op]:  # `new_bytes`, written out: this loop is most of the time
                    if not others & state:
                        during += size
            if during > bound:
                continue
            after = during - self.freed_bytes(op, state | bit)
            if after > alive:
                continue
            state |= bit
            ready = ready & ~bit | self.enabled(op, state)
            alive, path = after, (op, path)
            if state in self.cuts:
                break
            todo = ready
        self.looks += looks
        return alive, state, ready, path

    def steps(self, node: Node) -> Iterator[tuple[int, Node]]:
        """For each ready op, the bytes alive during it and the node after it."""
        alive, state, ready, path = node
        todo = ready
        while todo:
            bit = todo & -todo
            todo ^= bit
            self.looks += 1
            op = bit.bit_length() - 1
            during = alive + self.new_bytes(op, state)
            then = state | bit
            yield (
                during,
                (during - self.freed_bytes(op, then), then, ready & ~bit | self.enabled(op, then), (op, path)),
            )


def mask_of(ops: Iterable[int]) -> int:
    """A set of ops as a bitmask."""
    mask = 0
    for op in ops:
        mask |= 1 << op
    return mask


def unwind(path: Path) -> tuple[int, ...]:
    """The ops of a path in the order of execution."""
    order: list[int] = []
    while path is not None:
        op, path = path
        order.append(op)
    return tuple(reversed(order))


def closure(neighbours: Sequence[frozenset[int]]) -> list[int]:
    """Per op, the mask of all ops that can be reached from it."""
    result: dict[int, int] = {}
    for start in range(len(neighbours)):
        stack = [start]
        while stack:
            op = stack[-1]
            missing = [n for n in neighbours[op] if n not in result]
            if missing and op not in result:
                stack += missing
                continue
            stack.pop()
            if op not in result:
                result[op] = mask_of(neighbours[op])
                for neighbour in neighbours[op]:
                    result[op] |= result[neighbour]
    return [result[op] for op in range(len(neighbours))]
