"""Patches give the same integers as whole layers, in memory and multiply-accumulates as predicted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import Network, compile_network, on_grid
from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, FloatAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.memplan.liveness import Liveness
from tinyml_opt.lowering.fixed_to_memplan.convert import ConvertFixedToMemplanPass
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.passes.memplan.patch import PATCH, PatchPass, rewrite
from tinyml_opt.passes.memplan.patching.boxes import Box, box_shape, clip, cut, hull, volume, widen
from tinyml_opt.passes.memplan.patching.plan import Grid, Planner, macs_of
from tinyml_opt.passes.memplan.patching.search import GRIDS
from tinyml_opt.passes.memplan.patching.stage import Stage, Stages, shape_of
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.passes.memplan.schedule import SchedulePass
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.memplan import MemplanExecutor
from tinyml_opt.targets.ports import input_ports, to_stored
from tinyml_opt.tools.compiling.compilation import Compilation


def function_of(module: ModuleOp) -> FuncOp:
    """The one function."""
    (function,) = (op for op in module.ops if isinstance(op, FuncOp))
    return function


def run_passes(module: ModuleOp, *passes: ModulePass) -> ModuleOp:
    """The module after these passes, verified after each."""
    for each in passes:
        each.apply(Context(), module)
        module.verify()
    return module


def scheduled(fixed: ModuleOp) -> ModuleOp:
    """A copy in memplan form, not placed."""
    return run_passes(fixed.clone(), ConvertFixedToMemplanPass(), SchedulePass())


def in_patches(module: ModuleOp, last: int, grid: Grid) -> ModuleOp:
    """A copy whose stage up to step `last` is cut by a grid, whether that helps or not; placed and checked."""
    module = module.clone()
    liveness = Liveness(function_of(module))
    stage = Stages(liveness).stage(last)
    assert isinstance(stage, Stage), stage
    plan = Planner(stage, liveness).plan(grid)
    assert plan is not None
    rewrite(plan)
    module.verify()
    after = Liveness(function_of(module))
    assert (after.max_live, macs_of(after)) == (plan.peak, plan.macs)
    return run_passes(module, PlacePass(), CheckPass())


def require_same_outputs(compilation: Compilation, rows: Any, whole: ModuleOp, patched: ModuleOp) -> None:
    """Both plans give the same integers."""
    stored = to_stored(on_grid(compilation, rows), input_ports(compilation.function))
    expected, actual = MemplanExecutor(whole).run(stored), MemplanExecutor(patched).run(stored)
    assert expected.outputs.keys() == actual.outputs.keys()
    for label, values in expected.outputs.items():
        np.testing.assert_array_equal(actual.outputs[label], values)


def stages_of(module: ModuleOp) -> list[Stage]:
    """The stages of the one function."""
    return Stages(Liveness(function_of(module))).all()


def forms_of(module: ModuleOp) -> dict[str, StructuredForm]:
    """The forms by node."""
    forms = (op for op in module.walk() if isinstance(op, StructuredForm))
    return {form.node.data: form for form in forms if form.node is not None}


def attribute_of(module: ModuleOp) -> dict[str, Any]:
    """What the pass left on the function, as Python values."""
    attribute = function_of(module).attributes[PATCH]
    assert isinstance(attribute, DictionaryAttr)
    return {
        name: value.data if isinstance(value, StringAttr) else value.value.data
        for name, value in attribute.data.items()
        if isinstance(value, StringAttr | IntegerAttr | FloatAttr)
    }


def mobile(shape: tuple[int, ...] = (1, 3, 17, 15)) -> Network:
    """Odd sizes, strides, paddings on some sides only, a residual block, pools and a classifier."""
    net = Network(shape, 3)
    value = net.node("Conv", "x", net.weight(6, 3, 3, 3), net.bias(6), name="first", pads=[1, 0, 1, 1])
    value = net.node("Relu", value)
    deep = net.node("Conv", value, net.weight(6, 1, 3, 3), net.bias(6), group=6, pads=[1] * 4, name="deep")
    narrow = net.node("Conv", net.node("Relu", deep), net.weight(6, 6, 1, 1), net.bias(6), name="narrow")
    value = net.node("Add", value, narrow, name="residual")
    value = net.node("Conv", value, net.weight(4, 6, 5, 5), net.bias(4), pads=[2] * 4, strides=[2, 2], name="strided")
    value = net.node("AveragePool", value, kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2], name="pool")
    value = net.node("MaxPool", value, kernel_shape=[2, 2], name="top")
    value = net.node("GlobalAveragePool", value)
    value = net.node("Gemm", net.node("Flatten", value), net.weight(4, 3, axis=1), net.bias(3), name="classes")
    net.result(value)
    return net


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Compilation, Any]:
    """The network above, and inputs."""
    net = mobile()
    rows = net.rows(4)
    return compile_network(net.model(), tmp_path_factory.mktemp("mobile"), rows), rows


def test_every_stage_and_grid(compiled: tuple[Compilation, Any]) -> None:
    """Also grids that do not divide the image, and for small images patches of one output."""
    compilation, rows = compiled
    module = scheduled(compilation.fixed)
    whole = run_passes(module.clone(), PlacePass())
    names: list[str] = []
    for stage in stages_of(module):
        names.append(stage.name)
        image = [shape_of(stage.target)[dim] for dim in stage.image]
        for rows_of_grid, columns in [(1, 2), (3, 2), (min(image[0], 5), min(image[1], 4))]:
            if rows_of_grid <= image[0] and columns <= image[1]:
                patched = in_patches(module, stage.last, (rows_of_grid, columns))
                require_same_outputs(compilation, rows, whole, patched)
    assert {"first", "residual", "strided", "pool", "top"} <= set(names)
    assert not {"deep", "narrow", "classes"} & set(names), "the residual buffer is used after them; no image is left"


@st.composite
def chains(draw: st.DrawFn) -> Network:
    """Up to five windows, residual sums and concatenations; the input may come in a buffer."""
    channels, size = draw(st.integers(1, 3)), [draw(st.integers(5, 12)), draw(st.integers(5, 12))]
    net = Network((1, channels, *size), draw(st.integers(0, 1000)))
    value = net.node("Relu", "x") if draw(st.booleans()) else "x"
    kinds = st.sampled_from(["conv", "depthwise", "max", "average", "add", "concat"])
    for kind in ["conv", *draw(st.lists(kinds, max_size=4))]:
        if kind == "add":
            value = net.node("Add", value, net.node("Relu", value))
            continue
        if kind == "concat":
            value, channels = net.node("Concat", value, net.node("Relu", value), axis=1), 2 * channels
            continue
        window = [draw(st.integers(1, 4)), draw(st.integers(1, 4))]
        strides = [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
        pads = [draw(st.integers(0, window[i % 2] - 1)) for i in range(4)]
        if any(size[i] + pads[i] + pads[i + 2] < window[i] for i in range(2)):
            continue
        attributes: dict[str, Any] = {"kernel_shape": window, "strides": strides, "pads": pads}
        if kind in ("conv", "depthwise"):
            groups = channels if kind == "depthwise" else 1
            out = channels * 2 if kind == "depthwise" else draw(st.integers(1, 4))
            weights = net.weight(out, channels // groups, *window)
            value = net.node("Conv", value, weights, net.bias(out), group=groups, **attributes)
            channels = out
        else:
            value = net.node("MaxPool" if kind == "max" else "AveragePool", value, **attributes)
        size = [(size[i] + pads[i] + pads[i + 2] - window[i]) // strides[i] + 1 for i in range(2)]
    net.result(net.node("Relu", value))
    return net


@settings(max_examples=settings().max_examples // 4)
@given(net=chains(), grid=st.sampled_from(GRIDS))
def test_random_networks(net: Network, grid: Grid) -> None:
    rows = net.rows(3)
    with TemporaryDirectory() as folder:
        compilation = compile_network(net.model(), Path(folder), rows)
    module = scheduled(compilation.fixed)
    whole = run_passes(module.clone(), PlacePass())
    for stage in stages_of(module):
        if Planner(stage, Liveness(function_of(module))).fits(grid):
            require_same_outputs(compilation, rows, whole, in_patches(module, stage.last, grid))


def test_search(compiled: tuple[Compilation, Any]) -> None:
    """The pass as a user runs it: what it promises is so."""
    compilation, rows = compiled
    module = scheduled(compilation.fixed)
    before, macs = Liveness(function_of(module)).max_live, macs_of(Liveness(function_of(module)))
    run_passes(module, PatchPass(max_recompute=1.5))
    result, after = attribute_of(module), Liveness(function_of(module))
    assert result["before"] == before > result["peak"] == after.max_live
    assert result["macs"] == macs_of(after) <= 1.5 * macs
    assert result["recompute"] == round(result["macs"] / macs, 4)
    again = module.clone()
    run_passes(again, PatchPass(max_recompute=9))
    assert str(again) == str(module), "there are patches already"
    run_passes(module, PlacePass(), CheckPass())
    require_same_outputs(compilation, rows, run_passes(scheduled(compilation.fixed), PlacePass()), module)


def test_host(compiled: tuple[Compilation, Any]) -> None:
    """C on this computer, sanitized, gives the integers of whole layers."""
    compilation, rows = compiled
    module = scheduled(compilation.fixed)
    (last,) = (stage.last for stage in stages_of(module) if stage.name == "strided")
    patched = in_patches(module, last, (2, 2))
    stored = to_stored(on_grid(compilation, rows), input_ports(compilation.function))
    expected = MemplanExecutor(run_passes(module, PlacePass())).run(stored)
    actual = HostExecutor(replace(compilation, memplan=patched).generated(), sanitize=True).run(stored)
    for label, values in expected.outputs.items():
        np.testing.assert_array_equal(actual.outputs[label], values)


def test_what_is_given_is_used(compiled: tuple[Compilation, Any]) -> None:
    module = run_passes(scheduled(compiled[0].fixed), PatchPass(grid="2x3", last="strided", max_recompute=9))
    assert (attribute_of(module)["grid"], attribute_of(module)["last"]) == ("2x3", "strided")
    clones = forms_of(module)
    assert {f"strided.p{row}_{column}" for row in range(2) for column in range(3)} <= clones.keys()
    assert "strided" not in clones and "pool" in clones


def test_a_searched_plan_is_the_best(compiled: tuple[Compilation, Any]) -> None:
    """No pair of stage and grid under the limit has a lower peak."""
    module = scheduled(compiled[0].fixed)
    liveness = Liveness(function_of(module))
    plans = [
        planner.plan(grid, 1.5 * macs_of(liveness))
        for planner in (Planner(stage, liveness) for stage in stages_of(module))
        for grid in GRIDS
        if planner.fits(grid)
    ]
    best = min(plan.peak for plan in plans if plan is not None)
    assert attribute_of(run_passes(module, PatchPass(max_recompute=1.5)))["peak"] == best


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"max_recompute": 1.0, "grid": "4x4", "last": "strided"}, "need more than 1 times the multiply-accumulates"),
        ({"last": "narrow"}, "is also used outside or as a whole"),
        ({"last": "classes"}, "keeps no rows and columns"),
    ],
)
def test_refusals_say_why(compiled: tuple[Compilation, Any], options: dict[str, Any], reason: str) -> None:
    module = scheduled(compiled[0].fixed)
    forms = list(forms_of(module))
    run_passes(module, PatchPass(**options))
    assert reason in attribute_of(module)["refused"]
    assert list(forms_of(module)) == forms


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"grid": "2"}, "rows x columns"),
        ({"grid": "1x1"}, "more than 1x1"),
        ({"grid": "0x2"}, "rows x columns"),
        ({"last": "nobody"}, "no node 'nobody'; there are first, "),
        ({"max_recompute": 0.5}, "must be at least 1"),
    ],
)
def test_wrong_options(compiled: tuple[Compilation, Any], options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        run_passes(scheduled(compiled[0].fixed), PatchPass(**options))


@given(size=st.integers(1, 40), parts=st.integers(1, 40))
def test_cut(size: int, parts: int) -> None:
    pieces = cut(size, parts)
    assert [index for first, last in pieces for index in range(first, last + 1)] == list(range(size))
    sizes = [last - first + 1 for first, last in pieces]
    assert len(sizes) == min(size, parts) and max(sizes) - min(sizes) <= 1


def test_boxes() -> None:
    box: Box = ((-2, 3), (4, 9), (-5, -1))
    assert clip(box, (3, 8, 4)) == ((0, 2), (4, 7), (0, 0))
    assert clip(((9, 12),), (4,)) == ((3, 3),)
    assert hull(None, box) == box
    assert hull(((0, 1), (5, 6)), ((4, 4), (2, 5))) == ((0, 4), (2, 6))
    assert widen(((1, 2), (1, 2)), (5, 6), (True, False)) == ((1, 2), (0, 5))
    assert (box_shape(box), volume(box)) == ((6, 6, 5), 180)
