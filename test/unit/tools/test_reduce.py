"""`tinyml reduce`: what a failure does not need is left out, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tinyml_opt.tools.reducing.failure import Outcome
from tinyml_opt.tools.reducing.minimize import minimized
from tinyml_opt.tools.tinyml import main


def chain(path: Path) -> Path:
    """Five nodes in a row, of which the Tanh is in the middle; a large constant before it."""
    weights = numpy_helper.from_array(np.arange(1024, dtype=np.float32).reshape(32, 32), "w")
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("MatMul", ["a", "w"], ["b"]),
        helper.make_node("Tanh", ["b"], ["c"]),
        helper.make_node("Neg", ["c"], ["d"]),
        helper.make_node("Abs", ["d"], ["y"]),
    ]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32]) for name in "xy"]
    graph = helper.make_graph(nodes, "chain", ports[:1], ports[1:], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def nodes_of(path: Path) -> list[str]:
    """The operators of a model, which must be one that the checker accepts."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("needed", [set[int](), {0}, {99}, {3, 50, 51}, set(range(100))])
def test_what_is_needed_remains(needed: set[int]):
    runs = 0

    def fails(items: list[int]) -> bool:
        nonlocal runs
        runs += 1
        return needed <= set(items)

    assert minimized(range(100), fails) == sorted(needed)
    assert runs <= 2 * (100 if len(needed) == 100 else 10) + 30 * len(needed)


def test_a_node_in_the_middle_is_all_that_remains(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model, small = chain(tmp_path / "chain.onnx"), tmp_path / "small.onnx"
    assert main(["reduce", str(model), "--run", "grep -c Tanh {}", "--message", "1", "-o", str(small), "--json"]) == 0
    assert nodes_of(small) == ["Tanh"]
    assert json.loads(capsys.readouterr().out)["before"] == {"nodes": 5, "constants": 1}
    loaded = onnx.load(small)
    assert [value.name for value in (*loaded.graph.input, *loaded.graph.output)] == ["b", "c"]


def test_a_constant_becomes_one_value(tmp_path: Path):
    model, small = chain(tmp_path / "chain.onnx"), tmp_path / "small.onnx"
    assert main(["reduce", str(model), "--run", "grep -c MatMul {}", "--message", "1", "-o", str(small), "-q"]) == 0
    assert nodes_of(small) == ["Constant", "ConstantOfShape", "MatMul"]
    assert small.stat().st_size < model.stat().st_size / 10


def test_another_error_is_another_failure():
    refused = "error: node 'conv1' has 3 inputs\n"
    assert Outcome(1, refused).message == Outcome(1, refused.replace("conv1", "b").replace("3", "17")).message
    assert Outcome(1, refused).message != Outcome(1, "error: node 'conv1' has no inputs\n").message


def test_an_error_of_this_program_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("NonZero", ["a"], ["b"])]
    nodes += [helper.make_node("Cast", ["b"], ["y"], to=TensorProto.FLOAT)]
    model, small = tmp_path / "refused.onnx", tmp_path / "small.onnx"
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 4]), ("y", None))]
    graph = helper.make_graph(nodes, "refused", ports[:1], ports[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), model)
    assert main(["reduce", str(model), "--run", "tinyml-opt {}", "-o", str(small)]) == 0
    assert nodes_of(small) == ["NonZero"]
    assert "NonZero" in capfd.readouterr().out


MODULE = """\
// RUN: tinyml-opt -p nothing %s
func.func @kept(%x: i32, %y: i32) -> (i32, i32) {
  %0 = arith.addi %x, %y {note = "a"} : i32
  %1 = arith.muli %0, %0 {note = "b"} : i32
  %2 = arith.subi %1, %y : i32
  func.return %2, %0 : i32, i32
}
func.func @other() {
  func.return
}
"""


def test_a_module_is_reduced_to_one_op(tmp_path: Path):
    module, small = tmp_path / "module.mlir", tmp_path / "small.mlir"
    module.write_text(MODULE)
    assert main(["reduce", str(module), "--run", "grep muli {}", "--message", "muli", "-o", str(small), "-q"]) == 0
    assert (
        small.read_text().split()
        == """
        builtin.module { func.func @kept(%x: i32) { %0 = arith.muli %x, %x : i32 func.return } }""".split()
    )


def test_the_command_of_a_reproducer_is_in_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    module, small = tmp_path / "module.mlir", tmp_path / "small.mlir"
    module.write_text(MODULE)
    assert main(["reduce", str(module), "-o", str(small)]) == 0
    assert small.read_text().split() == "builtin.module { }".split()
    assert f"tinyml-opt -p nothing {small}" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--run", "true {}"], "the command succeeds"),
        (["--run", "false"], "where the file stands"),
        (["--run", "false {}", "--message", "no"], "does not print 'no'"),
        (["--run", "no-such-program {}"], "cannot run 'no-such-program'"),
        ([], "--run 'COMMAND {}' is needed"),
    ],
)
def test_what_is_no_failure(arguments: list[str], reason: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert main(["reduce", str(chain(tmp_path / "chain.onnx")), *arguments]) == 1
    assert reason in capfd.readouterr().err


def test_a_run_without_end_is_a_failure_too(tmp_path: Path):
    small = tmp_path / "small.onnx"
    run = "sh -c 'grep -q Tanh {} && sleep 9; exit 0'"
    model = str(chain(tmp_path / "chain.onnx"))
    assert main(["reduce", model, "--run", run, "--timeout", "0.2", "-o", str(small), "-q"]) == 0
    assert nodes_of(small) == ["Tanh"]


@pytest.mark.parametrize("name", ["model.tflite", "model.txt"])
def test_other_files_are_refused(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / name).write_text("")
    assert main(["reduce", str(tmp_path / name), "--run", "false {}"]) == 1
    assert "neither .onnx nor .mlir" in capfd.readouterr().err
