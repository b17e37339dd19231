"""`memplan-choose-layouts`: how each constant lies in flash, by bytes, then by cycles.

SeeDot (PLDI 2019) stores sparse matrices as values and indices; which encoding is smallest follows from the share of
elements that are 0, and from their width. Han, Mao and Dally ("Deep Compression", ICLR 2016) store distances in 4 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp, Signedness, TensorType
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from ...dialects.dense import to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.layout import NARROW, Encoding, LayoutAttr, encode, is_narrow
from ...dialects.fixed.structured import StructuredForm, scalar_type
from ...dialects.fixed.walks import walk_of
from ...dialects.memplan import StreamOp
from ...targets.core import Core, core_names, load_core

DENSE = "dense"


@dataclass(frozen=True)
class ChooseLayoutsPass(ModulePass):
    """Give constants the layout that takes the least flash of a core's; of those near the least, the fastest.

    `core` names the file of `targets/cores/` that says what a decoded entry costs; without its `layout_cycles` all
    constants stay dense. Of layouts with at most `slack` percent more bytes than the smallest one the fastest is
    taken, and none that saves less than `least` bytes, which the loop that decodes it costs. A constant with a layout
    keeps it.
    """

    name = "memplan-choose-layouts"
    core: str = "avr"
    slack: int = 20
    least: int = 32

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.core not in core_names():
            raise UserError(f"memplan-choose-layouts: no core '{self.core}'; there are {', '.join(core_names())}")
        core = load_core(self.core)
        for constant in op.walk():
            if isinstance(constant, ConstantOp) and constant.layout is None:
                constant.layout = self.choose(constant, core)

    def choose(self, constant: ConstantOp, core: Core) -> LayoutAttr | None:
        """The best layout of a constant; None for dense."""
        values, axis = to_numpy(constant.value), walked_axis(constant)
        if (
            not core.layout_cycles
            or axis is None
            or values.nbytes <= self.least
            or (values == values.reshape(-1)[0]).all()
        ):
            return None
        return best_candidate(values, axis, core, self)[0].layout


@dataclass(frozen=True)
class Candidate:
    """A layout, None for dense, with its bytes and the cycles of a walk through all rows."""

    layout: LayoutAttr | None
    bytes: int
    cycles: float


def best_candidate(
    values: NDArray[Any], axis: int, core: Core, options: ChooseLayoutsPass
) -> tuple[Candidate, Candidate]:
    """The layout to take of a constant that is walked along an axis, and the dense one."""
    found = candidates(values, axis, core)
    limit = min(option.bytes for option in found) * (100 + options.slack) // 100
    near = [option for option in found if option.bytes <= limit]
    best = min(near, key=lambda option: (option.cycles, option.bytes))
    return (best if best.bytes <= values.nbytes - options.least else found[0]), found[0]


def candidates(values: NDArray[Any], axis: int, core: Core) -> list[Candidate]:
    """All layouts that can hold a constant, the dense one first."""
    prices = core.layout_cycles
    found = [Candidate(None, values.nbytes, prices[DENSE] * values.size)]
    for encoding in Encoding:
        if encoding in NARROW and not is_narrow(values):
            continue
        layout = LayoutAttr(encoding, axis)
        rows = encode(values, layout)
        cycles = prices[encoding] * rows.entries
        if encoding is Encoding.BITMAP:
            cycles += prices["bitmap_element"] * int((values != 0).sum())
        found.append(Candidate(layout, len(rows.data), cycles))
    return found


def walked_axis(constant: ConstantOp) -> int | None:
    """The axis that all readers of a constant walk along; None where they do not, or layouts do not hold its type."""
    type = constant.result.type
    assert isinstance(type, TensorType | MemRefType)
    storage: IntegerType = scalar_type(type.element_type)
    if storage.width.data not in (8, 16) or storage.signedness.data == Signedness.UNSIGNED:
        return None
    axes = {reader_axis(use.operation, constant) for use in constant.result.uses}
    return axes.pop() if len(axes) == 1 else None


def reader_axis(reader: Operation, constant: ConstantOp) -> int | None:
    """The axis that one reader walks along; not that of a stream along it, nor of a kernel."""
    if not isinstance(reader, StructuredForm) or reader.tile is not None:
        return None
    if (walk := walk_of(reader, constant.result)) is None:
        return None
    parent = reader.parent_op()
    if isinstance(parent, StreamOp):
        along = dict(zip(parent.forms, parent.dims, strict=True))
        return None if along.get(reader) == walk.dim else walk.axis
    return walk.axis
