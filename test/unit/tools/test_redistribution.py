"""The report of early layers: patches as the planner counts them, and changes as a network made so has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from support.networks import Network
from xdsl.context import Context

from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.memplan.liveness import Liveness
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.passes.memplan.patching.plan import Plan, macs_of
from tinyml_opt.passes.memplan.patching.search import Search
from tinyml_opt.passes.memplan.patching.stage import Access
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.explaining.early_stage import early
from tinyml_opt.tools.explaining.redistribution import BEFORE, MOST_MACS, redistribution
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes
from tinyml_opt.tools.reporting.redistribution import redistribution_html


def network(folder: Path, second: int = 3, third: int = 3, strides: tuple[int, int] = (1, 2)) -> Compilation:
    """Four convolutions with their windows and strides, the last one behind what patches pay for."""
    net = Network((1, 3, 24, 24))

    def conv(x: str, channels: int, depth: int, size: int, stride: int = 1) -> str:
        pads = [(size - 1) // 2] * 4
        return net.node(
            "Conv", x, net.weight(channels, depth, size, size), name=f"conv{depth}", pads=pads, strides=[stride] * 2
        )

    a = conv("x", 8, 3, 3)
    b = conv(a, 12, 8, second, strides[0])
    c = conv(b, 10, 12, 3, strides[1])
    d = net.node("MaxPool", c, name="pool", kernel_shape=[2, 2], strides=[2, 2])
    net.result(conv(d, 16, 10, third))
    onnx.save(net.model(), folder / "net.onnx")
    return compile_model(Options(folder / "net.onnx", "host", None, sizes_only=True))


def plan_of(compilation: Compilation) -> tuple[Plan, Liveness]:
    """The plan of patches that the report starts from."""
    module = compilation.fixed.clone()
    named = {step.name: step for step in pipeline("fixed-to-memplan")}
    run_passes(module, [named[name] for name in BEFORE], Timing(), Context())
    liveness = Liveness(the_function(module))
    found = Search(liveness, MOST_MACS).run()
    assert isinstance(found, Plan)
    return found, liveness


@pytest.mark.parametrize("options", [{}, {"second": 5}, {"strides": (2, 1)}, {"second": 1}])
def test_patches_are_those_of_the_planner(options: dict[str, Any], tmp_path: Path):
    compilation = network(tmp_path, **options)
    plan, liveness = plan_of(compilation)
    found = redistribution(compilation)
    assert (found.ram, found.before) == (plan.peak, liveness.max_live)
    assert found.macs_again == plan.macs - macs_of(liveness)
    assert sum(layer.again for layer in found.layers) == found.macs_again > 0


def test_a_kernel_that_moves_is_the_network_made_so(tmp_path: Path):
    before, plan = redistribution(network(tmp_path)), plan_of(network(tmp_path))[0]
    change = next(change for change in before.changes if change.change == "conv8: 3x3 to 1x1, conv10: 3x3 to 4x4")
    other = network(tmp_path, second=1, third=4)
    liveness = plan_of(other)[1]
    after = early(replace(plan.stage, forms=stage_like(plan, liveness)), liveness, plan.grid)
    assert change.macs_again == round(sum(after.macs()) - sum(layer.all_macs for layer in after.layers))
    assert change.ram == round(after.peak())


def stage_like(plan: Plan, liveness: Liveness) -> Any:
    """The forms of another network at the steps of a plan's stage."""
    steps = liveness.steps[plan.stage.first : plan.stage.last + 1]
    return tuple(Access(step.op) for step in steps if isinstance(step.op, StructuredForm))


def test_a_stride_that_moves_scales_what_lies_between(tmp_path: Path):
    found = redistribution(network(tmp_path))
    change = next(change for change in found.changes if change.change == "stride 2 of conv12 at conv8")
    assert change.saves_macs > 0 and change.saves_ram >= 0
    back = redistribution(network(tmp_path, strides=(2, 1)))
    assert any(c.change == "stride 2 of conv8 at conv12" and c.saves_macs < 0 for c in back.changes)


def test_a_network_without_windows_has_no_stage(tmp_path: Path):
    net = Network((1, 8))
    net.result(net.node("Gemm", "x", net.weight(4, 8), transB=1))
    onnx.save(net.model(), tmp_path / "net.onnx")
    found = redistribution(compile_model(Options(tmp_path / "net.onnx", "host", None, sizes_only=True)))
    assert "no form slides a window" in found.reason
    assert "no form slides a window" in redistribution_html(found, 0)
