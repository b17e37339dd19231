"""Streaming: what the search promises holds in the plan, more room means fewer slices, and bad input is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import Network, compile_network
from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.memplan import BufferOp, StreamOp
from tinyml_opt.dialects.memplan.liveness import Liveness
from tinyml_opt.dialects.memplan.slices import MOST_SLICES
from tinyml_opt.lowering.fixed_to_memplan.convert import ConvertFixedToMemplanPass
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.passes.memplan.inplace import InplacePass
from tinyml_opt.passes.memplan.input import InputPass
from tinyml_opt.passes.memplan.lifetimes.requests import sharing, single_requests
from tinyml_opt.passes.memplan.offsets.placement import Problem
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.passes.memplan.split_reductions import SplitReductionsPass
from tinyml_opt.passes.memplan.stream import StreamPass
from tinyml_opt.passes.memplan.streaming.chain import Chain
from tinyml_opt.passes.memplan.streaming.cuts import Cuts
from tinyml_opt.tools.analyze import plan_of

CONTEXT = Context()


def chain_of_layers(kernels: list[tuple[int, int]], rows: int, residual: bool) -> Network:
    """Convolutions with (kernel, stride), a sum with the input of the last one, and a global mean."""
    net = Network((1, 3, rows, 6), 5)
    value, channels = "x", 3
    for kernel, stride in kernels:
        weights = net.weight(4, channels, kernel, kernel)
        before, channels = value, 4
        value = net.node("Conv", value, weights, pads=[kernel // 2] * 4, strides=[stride, 1])
        if residual and before != "x" and stride == 1:
            value = net.node("Add", value, before)
    net.result(net.node("GlobalAveragePool", value))
    return net


def planned(net: Network, folder: Path, by: str = "caller") -> ModuleOp:
    """The network in memplan form, reductions split, the input where it is to lie."""
    module = compile_network(net.model(), folder, net.rows(4)).fixed.clone()
    for step in (ConvertFixedToMemplanPass(), InputPass(by=by), SplitReductionsPass()):
        step.apply(CONTEXT, module)
    return module


NETWORKS = st.builds(
    chain_of_layers,
    st.lists(st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from([1, 2])), min_size=1, max_size=5),
    st.integers(6, 12),
    st.booleans(),
)


@settings(max_examples=settings().max_examples // 8)
@given(net=NETWORKS, by=st.sampled_from(["caller", "arena", "rows"]))
def test_the_peak_that_the_search_names_holds(net: Network, by: str, tmp_path_factory: pytest.TempPathFactory):
    """The rows that the plan splits have the lives that the search counted on, and outputs share what it counted on."""
    module = planned(net, tmp_path_factory.mktemp("net"), by)
    StreamPass().apply(CONTEXT, module)
    module.verify()
    InplacePass().apply(CONTEXT, module)
    liveness = Liveness(the_function(module))
    lives = [life for life in liveness.scratch if isinstance(life.root.owner, BufferOp)]
    alive = Problem.of(single_requests(liveness, lives, 1), sharing(liveness, lives)).lower_bound()
    PlacePass(alignment=1).apply(CONTEXT, module)
    CheckPass().apply(CONTEXT, module)
    plan = plan_of(the_function(module))
    assert alive <= plan["stream"]["peak"] == plan["stream"]["least"] <= plan["stream"]["before"]
    assert plan["peak"] >= plan["lower_bound"] >= alive
    assert plan["peak"] <= plan["rings"] if "rings" in plan else True


@settings(max_examples=settings().max_examples // 8)
@given(net=NETWORKS)
def test_more_room_means_fewer_slices(net: Network, tmp_path_factory: pytest.TempPathFactory):
    module = planned(net, tmp_path_factory.mktemp("net"))
    steps = [op for op in the_function(module).body.block.ops if isinstance(op, StructuredForm)]
    cuts = Cuts(Chain(steps))
    least = cuts.least_peak()
    most = max(cuts.peak(number, number + 1, False) for number in range(len(steps)))
    slices: list[int] = []
    for limit in range(least, most + 1, max(1, (most - least) // 5)):
        segments = cuts.fewest_slices(limit)
        assert [s.first for s in segments[1:]] == [s.last for s in segments[:-1]]
        assert max(segment.peak for segment in segments) <= limit
        slices.append(sum(len(segment.order) for segment in segments if segment.streamed))
    assert slices == sorted(slices, reverse=True)
    assert not any(segment.streamed for segment in cuts.fewest_slices(most))


def test_live_bytes_without_sharing(tmp_path: Path):
    """Three rows of 4 channels and 6 columns before each 3x3 layer, one row after the last, and 4 sums of 16 bits."""
    module = planned(chain_of_layers([(3, 1), (3, 1)], 12, residual=False), tmp_path)
    StreamPass().apply(CONTEXT, module)
    assert Liveness(the_function(module)).max_live == 3 * 24 + 24 + 8


@pytest.mark.parametrize("by", ["arena", "rows"])
def test_a_second_input_is_refused(by: str, tmp_path: Path):
    net = chain_of_layers([(3, 1)], 6, residual=False)
    module = planned(net, tmp_path)
    function = the_function(module)
    function.attributes["fixed.inputs"] = ArrayAttr([])
    with pytest.raises(UserError, match="has 0 inputs: only a single input"):
        InputPass(by=by).apply(CONTEXT, module)


def test_a_vector_has_no_rows(tmp_path: Path):
    net = Network((1, 8), 1)
    net.result(net.node("Gemm", "x", net.weight(8, 3, axis=1), net.bias(3)))
    with pytest.raises(UserError, match="is a vector: it has no rows"):
        planned(net, tmp_path, "rows")


def test_forms_of_very_many_rows_run_in_one_piece(tmp_path: Path):
    """A batch of thousands is planned in a second, and does not come row by row."""
    net = Network((MOST_SLICES + 1, 4), 1)
    value = net.node("Relu", net.node("Gemm", "x", net.weight(4, 6, axis=1), net.bias(6)))
    net.result(net.node("Gemm", value, net.weight(6, 3, axis=1), net.bias(3)))
    module = planned(net, tmp_path)
    StreamPass().apply(CONTEXT, module)
    assert not any(isinstance(op, StreamOp) for op in module.walk())
    with pytest.raises(UserError, match="has 8,193 rows, and at most 8,192"):
        planned(net, tmp_path, "rows")


def test_an_unknown_place_for_the_input(tmp_path: Path):
    with pytest.raises(UserError, match="`caller`, `arena`, `rows` or `steps`, not `here`"):
        planned(chain_of_layers([(1, 1)], 6, residual=False), tmp_path, "here")


def test_what_must_run_in_slices_does_so_where_no_other_form_does(tmp_path: Path):
    net = Network((1, 1, 8, 8))
    net.result(net.node("Gemm", net.node("Flatten", "x"), net.weight(64, 3, axis=1), net.bias(3)))
    plan = plan_of(the_function(compile_network(net.model(), tmp_path, net.rows(2), input="rows").memplan))
    assert (plan["stream"]["forms"], plan["stream"]["slices"]) == (1, 8)
