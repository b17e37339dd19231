"""The work of forms, counted by hand, and what planners make of costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.networks import Network, compile_network

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.forms import ContractOp
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.fixed.tile import Kernel
from tinyml_opt.dialects.memplan import StreamOp
from tinyml_opt.passes.memplan.costing.forms import tiled_work
from tinyml_opt.passes.memplan.costing.kernels import padded_share
from tinyml_opt.passes.memplan.tiling.choices import choices
from tinyml_opt.passes.memplan.tiling.kernels import rows_of
from tinyml_opt.targets.costs import CostModel, FlashReads, Work, total_work
from tinyml_opt.tools.analyze import analyze
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.front import front, planned
from tinyml_opt.tools.pareto import dominates


@pytest.fixture(scope="module")
def compilation(tmp_path_factory: pytest.TempPathFactory) -> Compilation:
    """A padded 3x3 layer, one over each channel by itself, and a pointwise one."""
    net = Network((1, 4, 12, 12), 1)
    first = net.node("Relu", net.node("Conv", "x", net.weight(8, 4, 3, 3), net.bias(8), pads=[1] * 4))
    second = net.node("Relu", net.node("Conv", first, net.weight(8, 1, 3, 3), net.bias(8), pads=[1] * 4, group=8))
    net.result(net.node("Conv", second, net.weight(4, 8, 1, 1), net.bias(4)))
    return compile_network(net.model(), tmp_path_factory.mktemp("costs"), net.rows(1), "nano33ble")


def contractions(compilation: Compilation) -> list[ContractOp]:
    """The layers, without tiles."""
    lean = compile_model(replace(compilation.options, objective="flash"))
    return [op for op in lean.memplan.walk() if isinstance(op, ContractOp)]


def test_padding_is_no_work(compilation: Compilation) -> None:
    """Along a side of 12 with 3 taps, 34 of 36 reads are inside."""
    first = contractions(compilation)[0]
    assert padded_share(first) == pytest.approx((34 / 36) ** 2)
    work = tiled_work(first, None)
    assert work.units["mac"] == pytest.approx(12 * 12 * 8 * 9 * 4 * (34 / 36) ** 2)
    assert work.units["element"] == 12 * 12 * 8 and work.units["product"] == 12 * 12 * 8


def test_kernels_count_what_they_do(compilation: Compilation) -> None:
    dense, windows, pointwise = contractions(compilation)
    costs = CostModel.parse("cortex-m4f")
    rows = rows_of(costs.core.operations)
    by_kernel = {c.tile.kernel.data: c.tile for c in choices(windows, rows, (16,), costs) if c.tile is not None}
    assert set(by_kernel) == {Kernel.LANES, Kernel.PLANES}
    assert tiled_work(windows, by_kernel[Kernel.PLANES]).units["plane_row"] == 12 * 12 * 8 * 3
    assert tiled_work(windows, by_kernel[Kernel.LANES]).units["lanes_tap"] == 12 * 12 * 2 * 9
    pair = next(
        c.tile for c in choices(pointwise, rows, (16,), costs) if c.tile is not None and c.tile.pixels.data == 2
    )
    assert tiled_work(pointwise, pair).units["dot_quad_2"] == 72 * 1 * 2
    assert tiled_work(dense, pair).units["gather_word"] < 144 * 9
    assert tiled_work(pointwise, pair).reads[0] == (1 * 2 * 32 + 4 * 4, 72)  # weights, and a word for each channel


def test_flash_that_a_cache_holds_is_waited_for_once() -> None:
    model = replace(CostModel.parse("cortex-m4f"), reads=FlashReads(5, 16, 64, 4))
    assert model.waits(Work({}, ((64, 10.0),))) == 4 * 5
    assert model.waits(Work({}, ((80, 10.0),))) == 5 * 10 * 5
    assert model.waits(Work({}, (), ((1024, 10.0),))) == 64 * 5, "code that its cache holds"
    assert model.waits(Work({}, (), ((1040, 10.0),))) == 65 * 10 * 5
    assert CostModel.parse(model.text()).reads == model.reads
    for text in ("nothing", "cortex-m4f,1", "cortex-m4f,5,0,1,1"):
        with pytest.raises(UserError, match="is no cost model"):
            CostModel.parse(text)


def test_work_adds_up() -> None:
    one, two = Work({"mac": 2.0}, ((8, 1.0),)), Work({"mac": 3.0, "op": 1.0})
    assert total_work([one, two, one.times(2)]) == Work({"mac": 9.0, "op": 1.0}, ((8, 1.0), (8, 2.0)))


def test_objectives(compilation: Compilation) -> None:
    """Speed is fastest, ram smallest, flash leanest; a limit in between gives what is in between."""
    fast, small, lean = (planned(compilation, objective=objective) for objective in ("speed", "ram", "flash"))
    assert fast.cycles < min(small.cycles, lean.cycles)
    assert small.peak_ram_bytes < min(fast.peak_ram_bytes, lean.peak_ram_bytes)
    assert lean.constant_bytes < fast.constant_bytes
    limit = (fast.cycles + small.cycles) // 2
    between = planned(compilation, objective="ram", cycles=limit)
    assert between.cycles <= limit and small.peak_ram_bytes <= between.peak_ram_bytes <= fast.peak_ram_bytes
    assert fast.cycles == sum(row.cycles for row in fast.rows) == analyze(compilation).cycles
    assert (
        planned(compilation, cycles=fast.cycles // 2).misfit[0].endswith("or choose a faster core or a smaller model")
    )


def test_less_ram_keeps_what_tiles_it_holds(compilation: Compilation) -> None:
    whole, small = planned(compilation), planned(compilation, objective="ram")
    ram = whole.peak_ram_bytes - 4
    found = planned(compilation, ram=ram)
    assert found.peak_ram_bytes <= ram and whole.cycles <= found.cycles < small.cycles


def test_forms_of_a_stream_share_scratch_memory(compilation: Compilation) -> None:
    streamed = compile_model(replace(compilation.options, stream=True))
    streams = [op for op in streamed.memplan.walk() if isinstance(op, StreamOp)]
    assert streams
    for stream in streams:
        assert len({form.scratch for form in stream.forms if form.scratch is not None}) == 1
    tiles = sum(op.tile is not None for op in streamed.memplan.walk() if isinstance(op, StructuredForm))
    assert tiles == 3


def test_front(compilation: Compilation) -> None:
    points = front(compilation)
    assert len(points) >= 3 and not any(dominates(one.costs(), other.costs()) for one in points for other in points)
    assert [p.ram for p in points] == sorted(p.ram for p in points)
    least, fast = planned(compilation, objective="ram"), planned(compilation)
    assert points[0].ram == least.peak_ram_bytes and min(p.cycles for p in points) == fast.cycles
    assert np.all([p.flash > 0 for p in points])
