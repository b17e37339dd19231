"""`tinyml` on damaged TFLite files: each is compiled, or refused in words."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
from fuzz.onnx_damage import LARGE, NAMES, REALS, SMALL
from fuzz.onnx_files import check_c
from fuzz.pool import Fuzzer, main
from support.tflite_models import TYPES, TfliteFile
from support.tflite_operators import FLOATS, FUNCTIONS, LAYERS, MOVES

from tinyml_opt.tools.tinyml import main as tinyml

CASES = {**LAYERS, **FUNCTIONS, **MOVES}
DTYPES = ("int8", "int8", "int8", "uint8", "int16", "float32")
OPTIONS = ([], ["--arithmetic", "tflite"], ["--stream"], ["--batch", "3"], ["--input", "arena"], ["-t", "hls"])
"""What a damaged file is compiled with, by turns."""

INT32 = (-(1 << 31), (1 << 31) - 1)


def small(random: Random) -> int:
    """A number for a field of 32 bits."""
    return max(INT32[0], min(INT32[1], random.choice(SMALL if random.random() < 0.8 else LARGE)))


def damage_shape(random: Random, file: TfliteFile) -> None:
    """Another size, or another number of dimensions."""
    tensor = random.choice(file.tensors)
    shape = list(tensor.shape)
    if shape and random.random() < 0.7:
        shape[random.randrange(len(shape))] = small(random)
    else:
        shape = [small(random) for _ in range(random.randrange(10))]
    tensor.shape = shape


def damage_quantization(random: Random, file: TfliteFile) -> None:
    """Another scale, zero point, axis, or number of these."""
    tensor = random.choice(file.tensors)
    match random.randrange(4):
        case 0:
            tensor.scales = [random.choice(REALS) for _ in tensor.scales] or [random.choice(REALS)]
        case 1:
            tensor.zero_points = [small(random)] * random.choice((0, 1, 2, len(tensor.scales)))
        case 2:
            tensor.axis = small(random)
        case _:
            tensor.scales = []


def damage_tensor(random: Random, file: TfliteFile) -> None:
    """Another name, type, open size, or other data."""
    tensor = random.choice(file.tensors)
    match random.randrange(4):
        case 0:
            tensor.name = random.choice(NAMES)
        case 1:
            tensor.dtype = random.choice(list(TYPES))
        case 2:
            tensor.signature = [-1 if random.random() < 0.5 else n for n in tensor.shape]
        case _:
            tensor.data = None if tensor.data is not None else np.zeros(random.randrange(64), np.int8)


def damage_operator(random: Random, file: TfliteFile) -> None:
    """Another kind, other operands, other options."""
    operator = random.choice(file.operators)
    match random.randrange(4):
        case 0:
            operator.kind = random.choice(("CONV_2D", "ADD", "RESHAPE", "SVDF", "WHILE", "SOFTMAX", "PAD", "SPLIT"))
        case 1:
            inputs = list(operator.inputs)
            inputs[random.randrange(len(inputs))] = random.choice((-1, 0, 1, 2, len(file.tensors), small(random)))
            operator.inputs = inputs
        case 2:
            operator.inputs = list(operator.inputs)[: random.randrange(len(operator.inputs) + 1)]
        case _:
            numbers = [name for name, value in operator.values.items() if isinstance(value, int)]
            bytes_only = {"Padding", "FusedActivationFunction"}
            if numbers:
                name = random.choice(numbers)
                value = random.randrange(6) if name in bytes_only else small(random)
                operator.values = {**operator.values, name: value}


DAMAGES: Sequence[Callable[[Random, TfliteFile], None]] = (
    damage_shape,
    damage_quantization,
    damage_tensor,
    damage_operator,
)


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """Numbers and bytes of the file changed, or its end cut off."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        place = random.randrange(len(changed) - 4) & ~3
        if random.random() < 0.5:
            changed[place : place + 4] = (random.choice((*SMALL, *LARGE)) & 0xFFFFFFFF).to_bytes(4, "little")
        else:
            changed[random.randrange(8, len(changed))] = random.randrange(256)
    return bytes(changed[: random.randrange(4, len(changed))] if random.random() < 0.1 else changed)


def make(seed: int) -> bytes:
    """A small file with one to three things wrong, or some of its bytes."""
    random = Random(seed)
    cases, dtype = CASES, random.choice(DTYPES)
    if dtype == "float32" and random.random() < 0.3:
        cases = FLOATS
    build = TfliteFile.build

    def damaged_build(file: TfliteFile, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            random.choice(DAMAGES)(random, file)
        return build(file, inputs, outputs)

    maker = cases[random.choice(list(cases))]
    try:
        with patch.object(TfliteFile, "build", damaged_build):
            data = maker(dtype)
    except (TypeError, ValueError, OverflowError):
        return damaged_bytes(random, maker(dtype))  # the format does not hold this
    return damaged_bytes(random, data) if random.random() < 0.4 else data


def run(path: Path, seed: int) -> int:
    """Analyze and compile a file; the C that comes out must compile without a warning."""
    options: list[Any] = OPTIONS[seed % len(OPTIONS)]
    common = ["--board", "host"]
    analyzed = tinyml(["analyze", str(path), *(o for o in options if o not in ("-t", "hls")), *common])
    out = path.parent / "out"
    code = tinyml(["compile", str(path), *options, *common, "-o", str(out)])
    for source in sorted(out.glob("*.c")):
        check_c(source)
    return code or analyzed


def warm_up() -> None:
    """Import now what a run imports, so that each case need not."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for seed, name in enumerate(("conv same", "softmax", "add")):
            path = Path(folder) / str(seed) / "model.tflite"
            path.parent.mkdir()
            path.write_bytes(CASES[name]("int8"))
            assert run(path, seed) == 0, name


FUZZER = Fuzzer("tflite_files", ".tflite", make, run, commands=2)

if __name__ == "__main__":
    warm_up()
    sys.exit(main(FUZZER))
