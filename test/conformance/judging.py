"""What becomes of a case in the float executor and, through integer C at 16 bits, on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from support.host_batch import HostBatch
from support.time_limits import at_most

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.lowering.import_onnx.importer import read_model
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.onnx import OnnxExecutor
from tinyml_opt.targets.ports import dequantized, input_ports, output_ports, to_real, to_stored
from tinyml_opt.targets.toolchain import CompileError
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, input_types
from tinyml_opt.tools.compiling.options import Options

from .cases import Array, Case, Variant, numbers, variants
from .verdicts import COARSE, CRASHED, RIGHT, WRONG, Outcome, Verdict, c_fault, failure, float_fault, worst

SECONDS = 60
"""What a case may take at either stage: most take less than a tenth of one."""

BITS = 16


@dataclass(frozen=True)
class Compiled:
    """A variant on its way through C; `verdicts` are those of its case."""

    verdicts: list[Verdict]
    variant: Variant
    expected: tuple[Any, ...]
    compilation: Compilation
    stored: dict[str, Array]


def judge(cases: Sequence[Case], float_only: bool) -> list[Outcome]:
    """All cases; those that are right in the float executor go through one run of the C compiler together."""
    taken = [[(way, judged_in_float(case, way)) for way in variants(case)] for case in cases]
    outcomes = [Outcome(c.name, c.operator, worst([v for _, v in ways])) for c, ways in zip(cases, taken, strict=True)]
    if not float_only:
        for outcome, verdicts in zip(outcomes, through_c(cases, taken), strict=True):
            outcome.c = worst(verdicts)
    return outcomes


def judged_in_float(case: Case, variant: Variant) -> Verdict:
    """The verdict on the float executor."""
    try:
        with at_most(SECONDS):
            reason = float_reason(case, variant)
    except Exception as error:
        return failure(error, variant.kind)
    return Verdict(WRONG if reason else RIGHT, reason or "", variant.kind)


def through_c(cases: Sequence[Case], taken: Sequence[Sequence[tuple[Variant, Verdict]]]) -> list[list[Verdict]]:
    """For each case the verdicts on its variants, of which one that is not right in floats needs no other."""
    all_verdicts: list[list[Verdict]] = []
    waiting: list[Compiled] = []
    with TemporaryDirectory(prefix="tinyml-conformance-") as scratch:
        for case, ways in zip(cases, taken, strict=True):
            verdicts = [verdict for _, verdict in ways if verdict.word != RIGHT]
            all_verdicts.append(verdicts)
            for variant in (variant for variant, verdict in ways if verdict.word == RIGHT):
                try:
                    with at_most(SECONDS):
                        waiting.append(compiled(verdicts, case, variant, Path(scratch), f"m{len(waiting)}"))
                except Exception as error:
                    verdicts.append(failure(error, variant.kind))
        run_all(waiting, Path(scratch))
    return all_verdicts


def float_reason(case: Case, variant: Variant) -> str | None:
    """What is wrong with the float executor's outputs. Raises UserError where the model is refused."""
    module = read_model(variant.model, "model", variant.sizes).module
    executor = OnnxExecutor(module)
    run = executor.run({name: as_given(variant.inputs[name]) for name in executor.inputs})
    for name, expected in zip(executor.outputs, case.expected, strict=True):
        if fault := float_fault(numbers(expected), run.outputs[name][0], case.rtol):
            return f"output '{name}': {fault}"
    return None


def as_given(value: Array) -> Array:
    """One row, reals as float32."""
    return (value if value.dtype.kind in "iub" else value.astype(np.float32))[np.newaxis]


def compiled(verdicts: list[Verdict], case: Case, variant: Variant, folder: Path, name: str) -> Compiled:
    """The case at every level, calibrated on its own input. Raises UserError where it is refused."""
    path, data = folder / f"{name}.onnx", folder / f"{name}.npz"
    path.write_bytes(variant.model)
    np.savez(data, allow_pickle=False, **{n: as_given(x) for n, x in variant.inputs.items()})  # pyright: ignore
    compilation = compile_model(Options(path, "host", data, BITS, sizes=variant.sizes))
    compilation.generated()
    dataset = load_dataset(data, input_types(compilation.onnx))
    return Compiled(
        verdicts, variant, case.expected, compilation, to_stored(dataset, input_ports(compilation.function))
    )


def run_all(waiting: Sequence[Compiled], folder: Path) -> None:
    """Compile what came that far in one run; one by one where the compiler refuses the lot."""
    if not waiting:
        return
    models = [case.compilation.generated() for case in waiting]
    try:
        batch = HostBatch(models, folder)
    except CompileError as error:
        if len(waiting) == 1:
            waiting[0].verdicts.append(failure(error, waiting[0].variant.kind))
            return
        for case in waiting:
            run_all([case], folder)
        return
    for index, case in enumerate(waiting):
        try:
            verdict = judge_c(case, batch.run(index, case.stored))
        except Exception as error:
            verdict = Verdict(CRASHED, f"{type(error).__name__}: {error}", case.variant.kind)
        case.verdicts.append(verdict)


def judge_c(case: Compiled, outputs: dict[str, Array]) -> Verdict:
    """The verdict on the outputs of the compiled program."""
    reference = FixedExecutor(case.compilation.fixed).run(case.stored).outputs
    for label, expected in reference.items():
        if not np.array_equal(expected, outputs[label]):
            return Verdict(WRONG, f"output '{label}' differs from the level fixed", case.variant.kind)
    reason = outputs_fault(case, outputs, [numbers(expected) for expected in case.expected])
    if reason is None:
        return Verdict(RIGHT, "", case.variant.kind)
    reference_on_grid = on_grid(case)
    has_values = all(np.isfinite(values).all() for values in reference_on_grid)
    wrong = has_values and outputs_fault(case, outputs, reference_on_grid)
    return Verdict(WRONG if wrong else COARSE, reason, case.variant.kind)


def on_grid(case: Compiled) -> list[Array]:
    """What the model itself computes of the input as 16 bits hold it."""
    ports, executor = input_ports(case.compilation.function), OnnxExecutor(case.compilation.onnx, np.float64)
    data = to_real(case.stored, ports)
    outputs = executor.run({n: x if x.dtype.kind == "f" else case.stored[n] for n, x in data.items()}).outputs
    return [outputs[name][0] for name in executor.outputs]


def outputs_fault(case: Compiled, outputs: dict[str, Array], expected: Sequence[Array]) -> str | None:
    """What is wrong with outputs: of reals the SNR, of others any difference."""
    for port, real in zip(output_ports(case.compilation.function), expected, strict=True):
        label = port.label.data
        inverse = np.argsort(port.permutation.data)
        actual = outputs[label][0].transpose([int(axis) for axis in inverse])
        if real.dtype.kind not in "iub":
            actual = dequantized(actual, port)
        step = port.element.scale if isinstance(port.element, QType) else 1.0
        if fault := c_fault(real, actual, step):
            return f"output '{label}': {fault}"
    return None
