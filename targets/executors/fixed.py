"""Runs a module at the level `fixed` in numpy integers, a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, SSAValue

from ...dialects.dense import dtype_of, to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConcatOp, ConstantOp, NextOp, ReshapeOp, ScanOp, SliceOp
from ...dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ...dialects.fixed.types import PortAttr, storage_limits
from ...dialects.harmless import in_quotes
from .forms import evaluate_form
from .interface import Arrays, OnValue, Run
from .rounds import is_of, operands_within, run_rounds

OnScan = Callable[[ScanOp, list[NDArray[Any]]], None]
"""Takes a scan and its results, (batch, *shape)."""


class FixedExecutor:
    """The executor of the level `fixed`; the module holds one function with `fixed.inputs` and `fixed.outputs`."""

    level = "fixed"

    def __init__(self, module: ModuleOp):
        self.function = ported_function(module)
        self.inputs, self.outputs = ports(self.function, "fixed.inputs"), ports(self.function, "fixed.outputs")

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Run a batch of stored integers; raises UserError where `inputs` do not match the ports.

        Raises IntegerOverflow, naming node and op, where a value does not fit its type.
        """
        traced: dict[str, NDArray[Any]] = {}

        def keep(op: Operation, value: NDArray[Any]) -> None:
            node = op.properties.get("node")
            if trace and isinstance(node, StringAttr) and not isinstance(op, ConstantOp):
                traced[node.data] = value

        return Run(self.visit(inputs, keep), traced)

    def visit(self, inputs: Arrays, on_value: OnValue, on_scan: OnScan | None = None) -> dict[str, NDArray[Any]]:
        """Run a batch as `run` does and show every computed value, (batch, *shape), to `on_value`.

        What the body of a scan computes is shown once, with its values of all rounds, (batch, rounds, *shape); the
        results of scans that are in none are shown to `on_scan`.
        """
        block = self.function.body.block
        arrays = check_inputs(self.inputs, inputs)
        batch = len(arrays[0]) if arrays else 1
        values: dict[SSAValue, NDArray[Any]] = dict(zip(block.args, arrays, strict=True))

        def show_results(op: ScanOp, results: list[NDArray[Any]]) -> None:
            if on_scan is not None:
                on_scan(op, [for_all(result, batch) for result in results])

        self._run(block, values, lambda op, value: on_value(op, for_all(value, batch)), show_results)
        terminator = block.last_op
        assert isinstance(terminator, ReturnOp)
        labels = [port.label.data for port in self.outputs]
        results = [values[operand] for operand in terminator.operands]
        return {label: for_all(array, batch) for label, array in zip(labels, results, strict=True)}

    def _run(
        self,
        block: Block,
        values: dict[SSAValue, NDArray[Any]],
        on_value: OnValue | None,
        on_scan: OnScan | None = None,
    ) -> None:
        """Compute the ops of a block; what it made is forgotten after its last use in it."""
        uses = Counter(operand for op in block.ops for operand in operands_within(op))
        for op in block.ops:
            if isinstance(op, ReturnOp | NextOp):
                break
            if isinstance(op, ScanOp):
                results = run_rounds(op, values, lambda body, shown: self._run(body, values, shown), on_value)
                values.update(zip(op.results, results, strict=True))
                if on_scan is not None:
                    on_scan(op, results)
            else:
                values[op.results[0]] = evaluate(op, [values[operand] for operand in op.operands])
                if on_value is not None:
                    on_value(op, values[op.results[0]])
            for operand in operands_within(op):
                uses[operand] -= 1
                if uses[operand] == 0 and is_of(operand, block):
                    del values[operand]


def ported_function(module: ModuleOp) -> FuncOp:
    """The one function that carries `fixed.inputs`. Raises UserError where there is none, or more than one."""
    found = [op for op in module.walk() if isinstance(op, FuncOp) and "fixed.inputs" in op.attributes]
    if len(found) != 1:
        raise UserError(
            f"expected one function with `fixed.inputs`, found {len(found)}: lower a model with `convert-onnx-to-fixed`"
        )
    return found[0]


def ports(function: FuncOp, name: str) -> tuple[PortAttr, ...]:
    """The ports that a function lists under an attribute. Raises UserError where it is missing or not of ports."""
    attribute = function.attributes.get(name)
    if isinstance(attribute, ArrayAttr):
        found = tuple(port for port in attribute.data if isinstance(port, PortAttr))
        if len(found) == len(attribute.data):
            return found
    raise UserError(f"@{function.sym_name.data} has no `{name}`: an array of #fixed.port is expected")


def check_inputs(expected: Sequence[PortAttr], inputs: Arrays) -> list[NDArray[Any]]:
    """The arrays in the order of the ports and in their storage types. Raises UserError with every mismatch."""
    reasons: list[str] = []
    arrays: list[NDArray[Any]] = []
    for port in expected:
        label, shape, storage = port.label.data, port.stored_shape, scalar_type(port.element)
        array = inputs.get(label)
        if array is None:
            reasons.append(f"no input {in_quotes(label)}: give an array of shape (batch, {', '.join(map(str, shape))})")
            continue
        if array.shape[1:] != shape or len(array) == 0:
            reasons.append(f"input {in_quotes(label)} has shape {array.shape}, expected a batch of {shape}")
            continue
        low, high = storage_limits(storage)
        if array.dtype.kind not in "iu" or array.min() < low or array.max() > high:
            reasons.append(
                f"input `{label}` is {array.dtype}, expected integers in [{low}, {high}] as {storage} stores them"
            )
            continue
        arrays.append(array.astype(dtype_of(storage), copy=False))
    if len({len(array) for array in arrays}) > 1:
        reasons.append(f"the inputs have batches of {', '.join(str(len(array)) for array in arrays)}: use one size")
    if reasons:
        raise UserError(*reasons)
    return arrays


def evaluate(op: Operation, operands: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The value of one op, (B, *shape); what is known at compile time has B = 1."""
    match op:
        case ConstantOp():
            return to_numpy(op.value)[np.newaxis]
        case ReshapeOp():
            return operands[0].reshape((len(operands[0]), *shaped_type(op.result).get_shape()))
        case ConcatOp():
            batch = max(len(part) for part in operands)
            return np.concatenate([for_all(part, batch) for part in operands], axis=op.axis_index + 1)
        case SliceOp():
            box = zip(op.offsets.data, shaped_type(op.result).get_shape(), strict=True)
            return operands[0][(slice(None), *(slice(start, start + size) for start, size in box))]
        case StructuredForm():
            ins, rest = len(op.ins), len(op.ins) + len(op.params)
            last = rest + len(op.tables)
            tables = [table.reshape(-1) for table in operands[rest:last]]
            return evaluate_form(op, operands[:ins], operands[ins:rest], tables, indices=operands[last:])
        case _:
            raise UserError(f"`{op.name}` does not belong to the level `fixed`: lower it first")


def for_all(array: NDArray[Any], batch: int) -> NDArray[Any]:
    """The array for every sample of the batch."""
    return np.broadcast_to(array, (batch, *array.shape[1:]))
