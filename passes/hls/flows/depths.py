"""How deep streams must be so that processes never wait for each other in a circle.

A process takes steps; each reads tokens, then writes some. Where one order of all steps exists in which no stream holds
more than so many tokens, streams of that depth do not block for good in any order (Kahn's networks: what a process
writes does not depend on time). The order looked at takes, of the steps that find their tokens, that of the process
nearest to the end. Streams that lie on no circle of the graph (seen without directions) need no more than the least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 2
"""Tokens of any stream: it is written while it is read."""


@dataclass(frozen=True)
class Edge:
    """A stream from a process to a later one: by their numbers."""

    writer: int
    reader: int


@dataclass(frozen=True)
class Steps:
    """What a process does in each of its steps: tokens read from each of its streams, tokens written to all others."""

    reads: tuple[dict[int, int], ...]
    """By step: tokens by the number of the edge."""
    writes: tuple[dict[int, int], ...]


def depths(edges: Sequence[Edge], processes: Sequence[Steps]) -> list[int]:
    """The depth of each stream. Raises ValueError where a process waits for tokens that never come."""
    held, most, next_step = [0] * len(edges), [0] * len(edges), [0] * len(processes)
    while True:
        ready = [
            n for n, at in enumerate(next_step) if at < len(processes[n].reads) and can_run(processes[n], at, held)
        ]
        if not ready:
            break
        number = ready[-1]
        step = next_step[number]
        for edge, tokens in processes[number].reads[step].items():
            held[edge] -= tokens
        for edge, tokens in processes[number].writes[step].items():
            held[edge] += tokens
            most[edge] = max(most[edge], held[edge])
        next_step[number] += 1
    if any(at < len(p.reads) for at, p in zip(next_step, processes, strict=True)):
        raise ValueError("a process waits for tokens that never come")
    circles = on_circles(edges, len(processes))
    return [max(LEAST, most[n]) if n in circles else LEAST for n in range(len(edges))]


def can_run(process: Steps, step: int, held: Sequence[int]) -> bool:
    """Whether there is such a step, and it finds its tokens."""
    return step < len(process.reads) and all(held[edge] >= tokens for edge, tokens in process.reads[step].items())


def on_circles(edges: Sequence[Edge], processes: int) -> set[int]:
    """The edges without which their ends are still connected, whatever the directions."""
    return {n for n, edge in enumerate(edges) if edge.reader in reached(edges, processes, edge.writer, without=n)}


def reached(edges: Sequence[Edge], processes: int, start: int, without: int) -> set[int]:
    """What is connected with a process by all edges but one."""
    neighbours: list[list[int]] = [[] for _ in range(processes)]
    for number, edge in enumerate(edges):
        if number != without:
            neighbours[edge.writer].append(edge.reader)
            neighbours[edge.reader].append(edge.writer)
    found, waiting = {start}, [start]
    while waiting:
        for other in neighbours[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
