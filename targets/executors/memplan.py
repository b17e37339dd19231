"""Runs a module at the level `memplan`: one byte array per arena, poisoned where nothing lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.dialects.func import ReturnOp
from xdsl.ir import Operation, SSAValue

from ...dialects.access import full_box, linear_map
from ...dialects.dense import dtype_of, to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ReduceOp
from ...dialects.fixed.structured import StructuredForm, scalar_type
from ...dialects.fixed.types import Reduction, storage_limits
from ...dialects.memplan import (
    LAST,
    AliasOp,
    ArenaOp,
    BufferOp,
    LoopOp,
    RetireOp,
    RowsOp,
    StreamOp,
    ViewOp,
    loops_around,
    size_in_bytes,
)
from .fixed import check_inputs, ported_function, ports
from .forms import evaluate_form, node_of
from .interface import Arrays, Run
from .memory import Box, Memory, Rows, Window
from .slices import Slices, held_at_0
from .values import IntegerOverflow, container

POISON = 0xA5
"""The byte that fills memory before it is written and after it is retired, so that a wrong plan gives wrong results."""


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

        Raises IntegerOverflow, naming node and op, where a value does not fit its type. The trace of a node in a stream
        is put together from its slices as they are written.
        """
        arrays = check_inputs(self.inputs, inputs)
        state = State(len(arrays[0]) if arrays else 1)
        block = self.function.body.block
        for number, argument in enumerate(block.args):
            window = state.allocate(argument)
            if number < len(arrays):
                window.elements[...] = arrays[number]
        traced: dict[str, NDArray[Any]] = {}
        for op in block.ops:
            for form, box in state.execute(op):
                if trace and form.node is not None:
                    state.trace(traced, form, box)
        outputs = zip(self.outputs, block.args[len(self.inputs) :], strict=True)
        return Run({port.label.data: state.memory[argument].elements for port, argument in outputs}, traced)


class State:
    """The memory of a run: where the bytes of every memref are."""

    def __init__(self, batch: int):
        self.batch = batch
        self.memory: dict[SSAValue, Memory] = {}
        self.rounds: dict[LoopOp, int] = {}
        """The round that each loop is in."""
        self._slices: dict[StructuredForm, tuple[Slices, list[LoopOp]]] = {}

    def allocate(self, value: SSAValue) -> Window:
        """Poisoned memory for an argument, an arena or a buffer."""
        assert isinstance(value.type, MemRefType)
        return self._own(value, value.type, self._poison(value.type))

    def _own(self, value: SSAValue, type: MemRefType, data: NDArray[np.uint8]) -> Window:
        window = Window(data, type, np.full(data.shape[1], len(self.memory), np.int32), len(self.memory))
        self.memory[value] = window
        return window

    def _poison(self, type: MemRefType) -> NDArray[np.uint8]:
        return np.full((self.batch, size_in_bytes(type)), POISON, np.uint8)

    def execute(self, op: Operation) -> Iterator[tuple[StructuredForm, Box]]:
        """Run one op; yields each form after each of its slices, with the box of its destination that this wrote.

        Raises UserError on an op of another level.
        """
        match op:
            case ConstantOp():
                assert isinstance(op.result.type, MemRefType)
                data = np.ascontiguousarray(to_numpy(op.value)).reshape((1, -1)).view(np.uint8)
                self._own(op.result, op.result.type, data)
            case ArenaOp() | BufferOp():
                self.allocate(op.result)
            case ViewOp():
                arena, number = self._arena(op.arena), len(self.memory)
                self.memory[op.result] = arena.view(op.offset.value.data, op.result.type, number)
            case RowsOp():
                arena, offsets = self._arena(op.arena), op.row_offsets.tolist()
                self.memory[op.result] = Rows.at(offsets, arena, op.result.type, len(self.memory))
            case AliasOp():
                self.memory[op.result] = self.memory[op.source].part(op.offset.value.data, op.result.type)
            case RetireOp():
                self._retire(op)
            case StructuredForm():
                yield op, self._step(op)
            case LoopOp():
                for turn in range(op.trips):
                    self.rounds[op] = turn
                    for inner in op.body.block.ops:
                        yield from self.execute(inner)
            case StreamOp():
                yield from self._stream(op)
            case ReturnOp():
                pass
            case _:
                raise UserError(f"`{op.name}` does not belong to the level `memplan`: lower it first")

    def _retire(self, op: RetireOp) -> None:
        memory = self.memory[op.buffer]
        if isinstance(memory, Rows):
            raise UserError(f"{memory.type} lies in rows, each of which dies by itself: remove the memplan.retire")
        memory.kill(POISON)

    def _arena(self, value: SSAValue) -> Window:
        memory = self.memory[value]
        if isinstance(memory, Rows):
            raise UserError(f"{memory.type} lies in rows: it is no arena")
        return memory

    def _stream(self, op: StreamOp) -> Iterator[tuple[StructuredForm, Box]]:
        forms = [Slices(form, [along]) for form, along in zip(op.forms, op.dims, strict=True)]
        partial = [along >= len(form.domain.parallel.data) for form, along in zip(op.forms, op.dims, strict=True)]
        for number, value in op.slices.tolist():
            form = forms[number]
            yield form.form, self._run(form, [value], partial[number] and value > 0)

    def _step(self, form: StructuredForm) -> Box:
        """Run a form: the slice of it that the rounds of the loops around hold, all of it where they hold none."""
        if form not in self._slices:
            held = [(loop, loop.dims[form]) for loop in loops_around(form) if form in loop.dims]
            self._slices[form] = Slices(form, [dim for _, dim in held]), [loop for loop, _ in held]
        slices, loops = self._slices[form]
        return self._run(slices, [self.rounds[loop] for loop in loops], False)

    def _run(self, slices: Slices, values: Sequence[int], accumulate: bool) -> Box:
        """Run one slice. Its output is computed in full before any of it is written: inputs may lie in its bytes."""
        form, part = slices.form, slices.at(values)
        operands = (*form.ins, *form.params, *form.indices)
        reads = [self.memory[v].read(box) for v, box in zip(operands, part.reads, strict=True)]
        ins, others = reads[: len(form.ins)], reads[len(form.ins) :]
        params, indices = others[: len(form.params)], others[len(form.params) :]
        tables = [self.memory[table].elements.reshape(-1) for table in form.tables]
        output = evaluate_form(part.form, ins, params, tables, indices=indices)
        sizes = part.form.trips[: len(part.form.domain.parallel.data)]
        for places, points in self.memory[form.target].targets(part.written, part.results, sizes):
            part_of = output[(slice(None), *(slice(r.start, r.stop) for r in points))]
            places[...] = combined(form, places, part_of) if accumulate else part_of
        return part.written

    def trace(self, traced: dict[str, NDArray[Any]], form: StructuredForm, box: Box) -> None:
        """Copy a box that a form has written into the value of its node; elements never written are poison.

        The value is what the form writes in all: less than its target where it writes a part of a concatenation. In
        loops it is stacked over their rounds, shape (batch, rounds of each loop, *shape).
        """
        assert form.node is not None and isinstance(form.target.type, MemRefType)
        node, element, around = form.node.data, form.target.type.element_type, loops_around(form)
        around = around[1:] if LAST in form.attributes else around
        held = [loop.dims[form] for loop in loops_around(form) if form in loop.dims]
        results = linear_map(form.out_map)
        ranges = [held_at_0(r, held).interval(full_box(form.sizes)) for r in results]
        stays = [not any(r.coefficients[dim] for dim in held) for r in results]
        if node not in traced:
            shape = [loop.trips for loop in around]
            shape += [high - low + 1 for (low, high), stay in zip(ranges, stays, strict=True) if stay]
            poison = self._poison(MemRefType(element, shape))
            traced[node] = poison.view(dtype_of(scalar_type(element))).reshape((-1, *shape))
        kept = zip(box, ranges, stays, strict=True)
        part = [slice(r.start - low, r.stop - low) for r, (low, _), stay in kept if stay]
        value = self.memory[form.target].read(box)
        turns = tuple(self.rounds[loop] for loop in around)
        moving = tuple(dim + 1 for dim, stay in enumerate(stays) if not stay)
        traced[node][(slice(None), *turns, *part)] = value.squeeze(moving) if moving else value


def combined(form: StructuredForm, before: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """What slices along a reduction dimension have left, combined with the next one.

    Raises IntegerOverflow where a sum leaves its type.
    """
    assert isinstance(form, ReduceOp), "verified: only a reduction runs along a reduction dimension"
    if form.kind.data is not Reduction.SUM:
        return (np.maximum if form.kind.data is Reduction.MAX else np.minimum)(before, values)
    low, high = storage_limits(form.acc)
    total = before.astype(container(2 * low, 2 * high)) + values
    if total.min() < low or total.max() > high:
        raise IntegerOverflow(f"node `{node_of(form)}`: {form.name}: the accumulator leaves {form.acc}")
    return total
