"""Which tile each form of a function gets, within flash, and within scratch memory that planners allow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType, i32
from xdsl.dialects.func import FuncOp
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.structured import segments
from ....dialects.memplan import BufferOp, loops_around, size_in_bytes
from ....targets.costs import CostModel
from .choices import Choice, best, choices, worthwhile
from .kernels import rows_of

RESERVE = 32_768
"""Flash that tiles leave for all other code."""

WORD_BYTES = 4

Caps = Mapping[str, int]
"""The most bytes of scratch memory of a form, by its node; of others as much as they like."""


@dataclass(frozen=True)
class Tiler:
    """Tiles for a core of these `operations` (dialects/machine.py), the fastest by its costs.

    Weights are packed in one of `widths` bits. `flash` is what constants and code may have, in bytes, 0 for no limit,
    or, with `extra`, what tiles may add to them.
    """

    operations: frozenset[str]
    costs: CostModel
    widths: Sequence[int]
    flash: int = 0
    extra: int | None = None

    @property
    def is_able(self) -> bool:
        """Whether the core has the operations of any kernel."""
        return bool(rows_of(self.operations))

    def options(self, form: ContractOp) -> list[Choice]:
        """The tiles that a form can have, none first."""
        return choices(form, rows_of(self.operations), self.widths, self.costs)

    def tile(self, function: FuncOp, caps: Caps | None = None) -> None:
        """Give each form of a function, and of its loops, the best of its tiles that there is room for."""
        if not self.is_able:
            return
        items = [self._allowed(form, caps or {}) for form in list(function.walk()) if isinstance(form, ContractOp)]
        for choice in best(worthwhile(items), self.room(function)):
            if choice.tile is not None:
                choice.form.properties["tile"] = choice.tile
                if choice.scratch_words:
                    add_scratch(choice.form, choice.scratch_words)

    def _allowed(self, form: ContractOp, caps: Caps) -> list[Choice]:
        most = None if form.node is None else caps.get(form.node.data)
        return [c for c in self.options(form) if c.tile is None or most is None or WORD_BYTES * c.scratch_words <= most]

    def room(self, function: FuncOp) -> int:
        """Bytes of flash beside the constants and other code; any number without a limit."""
        if self.extra is not None:
            return self.extra
        types = [op.result.type for op in function.walk() if isinstance(op, ConstantOp)]
        constants = sum(size_in_bytes(type) for type in types if isinstance(type, MemRefType))
        return self.flash - min(RESERVE, self.flash // 4) - constants if self.flash else 1 << 40


def add_scratch(form: ContractOp, words: int) -> None:
    """Give a form scratch memory of so many words; storage of what is in loops stands before them."""
    node = None if form.node is None else f"{form.node.data}_scratch"
    buffer = BufferOp(MemRefType(i32, [words]), node)
    loops = loops_around(form)
    Rewriter.insert_op(buffer, InsertPoint.before(loops[0] if loops else form))
    form.operands = [*form.operands, buffer.result]
    form.properties["operandSegmentSizes"] = segments(len(form.ins), len(form.params), len(form.tables), 1, scratch=1)
