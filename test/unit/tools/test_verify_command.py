"""`tinyml verify` and `run --outputs` on the command line: verdicts, exit codes, references, JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto
from support.networks import Network

from tinyml_opt.tools.tinyml import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def dense() -> tuple[Network, NDArray[np.float32]]:
    """Two layers with two outputs, and rows for it."""
    net = Network((1, 8))
    hidden = net.node("Relu", net.node("Gemm", "x", net.weight(8, 6, axis=1), name="first"), name="relu")
    net.result(hidden)
    net.result(net.node("Gemm", hidden, net.weight(6, 4, axis=1), name="second"))
    return net, net.rows(20)


def files(net: Network, rows: NDArray[Any], calibration: float = 1.0) -> list[str]:
    """The model, its data and calibration data that is so much smaller, on disk: arguments for `verify` and `run`."""
    Path("net.onnx").write_bytes(net.model().SerializeToString())
    np.savez("data.npz", x=rows)
    np.savez("calib.npz", x=rows * calibration)
    return ["net.onnx", "--board", "host", "--calib", "calib.npz", "--data", "data.npz"]


def verified(capsys: Capture, *arguments: str, code: int) -> dict[str, Any]:
    """What `verify --json` prints with this exit code: JSON that any reader takes."""
    assert main(["verify", *arguments, "--json"]) == code
    out, err = capsys.readouterr()
    assert err == ""

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(out, parse_constant=refuse)


def test_a_float_model_is_exact_and_close(capsys: Capture) -> None:
    result = verified(capsys, *files(*dense()), code=0)
    assert result["exact"] is True and result["close"] is True and result["reasons"] == []
    assert result["reference"] == "float" and result["node_wise"] is None
    assert [output["name"] for output in result["outputs"]] == ["relu", "second"]
    for output in result["outputs"]:
        assert set(output) == {"name", "snr_db", "max_steps", "share_over_2"}
        assert output["snr_db"] > 30 and 0 < output["max_steps"] < 3 and output["share_over_2"] == 0
    for node in result["nodes"]:
        assert set(node) == {"name", "snr_db", "max_steps", "saturated", "type", "range"}
    assert {node["name"] for node in result["nodes"]} == {"x", "first", "second"}
    ratios = [node["snr_db"] for node in result["nodes"]]
    assert ratios == sorted(ratios)


def test_numbers_that_no_reader_tells_apart_are_no_distance(capsys: Capture) -> None:
    """The logits of an exponential reach far below where it vanishes: what is cut there is not saturated."""
    net = Network((1, 8))
    squares = net.node("Mul", "x", "x", name="squares")
    logits = net.node("Mul", squares, net.constant(np.float32(-40.0)), name="logits")
    net.result(net.node("Exp", logits, name="kernel"))
    result = verified(capsys, *files(net, net.rows(20)), code=0)
    (node,) = (node for node in result["nodes"] if node["name"] == "logits")
    assert node["range"][0] > -7 and node["saturated"] == 0 and node["snr_db"] > 20


def test_far_from_the_float_model(capsys: Capture) -> None:
    """Calibrated on inputs a thousandth as large, everything saturates: equal at all levels, and wrong."""
    arguments = files(*dense(), calibration=1e-3)
    result = verified(capsys, *arguments, code=1)
    assert result["exact"] is True and result["close"] is False
    assert all(" dB, below the 8 dB of --min-snr; the distance opens at 'x'" in reason for reason in result["reasons"])
    assert result["outputs"][1]["snr_db"] < 1
    assert next(node for node in result["nodes"] if node["name"] == "x")["saturated"] > 100
    verified(capsys, *arguments, "--min-snr", "-10", code=0)
    assert main(["verify", *arguments]) == 1
    out = capsys.readouterr().out
    assert "not close: output 'relu': the SNR is" in out and "exact: all levels equal" in out


def test_without_a_compiler_nothing_is_exact(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = files(*dense())
    monkeypatch.setenv("PATH", "")
    result = verified(capsys, *arguments, code=1)
    assert result["exact"] is False and result["close"] is True and result["equal"] is True
    (reason,) = result["reasons"]
    assert reason.startswith("not exact: no compiled code ran: 'cc' is not installed")


def test_a_file_as_the_reference(capsys: Capture) -> None:
    arguments = files(*dense())
    assert main(["verify", *arguments, "--outputs", "right.npz"]) == 0
    capsys.readouterr()
    right = {name: array for name, array in np.load("right.npz").items()}
    assert {name: array.shape for name, array in right.items()} == {"relu": (20, 1, 6), "second": (20, 1, 4)}
    result = verified(capsys, *arguments, "--expected", "right.npz", "--tolerance", "0", code=0)
    assert result["reference"] == "file" and result["outputs"][0]["snr_db"] is None
    verified(capsys, *arguments, "--expected", "right.npz", "--limit", "5", code=0)
    verified(capsys, *arguments, "--expected", "right.npz", "--limit", "20", code=0)

    np.savez("wrong.npz", **{**right, "second": -right["second"]})
    result = verified(capsys, *arguments, "--expected", "wrong.npz", code=1)
    (reason,) = result["reasons"]
    assert reason.startswith("not close: output 'second': the SNR is -6.0 dB")
    assert reason.endswith("no node is far from this program's own evaluation of the model")


def test_a_file_that_does_not_fit(capsys: Capture) -> None:
    arguments = files(*dense())
    np.savez("bad.npz", relu=np.zeros((19, 6)), third=np.zeros((20, 4)))
    assert main(["verify", *arguments, "--expected", "bad.npz"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 3
    assert "no output 'third'; the model has ['relu', 'second']" in err
    assert "no array for output 'second'; it has ['relu', 'third']" in err
    assert "'relu' is float64 of shape (19, 6), expected real numbers of shape (20, 6)" in err
    np.savez("nan.npz", relu=np.full((20, 6), np.nan), second=np.zeros((20, 4)))
    assert main(["verify", *arguments, "--expected", "nan.npz"]) == 1
    assert "'relu' holds NaN or infinite values" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--tolerance", "-1"], ["--min-snr", "nan"], ["--against", "float", "--expected", "f.npz"]]
)
def test_usage(capsys: Capture, arguments: Sequence[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["verify", *files(*dense()), *arguments])


def test_a_tolerance_in_steps(capsys: Capture) -> None:
    arguments = files(*dense())
    worst = max(output["max_steps"] for output in verified(capsys, *arguments, code=0)["outputs"])
    verified(capsys, *arguments, "--tolerance", str(worst), code=0)
    result = verified(capsys, *arguments, "--tolerance", str(worst / 2), code=1)
    assert "steps off at most, above the" in result["reasons"][0]


def test_onnxruntime_as_the_reference(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [*files(*dense()), "--against", "onnxruntime"]
    result = verified(capsys, *arguments, code=0)
    assert result["reference"] == "onnxruntime" and result["outputs"][0]["snr_db"] > 30
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main(["verify", *arguments]) == 1
    assert "--against onnxruntime: it is not installed; pip install onnxruntime" in capsys.readouterr().err


def test_an_index_as_the_output(capsys: Capture) -> None:
    net = Network((1, 5))
    net.result(net.node("ArgMax", "x", axis=1, keepdims=0), TensorProto.INT64)
    rows = net.rows(30)
    result = verified(capsys, *files(net, rows), "--outputs", "index.npz", code=0)
    assert result["outputs"][0]["max_steps"] == 0 and result["nodes"][-1]["type"] == "!fixed.q<i64, 2^0>"
    (index,) = np.load("index.npz").values()
    assert np.array_equal(index, rows[:, 0].argmax(axis=-1).reshape(index.shape))


def test_run_writes_outputs(capsys: Capture) -> None:
    arguments = files(*dense())
    Path("out.npz").write_text("what stood here")
    assert main(["run", *arguments, "--outputs", "out.npz"]) == 0
    capsys.readouterr()
    verified(capsys, *arguments, "--expected", "out.npz", "--tolerance", "0", code=0)
    before = sorted(os.listdir("."))
    Path("folder").mkdir()
    for path in ("gone/out.npz", "folder"):
        assert main(["run", *arguments, "--outputs", path]) == 1
        assert f"cannot write {path}" in capsys.readouterr().err
    assert sorted(os.listdir(".")) == sorted([*before, "folder"])


def test_names_that_numpy_takes_for_its_own(capsys: Capture) -> None:
    net = Network((1, 4))
    net.result(net.node("Relu", "x", name="file"))
    assert main(["verify", *files(net, net.rows(3)), "--outputs", "out.npz"]) == 0
    assert np.load("out.npz").files == ["file"]


def test_compile_warns_where_accuracy_is_lost(capsys: Capture) -> None:
    """The sum of one large and one tiny value, of which the tiny one is all that is left."""
    net = Network((1, 4))
    scaled = net.node("Gemm", "x", net.constant(1e4 * np.eye(4, k=1, dtype=np.float32)), name="scaled")
    sum = net.node("Add", scaled, "x", name="sum")
    net.result(net.node("Sub", sum, scaled, name="rest"))
    files(net, net.rows(50))
    arguments = ["compile", "net.onnx", "--board", "host", "--calib", "calib.npz", "-o", "out"]
    assert main(arguments) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: output 'rest' on 32 rows of calib.npz: the SNR is ")
    files(*dense())
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""
