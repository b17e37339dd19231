"""`tinyml` on damaged ONNX files: each is compiled, or refused in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
from fuzz.onnx_bases import BASES
from fuzz.onnx_damage import DAMAGES, damaged_bytes
from fuzz.pool import Fuzzer, main
from google.protobuf.message import DecodeError

from tinyml_opt.tools.tinyml import main as tinyml

OPTIONS = (
    [],
    ["--board", "uno", "--ram", "1000000"],
    ["--bits", "16"],
    ["--scheme", "pow2"],
    ["--stream"],
    ["--input", "rows"],
    ["-t", "hls"],
)
"""What a damaged model is compiled with, by turns."""

LARGEST_DATA = 1 << 16
"""The most numbers in a row of calibration data."""


def make(seed: int) -> bytes:
    """A small model with one to three things wrong, some of them in the bytes of the file."""
    random = Random(seed)
    model = random.choice(BASES)()
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        try:
            random.choice(DAMAGES)(random, model)
        except (ValueError, TypeError, IndexError):
            break  # the format does not hold this; what was done so far is enough
    data = model.SerializeToString()
    return damaged_bytes(random, data) if random.random() < 0.12 else data


def run(path: Path, seed: int) -> int:
    """Analyze and compile a file; the C that comes out must compile without a warning."""
    data = path.with_suffix(".npz")
    options = OPTIONS[seed % len(OPTIONS)]
    board = [] if "--board" in options else ["--board", "host"]
    analyzed = tinyml(["analyze", str(path), *(o for o in options if o not in ("-t", "hls")), *board])
    calibration = ["--calib", str(data)] if write_data(path, data) else []
    out = path.parent / "out"
    code = tinyml(["compile", str(path), *calibration, *options, *board, "-o", str(out)])
    for source in sorted(out.glob("*.c")):
        check_c(source)
    return code or analyzed


def write_data(path: Path, data: Path) -> bool:
    """Write calibration data for the inputs that a model states, where that is possible."""
    try:
        graph = onnx.ModelProto.FromString(path.read_bytes()).graph
        weights = {tensor.name for tensor in graph.initializer}
        shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in graph.input}
    except (DecodeError, UnicodeDecodeError):
        return False
    arrays: dict[str, Any] = {}
    for name, shape in shapes.items():
        if name in weights:
            continue
        if not all(n > 0 for n in shape) or prod(shape) > LARGEST_DATA or len(shape) > 32 or not name.isidentifier():
            return False
        rows = shape[1:] if shape[:1] == [1] else shape
        arrays[name] = np.linspace(-1, 1, 3 * prod(rows), dtype=np.float32).reshape(3, *rows)
    np.savez(data, **arrays)
    return bool(arrays)


def check_c(source: Path) -> None:
    """Raise CalledProcessError where a C compiler that is installed does not take a file."""
    compiler = shutil.which("cc")
    if compiler is not None:
        flags = ["-std=c99", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
        subprocess.run([compiler, *flags, source.name], cwd=source.parent, check=True)


def warm_up() -> None:
    """Import now what a run imports, so that each case need not."""
    import contextlib
    import io
    import tempfile

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for seed, build in enumerate(BASES):
            path = Path(folder) / str(seed) / "model.onnx"
            path.parent.mkdir()
            path.write_bytes(build().SerializeToString())
            assert run(path, seed) == 0, build.__name__


FUZZER = Fuzzer("onnx_files", ".onnx", make, run, commands=2)

if __name__ == "__main__":
    warm_up()
    sys.exit(main(FUZZER))
