"""Models in several files, and models with functions: nothing is read from elsewhere, nothing grows without bound."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.onnx_models import model, node

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.executors.onnx import OnnxExecutor

W = np.arange(12, dtype=np.float32).reshape(4, 3)


def external(folder: Path, location: str, **entries: int) -> Path:
    """A model in `folder` whose weights are where the arguments say."""
    proto = model([node("MatMul", "x", "w")], {"w": W})
    (tensor,) = proto.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize("location", ["w.bin", "sub/w.bin", "a b", "link"])
def test_external_data(tmp_path: Path, location: str) -> None:
    (tmp_path / "sub").mkdir()
    file = tmp_path / ("sub/w.bin" if location == "link" else location)
    file.write_bytes(b"12345678" + W.tobytes() + b"more")
    if location == "link":
        (tmp_path / "link").symlink_to("sub/w.bin")
    module = import_onnx(external(tmp_path, location, offset=8, length=48))
    (result,) = OnnxExecutor(module).run({"x": np.eye(4, dtype=np.float32)[1].reshape(1, 1, 4)}).outputs.values()
    np.testing.assert_array_equal(result[0, 0], W[1])


def places(folder: Path) -> dict[str, tuple[str, dict[str, int], str]]:
    """Locations with their entries, and what is said about them."""
    outside = "outside the model's folder"
    return {
        "absolute": (str(folder / "outside.bin"), {}, outside),
        "parent": ("../outside.bin", {}, outside),
        "hidden parent": ("sub/../../outside.bin", {}, outside),
        "other system's parent": ("..\\outside.bin", {}, outside),
        "drive": ("C:\\outside.bin", {}, outside),
        "link": ("link", {}, outside),
        "folder behind a link": ("away/outside.bin", {}, outside),
        "no name": ("", {}, outside),
        "not there": ("none.bin", {}, "cannot be read: No such file"),
        "folder": ("sub", {}, "is no file"),
        "pipe": ("pipe", {}, "is no file"),
        "offset": ("w.bin", {"offset": 8}, "ends at byte 56 of 'w.bin', which has 48"),
        "negative offset": ("w.bin", {"offset": -8}, "no number of bytes"),
        "giant offset": ("w.bin", {"offset": 10**18}, "ends at byte"),
        "length": ("w.bin", {"length": 1 << 60}, "bytes instead of 48"),
    }


@pytest.mark.parametrize("case", places(Path()))
def test_data_elsewhere_is_refused(tmp_path: Path, case: str) -> None:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (tmp_path / "outside.bin").write_bytes(W.tobytes())
    (home / "w.bin").write_bytes(W.tobytes())
    (home / "link").symlink_to("../outside.bin")
    (home / "away").symlink_to("..")
    os.mkfifo(home / "pipe")
    location, entries, expected = places(tmp_path)[case]
    with pytest.raises(UserError, match=expected):
        import_onnx(external(home, location, **entries))


def function(name: str, nodes: list[onnx.NodeProto]) -> onnx.FunctionProto:
    """A function of `a` in the domain `own`."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, ["a"], ["b"], nodes, imports)


def with_functions(calls: list[onnx.NodeProto], functions: list[onnx.FunctionProto]) -> bytes:
    """A model that calls functions."""
    proto = model(calls)
    proto.opset_import.append(helper.make_opsetid("own", 1))
    proto.functions.extend(functions)
    return proto.SerializeToString()


def call(name: str, x: str, y: str) -> onnx.NodeProto:
    """A call of a function of the model."""
    return helper.make_node(name, [x], [y], domain="own")


def test_local_functions() -> None:
    inner = function("Inner", [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Tanh", ["t"], ["b"])])
    outer = function("Outer", [call("Inner", "a", "t"), call("Inner", "t", "b")])
    module = import_onnx(with_functions([call("Outer", "x", "t"), call("Inner", "t", "y")], [inner, outer]))
    kinds = [type(op) for op in module.walk() if isinstance(op, dialect.OnnxOp)]
    assert kinds == [dialect.ReluOp, dialect.FUNCTIONS["Tanh"]] * 3


def test_function_that_calls_itself() -> None:
    functions = [function("A", [call("B", "a", "b")]), function("B", [call("A", "a", "b")])]
    with pytest.raises(UserError, match="calls itself"):
        import_onnx(with_functions([call("A", "x", "y")], functions))


def test_functions_that_double() -> None:
    """Forty functions of two nodes would be 2^40 nodes."""
    functions = [function(f"F{i}", [call(f"F{i + 1}", "a", "t"), call(f"F{i + 1}", "t", "b")]) for i in range(40)]
    functions.append(function("F40", [helper.make_node("Relu", ["a"], ["b"])]))
    with pytest.raises(UserError, match="with its functions inlined it has more than"):
        import_onnx(with_functions([call("F0", "x", "y")], functions))


def test_functions_in_a_long_chain() -> None:
    functions = [function(f"F{i}", [call(f"F{i + 1}", "a", "b")]) for i in range(5000)]
    functions.append(function("F5000", [helper.make_node("Relu", ["a"], ["b"])]))
    with pytest.raises(UserError, match="cannot be inlined"):
        import_onnx(with_functions([call("F0", "x", "y")], functions))
