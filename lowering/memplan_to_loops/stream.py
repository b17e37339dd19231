"""A stream at the loops level: a table of slices in flash, and a loop that calls the function of each.

    for i in 0 .. slices: switch (form[i]) { case 0: conv1(row[i], ...); case 1: conv2(row[i], ...) }

Where the caller delivers the input row by row, a call runs the slices from one row of the input to the next, and the
number of the row lasts from call to call. A table whose numbers are evenly spaced is arithmetic, a loop that always
takes one turn is its body, and of one form there is no choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import DenseArrayBase, IndexType, i16, i64
from xdsl.ir import Block, Region, SSAValue

from .emit import Emitter, Index
from .memory import Memory
from .rows import spacing

STATE_BYTES = 2
"""Bytes of static RAM that a model by rows has beside its arena: the number of the next row."""

Call = tuple[str, list[SSAValue]]
"""A function, and the arguments after the number of the slice."""


class Stream:
    """The slices of a stream as they are written at the end of the emitter's block."""

    def __init__(self, emit: Emitter, memory: Memory, calls: Sequence[Call], slices: NDArray[np.int32]):
        self.emit, self.memory, self.calls, self.slices = emit, memory, calls, slices

    def write(self) -> None:
        """Run all slices."""
        self._run(0, len(self.slices))

    def write_pushed(self, source: int) -> Block:
        """Run the slices from one slice of form `source` to its next. Returns the block that runs after the last.

        What needs no row of the input, such as margins, runs with the first.
        """
        emit = self.emit
        starts = np.flatnonzero(self.slices[:, 0] == source).astype(np.int32)
        starts[0] = 0
        bounds = Table(self, "pushes", np.append(starts, np.int32(len(self.slices))))
        state = self.read(self.memory.state("row"))
        zero = emit.index(0)
        row = emit.do(arith.IndexCastOp(emit.do(memref.LoadOp.get(state, [zero])), IndexType()), "row")
        after = emit.index(emit.add(row, 1))
        if bounds.step == 1:
            self._turn(bounds.entry(row))
        else:
            self._run(bounds.entry(row), bounds.entry(after))
        is_last = emit.do(arith.CmpiOp(after, emit.index(len(starts)), "eq"))
        following = emit.do(arith.SelectOp(is_last, zero, after))
        emit.block.add_op(memref.StoreOp.get(emit.do(arith.IndexCastOp(following, i16)), state, [zero]))
        rest = Block()
        emit.block.add_op(scf.IfOp(is_last, [], Region(rest)))
        return rest

    def _run(self, first: Index, last: Index) -> None:
        """The slices from one to another."""
        emit = self.emit
        block = Block(arg_types=[IndexType()])
        block.args[0].name_hint = "slice"
        tables = self._tables()
        emit.block.add_op(scf.ForOp(emit.index(first), emit.index(last), emit.index(1), [], block))
        with emit.inside(block):
            self._turn(block.args[0], tables)
            block.add_op(scf.YieldOp())

    def _tables(self) -> tuple[Table, Table]:
        """The form of each slice, and its row."""
        return Table(self, "forms", self.slices[:, 0]), Table(self, "slices", self.slices[:, 1])

    def _turn(self, number: Index, tables: tuple[Table, Table] | None = None) -> None:
        """Call the function of a slice."""
        forms, rows = tables or self._tables()
        form, row = forms.entry(number), self.emit.index(rows.entry(number))
        if isinstance(form, int):
            self._call(self.calls[form], row)
            return
        cases = [self._case(call, row) for call in self.calls]
        numbers = DenseArrayBase.from_list(i64, list(range(len(cases) - 1)))
        regions = [Region(case) for case in cases]
        self.emit.block.add_op(scf.IndexSwitchOp(form, numbers, regions[-1], regions[:-1], []))

    def _case(self, call: Call, row: SSAValue) -> Block:
        block = Block()
        with self.emit.inside(block):
            self._call(call, row)
            block.add_op(scf.YieldOp())
        return block

    def _call(self, call: Call, row: SSAValue) -> None:
        self.emit.block.add_op(func.CallOp(call[0], [row, *call[1]], []))

    def read(self, symbol: memref.GlobalOp) -> SSAValue:
        """The memref of a global."""
        return self.emit.do(memref.GetGlobalOp(symbol.sym_name.data, symbol.type))


class Table:
    """A list of numbers: in flash, or where they are evenly spaced, so many apart, computed."""

    def __init__(self, stream: Stream, name: str, values: NDArray[np.int32]):
        self.emit, self.first, self.step = stream.emit, int(values[0]), spacing(values)
        self.memref = None if self.step is not None else stream.read(stream.memory.table(name, values))

    def entry(self, number: Index) -> Index:
        """The entry of a number."""
        if self.step is not None:
            return self.emit.sum(self.emit.scale(number, self.step), self.first) if self.step else self.first
        assert self.memref is not None, "made where there is no step"
        entry = self.emit.do(memref.LoadOp.get(self.memref, [self.emit.index(number)]))
        return self.emit.do(arith.IndexCastOp(entry, IndexType()))
