"""Tiles: how each form visits its points on a core, before memory is planned for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefType, ModuleOp, i32
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ContractOp, StructuredForm, segments
from ...dialects.machine import dual_multiply_add, multiply_add, multiply_add_24, unpack_bytes
from ...dialects.memplan import BufferOp, loops_around, size_in_bytes
from ...dialects.memplan.liveness import is_planned
from .schedule import is_placed
from .tiling.choices import Choice, best, choices, direct_choices, worthwhile

RESERVE = 32_768
"""Flash that tiles leave for all other code."""

WIDTHS = {"auto": (16, 8), "16": (16,), "8": (8,)}
"""Bits of packed weights, by the pass's option."""


@dataclass(frozen=True)
class TilePass(ModulePass):
    """Give contractions a tile, with the scratch memory that its kernel needs, where the core has the operations.

    `operations` are those of the core (dialects/machine.py), with commas between. Weights are packed in the order of
    use, as 16 bits, or 8 that a kernel unpacks, as `packed` says, `auto` for the fewer instructions. With `flash`, in
    bytes, the choices for all forms are those with the fewest instructions that it has room for: a knapsack. A form
    that no kernel fits keeps its points one by one. Functions that are placed already are left alone. Raises UserError
    for other values of `packed`.
    """

    name = "memplan-tile"
    operations: str = ""
    flash: int = 0
    packed: str = "auto"
    core: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.packed not in WIDTHS:
            raise UserError(f"{self.name}: packed is one of {', '.join(WIDTHS)}, not `{self.packed}`")
        given = set(self.operations.split(","))
        if {dual_multiply_add.__name__, unpack_bytes.__name__} <= given:
            self._take(op, lambda form: choices(form, WIDTHS[self.packed]), list)
        elif given & {multiply_add.__name__, multiply_add_24.__name__}:
            self._take(op, lambda form: direct_choices(form, given, self.core), worthwhile)

    def _take(
        self,
        op: ModuleOp,
        options: Callable[[ContractOp], list[Choice]],
        filter: Callable[[list[list[Choice]]], list[list[Choice]]],
    ) -> None:
        """Give the forms of each function, and of its loops, the best of their tiles that there is room for."""
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                items = [options(form) for form in list(function.walk()) if isinstance(form, ContractOp)]
                for choice in best(filter(items), self._room(function)):
                    if choice.tile is not None:
                        choice.form.properties["tile"] = choice.tile
                        if choice.scratch_words:
                            add_scratch(choice.form, choice.scratch_words)

    def _room(self, function: FuncOp) -> int:
        """Bytes of flash beside the constants and other code; any number without a limit."""
        types = [op.result.type for op in function.walk() if isinstance(op, ConstantOp)]
        constants = sum(size_in_bytes(type) for type in types if isinstance(type, MemRefType))
        return self.flash - min(RESERVE, self.flash // 4) - constants if self.flash else 1 << 40


def has_tiles(function: FuncOp) -> bool:
    """True where a form has a tile."""
    return any(isinstance(op, StructuredForm) and op.tile is not None for op in function.walk())


def drop_tiles(function: FuncOp) -> None:
    """Take all tiles away, with their scratch memory."""
    for form in list(function.walk()):
        if isinstance(form, StructuredForm) and form.tile is not None:
            scratch = form.scratch
            del form.properties["tile"]
            counts = [len(v) for v in (form.ins, form.params, form.tables, (form.target,), form.indices)]
            form.operands = [value for value in form.operands if value is not scratch]
            form.properties["operandSegmentSizes"] = segments(*counts)
            if scratch is not None and isinstance(scratch.owner, BufferOp):
                Rewriter.erase_op(scratch.owner)


def add_scratch(form: ContractOp, words: int) -> None:
    """Give a form scratch memory of so many words; storage of what is in loops stands before them."""
    node = None if form.node is None else f"{form.node.data}_scratch"
    buffer = BufferOp(MemRefType(i32, [words]), node)
    loops = loops_around(form)
    Rewriter.insert_op(buffer, InsertPoint.before(loops[0] if loops else form))
    form.operands = [*form.operands, buffer.result]
    form.properties["operandSegmentSizes"] = segments(len(form.ins), len(form.params), len(form.tables), 1, scratch=1)
