"""`memplan-rings`: buffers between forms that overlap keep their last rows, and their writers wait for readers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from ...dialects.access import linear_map
from ...dialects.dataflow import RING, Await, awaits_of, dataflow_attributes, row_dim, stage_of
from ...dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ...dialects.memplan import BufferOp
from ...dialects.memplan.liveness import root_of, touched
from .overlap import rows_of

Times = NDArray[np.int64]


@dataclass(frozen=True)
class RingsPass(ModulePass):
    """Put `hls.ring` on buffers that are written and read row by row, and what their writers wait for on these.

    A ring holds as many rows as are alive at once where every form takes a row in the same time; since that is an order
    in which all rows can be written, the waits have no cycle, and no speeds of forms can deadlock: also not where
    branches join (Lee and Messerschmitt, "Synchronous Data Flow", 1987). `slack` more rows keep forms from stalling.
    Buffers of up to `bits` keep all their rows: they fit the smallest block RAM.
    """

    name = "memplan-rings"
    slack: int = 1
    bits: int = 18 * 1024

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [o for o in op.walk() if isinstance(o, func.FuncOp) and not o.is_declaration]:
            inner = [o for o in function.body.block.ops if isinstance(o, StructuredForm)]
            forms = {s: o for o in inner if (s := stage_of(o)) is not None}
            times = ideal_times(forms)
            waits: dict[int, list[Await]] = {}
            for buffer in [o for o in function.body.block.ops if isinstance(o, BufferOp)]:
                if (found := Ring.of(buffer, forms, self.bits)) is not None:
                    found.choose(times, self.slack, waits)
            for stage, more in waits.items():
                forms[stage].attributes.update(dataflow_attributes(stage, [*awaits_of(forms[stage]), *more]))


def ideal_times(forms: dict[int, StructuredForm]) -> dict[int, Times]:
    """When each row of each form ends, if a row takes one unit and starts as soon as it may."""
    times: dict[int, Times] = {}
    for stage, form in forms.items():
        own = np.zeros(rows_of(form), np.int64)
        last = 0
        for row in range(len(own)):
            ready = [int(times[a.stage][a.needed(row) - 1]) for a in awaits_of(form) if a.needed(row) > 0]
            last = own[row] = max(last, *ready, 0) + 1
        times[stage] = own
    return times


@dataclass(frozen=True)
class Reader:
    """A form that reads a ring: its row `i` reads rows from `stride * i + first` on."""

    stage: int
    rows: int
    stride: int
    first: int

    def wait(self, kept: int) -> Await:
        """What the writer waits for before row `r`, which takes the place of row `r - kept`."""
        return Await(self.stage, self.rows, 1, self.stride - kept - self.first, self.stride.bit_length() - 1)


@dataclass(frozen=True)
class Ring:
    """A buffer with one writer, whose rows are the buffer's, and readers that take them in order."""

    buffer: BufferOp
    writer: int
    rows: int
    row_elements: int
    readers: tuple[Reader, ...]

    @staticmethod
    def of(buffer: BufferOp, forms: dict[int, StructuredForm], most: int) -> Ring | None:
        """A buffer as a ring; None where it is none."""
        shape = shaped_type(buffer.result).get_shape()
        axis = next((a for a, size in enumerate(shape) if size > 1), None)
        bits = prod(shape) * scalar_type(shaped_type(buffer.result).element_type).width.data
        touching = {s: f for s, f in forms.items() if any(root_of(v) is buffer.result for v, _ in touched(f))}
        writers = [s for s, f in touching.items() if root_of(f.target) is buffer.result]
        uses = {use.operation for use in buffer.result.uses}
        if axis is None or bits <= most or len(writers) != 1 or uses != set(touching.values()):
            return None
        readers = [reader_of(f, s, buffer.result, writers[0], axis) for s, f in touching.items() if s != writers[0]]
        written = row_dim(forms[writers[0]])
        if not readers or written is None or forms[writers[0]].sizes[written] != shape[axis]:
            return None
        kept = [r for r in readers if r is not None]
        if len(kept) != len(readers):
            return None
        return Ring(buffer, writers[0], shape[axis], prod(shape[axis + 1 :]), tuple(kept))

    def choose(self, times: dict[int, Times], slack: int, waits: dict[int, list[Await]]) -> None:
        """Put the ring on the buffer where it is smaller than all rows."""
        need = next((kept for kept in range(1, self.rows) if self.holds(kept, times)), self.rows)
        elements = 1 << (self.row_elements * (need + slack) - 1).bit_length()
        if elements >= self.rows * self.row_elements:
            return
        self.buffer.attributes[RING] = IntegerAttr(elements, i64)
        kept = elements // self.row_elements
        waits.setdefault(self.writer, []).extend(reader.wait(kept) for reader in self.readers)

    def holds(self, kept: int, times: dict[int, Times]) -> bool:
        """Whether so many rows suffice for the ideal times."""
        begins = times[self.writer] - 1
        for reader in self.readers:
            wait = reader.wait(kept)
            for row in range(self.rows):
                needed = wait.needed(row)
                if needed > 0 and times[reader.stage][needed - 1] > begins[row]:
                    return False
        return True


def reader_of(form: StructuredForm, stage: int, value: SSAValue, writer: int, axis: int) -> Reader | None:
    """How a form reads the rows of a buffer; None where not in order."""
    own = row_dim(form)
    forward = [a for a in awaits_of(form) if a.stage == writer and a.scale > 0]
    if own is None or len(forward) != 1:
        return None
    stride = forward[0].scale
    firsts: list[int] = []
    for operand, access in touched(form):
        if operand is value:
            if access is None:
                return None
            index = linear_map(access)[axis]
            spans = [min(0, c * (form.sizes[d] - 1)) for d, c in enumerate(index.coefficients) if d != own]
            firsts.append(index.offset + sum(spans))
    return None if stride & (stride - 1) else Reader(stage, form.sizes[own], stride, min(firsts))
