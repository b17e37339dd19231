"""The command line of `tinyml`: what each command prints and writes, and one `error:` line for everything wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from support.networks import Network

from tinyml_opt.tools.commands import boards as command_boards
from tinyml_opt.tools.tinyml import main

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
MODEL = ["--board", "uno", "--calib", str(DIGITS / "calib.npz")]
DATA = ["--data", str(DIGITS / "test.npz"), "--limit", "3"]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)


Capture = pytest.CaptureFixture[str]


def printed(capsys: Capture, *arguments: str | Path) -> Any:
    """What a command that succeeds prints with --json."""
    assert main([*map(str, arguments), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_analyze(capsys: Capture):
    result = printed(capsys, "analyze", DIGITS / "digits.onnx", *MODEL)
    assert result["macs"] == 64 * 32 + 32 * 10
    assert result["lower_bound_bytes"] <= result["peak_ram_bytes"] == result["arena_bytes"] + result["io_bytes"]
    assert result["io_bytes"] == 64 + 10
    assert 64 * 32 + 32 * 10 < result["constant_bytes"] < 3000
    assert result["flash_bytes"] == result["constant_bytes"] + result["code_bytes"] and result["misfit"] == []
    assert [row["node"] for row in result["rows"]] == ["hidden", "classes"]
    assert sum(row["macs"] for row in result["rows"]) == result["macs"]
    assert max(row["live_bytes"] for row in result["rows"]) == result["peak_ram_bytes"]


def test_analyze_needs_no_calibration(capsys: Capture):
    calibrated = printed(capsys, "analyze", DIGITS / "digits_cnn.onnx", *MODEL)
    nominal = printed(capsys, "analyze", DIGITS / "digits_cnn.onnx", "--board", "uno")
    for key in ("peak_ram_bytes", "lower_bound_bytes", "macs"):
        assert nominal[key] == calibrated[key]


@pytest.mark.parametrize("board", ["uno", "bluepill"])
def test_run(capsys: Capture, board: str):
    arguments = ["--board", board, *MODEL[2:], *DATA]
    result = printed(capsys, "run", DIGITS / "digits.onnx", *arguments)
    assert result["accuracy"] == result["float_accuracy"] == 1.0
    assert result["rows"] == 3
    assert 64 + 32 + 10 <= result["ram_bytes"] < 200
    assert 64 * 32 < result["flash_bytes"] < 8000
    assert 0 < result["stack_bytes"] < 300
    assert (result["cycles"] is None) == (board != "uno")
    assert (result["instructions"] is None) == (board == "uno")


def test_run_says_when_the_reserve_for_the_stack_was_too_small(capsys: Capture):
    arguments = [str(DIGITS / "digits.onnx"), *MODEL, *DATA, "--stack"]
    enough = printed(capsys, "run", *arguments, "128")
    assert enough["stack_reserve_bytes"] == 128 >= enough["stack_bytes"] > 20
    assert main(["run", *arguments, "20"]) == 1
    out, err = capsys.readouterr()
    assert "cycles per inference" in out
    assert f"took {enough['stack_bytes']} bytes of stack on board uno" in err
    assert f"reserve --stack {enough['stack_bytes']} or more" in err


@pytest.mark.parametrize("command", ["analyze", "compile", "run"])
def test_commands_agree_on_what_does_not_fit(capsys: Capture, command: str):
    arguments = [str(DIGITS / "digits.onnx"), *MODEL, "--stack", "2000", *(DATA if command == "run" else [])]
    reason = r"needs 106 bytes of RAM .*58 more than the 48 of board uno \(2,048 less 2,000 reserved for the stack\)"
    if command == "analyze":
        (found,) = printed(capsys, command, *arguments)["misfit"]
        assert main([command, *arguments]) == 0
        shown = re.sub(r"[│\s]+", " ", capsys.readouterr().out)
        assert "does not fit: 58 bytes more than 48" in shown and "stack reserve 2,000 " in shown
    else:
        found = refusal(capsys, [command, *arguments])
    assert re.search(reason, found) and "reserve --stack 1942" in found


def test_run_without_labels_has_no_accuracy(capsys: Capture):
    np.savez("x.npz", x=np.zeros((2, 1, 8, 8), np.float32))
    result = printed(capsys, "run", DIGITS / "digits.onnx", "--board", "host", *MODEL[2:], "--data", "x.npz")
    assert result["accuracy"] is None and result["rows"] == 2


def test_verify(capsys: Capture):
    result = printed(capsys, "verify", DIGITS / "digits.onnx", *MODEL, *DATA)
    assert result["equal"] is True and result["rows"] == 3
    assert {level["level"] for level in result["levels"]} >= {"memplan", "host"}
    assert all(level["difference"] is None and level["compared"] > 0 for level in result["levels"])


@pytest.mark.parametrize("bits", ["8", "16"])
@pytest.mark.parametrize("model", ["digits", "digits_cnn"])
def test_compile_writes_files_of_integers(capsys: Capture, model: str, bits: str):
    arguments = [*MODEL[2:], "--board", "nano33ble", "--bits", bits, "-o", "out"]
    report = printed(capsys, "compile", DIGITS / f"{model}.onnx", *arguments)
    texts = [f"{model}.c", f"{model}.h", f"{model}_weights.c", f"{model}_weights.h"]
    assert sorted(os.listdir("out")) == sorted([*texts, f"{model}.report.json"])
    assert json.loads(Path(f"out/{model}.report.json").read_text()) == report
    assert report["peak_ram_bytes"] > 0 and "total" in report["timing_seconds"]
    for text in texts:
        code = re.sub(r"/\*.*?\*/", "", Path("out", text).read_text(), flags=re.DOTALL)
        assert not re.search(r"\b(float|double|malloc|calloc|free|alloca|math\.h)\b", code)


def test_compile_for_hls(capsys: Capture):
    printed(capsys, "compile", DIGITS / "digits.onnx", *MODEL, "-o", "out", "-t", "hls")
    assert sorted(os.listdir("out")) == [
        "digits.cpp",
        "digits.h",
        "digits.report.json",
        "digits_tb.cpp",
        "digits_weights.h",
    ]


def test_lists(capsys: Capture):
    boards = {board["name"]: board for board in printed(capsys, "boards")}
    assert boards["uno"]["ram_bytes"] == 2048 and boards["uno"]["flash_bytes"] == 32768
    operators = printed(capsys, "supported-ops")
    assert {"Conv", "Gemm", "QuantizeLinear", "Constant"} <= set(operators)


COMMANDS: dict[str, list[str]] = {
    "boards": [],
    "supported-ops": [],
    "analyze": [str(DIGITS / "digits.onnx"), *MODEL, "--timing"],
    "compile": [str(DIGITS / "digits.onnx"), *MODEL],
    "verify": [str(DIGITS / "digits.onnx"), *MODEL, *DATA],
    "run": [str(DIGITS / "digits.onnx"), "--board", "host", *MODEL[2:], *DATA],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_tables_for_people(capsys: Capture, command: str):
    assert main([command, *COMMANDS[command]]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) >= 3 and err == ""


def relu(shape: tuple[int | str, ...] = (1, 4), op: str = "Relu") -> onnx.ModelProto:
    """One node without weights; dimensions may have names."""
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], "node1")], "g", ports[:1], ports[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def dense(inputs: int, outputs: int, bad: float | None = None) -> onnx.ModelProto:
    """A fully connected layer, perhaps with one bad weight."""
    net = Network((1, inputs))
    weights = net.random.standard_normal((outputs, inputs)).astype(np.float32)
    if bad is not None:
        weights[0, 0] = bad
    net.result(net.node("Gemm", "x", net.constant(weights), name="fc", transB=1))
    return net.model()


def save(model: onnx.ModelProto | bytes, rows: NDArray[Any] | None = None) -> list[str]:
    """Arguments that compile a model, with calibration rows, for the Uno into the folder `out`."""
    Path("model_under_test.onnx").write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    if rows is not None:
        np.savez("rows.npz", x=rows)
    calib = [] if rows is None else ["--calib", "rows.npz"]
    return ["compile", "model_under_test.onnx", "--board", "uno", *calib, "-o", "out"]


def ones(*shape: int) -> NDArray[np.float32]:
    """Rows of ones."""
    return np.ones(shape, np.float32)


BAD_MODELS: dict[str, tuple[Callable[[], list[str]], str]] = {
    "no_file": (lambda: ["compile", "none.onnx", "--board", "uno"], "none.onnx: cannot be read"),
    "not_onnx": (lambda: save(b"\x89PNG plainly something else"), "not an ONNX file"),
    "empty_file": (lambda: save(b""), "it has no graph"),
    "truncated": (lambda: save(dense(4, 3).SerializeToString()[:-20], ones(2, 4)), "truncated"),
    "operator": (
        lambda: save(relu(op="RandomNormalLike"), ones(2, 4)),
        "RandomNormalLike 'node1': operator ai.onnx.RandomNormalLike is not supported",
    ),
    "dynamic_shape": (lambda: save(relu((1, "N")), ones(2, 4)), r"the shape \[1,N\] is dynamic; add `--dim N=1`"),
    "nan_weights": (lambda: save(dense(4, 3, np.nan), ones(2, 4)), "1 of 12 weights are NaN or infinite"),
    "overflow": (lambda: save(dense(4, 3, 3e38), ones(2, 4) * 1e3), "'fc': the float model gives NaN or infinite"),
    "no_calibration": (lambda: save(relu()), "input 'x': no range.*--calib"),
    "no_calibration_file": (lambda: [*save(relu()), "--calib", "gone.npz"], "gone.npz: no such data file"),
    "calibration_shape": (lambda: save(relu(), ones(2, 5)), r"shape \(2, 5\), the model's input 'x' takes \(rows, 4\)"),
    "calibration_nan": (lambda: save(relu(), ones(2, 4) * np.nan), "NaN or infinite values"),
    "calibration_empty": (lambda: save(relu(), ones(0, 4)), "no rows"),
    "calibration_text": (lambda: save(relu(), np.array([["a"] * 4])), "not real numbers"),
    "too_much_ram": (
        lambda: save(relu((1, 3000)), ones(2, 3000)),
        r"needs 6,000 bytes of RAM .*4,080 more than the 1,920 of board uno \(2,048 less 128 reserved for the stack\); "
        r"the peak is at 'node1'.*choose a board with 6,128 bytes of RAM, or a smaller model$",
    ),
    "too_much_for_the_option": (
        lambda: [*save(dense(40, 30), ones(2, 40)), "--ram", "50"],
        r"needs 70 bytes of RAM .*, 20 more than the 50 of --ram; .*: allow it --ram 70, which board uno has$",
    ),
    "too_little_beside_the_stack": (
        lambda: [*save(relu((1, 990)), ones(2, 990))],
        r"60 more than the 1,920 of board uno .*; or reserve --stack 68, where calls need no more",
    ),
    "what_rows_would_need": (
        lambda: ["compile", str(DIGITS / "digits_cnn.onnx"), *MODEL, "--ram", "290", "-o", "out"],
        r"or compile with --input arena \(\d+ bytes of RAM\) or --input rows \(\d+ bytes of RAM\)$",
    ),
    "what_eight_bits_would_need": (
        lambda: [*save(dense(400, 50), ones(2, 400)), "--bits", "16"],
        r"needs about 4\d,\d\d\d bytes of flash [\s\S]*; or compile with --bits 8 \(450 bytes of RAM\)$",
    ),
    "too_much_flash": (
        lambda: save(dense(400, 100), ones(2, 400)),
        r"bytes of flash \(constants 40,\d\d\d, code about \d+\), [78],\d\d\d more than the 32,768 of board uno: "
        r"choose a board with more flash, or a smaller model\n",
    ),
    "board": (lambda: ["analyze", str(DIGITS / "digits.onnx"), "--board", "unno"], "did you mean 'uno'"),
    "board_file": (lambda: ["analyze", str(DIGITS / "digits.onnx"), "--board", "no.toml"], "no such board file"),
}


def refusal(capsys: Capture, arguments: list[str]) -> str:
    """What a refused command says: `error:` lines only, nothing on standard output, exit code 1."""
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == "" and err
    assert all(line.startswith("error: ") for line in err.splitlines()), err
    return err


@pytest.mark.parametrize("case", BAD_MODELS)
def test_bad_input_is_refused_and_nothing_is_left_behind(capsys: Capture, case: str):
    make, message = BAD_MODELS[case]
    arguments = make()
    before = sorted(os.listdir("."))
    assert re.search(message, refusal(capsys, arguments), re.MULTILINE)
    assert sorted(os.listdir(".")) == before


def test_every_truncation_is_refused(capsys: Capture):
    whole = dense(4, 3).SerializeToString()
    for size in range(0, len(whole), 7):
        refusal(capsys, save(whole[:size], ones(2, 4)))


def test_all_reasons_at_once(capsys: Capture):
    net = Network((1, 4))
    net.result(net.node("RandomNormalLike", net.node("RandomUniformLike", "x", name="first"), name="second"))
    said = refusal(capsys, save(net.model(), ones(2, 4)))
    assert "RandomUniformLike 'first'" in said and "RandomNormalLike 'second'" in said


@pytest.mark.parametrize("command", ["run", "verify"])
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "no such data file"),
        ({"x": ones(2, 7, 7)}, r"shape \(2, 7, 7\)"),
        ({"pixels": ones(2, 8, 8)}, r"no array for input 'image'; it has \['pixels'\]"),
        ({"x": ones(2, 8, 8), "y": np.zeros(3)}, r"different lengths \[2, 3\]"),
        ({"x": ones(2, 8, 8), "y": np.array(["a", "b"])}, "'y' must hold one class number per row"),
        ({"x": ones(2, 8, 8), "y": np.zeros((2, 10))}, "'y' must hold one class number per row"),
        ({"x": ones(2, 8, 8), "x_scale": np.ones(2)}, "'x_scale' must be one finite number"),
    ],
)
def test_bad_data_is_refused(capsys: Capture, command: str, arrays: dict[str, Any], message: str):
    if arrays:
        np.savez("data.npz", **arrays)
    arguments = [command, str(DIGITS / "digits.onnx"), "--board", "host", *MODEL[2:], "--data", "data.npz"]
    assert re.search(message, refusal(capsys, arguments))


@pytest.mark.parametrize("content", [b"", b"plain text", b"PK\x03\x04 broken"])
def test_a_data_file_that_is_none(capsys: Capture, content: bytes):
    Path("data.npz").write_bytes(content)
    arguments = ["compile", str(DIGITS / "digits.onnx"), "--board", "uno", "--calib", "data.npz"]
    assert "is not an .npz file" in refusal(capsys, arguments)


def test_a_single_array_is_no_data_file(capsys: Capture):
    np.save("single.npy", ones(2, 8, 8))
    arguments = ["compile", str(DIGITS / "digits.onnx"), "--board", "uno", "--calib", "single.npy"]
    assert "is a single array; save it with numpy.savez" in refusal(capsys, arguments)


def test_output_that_cannot_be_written(capsys: Capture):
    Path("file").write_text("")
    for folder in ("file", "file/below"):
        arguments = ["compile", str(DIGITS / "digits.onnx"), *MODEL, "-o", folder]
        assert f"cannot write {folder}/digits.c: Not a directory" in refusal(capsys, arguments)
    Path("out/digits.h").mkdir(parents=True)
    assert "it is a folder" in refusal(capsys, ["compile", str(DIGITS / "digits.onnx"), *MODEL, "-o", "out"])
    assert os.listdir("out") == ["digits.h"]


def test_a_board_without_a_simulator(capsys: Capture):
    arguments = ["run", str(DIGITS / "digits.onnx"), "--board", "esp32", *MODEL[2:], *DATA]
    assert "board 'esp32' (Xtensa LX6) is not simulated here" in refusal(capsys, arguments)


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_usage_errors(capsys: Capture, limit: str):
    with pytest.raises(SystemExit, match="2"):
        main(["run", str(DIGITS / "digits.onnx"), *MODEL, *DATA[:2], "--limit", limit])
    assert "is not a positive number" in capsys.readouterr().err


def test_an_internal_error_says_how_to_report_it(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    def fail(args: object) -> int:
        raise KeyError("a defect\nof two lines")

    monkeypatch.setattr(command_boards, "execute", fail)
    assert main(["boards"]) == 2
    said = r"internal error: KeyError: .*\nnote: .*bug of the tool.*`tinyml --debug boards`.*--crash-reproducer.*\n"
    assert re.fullmatch(said, capsys.readouterr().err)
    with pytest.raises(KeyError):
        main(["--debug", "boards"])


def test_sizes_and_remarks(capsys: Capture) -> None:
    """The advice that is printed works as printed; what was decided is said on standard error and in JSON."""
    model = "model_under_test.onnx"
    save(relu(("N", "some width")), ones(2, 4))
    assert main(["analyze", model, "--board", "host"]) == 1
    advice = re.search("add `(.*)`, with", capsys.readouterr().err)
    assert advice is not None
    assert main(["analyze", model, "--board", "host", "--json", *shlex.split(advice[1])]) == 0
    out, err = capsys.readouterr()
    (remark,) = json.loads(out)["remarks"]
    assert remark.endswith("is taken as 1") and err == f"remark: {remark}\n"
    assert main(["analyze", model, "--board", "host", "--json", "--batch", "2", "--shape", "x=2x4"]) == 0
    assert json.loads(capsys.readouterr().out)["remarks"] == []
