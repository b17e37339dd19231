"""Runs a module at the level `onnx` in numpy, float32 or float64, a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import element_of, port_names, shape_of
from ...dialects.onnx.weights import numbers_of
from .interface import Arrays, OnValue, Run
from .onnx_ops import Real, evaluate
from .onnx_ops.types import numpy_type
from .rounds import is_of, operands_within, rounds_around, run_rounds

CHUNK_BYTES = 64 << 20
"""About how much memory the largest intermediate array of a chunk of the batch may take."""


class OnnxExecutor:
    """The executor of the level `onnx`; the module holds one function, whose reals are computed in `real`."""

    level = "onnx"

    def __init__(self, module: ModuleOp, real: Real = np.float32):
        self.real: Real = real
        (self.function,) = (op for op in module.ops if isinstance(op, FuncOp))
        block = self.function.body.block
        self.inputs = port_names(self.function.arg_attrs, "input", len(block.args))
        terminator = block.last_op
        assert isinstance(terminator, ReturnOp)
        self.outputs = port_names(self.function.res_attrs, "output", len(terminator.operands))
        self.results = terminator.operands

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Run a batch; `values` holds every node's result by its name."""
        traced: dict[str, list[NDArray[Any]]] = {}

        def keep(op: Operation, value: NDArray[Any]) -> None:
            if isinstance(op, onnx.OnnxOp):
                traced.setdefault(op.label, []).append(value)

        outputs = self.visit(inputs, keep if trace else None)
        return Run(outputs, {node: np.concatenate(parts) for node, parts in traced.items()})

    def visit(self, inputs: Arrays, on_value: OnValue | None) -> dict[str, NDArray[Any]]:
        """Run a batch in chunks and show every computed value, (chunk, *shape), to `on_value`; returns the outputs.

        What the body of a scan computes is shown once, with its values of all rounds, (chunk, rounds, *shape).
        """
        rows = len(next(iter(inputs.values())))
        step = self.chunk_rows()
        parts: list[list[NDArray[Any]]] = []
        for start in range(0, rows, step):
            parts.append(self._chunk({k: v[start : start + step] for k, v in inputs.items()}, on_value))
        return {name: np.concatenate(p) for name, p in zip(self.outputs, zip(*parts, strict=True), strict=True)}

    def chunk_rows(self) -> int:
        """How many rows are computed at once."""
        return max(1, CHUNK_BYTES // (np.dtype(self.real).itemsize * self.largest()))

    def largest(self) -> int:
        """Elements of the largest intermediate array, gathered windows included, and all rounds of what is repeated."""
        ops = [op for op in self.function.body.walk() if isinstance(op, onnx.OnnxOp)]
        sizes = [rounds_around(op) * prod(shape_of(r)) for op in ops for r in op.results]
        gathered = [
            prod(shape_of(op.result)) // shape_of(op.w)[0] * prod(shape_of(op.w)[1:]) * op.groups
            for op in ops
            if isinstance(op, onnx.ConvOp)
        ]
        return max([1, *sizes, *gathered])

    def argument(self, argument: BlockArgument, given: NDArray[Any]) -> NDArray[Any]:
        """What the function takes of an input, (chunk, *shape)."""
        return given

    def constant(self, op: onnx.ConstantOp) -> NDArray[Any]:
        """The value of a constant, (1, *shape)."""
        return as_real(numbers_of(op), self.real)[np.newaxis]

    def computed(self, op: Operation, operands: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The value of an op that is no constant, (chunk or 1, *shape)."""
        return evaluate(op, operands, self.real)

    def _chunk(self, inputs: Arrays, on_value: OnValue | None) -> list[NDArray[Any]]:
        block = self.function.body.block
        values: dict[SSAValue, NDArray[Any]] = {}
        for argument, name in zip(block.args, self.inputs, strict=True):
            given = inputs[name].astype(numpy_type(element_of(argument), self.real), copy=False)
            values[argument] = self.argument(argument, given)
        batch = len(next(iter(inputs.values())))
        self._run(block, values, on_value)
        return [np.broadcast_to(values[r], (batch, *values[r].shape[1:])) for r in self.results]

    def _run(self, block: Block, values: dict[SSAValue, NDArray[Any]], on_value: OnValue | None) -> None:
        """Compute the ops of a block; what it made is forgotten after its last use in it."""
        uses = Counter(operand for op in block.ops for operand in operands_within(op))
        for op in block.ops:
            if isinstance(op, ReturnOp | onnx.NextOp):
                break
            if isinstance(op, onnx.ScanOp):
                results = run_rounds(op, values, lambda body, shown: self._run(body, values, shown), on_value)
                values.update(zip(op.results, results, strict=True))
            elif isinstance(op, onnx.ConstantOp):
                values[op.result] = self.constant(op)
                continue
            else:
                value = self.computed(op, [values[operand] for operand in op.operands])
                values[op.results[0]] = value
                if on_value is not None:
                    on_value(op, value)
            for operand in operands_within(op):
                uses[operand] -= 1
                if uses[operand] == 0 and is_of(operand, block):
                    del values[operand]


def as_real(array: NDArray[Any], real: Real) -> NDArray[Any]:
    """Reals in the type that is computed in; integers stay."""
    return array.astype(real, copy=False) if array.dtype.kind == "f" else array
