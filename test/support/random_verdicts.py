"""Random graphs through all levels: the float executor against onnxruntime, the integers against the float model, and
from `fixed` to C on this computer the same integers, many graphs to one run of the compiler.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.interface import Arrays, Run
from tinyml_opt.targets.executors.memplan import MemplanExecutor
from tinyml_opt.targets.executors.onnx import OnnxExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.targets.toolchain import CompileError
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs, input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.verifying.levels import compare_runs

from .host_batch import HostBatch
from .networks import on_grid_dataset
from .random_graphs import Drawn
from .time_limits import at_most

Array = NDArray[Any]

RIGHT, REFUSED, WRONG, FAR, LEVELS, CRASHED = "right", "refused", "wrong", "far", "levels differ", "crashed"
FAILURES = (WRONG, FAR, LEVELS, CRASHED)
"""The float executor differs from onnxruntime; integers are far from it; levels differ; an exception."""

MIN_SNR = {8: 8.0, 16: 30.0}
"""In dB, what integers keep of a chain of some operators, by the width of values: a wrong axis leaves 0 dB."""

STEEP = frozenset(
    """
    Acos Acosh And Asin Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Cosh CumProd Div Equal Exp Floor
    Greater GreaterOrEqual Hardmax Less LessOrEqual Log LpNormalization Mod Not Or Pow Reciprocal ReduceLogSum
    ReduceProd Round Shrink Sign Sinh Sqrt Tan ThresholdedRelu Xor
    """.split()
)
"""Operators that make much of little: steps, poles, slopes without bound. Alone they are judged elsewhere."""

QUANTIZED_SNR = 25.0
"""In dB, between float executor and onnxruntime in quantized models, in which a tie may round the other way."""


SECONDS = 60
"""What a graph may take on its way to C: most take less than a tenth of one."""


@dataclass(frozen=True)
class Verdict:
    """What became of a graph, and why it is not right."""

    graph: Drawn
    word: str
    reason: str = ""


@dataclass(frozen=True)
class Compiled:
    """A graph on its way through C."""

    graph: Drawn
    compilation: Compilation
    stored: dict[str, Array]


def judged(graphs: Sequence[Drawn]) -> list[Verdict]:
    """The verdicts on graphs, in any order; those that compile go through one run of the C compiler."""
    verdicts: list[Verdict] = []
    waiting: list[Compiled] = []
    with TemporaryDirectory(prefix="tinyml-random-") as scratch:
        for graph in graphs:
            try:
                with at_most(SECONDS):
                    reason = float_fault(graph)
                    if reason:
                        verdicts.append(Verdict(graph, WRONG, reason))
                    else:
                        waiting.append(compiled(graph, Path(scratch)))
            except Exception as error:
                verdicts.append(failure(graph, error))
        return verdicts + through_c(waiting, Path(scratch))


def through_c(waiting: Sequence[Compiled], folder: Path) -> list[Verdict]:
    """The verdicts on what compiles; one by one where the C compiler refuses the lot."""
    if not waiting:
        return []
    try:
        batch = HostBatch([case.compilation.generated() for case in waiting], folder, sanitize=True)
    except CompileError as error:
        if len(waiting) == 1:
            return [Verdict(waiting[0].graph, CRASHED, str(error))]
        return [verdict for case in waiting for verdict in through_c([case], folder)]
    return [judged_levels(case, batch, index) for index, case in enumerate(waiting)]


def failure(graph: Drawn, error: Exception) -> Verdict:
    """A refusal is a UserError; anything else is a crash."""
    if isinstance(error, UserError):
        reasons = [reason for reason in error.reasons if "between the model and its C" not in reason]
        return Verdict(graph, REFUSED, reasons[0] if reasons else str(error))
    return Verdict(graph, CRASHED, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")


def float_fault(graph: Drawn) -> str | None:
    """How the float executor differs from onnxruntime, where both float32 and float64 do. Raises UserError."""
    module = import_onnx(graph.model.SerializeToString())
    with np.errstate(all="ignore"):
        ours = [OnnxExecutor(module, real).run(graph.inputs, trace=True) for real in (np.float32, np.float64)]
    if not all(np.isfinite(value).all() for value in ours[0].values.values()):
        raise UserError("a value inside is not finite on some row")
    expected = expected_outputs(graph.model, graph.inputs)
    for name, values in expected.items():
        faults = [fault_of(values, run.outputs[name], "bits" not in graph.style) for run in ours]
        if all(faults) and not (values.dtype.kind in "iu" and as_in_onnx(graph, name, [r.outputs[name] for r in ours])):
            return f"output '{name}': {faults[0]}"
    return None


def as_in_onnx(graph: Drawn, output: str, ours: Sequence[Array]) -> bool:
    """Whether one of these is what ONNX's own evaluator computes: onnxruntime cuts off what it interpolates of
    integers, ONNX rounds it.
    """
    rows = [{name: values[row] for name, values in graph.inputs.items()} for row in range(len(ours[0]))]
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        try:
            runs: list[Any] = [ReferenceEvaluator(graph.model).run([output], row) for row in rows]
        except Exception:  # whatever it does not know
            return False
    expected = np.array([run[0] for run in runs])
    return any(np.array_equal(expected, values) for values in ours)


def expected_outputs(model: onnx.ModelProto, inputs: dict[str, Array]) -> dict[str, Array]:
    """What onnxruntime computes without optimizing the graph, row by row; ONNX's evaluator where it has no kernel.

    Raises UserError where onnxruntime gives up, as it does when integers are divided by zero.
    """
    names = [output.name for output in model.graph.output]
    rows = [{name: values[row] for name, values in inputs.items()} for row in range(len(next(iter(inputs.values()))))]
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        try:
            session = onnxruntime_session(model)
        except Exception:  # C++, of a kernel or a type that is not there
            runs = by_evaluator(model, rows)
        else:
            try:
                runs = [session.run(None, row) for row in rows]
            except Exception as error:  # C++, of integers divided by zero
                raise UserError(f"onnxruntime does not compute it: {(str(error).splitlines() or [''])[0]}") from None
    return {name: np.array(values) for name, values in zip(names, zip(*runs, strict=True), strict=True)}


def by_evaluator(model: onnx.ModelProto, rows: Sequence[dict[str, Array]]) -> list[Any]:
    """What ONNX's evaluator computes.

    Raises UserError where it knows an operator no more than onnxruntime does, and where it divides by zero.
    """
    try:
        with np.errstate(divide="raise"):
            return [ReferenceEvaluator(model).run(None, row) for row in rows]
    except FloatingPointError as error:
        raise UserError(f"ONNX's evaluator does not compute it: {error}") from None
    except NotImplementedError as error:
        raise UserError(f"neither onnxruntime nor ONNX's evaluator computes it: {error}") from None


def onnxruntime_session(model: onnx.ModelProto) -> Any:
    """A session of one thread that leaves the graph as it is. Raises what onnxruntime likes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def fault_of(expected: Array, actual: Array, quantized: bool) -> str | None:
    """What is wrong with an output of the float executor; rows that are not finite count for nothing."""
    if expected.shape != actual.shape:
        return f"shape {list(actual.shape[1:])} instead of {list(expected.shape[1:])}"
    if quantized:
        return fault_in_db(expected, actual, QUANTIZED_SNR)
    if expected.dtype.kind != "f":
        wrong = np.count_nonzero(expected != actual)
        return f"{wrong} of {expected.size} values differ" if wrong else None
    finite = np.isfinite(expected)
    slack = 1e-4 * np.abs(expected[finite]).max(initial=1e-2)
    close = np.isclose(actual, expected, rtol=1e-3, atol=slack) | ~finite
    return None if close.all() else f"{np.abs(actual - expected)[~close].max():.3g} off at most"


def fault_in_db(expected: Array, actual: Array, least: float, step: float = 0.0) -> str | None:
    """Too little signal beside the noise; errors of a step and less are none."""
    real = expected.astype(np.float64)
    finite = np.isfinite(real) & np.isfinite(actual.astype(np.float64))
    noise = np.square((real - actual.astype(np.float64))[finite]).sum()
    signal = np.square(real[finite]).sum()
    if noise <= max(signal * 10 ** (-least / 10), step**2 * real.size):
        return None
    return f"an SNR of {10 * np.log10(max(signal, 1e-30) / noise):.1f} dB"


def compiled(graph: Drawn, folder: Path) -> Compiled:
    """The graph at every level, calibrated on its own rows. Raises UserError where it is refused."""
    path, data = folder / f"g{graph.seed}.onnx", folder / f"g{graph.seed}.npz"
    path.write_bytes(graph.model.SerializeToString())
    np.savez(data, allow_pickle=False, **graph.inputs)  # pyright: ignore[reportArgumentType]
    compilation = compile_model(Options(path, "host", data, graph.bits))
    compilation.generated()
    dataset = load_dataset(data, input_types(compilation.onnx))
    return Compiled(graph, compilation, to_stored(dataset, input_ports(compilation.function)))


def judged_levels(case: Compiled, batch: HostBatch, index: int) -> Verdict:
    """The same integers at every level, and not far from the float model on the input that the program got."""
    try:
        reference = FixedExecutor(case.compilation.fixed).run(case.stored, trace=True)
        memplan = MemplanExecutor(case.compilation.memplan).run(case.stored, trace=True)
        host = Run(batch.run(index, case.stored))
        for level, run in (("memplan", memplan), ("host", host)):
            if difference := compare_runs(level, reference, run).difference:
                return Verdict(case.graph, LEVELS, f"{level}: {difference}")
        reason = far(case, reference.outputs)
    except Exception as error:
        return Verdict(case.graph, CRASHED, f"{type(error).__name__}: {error}")
    return Verdict(case.graph, FAR if reason else RIGHT, reason or "")


def far(case: Compiled, outputs: Arrays) -> str | None:
    """Which real output is far from the float model; not asked where an operator makes much of little."""
    if any(node.op_type in STEEP for node in case.graph.model.graph.node):
        return None
    ports = output_ports(case.compilation.function)
    data = on_grid_dataset(case.compilation, case.stored)
    with np.errstate(all="ignore"):
        expected = float_outputs(case.compilation, data, exact=True)
    least, values = MIN_SNR[case.graph.bits], to_real(outputs, ports)
    for port in ports:
        name, step = port.label.data, port.element.scale if isinstance(port.element, QType) else 1.0
        if expected[name].dtype.kind != "f" or not (fault := fault_in_db(expected[name], values[name], least, step)):
            continue
        if not cancels(case.graph.model) or np.abs(expected[name] - values[name]).max() > coarsest(case.graph.model):
            return f"output '{name}': {fault}"
    return None


def cancels(model: onnx.ModelProto) -> bool:
    """Whether a model may subtract a value from its own rounding."""
    return any(node.op_type == "Sub" for node in model.graph.node)


def coarsest(model: onnx.ModelProto) -> float:
    """The longest step in which a model quantizes a value; 0 where it quantizes none."""
    scales = {node.input[1] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    steps = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name in scales]
    return max((float(step.max()) for step in steps), default=0.0)
