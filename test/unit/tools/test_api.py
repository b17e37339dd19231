"""The Python interface: the same figures as the commands, in a loop as well."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from xdsl.passes import ModulePass

import tinyml_opt
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.passes.memplan.inplace import InplacePass
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.passes.memplan.schedule import SchedulePass
from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.api.bounds import alive, least_weights, scheduled, stream
from tinyml_opt.tools.compiler import compile_model, taken
from tinyml_opt.tools.compiling.compilation import float_outputs, input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
CNN, CALIB = DIGITS / "digits_cnn.onnx", DIGITS / "calib.npz"
TEST = dict(np.load(DIGITS / "test.npz"))


def chain(width: int, hidden: int):
    """A model of two layers, as a search for architectures makes it."""
    rng = np.random.default_rng(0)
    w1, w2 = (rng.normal(size=shape).astype(np.float32) for shape in ((width, hidden), (hidden, 4)))
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(w1, "w1"), numpy_helper.from_array(w2, "w2")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def test_package_imports_nothing_before_it_is_used():
    program = "import sys, tinyml_opt; tinyml_opt.__version__; print('xdsl' in sys.modules, 'numpy' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def test_names_of_the_interface_are_there():
    assert all(getattr(tinyml_opt, name) is not None for name in tinyml_opt.__all__)
    assert set(tinyml_opt.__all__) <= set(dir(tinyml_opt))
    with pytest.raises(AttributeError, match="no_such"):
        getattr(tinyml_opt, "no_such")  # noqa: B009


def test_program_is_that_of_the_command_line(tmp_path: Path):
    program = tinyml_opt.load(CNN).compile("nano33ble", calibration=CALIB)
    expected = compile_model(Options(CNN, "nano33ble", CALIB)).c_files()
    assert program.files() == expected
    assert {path.name for path in program.write(tmp_path / "new")} == set(expected)
    assert (tmp_path / "new" / "digits_cnn.c").read_text() == expected["digits_cnn.c"]


def test_outputs_of_model_and_program_agree():
    model = tinyml_opt.load(CNN)
    program = model.compile("host", calibration=CALIB)
    dataset = program.dataset(DIGITS / "test.npz", 20)
    images = dataset.inputs["image"]
    real, integers = model.run(images), program.run(images)
    assert list(real) == list(integers) == ["scores"]
    assert np.array_equal(real["scores"], float_outputs(program.compilation, dataset)["scores"])
    assert (real["scores"].argmax(-1) == integers["scores"].argmax(-1)).mean() > 0.9
    assert np.array_equal(program.run(images[0])["scores"], integers["scores"][:1])
    assert program.verify(images[:3]).close


def test_arrays_calibrate_as_their_file_does():
    program = tinyml_opt.load(CNN).compile("host", calibration=CALIB)
    images = program.dataset(CALIB).inputs["image"]
    assert tinyml_opt.load(CNN).compile("host", calibration=images).files() == program.files()


def test_bytes_and_protos_are_models():
    proto = chain(16, 8)
    by_proto = tinyml_opt.load(proto, "net").analyze("uno")
    assert by_proto == tinyml_opt.load(proto.SerializeToString(), "net").analyze("uno")
    assert by_proto.model == "net"


CASES = [("uno", "caller"), ("nano33ble", "arena"), ("host", "rows")]


@pytest.mark.parametrize(("board", "input"), CASES)
def test_can_fit_says_what_analyze_says(board: str, input: Literal["caller", "arena", "rows"]):
    model = tinyml_opt.load(CNN)
    fit, analysis = tinyml_opt.can_fit(model, board, input=input), model.analyze(board, input=input, effort=3)
    assert bool(fit) == fit.fits == (not analysis.misfit)
    assert fit.ram_bytes == analysis.peak_ram_bytes - analysis.padding_bytes
    assert (fit.macs, fit.ram_limit_bytes) == (analysis.macs, analysis.ram_limit_bytes)


def test_can_fit_refuses_what_is_too_large():
    many = tinyml_opt.can_fit(chain(64, 1024), "uno")
    assert not many and any("flash" in reason for reason in many.reasons)
    wide = tinyml_opt.can_fit(chain(4000, 4), "uno")
    assert not wide and any("RAM" in reason for reason in wide.reasons)
    assert tinyml_opt.can_fit(chain(16, 8), "uno")


def test_can_fit_prices_code_where_it_decides(tmp_path: Path):
    board = (Path(tinyml_opt.__file__).parent / "targets/boards/uno.toml").read_text()
    need = tinyml_opt.load(CNN).analyze("uno").flash_bytes
    for flash, fits in ((need + 800, True), (need - 800, False)):
        path = tmp_path / f"small{flash}.toml"
        path.write_text(board.replace("flash_bytes = 32_768", f"flash_bytes = {flash}"))
        assert f"flash_bytes = {flash}" in path.read_text()
        assert bool(tinyml_opt.can_fit(CNN, path)) == fits


def test_can_fit_leaves_nothing_behind():
    counts: list[int] = []
    for _ in range(3):
        for hidden in range(4, 12):
            tinyml_opt.can_fit(chain(16, hidden), "uno")
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert counts[2] - counts[1] < 100


@pytest.mark.parametrize("model", [CNN, DIGITS / "digits.onnx"])
def test_bounds_are_no_more_than_what_programs_have(model: Path):
    options = tinyml_opt.load(model).options("uno", sizes_only=True)
    module, _ = taken(options, Timing())
    analysis = tinyml_opt.load(model).analyze("uno", objective="ram")
    assert 0.5 * analysis.constant_bytes < least_weights(module, options) <= analysis.constant_bytes
    compilation = compile_model(options)
    unplanned = compilation.fixed.clone()
    run_passes(unplanned, pipeline("fixed-to-memplan")[:2], Timing())
    ordered = scheduled(unplanned, options)
    most = alive(ordered)
    assert stream(ordered, options, 1) <= analysis.arena_bytes <= most


def test_refusals_of_large_models_are_bounds():
    weights = tinyml_opt.can_fit(chain(64, 1024), "uno")
    assert weights.reasons[0].startswith("at least 6") and weights.macs == 0 and weights.certain
    assert not tinyml_opt.can_fit(CNN, "uno", ram=200) and tinyml_opt.can_fit(CNN, "uno", ram=200).macs > 0


def test_a_sweep_in_python(tmp_path: Path):
    found = tinyml_opt.explore(CNN, "uno", calibration=CALIB, limit=9, bits=[8, 16], objective="ram", results=tmp_path)
    assert len(found.candidates) == len(found.results) == found.computed == 2 and not found.interrupted
    assert {result.board for result in found.front} == {"uno"}
    assert found.csv().count("\n") == 3
    page = found._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "<table>" in page and "<svg" in page
    again = tinyml_opt.explore([CNN], "uno", calibration=CALIB, limit=9, bits=8, objective=["ram"], results=tmp_path)
    assert again.computed == 0 and again.results[0] in found.results


def test_a_sweep_that_is_none(tmp_path: Path):
    with pytest.raises(UserError, match="no axis 'width'") as error:
        tinyml_opt.explore(CNN, "uno", width=8, bits=9, results=tmp_path)
    assert any("'9' is none of 8, 16, mixed" in reason for reason in error.value.reasons)
    with pytest.raises(UserError, match="from files"):
        tinyml_opt.explore(tinyml_opt.load(CNN.read_bytes()), "uno")


def test_plans_of_one_s_own():
    own: list[ModulePass] = [SchedulePass(), InplacePass(), PlacePass()]
    theirs = tinyml_opt.plan(CNN, "host", ram=1 << 20)
    mine = tinyml_opt.plan(CNN, "host", own)
    assert mine.peak == theirs.peak == max(p.offset + p.size for p in mine.placements)
    assert mine.peak >= mine.lower_bound
    assert "<svg" in mine._repr_html_()  # pyright: ignore[reportPrivateUsage]


def test_notebooks_show_tables_and_figures():
    program = tinyml_opt.load(CNN).compile("uno", calibration=CALIB)
    page = program._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "<table>" in page and "peak RAM" in page and "<svg" in page


def run_python_of(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the one block of Python of a page in a folder."""
    (block,) = re.findall(r"```python\n(.*?)```", (DIGITS.parents[1] / page).read_text(), re.S)
    (folder / "examples").symlink_to(DIGITS.parent)
    monkeypatch.chdir(folder)
    exec(block, {})


def test_readme_s_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run_python_of("README.md", tmp_path, monkeypatch)
    assert (tmp_path / "build" / "digits" / "CMakeLists.txt").is_file()


def test_the_page_s_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    require("arm-none-eabi-gcc")
    run_python_of("docs/python.md", tmp_path, monkeypatch)


@pytest.mark.parametrize("choice", [{"bit": 8}, {"model": "x"}])
def test_unknown_choices_are_refused(choice: dict[str, object]):
    with pytest.raises(tinyml_opt.UserError, match="no choice"):
        tinyml_opt.load(CNN).compile("uno", **choice)  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_missing_files_are_named():
    with pytest.raises(tinyml_opt.UserError, match="no such model file"):
        tinyml_opt.load("nowhere.onnx")
    assert list(input_types(tinyml_opt.load(CNN).read())) == ["image"]
