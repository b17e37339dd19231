"""What the execution order saves: `python -m tinyml_opt.tools.bench.orders [FOLDER] --csv FILE --figure FILE`.

The table of Sudharsan et al., "Memory-efficient execution order": the most bytes of whole tensors alive at 8 bits in
the order given and in that of `memplan-schedule`. The input counts, the output is the caller's. The networks: those of
the package `onnx`, some of FOLDER where it has them, and one like DeepLab. Types are made up; only sizes are asked.
"""

from __future__ import annotations

import argparse
import csv
import gc
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import onnx
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr

from ...dialects.errors import UserError
from ...lowering.import_onnx.importer import read_model
from ...passes.fixed.calibrate import the_function
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
    """A network's peaks in bytes; `proven` where no order has less than `after`."""

    network: str
    before: int
    after: int
    reduction_percent: float
    proven: bool


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
    run_passes(module, pipeline("onnx-to-fixed", nominal=True, bits=8, max_elements=MAX_ELEMENTS), timing)
    passes = pipeline("fixed-to-memplan", by="arena")
    last = next(index for index, step in enumerate(passes) if step.name == "memplan-schedule")
    run_passes(module, passes[: last + 1], timing)
    plan = the_function(module).attributes[SCHEDULE]
    assert isinstance(plan, DictionaryAttr)
    before, after, bound = (bytes_of(plan, key) for key in ("given_peak", "peak", "lower_bound"))
    return Row(name, before, after, round(100 * (1 - after / before), 2), after == bound)


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


def draw(rows: Sequence[Row], suffix: str) -> bytes:
    """Bars of both peaks for each network, as the bytes of a .png or .svg file."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure((10, 5), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(rows))
        axes.bar([x - 0.2 for x in places], [r.before / 1e6 for r in rows], 0.4, color="#77aadd", label="order given")
        axes.bar([x + 0.2 for x in places], [r.after / 1e6 for r in rows], 0.4, color="#ee8866", label="order chosen")
        names = [f"{row.network}\n{row.reduction_percent} % less" for row in rows]
        axes.set_xticks(list(places), names, rotation=60, ha="right", fontsize=7)
        axes.set_ylabel("peak (MB, 8 bits)")
        axes.legend()
        file = io.BytesIO()
        figure.savefig(file, format=suffix.removeprefix("."), metadata={"Date": None} if suffix == ".svg" else None)
        return file.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
