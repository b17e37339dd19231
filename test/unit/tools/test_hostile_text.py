"""Text from a model in tables, messages, CSV, JSON and figures of the command-line tools."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from support.hostile import ALL, names
from support.onnx_models import model, node
from xdsl.dialects.builtin import StringAttr

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.tools.memory_map import COLUMNS, csv_text
from tinyml_opt.tools.show import print_json, print_table
from tinyml_opt.tools.tinyml import main
from tinyml_opt.tools.tinyml_opt import main as opt_main

Capture = pytest.CaptureFixture[str]

FIXTURES = [HealthCheck.function_scoped_fixture]


def lines_of(text: str) -> list[str]:
    """The lines of what was printed, none with anything that a terminal obeys."""
    found = text.removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in found)
    return found


@pytest.mark.hypothesis
@settings(max_examples=settings().max_examples // 2, suppress_health_check=FIXTURES)
@given(st.lists(names(), min_size=2, max_size=4))
def test_a_table_shows_text_as_it_is(capsys: Capture, texts: list[str]):
    print_table(texts[0], ("name", texts[0]), [(text, 1) for text in texts], caption=texts[1])
    lines_of(capsys.readouterr().out)


def test_markup_is_shown(capsys: Capture):
    print_table("[bold]t[/]", ("a",), [("[red]x[/red]",), ("[/]",), (":smile:",)], "[link=y]z")
    out = capsys.readouterr().out
    assert all(text in out for text in ("[bold]t[/]", "[red]x[/red]", "[/]", ":smile:", "[link=y]z"))


def test_json_is_ascii(capsys: Capture):
    print_json({text: [text, "\udcff"] for text in ALL})
    out = capsys.readouterr().out
    assert out.isascii() and json.loads(out) == {text: [text, "<U+DCFF>"] for text in ALL}


def test_a_memory_map_holds_no_formulas():
    text = csv_text([{"step": -1, "node": name, "form": "map"} for name in ALL])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(ALL) and tuple(rows[0]) == COLUMNS
    assert not any(row["node"][0] in "=+-@\t" for row in rows)
    assert rows[0]["step"] == "-1"


@pytest.mark.hypothesis
@settings(max_examples=settings().max_examples // 2)
@given(names(), names(), names())
def test_a_refusal_is_a_line_for_each_reason(operator: str, name: str, value: str):
    proto = helper.make_node(operator, [value], ["y"], name, operator)
    data = model([proto], shape=(name, 4)).SerializeToString()
    with pytest.raises(UserError) as caught:
        import_onnx(data)
    for reason in caught.value.reasons:
        assert reason.isprintable() and len(reason) < 3000


@pytest.mark.parametrize("place", ["node", "operator", "input", "output", "value"])
def test_a_name_that_is_not_utf_8(capsys: Capture, tmp_path: Path, place: str):
    words = {"node": "it", "operator": "Relu", "input": "Xin", "output": "Yout", "value": "mid"}
    nodes = [
        helper.make_node(words["operator"], [words["input"]], [words["value"]], words["node"]),
        helper.make_node("Relu", [words["value"]], [words["output"]], "last"),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(words["input"], TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info(words["output"], TensorProto.FLOAT, None)],
    )
    data = helper.make_model(graph).SerializeToString()
    path = tmp_path / "net.onnx"
    path.write_bytes(data.replace(words[place].encode(), words[place][:-1].encode() + b"\xff"))
    assert main(["analyze", str(path), "--board", "host"]) == 1
    out, err = capsys.readouterr()
    (line,) = lines_of(err)
    assert out == "" and "are not UTF-8 text" in line and f"{words[place][:-1]}\\xff" in line


def test_a_producer_that_is_not_utf_8_does_no_harm(tmp_path: Path):
    proto = model([node("Relu", "x")])
    proto.producer_name = "someone"
    assert import_onnx(proto.SerializeToString().replace(b"someone", b"someon\xff"))


@pytest.mark.parametrize("place", ["input", "output"])
def test_ports_without_a_name_are_refused(place: str):
    inner = {"input": ("", "y"), "output": ("x", "")}[place]
    graph = helper.make_graph(
        [helper.make_node("Relu", [inner[0]], [inner[1]])],
        "graph",
        [helper.make_tensor_value_info(inner[0], TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info(inner[1], TensorProto.FLOAT, None)],
    )
    with pytest.raises(UserError, match=f"an {place} has no name; export the model again"):
        import_onnx(helper.make_model(graph).SerializeToString())


def test_a_terminal_is_told_nothing_by_a_model(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(model([node("Foo\x1b[31mRED\nerror: fake", "x", name="n\x1b]0;title\x07")]), "net.onnx")
    for run in (lambda: main(["analyze", "net.onnx", "--board", "host"]), lambda: opt_main(["net.onnx"])):
        assert run() == 1
        first, line = lines_of(capsys.readouterr().err)
        assert first.startswith("error: 1 operator stands between the model and its C: Foo<U+001B>[31mRED<U+000A>")
        assert line.startswith("error: Foo<U+001B>[31mRED<U+000A>error: fake 'fake': operator")
    Path("net.mlir").write_text('"a\x1b[31m.b"() : () -> ()\n"func.func"() <{sym_name = "\x1b[2J"}> : () -> ()\n')
    assert opt_main(["net.mlir"]) == 1
    lines_of(capsys.readouterr().err)


def test_data_under_hostile_names(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(model([node("Relu", "x")]), "net.onnx")
    arrays: dict[str, Any] = {"\x1b[31m": np.ones((1, 4)), "b" * 9999: np.ones(1)}
    np.savez("data.npz", **arrays)
    assert main(["compile", "net.onnx", "--board", "host", "--calib", "data.npz"]) == 1
    (line,) = lines_of(capsys.readouterr().err)
    assert "no array for input 'x'" in line and len(line) < 300


def test_a_figure_takes_text_for_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("matplotlib")
    from tinyml_opt.tools import memory_figure
    from tinyml_opt.tools.compiler import compile_model
    from tinyml_opt.tools.compiling.options import Options
    from tinyml_opt.tools.memory_map import Plan

    monkeypatch.chdir(tmp_path)
    onnx.save(model([node("Relu", "x")], shape=(1, 64)), "net.onnx")
    function = the_function(compile_model(Options(Path("net.onnx"), "host", sizes_only=True, input="arena")).memplan)
    for op in function.walk():
        if "node" in op.properties:
            op.properties["node"] = StringAttr("$\\frac-->\u6fc0\x1b</text>")
    summary = {"peak": 64, "lower_bound": 64, "proven": True}
    text = memory_figure.draw(Plan(function), summary, "$\\bad", ".svg").decode()
    assert "<U+6FC0>" in html.unescape(text) and "\x1b" not in text
    ElementTree.fromstring(text)


def test_names_come_back_from_text(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ALL]
    nodes = [helper.make_node("Relu", [name], [f"{name}'"]) for name in ALL]
    outputs = [helper.make_tensor_value_info(f"{name}'", TensorProto.FLOAT, None) for name in ALL]
    onnx.save(helper.make_model(helper.make_graph(nodes, "graph", tensors, outputs)), "net.onnx")
    assert opt_main(["net.onnx", "-p", "onnx-to-fixed{nominal}", "-o", "net.mlir"]) == 0
    assert opt_main(["net.mlir"]) == 0
    text = capsys.readouterr().out
    assert text == Path("net.mlir").read_text()
    assert text.count("#fixed.port<") == 2 * len(ALL)


def test_an_error_at_a_string_is_shown_there(capsys: Capture, tmp_path: Path):
    path = tmp_path / "net.mlir"
    path.write_text('"test.op"() {port = #fixed.port<"a\\FF", tensor<4xi8>, permutation <0>>} : () -> ()\n')
    assert opt_main([str(path)]) == 1
    error, source, carets = lines_of(capsys.readouterr().err)
    assert error == f"{path}:1:33: error: string literal expected"
    assert source[carets.index("^") : carets.rindex("^") + 1] == '"a\\FF"'
