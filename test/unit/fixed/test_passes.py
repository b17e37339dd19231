"""fixed-fold-transposes and fixed-fuse-maps keep every integer, on random graphs such as the lowering makes."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fixed_graphs import TO_NHWC, Graph, run, shape_of
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from tinyml_opt.dialects.fixed.forms import MapOp
from tinyml_opt.passes.fixed.fold_transposes import FoldTransposesPass
from tinyml_opt.passes.fixed.fuse_maps import FuseMapsPass
from tinyml_opt.passes.fixed.layouts.transposes import permutation_of
from tinyml_opt.targets.executors.fixed import FixedExecutor


def transposes(module: ModuleOp) -> int:
    """How many transposes run."""
    return sum(permutation_of(op) is not None for op in module.walk())


def maps(module: ModuleOp) -> int:
    """How many maps run."""
    return sum(isinstance(op, MapOp) for op in module.walk())


def optimize(module: ModuleOp) -> ModuleOp:
    """Fold and fuse, verifying between; the inputs are unchanged."""
    module = module.clone()
    for step in (FoldTransposesPass(), FuseMapsPass()):
        step.apply(Context(), module)
        module.verify()
    return module


def assert_same(module: ModuleOp) -> ModuleOp:
    """Check that both passes keep the integers; return the optimized module."""
    optimized = optimize(module)
    shape = FixedExecutor(module).inputs[0].stored_shape
    x = np.random.default_rng(0).integers(-128, 128, (3, *shape), np.int8)
    for before, after in zip(run(module, x), run(optimized, x), strict=True):
        assert np.array_equal(before, after)
    return optimized


@st.composite
def random_graphs(draw: st.DrawFn) -> ModuleOp:
    """Layers in random order, each on one of the values so far; the last values are returned."""
    graph = Graph((1, draw(st.integers(1, 3)), 4, draw(st.sampled_from([1, 3]))), draw(st.integers(0, 99)))
    values: list[SSAValue] = [graph.block.args[0]]
    for _ in range(draw(st.integers(1, 7))):
        x = draw(st.sampled_from(values[-3:]))
        others = [v for v in values if shape_of(v) == shape_of(x)]
        match draw(st.integers(0, 8)):
            case 0 | 1:
                values.append(graph.conv(x, draw(st.integers(1, 3)), draw(st.sampled_from([1, 3]))))
            case 2 if shape_of(x)[2] % 2 == 0:
                values.append(graph.pool(x, draw(st.sampled_from([2, shape_of(x)[2]]))))
            case 3:
                values.append(graph.sum(x, draw(st.sampled_from(others))))
            case 4:
                values.append(graph.sum(x, graph.constant(shape_of(x)), graph.constant((1, shape_of(x)[1], 1, 1))))
            case 5:
                values.append(graph.sum(x, graph.channel_max(x)))
            case 6:
                values.append(graph.table(x))
            case _:
                values.append(graph.relu(x))
    results = [v for v in values if not v.uses] or values[-1:]
    if draw(st.booleans()):
        results[-1] = graph.dense(results[-1], 2)
        if draw(st.booleans()):
            results[-1] = graph.relu(results[-1])
    return graph.finish(results)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_graphs())
def test_random_graphs_keep_their_integers(module: ModuleOp):
    assert_same(module)


def test_a_classifier_has_neither_transposes_nor_maps_left():
    graph = Graph((1, 3, 8, 5), 0)
    x = graph.relu(graph.conv(graph.block.args[0], 4, 3))
    x = graph.pool(graph.table(graph.relu(graph.conv(x, 4, 3))), 2)
    optimized = assert_same(graph.finish([graph.relu(graph.dense(x, 10))]))
    assert (transposes(optimized), maps(optimized)) == (0, 0)
    executor = FixedExecutor(optimized)
    assert executor.inputs[0].permutation.data == TO_NHWC
    assert executor.outputs[0].permutation.data == (0, 1)


def test_a_residual_block_keeps_only_its_addition():
    graph = Graph((1, 2, 4, 4), 0)
    x = graph.relu(graph.conv(graph.block.args[0], 4, 3))
    y = graph.conv(graph.relu(graph.conv(x, 4, 3)), 4, 3)
    optimized = assert_same(graph.finish([graph.relu(graph.sum(x, y))]))
    assert (transposes(optimized), maps(optimized)) == (0, 1)
    assert FixedExecutor(optimized).outputs[0].permutation.data == TO_NHWC


def test_an_input_that_is_also_added_is_stored_as_the_convolution_reads_it():
    graph = Graph((1, 2, 4, 4), 0)
    x = graph.block.args[0]
    optimized = assert_same(graph.finish([graph.sum(graph.conv(x, 2, 3), x)]))
    assert (transposes(optimized), maps(optimized)) == (0, 1)
    assert FixedExecutor(optimized).inputs[0].permutation.data == TO_NHWC


def test_a_map_with_two_activations_or_a_shared_producer_is_not_fused():
    graph = Graph((1, 4), 0)
    x = graph.table(graph.block.args[0])
    y = graph.relu(x)
    optimized = assert_same(graph.finish([graph.sum(x, y), y]))
    assert maps(optimized) == 3
