"""The benchmark of execution orders on its own network."""

from __future__ import annotations

import csv

import onnx
from onnx import TensorProto, helper

from tinyml_opt.lowering.import_onnx.importer import read_model
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.tools.bench.deeplab import deeplab
from tinyml_opt.tools.bench.orders import COLUMNS, csv_text, peak_of_nodes, row_of


def test_a_row_of_the_network_like_deeplab() -> None:
    model = deeplab(32)
    onnx.checker.check_model(model, full_check=True)
    row = row_of("deeplab_like", model.SerializeToString())
    # The first layer has 3 channels of 32x32 and 16 of 16x16 at once, in any order.
    assert 3 * 32 * 32 + 16 * 16 * 16 <= row.ordered <= row.layers <= row.nodes
    assert row.in_place <= row.ordered
    assert row.reduction_percent == round(100 * (1 - row.in_place / row.nodes), 2)
    header, line = csv.reader(csv_text([row]).splitlines())
    assert tuple(header) == COLUMNS
    assert line[:3] == ["deeplab_like", str(row.nodes), str(row.layers)]


def test_the_peak_of_nodes() -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 10))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 10))
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Neg", ["x"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Abs", ["c"], ["y"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y]))
    # x, a and b while Neg runs; a, b and c while Add does.
    assert peak_of_nodes(the_function(read_model(model.SerializeToString()).module)) == 30
