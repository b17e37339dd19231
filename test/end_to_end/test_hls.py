"""The project for high-level synthesis: C simulation gives the integers of `fixed`, whatever its lanes and ports."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.mcu import form_lanes, multipliers_of
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.hls import ap_types_directory
from tinyml_opt.targets.ports import input_ports, to_stored
from tinyml_opt.targets.processes import run_program
from tinyml_opt.targets.toolchain import compile_with
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.hardware.hls_project import project_files
from tinyml_opt.tools.pipelines import pipeline, run_passes
from tinyml_opt.tools.tinyml import main
from tinyml_opt.tools.verifying.levels import compare_runs, hls_executor, rtl_executor

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


def digits(model: str, lanes: int, **options: str | bool) -> Compilation:
    """A model of the example for a board whose part Vitis knows."""
    path, data = DIGITS / f"{model}.onnx", DIGITS / "calib.npz"
    return compile_model(Options(path, "arty-a7-35t", data, lanes=lanes, **options))  # pyright: ignore


@pytest.mark.parametrize(
    ("model", "lanes", "ports", "overlap"),
    [("digits", 1, "memory", False), ("digits_cnn", 8, "mapped", False), ("digits_cnn", 0, "stream", True)],
)
def test_digits(model: str, lanes: int, ports: str, overlap: bool):
    compilation = digits(model, lanes, ports=ports, overlap=overlap)
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(50)
    stored = to_stored(data, input_ports(compilation.function))
    run = hls_executor(compilation).run(stored)
    assert compare_runs("hls", FixedExecutor(compilation.fixed).run(stored), run).difference is None


def residual() -> Network:
    """A layer, a branch around another one, a pool, an average of all, a product and a softmax."""
    net = Network((1, 2, 6, 6), 3)
    first = net.node("Relu", net.node("Conv", "x", net.weight(4, 2, 3, 3), net.bias(4), pads=[1, 1, 1, 1]))
    second = net.node("Conv", first, net.weight(4, 4, 3, 3), net.bias(4), pads=[1, 1, 1, 1])
    pooled = net.node("MaxPool", net.node("Add", first, second), kernel_shape=[2, 2], strides=[2, 2])
    means = net.node("Flatten", net.node("GlobalAveragePool", pooled))
    net.result(net.node("Softmax", net.node("Gemm", means, net.weight(3, 4), transB=1), axis=1))
    return net


def test_branches_overlap_and_c_hls_and_rtl_are_equal(tmp_path: Path):
    net = residual()
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, "arty-a7-35t", 8, "affine")
    compilation = replace(compilation, options=replace(compilation.options, lanes=4))
    hardware = [hls_executor(compilation), rtl_executor(compilation, "iverilog")]
    equal_levels(compilation, real_inputs(rows), hardware)
    source = compilation.hls_files()[f"{compilation.name}.cpp"]
    depths = [int(line.rpartition("=")[2]) for line in source.splitlines() if "HLS STREAM" in line]
    assert min(depths) == 2 < max(depths), "the branch holds rows"


def test_lanes_are_those_of_the_hardware():
    """What `analyze` says of a board is said of the HLS project, too."""
    compilation, chosen = digits("digits_cnn", 0), list[list[tuple[tuple[int, ...], str]]]()
    for name, given in (("fixed-to-hls", {"overlap": True}), ("fixed-to-rtl", {})):
        passes = pipeline(name, **compilation.hardware(), **given)
        end = next(number for number, step in enumerate(passes) if step.name == "memplan-allocate-lanes")
        module = compilation.fixed.clone()
        run_passes(module, passes[: end + 1], compilation.timing)
        forms = [op for op in module.walk() if isinstance(op, StructuredForm)]
        chosen.append([(form_lanes(form), multipliers_of(form)) for form in forms])
    assert chosen[0] == chosen[1] and any(prod(lanes) > 1 for lanes, _ in chosen[0])
    source = compilation.hls_files()["digits_cnn.cpp"]
    assert "op=mul impl=dsp" in source and "digits_cnn_conv1_1_finish" in source


@pytest.mark.parametrize(("overlap", "most"), [(False, 1.02), (True, 1.1)])
def test_text_does_not_grow_with_lanes(overlap: bool, most: float):
    """But for the constants that are laid out anew, which are no more than before, and what packs several elements."""
    one, many = (digits("digits_cnn", lanes, overlap=overlap).hls_files() for lanes in (2, 16))
    assert len(many["digits_cnn.cpp"]) <= most * len(one["digits_cnn.cpp"])
    assert len(many["digits_cnn_weights.h"]) <= 1.02 * len(one["digits_cnn_weights.h"])


def test_the_project_checks_itself(tmp_path: Path):
    files = project_files(digits("digits", 4, ports="stream"))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    sources = [name for name in files if name.endswith(".cpp")]
    compile_with("g++", ["-std=c++14", "-w", "-isystem", ap_types_directory(), "-o", "program", *sources], tmp_path)
    command = [tmp_path / "program", tmp_path / "digits_inputs.txt", tmp_path / "digits_expected.txt"]
    done = run_program(command, 60)
    assert (done.code, done.stdout) == (0, "PASS: 0 outputs wrong in 4 vectors\n")
    expected = tmp_path / "digits_expected.txt"
    first, _, rest = expected.read_text().partition(" ")
    expected.write_text(f"{int(first) ^ 1} {rest}")
    done = run_program(command, 60)
    assert (done.code, done.stdout) == (1, "FAIL: 1 outputs wrong in 4 vectors\n")


def test_the_script_names_part_and_clock():
    files = project_files(digits("digits", 1))
    script = files["run_hls.tcl"].splitlines()
    assert {"set_top digits_run", "set_part {xc7a35tcsg324-1}", "create_clock -period 10 -name default"} <= set(script)
    lattice = compile_model(Options(DIGITS / "digits.onnx", "ulx3s-85f", DIGITS / "calib.npz"))
    assert set(files) - set(project_files(lattice)) == {"run_hls.tcl"}


def test_a_part_that_is_too_small_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    board = (Path(__file__).parents[2] / "targets" / "boards" / "arty-a7-35t.toml").read_text()
    (tmp_path / "small.toml").write_text(board.replace("bram36 = 50", "bram36 = 1"))
    model = ["compile", str(DIGITS / "digits_cnn.onnx"), "--bits", "16", "--calib", str(DIGITS / "calib.npz")]
    command = [*model, "--board", str(tmp_path / "small.toml"), "-o", str(tmp_path / "out")]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: XC7A35T-1CSG324 has too few BRAM36: one lane for each form takes ")
    assert main([*command, "--lanes", "1"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: HLS: array 'digits_cnn_conv2_weights': constants and buffers take ")
    assert "the part has 36,864 of block RAM" in said and not (tmp_path / "out").exists()
