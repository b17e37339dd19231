"""The benchmark of execution orders on its own network."""

from __future__ import annotations

import csv

import onnx

from tinyml_opt.tools.bench.deeplab import deeplab
from tinyml_opt.tools.bench.orders import COLUMNS, csv_text, row_of


def test_a_row_of_the_network_like_deeplab() -> None:
    model = deeplab(32)
    onnx.checker.check_model(model, full_check=True)
    row = row_of("deeplab_like", model.SerializeToString())
    # The first layer has 3 channels of 32x32 and 16 of 16x16 at once, in any order.
    assert 3 * 32 * 32 + 16 * 16 * 16 <= row.after <= row.before
    assert row.reduction_percent == round(100 * (1 - row.after / row.before), 2)
    header, line = csv.reader(csv_text([row]).splitlines())
    assert tuple(header) == COLUMNS == ("network", "before", "after", "reduction_percent", "proven")
    assert line[:3] == ["deeplab_like", str(row.before), str(row.after)]
