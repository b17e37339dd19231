"""Small ONNX models built in tests, and the levels that must agree on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.targets.dataset import Dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.interface import Executor, Run
from tinyml_opt.targets.executors.memplan import MemplanExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.verifying.levels import compare_runs

Array = NDArray[Any]


class Network:
    """A model under construction: one float input `x`, random weights, and an output for every value returned.

    Weights are multiples of 2^-7 and reach 127 of them in each output channel, so that 8 bits hold them exactly.
    """

    def __init__(self, shape: Sequence[int], seed: int = 0, opset: int = 13):
        self.opset = opset
        self.random = np.random.default_rng(seed)
        self.input = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
        self.shape = tuple(shape)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def constant(self, array: ArrayLike) -> str:
        """The name of an initializer."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape: int, axis: int = 0, scales: Sequence[float] | None = None) -> str:
        """Random weights; `axis` is that of the output channels, which may have scales, if it is the first."""
        integers = self.random.integers(-127, 128, shape)
        first = tuple(slice(None) if a == axis else 0 for a in range(len(shape)))
        integers[first] = 127
        factors = 1.0 if scales is None else np.array(scales).reshape(-1, *[1] * (len(shape) - 1))
        return self.constant((integers * factors / 128).astype(np.float32))

    def bias(self, *shape: int) -> str:
        """Random numbers between -1 and 1."""
        return self.constant(self.random.uniform(-1, 1, shape).astype(np.float32))

    def node(self, op: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node; returns the name of its value."""
        value = name or f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [value], value, **attributes))
        return value

    def shuffle(self, value: str, shape: Sequence[int], groups: int) -> str:
        """Channels of a value of this shape (without the batch), one of each group in turn."""
        channels, *size = shape
        split = self.node("Reshape", value, self.constant(np.array([1, groups, channels // groups, *size])))
        moved = self.node("Transpose", split, perm=[0, 2, 1, *range(3, 3 + len(size))])
        return self.node("Reshape", moved, self.constant(np.array([1, channels, *size])))

    def result(self, value: str, element: int = TensorProto.FLOAT) -> str:
        """Make a value an output."""
        self.outputs.append(helper.make_tensor_value_info(value, element, None))
        return value

    def model(self) -> onnx.ModelProto:
        """The model, checked, with the shapes of its outputs."""
        graph = helper.make_graph(self.nodes, "net", [self.input], self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(model, full_check=True)
        return model

    def rows(self, count: int) -> NDArray[np.float32]:
        """Random inputs in [-1, 1], (count, *shape)."""
        return self.random.uniform(-1, 1, (count, *self.shape)).astype(np.float32)


def compile_network(
    model: onnx.ModelProto,
    folder: Path,
    calibration: Array | None = None,
    board: str = "host",
    bits: int = 8,
    scheme: str = "affine",
    **memory: Any,
) -> Compilation:
    """Every level of a model, calibrated on the given rows; `memory` are further options, about the plan."""
    path, data = folder / "net.onnx", folder / "calib.npz"
    onnx.save(model, path)
    if calibration is not None:
        np.savez(data, x=calibration)
    return compile_model(Options(path, board, None if calibration is None else data, bits, scheme, **memory))


def real_inputs(rows: Array) -> Dataset:
    """Rows in real units as the one input `x`."""
    return Dataset({"x": rows}, {"x": False}, None)


def on_grid(compilation: Compilation, rows: Array) -> Dataset:
    """The rows as the model's integers hold them: what quantizing the input loses is no error of the program."""
    ports = input_ports(compilation.function)
    return real_inputs(to_real(to_stored(real_inputs(rows), ports), ports)["x"].astype(np.float32))


def on_grid_dataset(compilation: Compilation, stored: dict[str, Array]) -> Dataset:
    """The inputs of any types that these integers are."""
    reals = to_real(stored, input_ports(compilation.function))
    arrays = {name: x.astype(np.float32) if x.dtype.kind == "f" else x for name, x in reals.items()}
    return Dataset(arrays, {name: x.dtype.kind != "f" for name, x in arrays.items()}, None)


def require_equal(level: str, expected: Run, actual: Run) -> None:
    """Fail with the first node and element that differ."""
    result = compare_runs(level, expected, actual)
    assert result.difference is None, f"{level}: {result.difference}"
    assert result.compared > 0


def equal_levels(compilation: Compilation, data: Dataset, others: Sequence[Executor] = ()) -> Run:
    """The run at the level `fixed`, after memplan, sanitized C on this computer and the others gave its integers."""
    stored = to_stored(data, input_ports(compilation.function))
    expected = FixedExecutor(compilation.fixed).run(stored, trace=True)
    require_equal("memplan", expected, MemplanExecutor(compilation.memplan).run(stored, trace=True))
    for executor in (HostExecutor(compilation.generated(), sanitize=True), *others):
        require_equal(executor.level, expected, executor.run(stored))
    return expected


def errors_in_steps(compilation: Compilation, data: Dataset, run: Run) -> dict[str, float]:
    """Per output, the greatest distance from the float model in units of the output's scale."""
    ports = output_ports(compilation.function)
    integers, floats = to_real(run.outputs, ports), float_outputs(compilation, data)
    steps = {p.label.data: float(getattr(p.element, "scale", 1.0)) for p in ports}
    return {name: float(np.abs(integers[name] - floats[name]).max() / step) for name, step in steps.items()}


def float_distance(compilation: Compilation, data: Dataset, run: Run) -> tuple[float, float]:
    """The greatest distance between float and integer outputs, and the range of the float outputs."""
    integers, floats = to_real(run.outputs, output_ports(compilation.function)), float_outputs(compilation, data)
    error = max(float(np.abs(floats[name].astype(np.float64) - integers[name]).max()) for name in floats)
    return error, max(float(np.ptp(values)) for values in floats.values())


def onnxruntime_outputs(model: onnx.ModelProto, rows: Array) -> dict[str, Array]:
    """What onnxruntime computes without optimizing the graph: each output by its name, rows first."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    runs = [session.run(None, {"x": row}) for row in rows]
    names = [output.name for output in session.get_outputs()]
    return {name: np.array(values) for name, values in zip(names, zip(*runs, strict=True), strict=True)}


def steps_from(expected: dict[str, Array], compilation: Compilation, run: Run) -> dict[str, float]:
    """Per output, the greatest distance from expected real numbers in units of the output's scale."""
    ports = output_ports(compilation.function)
    reals = to_real(run.outputs, ports)
    steps = {p.label.data: float(getattr(p.element, "scale", 1.0)) for p in ports}
    return {name: float(np.abs(reals[name] - expected[name]).max() / step) for name, step in steps.items()}


def tiles(compilation: Compilation) -> int:
    """How many forms have a tile."""
    forms = [op for op in compilation.memplan.walk() if isinstance(op, StructuredForm)]
    return sum(form.tile is not None for form in forms)
