"""Printed Verilog in a simulator gives the integers of `fixed`, on any number of lanes; lint finds nothing in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs
from support.recurrent_models import scan_model
from support.texts import parse
from xdsl.dialects.builtin import ModuleOp, StringAttr

from tinyml_opt.dialects import rtl
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import ports_of
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.estimating.design import design_of
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.rtl import RtlExecutor
from tinyml_opt.targets.family import load_family
from tinyml_opt.targets.ports import input_ports, output_ports, to_stored
from tinyml_opt.targets.processes import run_program
from tinyml_opt.targets.simulators.verilog import simulate
from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.hardware.estimate import interval_of
from tinyml_opt.tools.hardware.files import rtl_files
from tinyml_opt.tools.verifying.levels import compare_runs, rtl_executor

from .test_operators import beside_layers, convolutions, joins, pools

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


def digits(model: str, lanes: int) -> Compilation:
    """A model of the example as hardware."""
    return compile_model(Options(DIGITS / f"{model}.onnx", "ulx3s-85f", DIGITS / "calib.npz", lanes=lanes))


@pytest.mark.parametrize(
    ("model", "lanes", "rows", "cycles"),
    [("digits", 1, 3, 2430), ("digits", 8, 10, 360), ("digits", 16, 10, 215), ("digits_cnn", 8, 2, 3250)],
)
def test_digits(model: str, lanes: int, rows: int, cycles: int):
    """Equal, and in no more cycles than the products over the lanes, with what fills and empties the pipelines."""
    compilation = digits(model, lanes)
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(rows)
    stored = to_stored(data, input_ports(compilation.function))
    run = rtl_executor(compilation, "iverilog").run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    assert run.measurement.cycles is not None
    assert 0 < run.measurement.cycles <= cycles


@pytest.mark.parametrize("kind", ["shared", "logic"])
def test_multipliers(kind: str):
    """Products that share a multiplier, and those of adders, are the same numbers."""
    compilation = compile_model(Options(DIGITS / "digits_cnn.onnx", "arty-a7-35t", DIGITS / "calib.npz", lanes=8))
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(2)
    stored = to_stored(data, input_ports(compilation.function))
    module = compilation.rtl(lanes=8, multipliers=kind)
    ports = input_ports(compilation.function), output_ports(compilation.function)
    run = RtlExecutor(module, *ports).run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    products = sum(isinstance(o, rtl.ComputeOp) and o.kind.data == "mul" for o in module.walk())
    plain = sum(isinstance(o, rtl.ComputeOp) and o.kind.data == "mul" for o in compilation.rtl().walk())
    assert products < plain - 3


def test_rings():
    """Buffers that keep their last rows: the same numbers, in the cycles that the estimate says."""
    compilation = compile_model(Options(DIGITS / "digits_cnn.onnx", "arty-a7-35t", DIGITS / "calib.npz", lanes=8))
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(3)
    stored = to_stored(data, input_ports(compilation.function))
    module = compilation.rtl(slack=0, bits=64)
    memories = [o for o in module.walk() if isinstance(o, rtl.MemoryOp)]
    words = {o.sym_name.data: o.words.value.data * o.lanes.value.data for o in memories}
    assert words["digits_cnn_conv1"] < 8 * 8 * 8
    ports = input_ports(compilation.function), output_ports(compilation.function)
    run = RtlExecutor(module, *ports).run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    cycles = design_of(load_family("xc7"), module.ops).cycles
    assert run.measurement.cycles is not None
    assert abs(run.measurement.cycles - cycles) <= 0.02 * cycles
    assert run.measurement.interval == interval_of(compilation, run.measurement.cycles)


@pytest.mark.parametrize(("model", "lanes"), [("digits", 1), ("digits_cnn", 8)])
@pytest.mark.parametrize("registers", [0, 1, 2])
def test_banks(model: str, lanes: int, registers: int):
    """Constants in banks, of which one is chosen: the same numbers, in as many clocks as in one memory."""
    compilation = digits(model, lanes)
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(2)
    stored = to_stored(data, input_ports(compilation.function))
    ports = input_ports(compilation.function), output_ports(compilation.function)
    module = compilation.rtl(bank_bits=512, word_registers=registers)
    names = [o.sym_name.data for o in module.walk() if isinstance(o, rtl.MemoryOp)]
    assert sum("__bank" in name for name in names) >= 2
    run = RtlExecutor(module, *ports).run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    assert run.measurement.cycles == design_of(load_family("ecp5"), module.ops).cycles


@pytest.mark.parametrize("registers", [0, 2])
def test_in_turn(registers: int):
    """With few multipliers what finishes sums makes its products in turn: the same numbers, in the cycles estimated."""
    compilation = compile_model(Options(DIGITS / "digits_cnn.onnx", "ulx3s-85f", DIGITS / "calib.npz"))
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(3)
    stored = to_stored(data, input_ports(compilation.function))
    module = compilation.rtl(dsps=16, far_registers=registers)
    assert any(isinstance(op, rtl.SerializeOp) and op.clocks > 1 for op in module.walk())
    ports = input_ports(compilation.function), output_ports(compilation.function)
    run = RtlExecutor(module, *ports).run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    design = design_of(load_family("ecp5"), module.ops)
    assert run.measurement.cycles is not None
    assert abs(run.measurement.cycles - design.cycles) <= 2
    assert design.cells.dsps <= 16


@pytest.mark.parametrize("lanes", [2, 8])
@pytest.mark.parametrize("registers", [0, 2])
def test_banks_of_buffers(lanes: int, registers: int, tmp_path: Path):
    """Inputs, buffers and outputs in banks: what modules and the caller write is in the one that is read."""
    net = Network((1, 8, 12, 14), 8)
    inner = net.node("Relu", net.node("Conv", "x", net.weight(8, 8, 3, 3), pads=[1, 1, 1, 1]))
    pooled = net.node("MaxPool", inner, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    net.result(net.node("Conv", pooled, net.weight(8, 8, 1, 1)))
    compilation = compile_network(net.model(), tmp_path, net.rows(1), "ulx3s-85f", 8, "affine")
    compilation = replace(compilation, options=replace(compilation.options, lanes=lanes))
    stored = to_stored(real_inputs(net.rows(1)), input_ports(compilation.function))
    ports = input_ports(compilation.function), output_ports(compilation.function)
    module = compilation.rtl(bank_bits=512, word_registers=registers, port_registers=registers)
    top = next(op for op in module.ops if isinstance(op, rtl.TopOp))
    assert all(len(port) > 1 for port in (*top.inputs, *top.outputs))
    run = RtlExecutor(module, *ports).run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    assert run.measurement.cycles == design_of(load_family("ecp5"), module.ops).cycles


def test_collisions():
    """A simulation shows a memory that is said to be free of collisions and is not."""
    text = (Path(__file__).parents[1] / "targets" / "rtl_collisions.mlir").read_text()
    rows = np.array([[1, -2, 3, 100]], np.int8)

    def outputs(module: ModuleOp) -> np.ndarray:
        top = next(op for op in module.ops if isinstance(op, rtl.TopOp))
        ports = ports_of(top, "fixed.inputs"), ports_of(top, "fixed.outputs")
        return RtlExecutor(module, *ports).run({"x": rows}).outputs["y"]

    np.testing.assert_array_equal(outputs(parse(text)), ~rows)
    np.testing.assert_array_equal(outputs(parse(text.replace(" collision_free", ""))), rows)


@pytest.mark.parametrize("board", ["arty-a7-35t", "ulx3s-85f"])
@pytest.mark.parametrize("elements", [4, 300])
def test_double_ports(board: str, elements: int, tmp_path: Path):
    """A row's inputs and the last one's outputs move while another row runs; outputs that take longer go first."""
    net = Network((1, 50), 8)
    net.result(net.node("Gemm", "x", net.weight(50, elements)))
    compilation = compile_network(net.model(), tmp_path, net.rows(5), board, 8, "affine")
    stored = to_stored(real_inputs(net.rows(5)), input_ports(compilation.function))
    expected = FixedExecutor(compilation.fixed).run(stored)
    alone = rtl_executor(compilation, "iverilog").run(stored)
    compilation = replace(compilation, options=replace(compilation.options, ports="double"))
    run = rtl_executor(compilation, "iverilog").run(stored)
    assert compare_runs("rtl", expected, run).difference is None
    (cycles, interval), before = ((m.cycles or 0, m.interval or 0) for m in (run.measurement, alone.measurement))
    assert cycles == before[0] > 0
    assert interval == interval_of(compilation, cycles) < before[1] - min(50, elements)


def test_double_ports_that_layers_read(tmp_path: Path):
    """What is an output and goes on has no port left for the caller: said, with the memory."""
    net = Network((1, 4, 3, 3), 8)
    inner = net.node("Conv", "x", net.weight(4, 4, 1, 1))
    net.result(inner)
    net.result(net.node("Relu", net.node("Conv", inner, net.weight(4, 4, 3, 3))))
    compilation = compile_network(net.model(), tmp_path, net.rows(1), "ulx3s-85f", 8, "affine")
    compilation = replace(compilation, options=replace(compilation.options, ports="double"))
    with pytest.raises(UserError, match="no port left for the caller"):
        compilation.rtl()


@pytest.mark.parametrize(
    ("group", "bits", "scheme", "lanes"),
    [
        (convolutions, 8, "affine", 4),
        (pools, 16, "pow2", 2),
        (beside_layers, 8, "affine", 4),
        (joins, 8, "pow2", 4),
    ],
)
def test_operators(group: Callable[[], Network], bits: int, scheme: str, lanes: int, tmp_path: Path):
    net = group()
    rows = net.rows(1)
    compilation = compile_network(net.model(), tmp_path, rows, "ulx3s-85f", bits, scheme)
    compilation = replace(compilation, options=replace(compilation.options, lanes=lanes))
    equal_levels(compilation, real_inputs(rows), [rtl_executor(compilation, "iverilog")])


def spread() -> tuple[onnx.ModelProto, np.ndarray]:
    """A transposed convolution in groups, all of whose weights are one number: lanes share a factor, not its rows."""
    net = Network((1, 2, 3, 3), 8)
    weights = net.constant(np.ones((2, 1, 3, 3), np.float32))
    net.result(net.node("ConvTranspose", "x", weights, group=2))
    return net.model(), np.arange(36, dtype=np.float32).reshape(2, 1, 2, 3, 3)


def squares() -> tuple[onnx.ModelProto, np.ndarray]:
    """Sums of squares of neighbours, some beyond the last channel: both factors of a product are read there."""
    net = Network((1, 5, 2, 2), 8)
    net.result(net.node("LRN", "x", size=3, alpha=0.5))
    return net.model(), np.arange(40, dtype=np.float32).reshape(2, 1, 5, 2, 2) / 8


def stacked() -> tuple[onnx.ModelProto, np.ndarray]:
    """A Scan, each of whose rounds writes a row of its own."""
    return scan_model(), np.random.default_rng(5).normal(size=(2, 2, 6, 3)).astype(np.float32)


@pytest.mark.parametrize("model", [spread, squares, stacked])
@pytest.mark.parametrize("lanes", [2, 4])
def test_layers(model: Callable[[], tuple[onnx.ModelProto, np.ndarray]], lanes: int, tmp_path: Path):
    proto, rows = model()
    compilation = compile_network(proto, tmp_path, rows, "arty-a7-100t")
    compilation = replace(compilation, options=replace(compilation.options, lanes=lanes))
    equal_levels(compilation, real_inputs(rows), [rtl_executor(compilation, "iverilog")])


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The files of the classifier's hardware."""
    for name, text in rtl_files(digits("digits_cnn", 4)).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_lint_finds_nothing(written: Path):
    lint = run_program([require("verilator"), "--lint-only", "-Wall", "digits_cnn.v"], 60, written)
    assert (lint.code, lint.stderr) == (0, "")
    command = [require("iverilog"), "-g2005", "-Wall", "-o", "program", "digits_cnn.v", "digits_cnn_tb.v"]
    compiled = run_program(command, 60, written)
    assert (compiled.code, compiled.stderr) == (0, "")


def test_the_test_bench_checks_itself(written: Path):
    files = ["digits_cnn.v", "digits_cnn_tb.v"]
    assert "PASS: 0 of 40 outputs wrong" in simulate("iverilog", "digits_cnn__tb", files, written)
    expected = written / "digits_cnn_expected.hex"
    first, *others = expected.read_text().splitlines()
    expected.write_text("\n".join([f"{int(first, 16) ^ 1:016x}", *others]))
    assert "FAIL: 1 of 40 outputs wrong" in simulate("iverilog", "digits_cnn__tb", files, written)


def test_names_of_a_model_are_no_keywords(tmp_path: Path):
    """A model called as a word of Verilog is, a layer as its test bench."""
    net = Network((1, 4, 3, 3), 8)
    net.result(net.node("Conv", "x", net.weight(2, 4, 3, 3), net.bias(2), name="tb"))
    rows = net.rows(1)
    compilation = compile_network(net.model(), tmp_path, rows, "ulx3s-85f", 8, "affine")
    renamed = replace(compilation, fixed=compilation.fixed.clone())
    renamed.function.properties["sym_name"] = StringAttr("wire")
    stored = to_stored(real_inputs(rows), input_ports(compilation.function))
    run = rtl_executor(renamed, "iverilog").run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
