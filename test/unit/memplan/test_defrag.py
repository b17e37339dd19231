"""Moves: the search against brute force, what the text then says against the problem solved, and the same integers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.memplan import ArenaOp, BufferOp
from tinyml_opt.dialects.memplan.liveness import Liveness
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.passes.memplan.defrag import DEFRAG, DefragPass, buffers_of, insert
from tinyml_opt.passes.memplan.defragmenting.insert import gaps_of
from tinyml_opt.passes.memplan.defragmenting.moves import Fragmented, Move
from tinyml_opt.passes.memplan.defragmenting.regions import find_moves
from tinyml_opt.passes.memplan.inplace import InplacePass
from tinyml_opt.passes.memplan.lifetimes.requests import sharing, single_requests
from tinyml_opt.passes.memplan.offsets.placement import Overlap, Request, place
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.targets.executors.memplan import MemplanExecutor

HALVES = ((0, 4, 2), (0, 2, 2), (2, 6, 1), (3, 5, 1), (4, 6, 1), (5, 7, 2), (6, 8, 2))
"""Lives [lower, upper) and sizes, never more than 4 alive. The first two take a half each, the next two come to lie in
the half of the second, the fifth in that of the first: neither half is free for the sixth and the seventh."""


def fits(requests: Sequence[Request], overlaps: Sequence[Overlap], capacity: int) -> bool:
    """By the definition: some offsets in the capacity (alignment 1) keep apart what is alive together."""
    together = [
        [other for other, b in enumerate(requests) if max(a.lower, b.lower) < min(a.upper, b.upper)] for a in requests
    ]
    at: dict[int, int] = {}

    def apart(new: int, other: int) -> bool:
        if at[new] + requests[new].size <= at[other] or at[other] + requests[other].size <= at[new]:
            return True
        pairs = [o for o in overlaps if {o.input, o.output} == {new, other}]
        return any(at[o.output] + o.distance <= at[o.input] for o in pairs)

    def extend(new: int) -> bool:
        if new == len(requests):
            return True
        for offset in range(capacity - requests[new].size + 1):
            at[new] = offset
            if all(apart(new, other) for other in together[new] if other < new) and extend(new + 1):
                return True
        return False

    return extend(0)


def most_alive(requests: Sequence[Request]) -> int:
    """Bytes alive at the worst time."""
    times = {request.lower for request in requests}
    return max(sum(r.size for r in requests if r.lower <= t < r.upper) for t in times)


@st.composite
def scaled_halves(draw: st.DrawFn) -> list[Request]:
    """The hand-made instance in other units, in another order, with time running backwards."""
    unit, stretch, backwards = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.booleans())
    requests = [Request(lower * stretch, upper * stretch, size * unit) for lower, upper, size in HALVES]
    if backwards:
        requests = [Request(-r.upper + 9 * stretch, -r.lower + 9 * stretch, r.size) for r in requests]
    return draw(st.permutations(requests))


@st.composite
def near_halves(draw: st.DrawFn) -> list[Request]:
    """The hand-made instance, a little changed: often it fits, sometimes it takes another move or never does."""
    requests = [Request(*life) for life in HALVES]
    for index in draw(st.sets(st.integers(0, len(requests) - 1), max_size=2)):
        r = requests[index]
        lower, upper = r.lower + draw(st.integers(-1, 1)), r.upper + draw(st.integers(-1, 1))
        requests[index] = Request(max(lower, 0), max(upper, lower + 1, 1), r.size + draw(st.integers(0, 1)))
    lives = st.tuples(st.integers(0, 7), st.integers(1, 3), st.integers(1, 2))
    more = draw(st.lists(lives, max_size=2))
    return [*requests, *(Request(lower, lower + length, size) for lower, length, size in more)]


def fragmented(requests: Sequence[Request], in_place: bool = True) -> Fragmented:
    """The problem where everything may move at any time."""
    return Fragmented(tuple(requests), (), tuple(tuple(range(r.lower, r.upper - 1)) for r in requests), 1, in_place)


@given(scaled_halves(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_move_where_fragmentation_cannot_be_avoided(requests: list[Request], in_place: bool) -> None:
    """No placement fits, and with the one move that is found there is one; it is the cheapest that there is."""
    capacity, problem = most_alive(requests), fragmented(requests, in_place)
    assert not fits(requests, (), capacity)
    best = find_moves(problem, capacity, place(requests, capacity=capacity), 4)[0]
    pieces = problem.pieces(best)
    assert len(best) == 1 and fits(pieces.requests, pieces.overlaps, capacity)
    assert problem.price(best) == min(request.size for request in requests)


@given(near_halves(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_moves_are_as_cheap_as_the_best_single_move(requests: list[Request], in_place: bool) -> None:
    capacity, problem = most_alive(requests), fragmented(requests, in_place)
    start = place(requests, capacity=capacity)
    assert (start.peak <= capacity) == fits(requests, (), capacity)
    if start.peak > capacity:
        found = find_moves(problem, capacity, start, 2)
        assert [problem.price(moves) for moves in found] == sorted(map(problem.price, found))
        for moves in found:
            pieces = problem.pieces(moves)
            assert len(moves) <= 2 and fits(pieces.requests, pieces.overlaps, capacity)
        singles = [(Move(gap, buffer),) for buffer, gaps in enumerate(problem.gaps) for gap in gaps]
        for moves in sorted(singles, key=problem.price):
            pieces = problem.pieces(moves)
            if fits(pieces.requests, pieces.overlaps, capacity):
                assert found and problem.price(found[0]) <= problem.price(moves)
                break


def test_moves_in_two_regions() -> None:
    """Twice the same, one after the other: a move in each."""
    later = [Request(lower + 9, upper + 9, size) for lower, upper, size in HALVES]
    requests = [*(Request(*life) for life in HALVES), *later]
    problem = fragmented(requests)
    (best, *_) = find_moves(problem, 4, place(requests, node_limit=10_000, capacity=4), 4)
    assert (len(best), problem.price(best)) == (2, 2)
    pieces = problem.pieces(best)
    assert fits(pieces.requests, pieces.overlaps, 4)


def test_pieces_of_two_moves_after_one_step() -> None:
    """The second copy runs when the first source is dead; an overlap of the original holds for the last piece."""
    problem = Fragmented((Request(0, 4, 2), Request(0, 3, 3), Request(3, 5, 2)), (Overlap(0, 2, 1),), ((1,), (1,), ()))
    pieces = problem.pieces((Move(1, 1), Move(1, 0)))
    assert pieces.scale == 3
    lives = [(r.lower, r.upper, r.size) for r in pieces.requests]
    assert lives == [(0, 6, 2), (0, 5, 3), (9, 13, 2), (4, 7, 3), (5, 10, 2)]
    assert set(pieces.overlaps) == {Overlap(1, 3, 0), Overlap(0, 4, 0), Overlap(4, 2, 1)}
    assert pieces.owners == (0, 1, 2, 1, 0)


def form(node: str, ins: Sequence[str], out: str, size: int, whole: int | None = None, at: int = 0) -> str:
    """A step that writes the lower bits of the sum of its inputs and a number into `size` elements from `at` on.

    Inputs have 4 or 8 elements; of 8 a step with fewer elements reads the first 4, and 4 are repeated.
    """
    types = ", ".join(f"memref<{8 if value in WIDE else 4}xi8>" for value in ins)
    reads = [f"affine_map<(i, j) -> ({'4 * i + j' if size == 8 and value in WIDE else 'j'})>" for value in ins]
    args = ", ".join(f"%e{n}: i8" for n in range(len(ins)))
    chain = "".join(
        f"\n    %w{n} = fixed.extend %e{n} : i8 -> i16\n    %s{n + 1} = arith.addi %s{n}, %w{n} : i16"
        for n in range(len(ins))
    )
    return f"""
  fixed.map ins({", ".join("%" + value for value in ins)} : {types}) outs(%{out} : memref<{whole or size}xi8>)
    domain <{max(1, size // 4)}, {min(size, 4)}> maps [{", ".join(reads)}, affine_map<(i, j) -> (4 * i + j + {at})>]
    node "{node}" {{
  ^bb0({args}):
    %s0 = arith.constant {sum(map(ord, node)) % 100} : i16{chain}
    %mask = arith.constant 127 : i16
    %low = arith.andi %s{len(ins)}, %mask : i16
    %byte = fixed.saturate %low to [-128, 127] : i16 -> i8
    fixed.yield %byte : i8
  }}"""


WIDE = {"x", "a", "b", "g", "h", "y0", "y1", "y2", "y3", "y4"}
"""The values of 8 bytes; the others have 4."""

STEPS = (
    ("a", ["x"], "a"),
    ("b", ["x"], "b"),
    ("use_b", ["b"], "y0"),
    ("d", ["x"], "d"),
    ("e", ["x"], "e"),
    ("use_a", ["a"], "y1"),
    ("f", ["x"], "f"),
    ("use_e", ["e"], "y2"),
    ("g", ["x"], "g"),
    ("use_df", ["d_again", "f"], "y3"),
    ("h", ["x"], "h"),
    ("use_gh", ["g", "h"], "y4"),
)
"""The hand-made instance as forms: node, inputs, destination."""


def network() -> ModuleOp:
    """16 bytes alive at most. `d` is written in two steps, and read through an alias of an alias."""
    ports = ", ".join(f'#fixed.port<"y{n}", tensor<8xi8>, permutation <0>>' for n in range(5))
    lines = [f"%{name} = memplan.buffer : memref<{8 if name in WIDE else 4}xi8>" for name in "abdefgh"]
    lines.append("%d_half = memplan.alias %d at 0 : memref<4xi8> -> memref<2x2xi8>")
    lines.append("%d_again = memplan.alias %d_half at 0 : memref<2x2xi8> -> memref<4xi8>")
    for node, ins, out in STEPS:
        if out == "d":
            lines += [form("d0", ins, out, 2, 4), form("d1", ins, out, 2, 4, at=2)]
        else:
            lines.append(form(node, ins, out, 8 if out in WIDE else 4))
    text = f"""
func.func @net(%x: memref<8xi8>, {", ".join(f"%y{n}: memref<8xi8>" for n in range(5))}) attributes {{
    fixed.inputs = [#fixed.port<"x", tensor<8xi8>, permutation <0>>], fixed.outputs = [{ports}]}} {{
  {chr(10).join(lines)}
  func.return
}}"""
    return parse(text)


def after(module: ModuleOp, *passes: ModulePass) -> FuncOp:
    """The function of a module after these passes."""
    for each in passes:
        each.apply(Context(), module)
        module.verify()
    (function,) = (op for op in module.ops if isinstance(op, FuncOp))
    return function


def outputs(module: ModuleOp) -> dict[str, bytes]:
    """The outputs of a run."""
    run = MemplanExecutor(module).run({"x": np.random.default_rng(0).integers(-128, 128, (3, 8)).astype(np.int8)})
    return {label: values.tobytes() for label, values in run.outputs.items()}


def numbers(function: FuncOp) -> dict[str, int]:
    """The attribute that the pass leaves."""
    remark = function.attributes[DEFRAG]
    assert isinstance(remark, DictionaryAttr)
    return {key: value.value.data for key, value in remark.data.items() if isinstance(value, IntegerAttr)}


def arena_bytes(function: FuncOp) -> int:
    """The size of the arena."""
    (arena,) = (op for op in function.body.block.ops if isinstance(op, ArenaOp))
    return arena.size.value.data


@pytest.mark.parametrize("in_place", [True, False])
def test_a_network_that_fits_after_one_move(in_place: bool) -> None:
    module, expected = network(), outputs(network())
    assert arena_bytes(after(network(), InplacePass(), PlacePass(), CheckPass())) == 20
    function = after(module, DefragPass(16, in_place=in_place))
    assert numbers(function) == {"capacity": 16, "moves": 1, "bytes": 4, "peak": 16, "before": 20}
    nodes = [op.node.data for op in function.body.block.ops if isinstance(op, BufferOp) and op.node is not None]
    assert nodes in (["d0.move"], ["f.move"])
    assert outputs(module) == expected
    assert arena_bytes(after(module, *([InplacePass()] if in_place else []), PlacePass(), CheckPass())) == 16
    assert outputs(module) == expected


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_any_moves_compute_the_same(data: st.DataObject) -> None:
    """Whatever moves: the lives in the text are the pieces of the problem, and outputs and checker do not mind."""
    module = network()
    liveness = Liveness(after(module))
    lives = buffers_of(liveness)
    gaps = gaps_of(liveness, lives)
    possible = [Move(gap, buffer) for buffer, times in enumerate(gaps) for gap in times]
    chosen = data.draw(st.lists(st.sampled_from(possible), unique=True, max_size=5))
    moves = tuple(sorted(chosen, key=lambda move: move.after))
    problem = Fragmented(tuple(single_requests(liveness, lives, 4)), (), gaps, 4)
    insert(after(module), moves)
    function = after(module, InplacePass())
    liveness = Liveness(function)
    lives = buffers_of(liveness)
    found = single_requests(liveness, lives, 4)
    pieces = problem.pieces(moves)
    assert relations(found, sharing(liveness, lives)) == relations(pieces.requests, pieces.overlaps)
    after(module, PlacePass(exact=False), CheckPass())
    assert outputs(module) == outputs(network())


def relations(requests: Sequence[Request], overlaps: Sequence[Overlap]) -> tuple[list[int], list[tuple[int, ...]]]:
    """What placement depends on, whatever the numbers: sizes; the sizes of all that is born or dies with each."""
    together = [
        tuple(sorted(b.size for b in requests if max(a.lower, b.lower) < min(a.upper, b.upper))) for a in requests
    ]
    pairs = [(requests[o.input].size, requests[o.output].size, o.distance) for o in overlaps]
    return sorted(r.size for r in requests), sorted([*together, *pairs])


def test_no_moves_where_they_would_be_wrong() -> None:
    """`d` is not complete before its second writer; nothing moves after its last use, nor arguments."""
    liveness = Liveness(after(network()))
    gaps = dict(zip((life.name for life in liveness.lives), gaps_of(liveness, liveness.lives), strict=True))
    assert gaps["d0"] == (4, 5, 6, 7, 8, 9)
    assert gaps["a"] == (0, 1, 2, 3, 4, 5)
    assert gaps["x"] == gaps["y0"] == ()


def test_half_written_buffers_stay() -> None:
    module = network()
    function = after(module)
    first = next(step.op for step in Liveness(function).steps if step.name == "d1")
    first.detach()
    first.erase()
    liveness = Liveness(function)
    assert gaps_of(liveness, [life for life in liveness.lives if life.name == "d0"]) == ((),)


def test_a_move_that_nothing_allows_is_refused() -> None:
    function = after(network(), DefragPass(16, max_moves=0))
    remark = function.attributes[DEFRAG]
    assert isinstance(remark, DictionaryAttr) and set(remark.data) == {"refused"}
    reason = remark.data["refused"]
    assert isinstance(reason, StringAttr) and reason.data.startswith("20 bytes are needed")
    del function.attributes[DEFRAG]
    assert str(function) == str(after(network()))


@pytest.mark.parametrize("senseless", [DefragPass(0), DefragPass(8, max_moves=-1), DefragPass(8, alignment=3)])
def test_senseless_options_are_refused(senseless: DefragPass) -> None:
    with pytest.raises(UserError, match="memplan-defrag: "):
        senseless.apply(Context(), network())
