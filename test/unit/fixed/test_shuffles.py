"""Reshapes and transposes that reorder channels: the passes keep every integer, and layers store what is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fixed_graphs import Graph, run, shape_of
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from tinyml_opt.dialects.access import Linear
from tinyml_opt.dialects.fixed import ConcatOp, ReshapeOp
from tinyml_opt.dialects.fixed.forms import MapOp
from tinyml_opt.passes.fixed.fold_shuffles import FoldShufflesPass
from tinyml_opt.passes.fixed.fold_transposes import FoldTransposesPass
from tinyml_opt.passes.fixed.fuse_maps import FuseMapsPass
from tinyml_opt.passes.fixed.layouts.reshaped import Nest
from tinyml_opt.targets.executors.fixed import FixedExecutor


def assert_same(module: ModuleOp) -> ModuleOp:
    """Check that the passes keep the integers; return what they make."""
    folded = module.clone()
    for step in (FoldTransposesPass(), FuseMapsPass(), FoldShufflesPass()):
        step.apply(Context(), folded)
        folded.verify()
    shape = FixedExecutor(module).inputs[0].stored_shape
    x = np.random.default_rng(0).integers(-128, 128, (2, *shape), np.int8)
    for before, after in zip(run(module, x), run(folded, x), strict=True):
        assert np.array_equal(before, after)
    return folded


def count(module: ModuleOp, *kinds: type) -> int:
    """How many ops of these kinds are left."""
    return sum(isinstance(op, kinds) for op in module.walk())


def divisors(number: int) -> list[int]:
    """All that divide it."""
    return [d for d in range(1, number + 1) if number % d == 0]


@st.composite
def random_graphs(draw: st.DrawFn) -> ModuleOp:
    """Layers, concatenations and reorderings, each on one of the values so far; the last values are returned."""
    height, width = draw(st.sampled_from([(4, 3), (1, 4), (2, 1)]))
    graph = Graph((1, draw(st.sampled_from([1, 4, 6])), height, width), draw(st.integers(0, 99)))
    values: list[SSAValue] = [graph.block.args[0]]
    for _ in range(draw(st.integers(2, 7))):
        x = draw(st.sampled_from(values[-3:]))
        n, depth, height, width = shape_of(x)
        match draw(st.integers(0, 7)):
            case 0 | 1:
                values.append(graph.conv(x, draw(st.sampled_from([2, 4, 6, 8])), draw(st.sampled_from([1, 3]))))
            case 2 | 3:
                values.append(graph.shuffle(x, draw(st.sampled_from(divisors(depth)))))
            case 4:
                alike = [v for v in values if shape_of(v)[2:] == (height, width) and shape_of(v)[1] + depth < 20]
                values.append(graph.concat(x, draw(st.sampled_from(alike))) if alike else graph.relu(x))
            case 5 if depth % 4 == 0 and height * width < 100:
                values.append(graph.depth_to_space(x, 2, draw(st.booleans())))
            case 6:
                order = draw(st.permutations([1, 2, 3]))
                mixed = graph.transpose(graph.reshape(x, n, depth, height * width), 0, 2, 1)
                values.append(graph.transpose(graph.reshape(mixed, n, depth, height, width), 0, *order))
            case _:
                values.append(graph.relu(x))
    return graph.finish([v for v in values if not v.uses] or values[-1:])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_graphs())
def test_random_graphs_keep_their_integers(module: ModuleOp):
    assert_same(module)


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_a_shuffle_behind_a_convolution_disappears(groups: int):
    graph = Graph((1, 3, 4, 5), 0)
    x = graph.shuffle(graph.relu(graph.conv(graph.block.args[0], 6, 3)), groups)
    folded = assert_same(graph.finish([graph.pool(x, 2), graph.conv(x, 2, 3)]))
    assert count(folded, MapOp, ReshapeOp) == 0


def test_a_shuffle_that_only_a_convolution_reads_goes_into_its_weights():
    graph = Graph((1, 3, 4, 5), 0)
    x = graph.block.args[0]
    both = graph.concat(graph.conv(x, 4, 3), graph.conv(x, 4, 1))
    folded = assert_same(graph.finish([both, graph.conv(graph.shuffle(both, 2), 2, 3)]))
    assert count(folded, MapOp, ReshapeOp) == 0


def test_a_shuffle_of_two_branches_interleaves_their_stores():
    """As two halves of the channels come together in ShuffleNet v2: no copy is left, the branches are parts."""
    graph = Graph((1, 3, 4, 5), 0)
    x = graph.block.args[0]
    both = graph.concat(graph.conv(x, 4, 3), graph.conv(x, 4, 1))
    folded = assert_same(graph.finish([graph.pool(graph.shuffle(both, 2), 2)]))
    assert count(folded, MapOp) == 0
    (joined,) = (op for op in folded.walk() if isinstance(op, ConcatOp))
    assert [shape_of(part) for part in joined.parts] == [(1, 4, 5, 4, 1)] * 2


def test_blocks_of_pixels_are_stored_where_they_belong():
    """A row of the layer is two rows of pixels, which a slice of it writes: nothing is left of the moves."""
    graph = Graph((1, 3, 4, 5), 0)
    x = graph.depth_to_space(graph.conv(graph.block.args[0], 8, 3), 2, False)
    folded = assert_same(graph.finish([graph.conv(x, 2, 3)]))
    assert count(folded, MapOp, ReshapeOp) == 0


def test_a_shuffle_of_what_others_read_too_is_copied():
    graph = Graph((1, 3, 4, 5), 0)
    x = graph.conv(graph.block.args[0], 4, 3)
    folded = assert_same(graph.finish([graph.pool(graph.shuffle(x, 2), 2), x]))
    assert count(folded, MapOp) == 1


def test_an_index_is_taken_apart_where_that_is_linear():
    """12 channels of which dimension 1 counts blocks of 4; as one dimension they are split first; 5 do not divide."""
    indices = (Linear((1, 0, 0), 0), Linear((0, 4, 1), 0))
    nest = Nest((2, 3, 4), (), (indices,)).reshaped((2, 12), (2, 3, 4))
    assert nest == Nest((2, 3, 4), (), ((Linear((1, 0, 0), 0), Linear((0, 1, 0), 0), Linear((0, 0, 1), 0)),))
    whole = Nest((2, 12), (5,), ((Linear((1, 0, 0), 0), Linear((0, 1, 0), 0)),)).reshaped((2, 12), (2, 3, 4))
    assert whole is not None and whole.parallel == (2, 3, 4) and whole.reduction == (5,)
    assert whole.maps[-1][1:] == (Linear((0, 1, 0, 0), 0), Linear((0, 0, 1, 0), 0))
    part = Nest((2, 5), (), ((Linear((1, 0), 0), Linear((0, 1), 3)),))
    assert part.reshaped((2, 12), (2, 3, 4)) is None
