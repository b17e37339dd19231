"""What a model needs at least, found before anything is planned: most refusals are answered by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.dense import to_numpy
from ...dialects.memplan.liveness import Liveness
from ...passes.fixed.calibrate import the_function
from ...passes.memplan.inplace import InplacePass
from ...passes.memplan.placing.task import Task
from ...passes.memplan.schedule import SchedulePass
from ...passes.memplan.split_reductions import SplitReductionsPass
from ...passes.memplan.stream import StreamPass
from ..compiling.options import Options
from ..pipelines import Timing, run_passes

LAYERS = (onnx.ConvOp, onnx.ConvTransposeOp, onnx.GemmOp, onnx.MatMulOp)
"""Ops whose weights are stored as they are; what other ops take from constants may become part of something else."""

LEAST_OF_GREATEST = 1 / 250
"""A float weight of this share of the greatest one is no 0 as an integer of 8 bits, whatever channel it is in."""


def least_weights(module: ModuleOp, options: Options) -> int:
    """Bytes of flash that the layers' weights take at least, however they are encoded; 0 where files set their widths.

    Encodings leave zeros out (`dialects/fixed/layout.py`), and equal constants are one.
    """
    if options.types is not None:
        return 0
    constants = {source.value for source in weights_of(the_function(module))}
    width = options.bits // 8
    arrays = map(to_numpy, constants)
    return sum(nonzeros(array) * (width if array.dtype.kind == "f" else 1) for array in arrays)


def weights_of(function: FuncOp) -> Iterator[onnx.ConstantOp]:
    """The constants of layers that the results depend on, plain or quantized."""
    seen: set[Operation] = set()
    work: list[Operation] = [op for op in function.walk() if isinstance(op, ReturnOp | onnx.NextOp)]
    while work:
        op = work.pop()
        if op in seen:
            continue
        seen.add(op)
        owners = [operand.owner for operand in op.operands]
        work += [owner for owner in owners if isinstance(owner, Operation)]
        if isinstance(op, LAYERS):
            yield from filter(None, map(constant_behind, op.operands[1:2]))


def constant_behind(value: SSAValue) -> onnx.ConstantOp | None:
    """The constant of a weight."""
    owner = value.owner
    if isinstance(owner, onnx.DequantizeLinearOp):
        owner = owner.x.owner
    return owner if isinstance(owner, onnx.ConstantOp) else None


def nonzeros(numbers: NDArray[Any]) -> int:
    """How many elements no encoding leaves out: of integers, all but the most frequent one."""
    if numbers.dtype.kind == "f":
        sizes = np.abs(numbers)
        return int(np.count_nonzero(sizes > sizes.max(initial=0) * LEAST_OF_GREATEST))
    _, counts = np.unique(numbers, return_counts=True)
    return int(numbers.size - counts.max(initial=0))


def scheduled(module: ModuleOp, options: Options) -> ModuleOp:
    """A copy of a program in a good order."""
    copy = module.clone()
    run_passes(copy, [SchedulePass(effort=options.effort)], Timing(), Context(), verify=False)
    return copy


def alive(scheduled: ModuleOp) -> int:
    """Bytes of whole tensors alive at once."""
    return Liveness(the_function(scheduled)).max_live


def stream(scheduled: ModuleOp, options: Options, alignment: int) -> int:
    """Split a program whose memory is not planned into as many slices as streams have; bytes its arena has at least.

    Tiles, which take memory besides, are left out, and so are patches.
    """
    passes = [SplitReductionsPass(), StreamPass(effort=options.effort), InplacePass()]
    run_passes(scheduled, passes, Timing(), Context(), verify=False)
    return Task.of(the_function(scheduled), alignment).least
