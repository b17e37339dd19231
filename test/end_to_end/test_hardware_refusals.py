"""What hardware cannot be made of: one message with the op and the limit, exit code 1, no file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, i64

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed import ContractOp
from tinyml_opt.dialects.mcu import LANES
from tinyml_opt.passes.memplan.lanes import LanesPass
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.tinyml import main

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "examples" / "digits"
MODEL = [str(DIGITS / "digits_cnn.onnx"), "--calib", str(DIGITS / "calib.npz")]
Capture = pytest.CaptureFixture[str]


def refused(capsys: Capture, arguments: Sequence[str], out: Path) -> str:
    """What a command says that writes nothing: one reason, maybe behind a line of how many ops it stops at."""
    assert main([*arguments, "-o", str(out)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and not out.exists()
    *before, reason = said.err.splitlines()
    assert before in ([], ["error: 1 operator stands between the model and its C: Quant"])
    return reason


@pytest.mark.parametrize("target", ["rtl", "hls"])
@pytest.mark.parametrize(
    ("cells", "fewer", "name"), [("dsps = 90", "dsps = 5", "DSP"), ("bram36 = 50", "bram36 = 1", "BRAM36")]
)
def test_a_part_that_is_too_small(capsys: Capture, target: str, cells: str, fewer: str, name: str, tmp_path: Path):
    """Not even a lane for each form fits: the resource, what there is of it, and the op that takes the most."""
    board = (ROOT / "targets" / "boards" / "arty-a7-35t.toml").read_text()
    assert cells in board
    (tmp_path / "small.toml").write_text(board.replace(cells, fewer))
    command = ["compile", *MODEL, "--bits", "16", "--board", str(tmp_path / "small.toml"), "-t", target]
    said = refused(capsys, command, tmp_path / "out")
    has = fewer.split(" = ")[1]
    assert said.startswith(f"error: XC7A35T-1CSG324 has too few {name}: one lane for each form takes ")
    assert f" of {has}, most of them '" in said and said.endswith(": choose a larger part")


def test_more_lanes_than_fit(capsys: Capture, tmp_path: Path):
    """Lanes that are asked for are not made fewer in silence."""
    command = ["compile", *MODEL, "--board", "arty-a7-35t", "-t", "rtl", "--lanes", "512"]
    said = refused(capsys, command, tmp_path / "out")
    assert said.startswith("error: digits_cnn takes ")
    assert "XC7A35T-1CSG324 has 90; most of them '" in said and said.endswith("fewer --lanes, or a larger part")


def test_lanes_are_a_power_of_two(capsys: Capture, tmp_path: Path):
    command = ["compile", *MODEL, "--board", "arty-a7-35t", "-t", "rtl", "--lanes", "3"]
    assert "lanes is a power of two, got 3" in refused(capsys, command, tmp_path / "out")


@pytest.mark.parametrize(
    ("target", "ports", "reason"),
    [
        ("rtl", "stream", "--ports stream is of HLS C++: for Verilog it is memory or double"),
        ("hls", "double", "--ports double is of Verilog: for HLS C++ it is memory, stream or mapped"),
    ],
)
def test_ports_of_the_other_target(capsys: Capture, target: str, ports: str, reason: str, tmp_path: Path):
    command = ["compile", *MODEL, "--board", "arty-a7-35t", "-t", target, "--ports", ports]
    assert refused(capsys, command, tmp_path / "out") == f"error: {reason}"


def test_an_op_that_has_no_lanes(monkeypatch: pytest.MonkeyPatch):
    """The node is named for which lanes were chosen that it cannot have."""
    compilation = compile_model(Options(DIGITS / "digits.onnx", "arty-a7-35t", DIGITS / "calib.npz", lanes=1))

    def apply(self: LanesPass, ctx: Context, op: ModuleOp) -> None:
        form = next(o for o in op.walk() if isinstance(o, ContractOp))
        form.attributes[LANES] = DenseArrayBase.from_list(i64, [3 if size > 1 else 1 for size in form.sizes])

    monkeypatch.setattr(LanesPass, "apply", apply)
    with pytest.raises(UserError, match=r"^Verilog: 'hidden': a loop of \d+ iterations does not run in 3 lanes$"):
        compilation.rtl(lanes=1)


@pytest.mark.parametrize("target", ["rtl", "hls"])
@pytest.mark.parametrize(("bits", "reason"), [(24, "at most 16 bits"), (64, "one whole number from 2 to 32")])
def test_a_width_that_there_is_not(capsys: Capture, target: str, bits: int, reason: str, tmp_path: Path):
    """The node that asks for it, and the widest that is taken."""
    constants = {"scale": 0.5, "zero": 0.0, "bits": float(bits)}
    node = helper.make_node("Quant", ["x", *constants], ["y"], "wide", domain="qonnx.custom_op.general", signed=1)
    tensors = [numpy_helper.from_array(np.array(v, np.float32), name) for name, v in constants.items()]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph([node], "net", ports[:1], ports[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(node.domain, 1)])
    onnx.save(model, tmp_path / "net.onnx")
    command = ["compile", str(tmp_path / "net.onnx"), "--board", "arty-a7-35t", "-t", target]
    said = refused(capsys, command, tmp_path / "out")
    assert said.startswith("error: ") and "'wide'" in said and reason in said
