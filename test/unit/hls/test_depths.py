"""Streams are deep enough: networks of processes end whatever their order, and do not where a branch is too short."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from tinyml_opt.passes.hls.flows.depths import LEAST, Edge, Steps, depths


def actions(process: Steps, rng: random.Random) -> Iterator[tuple[int, int]]:
    """A process token by token, what it reads in any order: an edge, and +1 for a write, -1 for a read."""
    for reads, writes in zip(process.reads, process.writes, strict=True):
        for each, sign in ((reads, -1), (writes, 1)):
            todo = [edge for edge, tokens in each.items() for _ in range(tokens)]
            rng.shuffle(todo)
            yield from ((edge, sign) for edge in todo)


def ends(processes: Sequence[Steps], room: Sequence[int], rng: random.Random) -> bool:
    """Whether all processes come to their end, with so much room in each stream, in some random order."""
    held = [0] * len(room)
    running = [list(actions(p, rng)) for p in processes]
    place = [0] * len(processes)
    while True:
        able: list[int] = []
        for number, todo in enumerate(running):
            if place[number] < len(todo):
                edge, sign = todo[place[number]]
                if (held[edge] < room[edge]) if sign > 0 else (held[edge] > 0):
                    able.append(number)
        if not able:
            return all(at == len(todo) for at, todo in zip(place, running, strict=True))
        number = rng.choice(able)
        edge, sign = running[number][place[number]]
        held[edge] += sign
        place[number] += 1


def network(rng: random.Random) -> tuple[list[Edge], list[Steps]]:
    """Layers in a row, each with some earlier ones as inputs; each has its windows and strides."""
    count, rows = rng.randint(3, 6), rng.choice([4, 8])
    edges: list[Edge] = []
    reads: list[dict[int, list[int]]] = [{} for _ in range(count)]
    writes: list[dict[int, list[int]]] = [{} for _ in range(count)]
    width = [rng.choice([1, 2, 3]) for _ in range(count)]
    for reader in range(1, count):
        for writer in {reader - 1, *rng.sample(range(reader), rng.randint(1, min(2, reader)))}:
            number, ahead = len(edges), rng.randint(0, rows - 1)
            edges.append(Edge(writer, reader))
            taken = [1 + ahead, *([1] * (rows - 1 - ahead)), *([0] * ahead)]
            reads[reader][number] = [width[writer] * tokens for tokens in taken]
            writes[writer][number] = [width[writer]] * rows
    return edges, [
        Steps(
            tuple({edge: tokens[n] for edge, tokens in reads[p].items()} for n in range(rows)),
            tuple({edge: tokens[n] for edge, tokens in writes[p].items()} for n in range(rows)),
        )
        for p in range(count)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_no_process_waits_for_good(seed: int):
    rng = random.Random(seed)
    edges, processes = network(rng)
    room = depths(edges, processes)
    assert all(ends(processes, room, rng) for _ in range(5))


def test_a_short_branch_blocks():
    """A layer that takes three rows before it gives one, and a branch around it."""
    edges = [Edge(0, 1), Edge(0, 2), Edge(1, 2)]
    one = ({}, {}, {}, {})
    source = Steps(one, tuple({0: 1, 1: 1} for _ in range(4)))
    layer = Steps(({0: 3}, {0: 1}, {}, {}), tuple({2: 1} for _ in range(4)))
    joined = Steps(tuple({1: 1, 2: 1} for _ in range(4)), one)
    processes = [source, layer, joined]
    room = depths(edges, processes)
    assert room[1] == 3
    assert ends(processes, room, random.Random(0))
    assert not ends(processes, [4, room[1] - 2, 4], random.Random(0))


def test_a_row_of_layers_needs_the_least():
    edges = [Edge(0, 1), Edge(1, 2)]
    processes = [
        Steps(({}, {}), ({0: 8}, {0: 8})),
        Steps(({0: 16}, {}), ({1: 8}, {1: 8})),
        Steps(({1: 8}, {1: 8}), ({}, {})),
    ]
    assert depths(edges, processes) == [LEAST, LEAST]


def test_tokens_that_never_come():
    with pytest.raises(ValueError, match="waits for tokens that never come"):
        depths([Edge(0, 1)], [Steps(({},), ({0: 1},)), Steps(({0: 2},), ({},))])
