"""What the execution order saves: `python -m tinyml_opt.tools.bench.orders [FOLDER] --csv FILE --figure FILE`.

The table of Sudharsan et al., "Enabling Machine Learning on the Edge Using SRAM Conserving Efficient Neural Networks
Execution Approach" (2021): the most bytes of whole tensors alive at 8 bits. Four ways: the model's nodes one by one in
the order of its file (`nodes`), its layers with their activations fused in that order (`layers`), in the order of
`memplan-schedule` (`ordered`), and the arena of that order with outputs in place of inputs (`in_place`). The input
counts, the output is the caller's. The networks: those of the package `onnx`, some of FOLDER where it has them, and one
like DeepLab. Types are made up; only sizes are asked.
"""

from __future__ import annotations

import argparse
import csv
import gc
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from math import prod
from pathlib import Path

import numpy as np
import onnx
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ...dialects.errors import UserError
from ...dialects.onnx.shapes import ConstantOp
from ...lowering.import_model import read_model
from ...passes.fixed.calibrate import the_function
from ...passes.memplan.placing.views import PLAN
from ...passes.memplan.schedule import SCHEDULE
from ..atomic_files import write_files
from ..memory_figure import STYLE, check_figure
from ..pipelines import Timing, pipeline, run_passes
from ..show import print_table
from .deeplab import deeplab

MAX_ELEMENTS = 1 << 31
"""Weights of light networks are stated, not stored: a 16th of this is allowed, and VGG has one of 103 million."""

MODELS = ("blazeface_back_f32", "gap_face_detection", "mobilenet_v2*")
"""Of a folder of models."""


@dataclass(frozen=True)
class Row:
    """A network's peaks in bytes; `proven` where no order has less than `ordered`.

    The reduction is from `nodes` to `in_place`.
    """

    network: str
    nodes: int
    layers: int
    ordered: int
    proven: bool
    in_place: int
    reduction_percent: float


COLUMNS = tuple(field.name for field in fields(Row))


def main(arguments: Sequence[str]) -> int:
    """Print the table, and write the files asked for."""
    parser = argparse.ArgumentParser(prog="bench_orders", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where more .onnx files are")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--figure", type=Path, help=".png or .svg; needs matplotlib")
    args = parser.parse_args(arguments)
    if args.figure is not None:
        check_figure(args.figure)
    gc.disable()
    rows: list[Row] = []
    for name, source in networks(args.folder):
        try:
            rows.append(row_of(name, source))
        except UserError as error:
            print(f"{name}: not planned: {error.reasons[0]}", flush=True)
        gc.collect()
    print_table("Peak bytes by execution order", COLUMNS, [astuple(row) for row in rows])
    files: dict[Path, str | bytes] = {} if args.csv is None else {args.csv: csv_text(rows)}
    if args.figure is not None:
        files[args.figure] = draw(rows, args.figure.suffix)
    write_files(files, make_folders=True)
    return 0


def networks(folder: Path | None) -> Iterator[tuple[str, Path | bytes]]:
    """Names and models."""
    light = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    paths = sorted(light.glob("light_*.onnx"))
    if folder is not None:
        paths += [path for name in MODELS for path in sorted(folder.glob(f"{name}.onnx"))]
    yield from ((path.stem, path) for path in paths)
    yield "deeplab_like", deeplab().SerializeToString()


def row_of(name: str, source: Path | bytes) -> Row:
    """Plan one network. Raises UserError for what is not compiled."""
    module, timing = read_model(source, max_elements=MAX_ELEMENTS).module, Timing()
    nodes = peak_of_nodes(the_function(module))
    run_passes(module, pipeline("onnx-to-fixed", nominal=True, bits=8, max_elements=MAX_ELEMENTS), timing)
    run_passes(module, pipeline("fixed-to-memplan", by="arena"), timing)
    attributes = the_function(module).attributes
    order, plan = attributes[SCHEDULE], attributes[PLAN]
    assert isinstance(order, DictionaryAttr) and isinstance(plan, DictionaryAttr)
    layers, ordered, bound = (bytes_of(order, key) for key in ("given_peak", "peak", "lower_bound"))
    in_place = bytes_of(plan, "peak")
    return Row(name, nodes, layers, ordered, ordered == bound, in_place, round(100 * (1 - in_place / nodes), 2))


def peak_of_nodes(function: FuncOp) -> int:
    """The most elements of tensors alive while a node runs, nodes in the order of the file, a tensor from the node that
    makes it (the input from the start) to its last reader. Constants, and what the function returns, do not count."""
    block = function.body.block
    ops = [op for op in block.ops if not isinstance(op, ConstantOp)]
    last = {operand: step for step, op in enumerate(ops) for operand in op.operands}
    born = dict.fromkeys(block.args, 0) | {result: step for step, op in enumerate(ops) for result in op.results}
    changes = np.zeros(len(ops) + 1, np.int64)
    for value, step in born.items():
        if value in last and last[value] < len(ops) - 1:
            size = elements_of(value)
            changes[step] += size
            changes[last[value] + 1] -= size
    return int(changes.cumsum().max())


def elements_of(value: SSAValue) -> int:
    """The elements of a tensor."""
    assert isinstance(value.type, TensorType)
    return prod(value.type.get_shape())


def bytes_of(plan: DictionaryAttr, key: str) -> int:
    """An entry of the schedule."""
    value = plan.data[key]
    assert isinstance(value, IntegerAttr)
    return value.value.data


def csv_text(rows: Sequence[Row]) -> str:
    """A header, and a line for each network."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *(astuple(row) for row in rows)])
    return text.getvalue()


BARS = {"nodes": "#bbbbbb", "layers": "#77aadd", "ordered": "#ee8866", "in_place": "#44bb99"}
"""Colours of the figure, by column."""


def draw(rows: Sequence[Row], suffix: str) -> bytes:
    """Bars of the peaks of each network, as the bytes of a .png or .svg file."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure((10, 5), layout="constrained")
        axes = figure.add_subplot()
        for number, (column, colour) in enumerate(BARS.items()):
            places = [x + 0.2 * (number - 1.5) for x in range(len(rows))]
            axes.bar(places, [getattr(row, column) / 1e6 for row in rows], 0.2, color=colour, label=column)
        names = [f"{row.network}\n{row.reduction_percent} % less" for row in rows]
        axes.set_xticks(range(len(rows)), names, rotation=60, ha="right", fontsize=7)
        axes.set_ylabel("peak (MB, 8 bits)")
        axes.legend()
        file = io.BytesIO()
        figure.savefig(file, format=suffix.removeprefix("."), metadata={"Date": None} if suffix == ".svg" else None)
        return file.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
