"""TFLite's layers that remember, SVDF and LSTM, against LiteRT's reference kernels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from ai_edge_litert.interpreter import Interpreter, OpResolverType
from support.litert import integers, interpreter_inputs, litert, reals
from support.networks import Array, equal_levels
from support.tflite_models import TfliteFile

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_model import read_model
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.onnx import OnnxExecutor
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.tinyml import main

RELU, TANH = 1, 4
STEPS = 7


def svdf(
    dtype: str, rank: int = 2, memory: int = 4, zero_point: int = -128, activation: int = RELU, most: int = 9000
) -> bytes:
    """Two layers of SVDF, the second of rank 1; integers as the converter writes them, with states of 16 bits.

    `most` bounds the weights of time.
    """
    file, random, wide = TfliteFile(), np.random.default_rng(rank), dtype == "int8"
    sizes, x = (5, 6, 3), file.tensor((1, 5), dtype, 0.05 if wide else None, 3 if wide else 0, name="x")
    first = x
    for layer, layer_rank in enumerate((rank, 1)):
        filters, depth = sizes[layer + 1] * layer_rank, sizes[layer]
        shapes = (filters, depth), (filters, memory), (sizes[layer + 1],)
        if wide:
            scale = float(np.float32(file.tensors[x].scales[0]) * np.float32(0.01))
            w = file.constant(random.integers(-127, 128, shapes[0]).astype(np.int8), 0.01)
            time = file.constant(random.integers(-most, most, shapes[1]).astype(np.int16), 0.36 / most)
            bias = file.constant(random.integers(-9000, 9000, shapes[2]).astype(np.int32), 2 * scale * 0.36 / most)
            state = file.variable((1, filters * memory), "int16", 2 * scale)
            y = file.tensor((1, sizes[layer + 1]), dtype, 0.004 * depth, zero_point)
        else:
            w, time, bias = (file.constant(random.normal(0, 0.5, shape).astype(np.float32)) for shape in shapes)
            state, y = file.variable((1, filters * memory), dtype), file.tensor((1, sizes[layer + 1]), dtype)
        values: dict[str, Any] = {"Rank": layer_rank, "FusedActivationFunction": activation}
        file.operator("SVDF", [x, w, time, bias, state], [y], "SVDFOptions", **values)
        x = y
    return file.build([first], [x])


def stepwise(data: bytes, sequences: Array) -> Array:
    """What LiteRT gives for sequences (rows, steps, *shape), from state 0 each."""
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    place, result = (
        details()[0]["index"] for details in (interpreter.get_input_details, interpreter.get_output_details)
    )
    rows: list[list[Array]] = []
    for sequence in sequences:
        interpreter.allocate_tensors()
        interpreter.reset_all_variables()
        rows.append([])
        for step in sequence:
            interpreter.set_tensor(place, step)
            interpreter.invoke()
            rows[-1].append(interpreter.get_tensor(result))
    return np.array(rows)


def compiled(data: bytes, folder: Path, sequences: Array, **options: Any) -> tuple[Compilation, dict[str, Array]]:
    """The program of a file, and its inputs as stored."""
    np.savez(folder / "data.npz", x=sequences)
    compilation = compile_model(Options(data, "host", folder / "data.npz", name="net", **options))
    return compilation, load_dataset(folder / "data.npz", input_types(compilation.onnx)).inputs


@pytest.mark.parametrize(
    ("rank", "zero_point", "most"), [(1, -128, 9000), (1, 3, 9000), (2, 3, 9000), (2, -128, 32767)]
)
def test_integers_of_svdf(rank: int, zero_point: int, most: int, tmp_path: Path):
    """Also where weights of time are so great that sums would leave 32 bits if all values were the greatest."""
    data = svdf("int8", rank, zero_point=zero_point, most=most)
    sequences = np.random.default_rng(0).integers(-128, 128, (9, STEPS, 1, 5)).astype(np.int8)
    expected = stepwise(data, sequences)
    assert len(np.unique(expected)) > 30
    compilation, inputs = compiled(data, tmp_path, sequences, arithmetic="tflite", input="steps")
    (name,) = inputs
    found = next(iter(HostExecutor(compilation.generated()).run({name: sequences}).outputs.values()))
    np.testing.assert_array_equal(found, expected)
    exact, _ = compiled(data, tmp_path, sequences)
    found = next(
        iter(equal_levels(exact, load_dataset(tmp_path / "data.npz", input_types(exact.onnx))).outputs.values())
    )
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_verify_goes_step_by_step(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "net.tflite").write_bytes(svdf("int8"))
    sequences = np.random.default_rng(0).integers(-128, 128, (3, STEPS, 1, 5)).astype(np.int8)
    np.savez(tmp_path / "data.npz", x=sequences)
    files = [str(tmp_path / "net.tflite"), "--calib", str(tmp_path / "data.npz"), "--data", str(tmp_path / "data.npz")]
    assert main(["verify", *files, "--board", "host", "--arithmetic", "tflite"]) == 0
    assert "close: to the reference (litert)" in capfd.readouterr().out


@pytest.mark.parametrize(("rank", "memory", "activation"), [(1, 3, RELU), (2, 4, 0), (2, 1, 0)])
def test_reals_of_svdf(rank: int, memory: int, activation: int, tmp_path: Path):
    data = svdf("float32", rank, memory, activation=activation)
    sequences = np.random.default_rng(0).normal(0, 1, (2, STEPS, 1, 5)).astype(np.float32)
    expected = stepwise(data, sequences)
    if memory == 1:  # nothing lasts: the model takes steps one by one
        np.testing.assert_allclose(reals(data, [sequences[0]])[0], expected[0], atol=1e-5)
        return
    compilation, inputs = compiled(data, tmp_path, sequences)
    found = next(iter(OnnxExecutor(compilation.onnx).run(inputs).outputs.values()))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def lstm(time_major: bool = False, peepholes: bool = False, activation: int = TANH, **more: Any) -> bytes:
    """An LSTM of float32 of 4 units; `more` are options, `without` inputs left out, `dtype` that of its weights."""
    file, random, units, depth = TfliteFile(), np.random.default_rng(1), 4, 3
    batch, without, dtype = 2, more.pop("without", ()), more.pop("dtype", "float32")
    shape = (STEPS, batch) if time_major else (batch, STEPS)
    x, y = file.tensor((*shape, depth), "float32", name="x"), file.tensor((*shape, units), "float32")

    def constant(*shape: int) -> int:
        if dtype == "int8" and len(shape) == 2:
            return file.constant(random.integers(-99, 99, shape).astype(np.int8), 0.01)
        return file.constant(random.normal(0, 0.7, shape).astype(np.float32))

    inputs = [x, *(constant(units, depth) for _ in range(4)), *(constant(units, units) for _ in range(4))]
    inputs += [constant(units) if peepholes else -1 for _ in range(3)]
    inputs += [constant(units) for _ in range(4)]
    inputs += [-1, -1, file.variable((batch, units), "float32"), file.variable((batch, units), "float32")]
    inputs = [-1 if index in without else number for index, number in enumerate(inputs)]
    values = {"FusedActivationFunction": activation, "TimeMajor": time_major, **more}
    file.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], "UnidirectionalSequenceLSTMOptions", **values)
    return file.build([x], [y])


@pytest.mark.parametrize(
    "build",
    [
        lstm,
        lambda: lstm(time_major=True),
        lambda: lstm(peepholes=True),
        lambda: lstm(activation=RELU),
        lambda: lstm(peepholes=True, CellClip=0.25),
    ],
    ids=["batch first", "time major", "peepholes", "relu", "clipped"],
)
def test_reals_of_lstm(build: Callable[[], bytes]):
    data = build()
    (port,) = interpreter_inputs(data)
    shape = tuple(map(int, port["shape"]))
    x = np.random.default_rng(0).normal(0, 1, (1, *shape)).astype(np.float32)
    np.testing.assert_allclose(reals(data, [x])[0], litert(data, [x])[0], atol=1e-5)
    assert "its state is 0 when a call begins" in read_model(data).remarks[0]


def integer_lstm(
    units: int = 6,
    batch: int = 2,
    cell: float = 2.0**-12,
    weight: float = 0.01,
    hidden: tuple[float, int] = (1 / 128, -3),
    time_major: bool = False,
    between: tuple[float, int] | None = None,
    **more: Any,
) -> bytes:
    """An LSTM as the converter quantizes it: int8, gates and cell of int16, a scale for each gate's weights."""
    file, random, depth = TfliteFile(), np.random.default_rng(units), 5
    shape = (STEPS, batch) if time_major else (batch, STEPS)
    x, y = file.tensor((*shape, depth), "int8", 0.03, 7, name="x"), file.tensor((*shape, units), "int8", *hidden)

    def weights(columns: int, gate: int) -> int:
        array = random.integers(-127, 128, (units, columns)).astype(more.get("weights", np.int8))
        return file.constant(array, weight * (1 + gate % 4 / 7))

    inputs = [x, *(weights(depth, gate) for gate in range(4)), *(weights(units, gate) for gate in range(4, 8))]
    inputs += [file.constant(np.zeros(units, np.int16), 0.01) if more.get("peepholes") else -1 for _ in range(3)]
    scales = [float(np.float32(0.03) * np.float32(file.tensors[number].scales[0])) for number in inputs[1:5]]
    inputs += [file.constant(random.integers(-3000, 3000, units).astype(np.int32), scale) for scale in scales]
    inputs += [-1, -1, file.variable((batch, units), "int8", *hidden), file.variable((batch, units), "int16", cell)]
    intermediates = [file.tensor((0,), "float32") for _ in range(4)]
    intermediates.append(file.tensor((0,), "int8", *(between or hidden)))
    options = {"FusedActivationFunction": TANH, "TimeMajor": time_major, **more.get("options", {})}
    file.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], "UnidirectionalSequenceLSTMOptions", **options)
    file.operators[-1].intermediates = intermediates
    return file.build([x], [y])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"cell": 2.0**-11, "time_major": True},
        {"units": 20, "hidden": (1 / 100, 0)},
        {"units": 12, "weight": 0.03},
        {"cell": 2.0**-15},
        {"cell": 2.0**-9, "batch": 1},
        {"options": {"CellClip": 1.3}},
        {"options": {"CellClip": 10.0}},
    ],
    ids=["batch first", "time major", "wide", "saturated", "cell of 2^-15", "cell of 2^-9", "clipped", "as by Keras"],
)
def test_integers_of_lstm(values: dict[str, Any]):
    data = integer_lstm(**values)
    shape = tuple(map(int, interpreter_inputs(data)[0]["shape"]))
    x = np.random.default_rng(0).integers(-128, 128, (20, *shape)).astype(np.int8)
    expected = stepwise(data, x[:, None])[:, 0]
    assert len(np.unique(expected)) > 60
    np.testing.assert_array_equal(integers(data, [x], "tflite")[0], expected)
    assert np.abs(integers(data, [x], "exact")[0].astype(int) - expected).max() <= 3


@pytest.mark.parametrize("arithmetic", ["tflite", "exact"])
def test_lstm_of_integers_on_the_uno(arithmetic: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    x = np.random.default_rng(0).integers(-128, 128, (3, 1, STEPS, 5)).astype(np.int8)
    np.savez(tmp_path / "data.npz", x=x)
    (tmp_path / "net.tflite").write_bytes(integer_lstm(batch=1))
    data = ["--data", str(tmp_path / "data.npz"), "--arithmetic", arithmetic]
    assert main(["verify", str(tmp_path / "net.tflite"), "--board", "uno", *data]) == 0
    printed = capfd.readouterr().out
    assert "exact: all levels equal" in printed
    assert f"close: to the reference ({'litert' if arithmetic == 'tflite' else 'exact'})" in printed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: integer_lstm(peepholes=True), "peepholes of integers"),
        (lambda: integer_lstm(cell=0.001), "power of two"),
        (lambda: integer_lstm(between=(0.02, 0)), "not one type of int8"),
        (lambda: integer_lstm(weights=np.int16), "not int8 around 0"),
        (lambda: integer_lstm(options={"FusedActivationFunction": RELU}), "tanh alone"),
        (lambda: lstm(dtype="int8"), "hybrid"),
        (lambda: lstm(without=(1, 5)), "coupled input gate"),
        (lambda: lstm(CellClip=-1.0), "is no bound"),
        (lambda: lstm(activation=3), "use tanh or relu"),
        (lambda: svdf("float32", activation=TANH), "use Relu or none"),
    ],
    ids=["peepholes", "cell", "projected", "weights", "relu", "hybrid", "coupled", "clipped", "activation", "svdf"],
)
def test_what_is_refused(data: Callable[[], bytes], reason: str):
    with pytest.raises(UserError, match=reason):
        read_model(data())
