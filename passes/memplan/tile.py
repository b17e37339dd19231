"""Tiles: how each form visits its points on a core, before memory is planned for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefType, ModuleOp, i32
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ContractOp, StructuredForm, segments
from ...dialects.fixed.tile import Kernel, TileAttr
from ...dialects.machine import dual_multiply_add, multiply_add, multiply_add_24, unpack_bytes
from ...dialects.memplan import BufferOp, size_in_bytes
from ...dialects.memplan.liveness import is_planned
from ...targets.core import load_core
from .choose_layouts import ChooseLayoutsPass
from .schedule import is_placed
from .tiling.columns import Columns
from .tiling.direct import Direct, fits
from .tiling.lanes import Lanes
from .tiling.planes import Planes

CODE_BYTES = 512
"""Flash that the code of a tile takes beside its constants, about."""

RESERVE = 32_768
"""Flash that tiles leave for all other code."""


@dataclass(frozen=True)
class TilePass(ModulePass):
    """Give contractions a tile, with the scratch memory that its kernel needs, where the core has the operations.

    `operations` are those of the core (dialects/machine.py), with commas between. Packed weights take more flash: with
    `flash`, in bytes, those forms get a tile that have most multiply-accumulates for each byte more, as long as there
    is room. A form that no kernel fits keeps its points one by one. Functions that are placed already are left alone.
    """

    name = "memplan-tile"
    operations: str = ""
    flash: int = 0
    core: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        given = set(self.operations.split(","))
        if {dual_multiply_add.__name__, unpack_bytes.__name__} <= given:
            self._take(op, choose, loops=False)
        elif given & {multiply_add.__name__, multiply_add_24.__name__}:
            self._take(op, lambda form: choose_direct(form, given, self.core), loops=True)

    def _take(self, op: ModuleOp, choose: Callable[[ContractOp], Choice | None], loops: bool) -> None:
        """Give the forms of each function, and of its loops, their tiles, as far as there is room."""
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                forms = function.walk() if loops else function.body.block.ops
                choices = [choice for form in forms if isinstance(form, ContractOp) and (choice := choose(form))]
                for choice in affordable(choices, self._room(function)) if self.flash else choices:
                    choice.take()

    def _room(self, function: FuncOp) -> int:
        """Bytes of flash beside the constants and other code."""
        types = [op.result.type for op in function.walk() if isinstance(op, ConstantOp)]
        constants = sum(size_in_bytes(type) for type in types if isinstance(type, MemRefType))
        return self.flash - min(RESERVE, self.flash // 4) - constants


@dataclass(frozen=True)
class Choice:
    """A tile for a form, with the words of scratch memory and the bytes of flash that it takes more."""

    form: ContractOp
    tile: TileAttr
    scratch_words: int
    more_flash: int

    def take(self) -> None:
        """Give the form its tile."""
        self.form.properties["tile"] = self.tile
        if self.scratch_words:
            add_scratch(self.form, self.scratch_words)


def affordable(choices: list[Choice], room: int) -> list[Choice]:
    """The choices with the most multiply-accumulates for each byte, that fit together."""
    taken: list[Choice] = []
    for choice in sorted(choices, key=lambda choice: choice.more_flash / choice.form.macs):
        if choice.more_flash <= room:
            room -= choice.more_flash
            taken.append(choice)
    return taken


def choose(form: ContractOp) -> Choice | None:
    """The tile of the kernel that fits a form, if there is one."""
    if form.tile is not None:
        return None
    if (planes := Planes.of(form)) is not None:
        points, kernel, pixels = planes.lanes.size[1] * planes.lanes.channels, Kernel.PLANES, planes.outputs
        words, packed = planes.scratch_words, planes.packed()
    elif (lanes := Lanes.of(form)) is not None:
        points, kernel, pixels = lanes.size[1] * lanes.channels, Kernel.LANES, lanes.pixels
        words, packed = lanes.scratch_words, lanes.packed()
    elif (columns := Columns.of(form)) is not None:
        pixels = 2 if columns.roles.pixels else 1
        points, kernel = columns.channels * pixels, Kernel.COLUMNS
        words, packed = columns.scratch_words(pixels), columns.packed()
    else:
        return None
    before = size_in_bytes(form.ins[1].type) if isinstance(form.ins[1].type, MemRefType) else 0
    return Choice(form, TileAttr(points, kernel, pixels), words, packed.nbytes - before + CODE_BYTES)


def choose_direct(form: ContractOp, operations: Collection[str], core: str) -> Choice | None:
    """The tile of the kernel that reads data where they lie; not of weights that take less flash under a layout."""
    direct = None if form.tile is not None else Direct.of(form)
    if direct is None or not fits(direct, operations) or direct.channels * direct.roles.size(direct.pixels) < 2:
        return None
    weights = form.ins[1].owner
    assert isinstance(weights, ConstantOp), "checked: weights are constant"
    if core and ChooseLayoutsPass(core).choose(weights, load_core(core)) is not None:
        return None
    pixels = direct.together
    tile = TileAttr(direct.channels * pixels, Kernel.DIRECT, pixels)
    return Choice(form, tile, 0, CODE_BYTES)


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
    """Give a form scratch memory of so many words."""
    node = None if form.node is None else f"{form.node.data}_scratch"
    buffer = BufferOp(MemRefType(i32, [words]), node)
    Rewriter.insert_op(buffer, InsertPoint.before(form))
    form.operands = [*form.operands, buffer.result]
    form.properties["operandSegmentSizes"] = segments(len(form.ins), len(form.params), len(form.tables), 1, scratch=1)
