"""Nodes in topological order: files whose nodes are not are against ONNX's specification, but there are many."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from .proto import read_by

if TYPE_CHECKING:
    import onnx


def in_order(nodes: Sequence[onnx.NodeProto]) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """Nodes with operands before their users, else in the order of the file; and the nodes of a cycle, if there is one.

    What hangs on a cycle is in neither list. (Kahn, 1962.)
    """
    maker = {output: index for index in reversed(range(len(nodes))) for output in nodes[index].output if output}
    needs = [{maker[i] for i in read_by(node) if i in maker} for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for index, operands in enumerate(needs):
        for operand in operands:
            users[operand].append(index)
    waits = [len(operands) for operands in needs]
    ready = [index for index, count in enumerate(waits) if not count]
    heapify(ready)
    ordered: list[int] = []
    while ready:
        ordered.append(heappop(ready))
        for user in users[ordered[-1]]:
            waits[user] -= 1
            if not waits[user]:
                heappush(ready, user)
    cycle = [] if len(ordered) == len(nodes) else a_cycle(needs, set(range(len(nodes))) - set(ordered))
    return [nodes[index] for index in ordered], [nodes[index] for index in cycle]


def a_cycle(needs: Sequence[set[int]], left: set[int]) -> list[int]:
    """Nodes that need each other, among those that are left: each of these needs another one of them."""
    path: list[int] = [min(left)]
    places = {path[0]: 0}
    while True:
        operand = min(needs[path[-1]] & left)
        if operand in places:
            return path[places[operand] :][::-1]
        places[operand] = len(path)
        path.append(operand)
