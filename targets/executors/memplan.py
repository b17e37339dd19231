"""Runs a module at the level `memplan`: one byte array per arena, poisoned where nothing lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.dialects.func import ReturnOp
from xdsl.ir import Operation, SSAValue

from ...dialects.access import footprint, full_box
from ...dialects.dense import dtype_of, to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed_forms import StructuredForm, scalar_type, shaped_type
from ...dialects.memplan import AliasOp, ArenaOp, BufferOp, RetireOp, ViewOp, size_in_bytes
from .fixed import check_inputs, ported_function, ports
from .forms import evaluate_form
from .interface import Arrays, Run

POISON = 0xA5
"""The byte that fills memory before it is written and after it is retired, so that a wrong plan gives wrong results."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """A memref's bytes, shape (batch, size in bytes): a part of an arena, or memory of its own."""

    data: Bytes
    type: MemRefType

    def elements(self) -> NDArray[Any]:
        """The same memory as typed elements, shape (batch, *shape)."""
        dtype = dtype_of(scalar_type(self.type.element_type))
        return self.data.view(dtype).reshape((len(self.data), *self.type.get_shape()))

    def part(self, offset: int, type: MemRefType) -> Window:
        """The window of a view or an alias at a byte offset."""
        return Window(self.data[:, offset : offset + size_in_bytes(type)], type)


class MemplanExecutor:
    """The executor of the level `memplan`; the module holds one function with `fixed.inputs` and `fixed.outputs`."""

    level = "memplan"

    def __init__(self, module: ModuleOp):
        self.function = ported_function(module)
        self.inputs, self.outputs = ports(self.function, "fixed.inputs"), ports(self.function, "fixed.outputs")
        arguments = len(self.function.body.block.args)
        if arguments != len(self.inputs) + len(self.outputs):
            raise UserError(
                f"@{self.function.sym_name.data} has {arguments} arguments for {len(self.inputs)} inputs and "
                f"{len(self.outputs)} outputs: lower it with `convert-fixed-to-memplan`"
            )

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Run a batch of stored integers; raises UserError where `inputs` do not match the ports.

        Raises IntegerOverflow, naming node and op, where a value does not fit its type.
        """
        arrays = check_inputs(self.inputs, inputs)
        state = State(len(arrays[0]) if arrays else 1)
        block = self.function.body.block
        for number, argument in enumerate(block.args):
            window = state.allocate(argument)
            if number < len(arrays):
                window.elements()[...] = arrays[number]
        traced: dict[str, NDArray[Any]] = {}
        for op in block.ops:
            state.execute(op)
            if trace and isinstance(op, StructuredForm) and op.node is not None:
                traced[op.node.data] = state.windows[op.target].elements()[written_box(op)].copy()
        outputs = zip(self.outputs, block.args[len(self.inputs) :], strict=True)
        return Run({port.label.data: state.windows[argument].elements() for port, argument in outputs}, traced)


def written_box(form: StructuredForm) -> tuple[slice, ...]:
    """The part of the target that a form writes, after the batch axis: less than all of it in a concatenation."""
    ranges = footprint(form.out_map, full_box(form.sizes))
    return (slice(None), *(slice(low, high + 1) for low, high in ranges))


class State:
    """The memory of a run: the window of every memref."""

    def __init__(self, batch: int):
        self.batch = batch
        self.windows: dict[SSAValue, Window] = {}

    def allocate(self, value: SSAValue) -> Window:
        """Poisoned memory for an argument, an arena or a buffer."""
        assert isinstance(value.type, MemRefType)
        data = np.full((self.batch, size_in_bytes(value.type)), POISON, np.uint8)
        window = self.windows[value] = Window(data, value.type)
        return window

    def execute(self, op: Operation) -> None:
        """Run one op. Raises UserError on an op of another level."""
        match op:
            case ConstantOp():
                assert isinstance(op.result.type, MemRefType)
                data = np.ascontiguousarray(to_numpy(op.value)).reshape((1, -1)).view(np.uint8)
                self.windows[op.result] = Window(data, op.result.type)
            case ArenaOp() | BufferOp():
                self.allocate(op.result)
            case ViewOp():
                self.windows[op.result] = self.windows[op.arena].part(op.offset.value.data, op.result.type)
            case AliasOp():
                self.windows[op.result] = self.windows[op.source].part(op.offset.value.data, op.result.type)
            case RetireOp():
                self.windows[op.buffer].data[...] = POISON
            case StructuredForm():
                self.windows[op.target].elements()[...] = self._evaluate(op)
            case ReturnOp():
                pass
            case _:
                raise UserError(f"`{op.name}` does not belong to the level `memplan`: lower it first")

    def _evaluate(self, form: StructuredForm) -> NDArray[Any]:
        """The output of a form, computed in full before any of it is written: its inputs may lie in the same bytes."""
        ins, params = self._read(form.ins), self._read(form.params)
        tables = [table.reshape(-1) for table in self._read(form.tables)]
        if prod(form.domain.parallel.data) == prod(shaped_type(form.target).get_shape()):
            return evaluate_form(form, ins, params, tables)
        whole = self.windows[form.target].elements().copy()
        ins = [np.broadcast_to(array, (self.batch, *array.shape[1:])) for array in ins]
        return evaluate_form(form, ins, params, tables, whole)

    def _read(self, values: Sequence[SSAValue]) -> list[NDArray[Any]]:
        return [self.windows[value].elements() for value in values]
