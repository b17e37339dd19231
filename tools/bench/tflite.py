"""TFLite files beside their ONNX conversions: `python -m tinyml_opt.tools.bench.tflite FILE.tflite[=MODEL.onnx]...`.

With `--arithmetic tflite` every output integer of the executor of `fixed` and of the compiled C is compared with
LiteRT's reference kernels, on random inputs; a float file by its signal to noise, calibrated on the same inputs. RAM,
flash and instructions are those of a board, whose simulator runs one input. The exit code is 1 where an integer
differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...targets.dataset import Dataset
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.host import HostExecutor
from ...targets.ports import input_ports, output_ports, to_real, to_stored
from ..analyze import analyze
from ..api.data import dataset_from
from ..compiler import compile_model, read
from ..compiling.compilation import Compilation, input_types
from ..compiling.options import Options
from ..show import print_table
from ..verifying.litert import litert_outputs
from .models import instructions, random_rows

COLUMNS = ("model", "arithmetic", "integers", "by fixed", "by C", "SNR, dB", "RAM", "flash", "instructions")

Reals = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Line:
    """A model in one arithmetic: integers of all outputs, those equal to LiteRT's, sizes in bytes."""

    name: str
    arithmetic: str
    integers: int | None
    equal: tuple[int, int] | None
    snr: float | None
    ram: int
    flash: int
    instructions: int | None

    @property
    def cells(self) -> tuple[object, ...]:
        """The row of the table."""
        by_fixed, by_c = self.equal or ("", "")
        snr = "" if self.snr is None else "equal" if np.isinf(self.snr) else f"{self.snr:.2f}"
        shown = (self.name, self.arithmetic, "" if self.integers is None else self.integers, by_fixed, by_c, snr)
        return (*shown, self.ram, self.flash, "" if self.instructions is None else self.instructions)

    @property
    def holds(self) -> bool:
        """True where every integer that is claimed to be LiteRT's is."""
        return self.equal is None or self.equal == (self.integers, self.integers)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench-tflite", description=__doc__)
    parser.add_argument("models", nargs="+", help=".tflite files; behind = the same model in ONNX")
    parser.add_argument("--rows", type=int, default=50, help="random inputs (50)")
    parser.add_argument("--board", default="nano33ble")
    parser.add_argument("--greatest", type=float, default=1.0, help="of the inputs of float models, from 0 on (1)")
    args = parser.parse_args(arguments)
    lines: list[Line] = []
    for text in args.models:
        file, _, conversion = text.partition("=")
        lines += lines_of(Path(file), Path(conversion) if conversion else None, args.board, args.rows, args.greatest)
    caption = f"random inputs: {args.rows}; integers equal to LiteRT's reference kernels; sizes on {args.board}"
    print_table("TFLite files", COLUMNS, [line.cells for line in lines], caption)
    return 0 if all(line.holds for line in lines) else 1


def lines_of(file: Path, conversion: Path | None, board: str, rows: int, greatest: float) -> list[Line]:
    """A file in each arithmetic that it can have, and its conversion."""
    with TemporaryDirectory(prefix="tinyml-") as scratch:
        data = Path(scratch) / "data.npz"
        np.savez(data, x=random_inputs(file, rows, greatest))
        first = compile_model(Options(file, board, data))
        dataset = dataset_from(data, input_types(first.onnx))
        expected = litert_outputs(first, dataset)
        is_float = all(values.dtype == np.float32 for values in dataset.inputs.values())
        lines: list[Line] = []
        if not is_float:
            lines.append(judged(compile_model(Options(file, board, data, arithmetic="tflite")), dataset, expected))
        lines.append(judged(first, dataset, expected))
        if conversion is not None:
            calibration = moved(data, conversion) if is_float else None
            other = compile_model(Options(conversion, board, calibration))
            same_rows = None if calibration is None else dataset_from(calibration, input_types(other.onnx))
            lines.append(measured(other) if same_rows is None else judged(other, same_rows, expected))
    return lines


def random_inputs(file: Path, rows: int, greatest: float) -> NDArray[Any]:
    """All integers of the input's type, or reals between 0 and the greatest. Raises UserError for several inputs."""
    from ai_edge_litert.interpreter import Interpreter

    ports: list[dict[str, Any]] = Interpreter(str(file)).get_input_details()
    if len(ports) != 1:
        raise UserError(f"{file} has {len(ports)} inputs; this table takes models with one")
    dtype, shape = np.dtype(ports[0]["dtype"]), (rows, *map(int, ports[0]["shape"]))
    random = np.random.default_rng(0)
    if dtype.kind == "f":
        return random.random(shape, np.float32) * np.float32(greatest)
    return random.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def moved(data: Path, conversion: Path) -> Path:
    """The same inputs for the model in ONNX: images with channels first, where it has them so."""
    other = data.with_name("moved.npz")
    shape = next(iter(input_types(read(Options(conversion, "host", sizes_only=True)).module).values())).get_shape()
    x = np.load(data)["x"]
    np.savez(other, x=x if x.shape[1:] == tuple(shape) else x.transpose(0, 1, 4, 2, 3))
    return other


def judged(compilation: Compilation, dataset: Dataset, expected: Reals) -> Line:
    """A program beside LiteRT: integer by integer where it claims them, else by signal to noise."""
    line = measured(compilation)
    ports = output_ports(compilation.function)
    stored = to_stored(dataset, input_ports(compilation.function))
    found = to_real(FixedExecutor(compilation.fixed).run(stored).outputs, ports)
    size = sum(value.size for value in expected.values())
    if compilation.options.arithmetic != "tflite":
        return Line(
            line.name, line.arithmetic, size, None, snr(expected, found), line.ram, line.flash, line.instructions
        )
    by_c = to_real(HostExecutor(compilation.generated()).run(stored).outputs, ports)
    equal = same(expected, found), same(expected, by_c)
    return Line(line.name, "tflite", size, equal, snr(expected, found), line.ram, line.flash, line.instructions)


def measured(compilation: Compilation) -> Line:
    """Sizes, and the instructions of an inference."""
    analysis, model = analyze(compilation), compilation.generated()
    one = {port.label.data: random_rows(port, 1) for port in input_ports(compilation.function)}
    name = f"{compilation.name}{Path(str(compilation.options.model)).suffix}"
    count = instructions(model, compilation, one)
    return Line(name, "exact", None, None, None, analysis.peak_ram_bytes, analysis.flash_bytes, count)


def same(expected: Reals, found: Reals) -> int:
    """How many numbers are equal."""
    return sum(int(np.count_nonzero(value == found[name])) for name, value in expected.items())


def snr(expected: Reals, found: Reals) -> float:
    """Signal to noise over all outputs, in decibels."""
    signal = sum(float((value.astype(np.float64) ** 2).sum()) for value in expected.values())
    pairs = zip(expected.values(), found.values(), strict=True)
    noise = sum(float(((value - other).astype(np.float64) ** 2).sum()) for value, other in pairs)
    return np.inf if noise == 0 else 10 * float(np.log10(signal / noise))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
