"""The tiles that a form can have, with what each costs: the items of a knapsack over all forms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from xdsl.dialects.builtin import MemRefType

from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.tile import WIDE, Kernel, TileAttr
from ....dialects.machine import multiply_add_24, multiply_add_unsigned_24
from ....dialects.memplan import loops_around, size_in_bytes
from ....targets.core import load_core
from ...knapsack import Item, solutions
from ..choose_layouts import ChooseLayoutsPass
from .clipped import Clipped
from .columns import CHANNELS, Columns
from .direct import Direct, fits
from .lanes import Lanes
from .planes import Planes

CODE_BYTES = 512
"""Flash that the code of a tile takes beside its constants, about."""

LEAST_SHARE = 0.035
"""Of all multiply-accumulates: on cores with little flash forms with less keep their code."""

QUAD = {(1, 16): 11, (2, 16): 22, (1, 8): 18, (2, 8): 30}
"""Instructions of a quad of taps for four channels, by pixels and bits of weights."""

WINDOW_MAC = 2.3
"""Instructions for each multiply-accumulate of a window over one channel."""

DIRECT_MAC = 3.0
"""Those of the kernel `direct`."""

PLAIN_MAC = 5.2
"""Those of a form without a tile."""


@dataclass(frozen=True)
class Choice:
    """A tile for a form, or none, with the words of scratch memory, the bytes of flash that it takes more, and about
    how many instructions it runs.
    """

    form: ContractOp
    tile: TileAttr | None
    scratch_words: int
    more_flash: int
    instructions: float


def choices(form: ContractOp, widths: Sequence[int]) -> list[Choice]:
    """What a form can have, none first; only that where no kernel fits. `widths` are those of packed weights."""
    none = Choice(form, None, 0, 0, PLAIN_MAC * form.macs)
    if form.tile is not None:
        return [none]
    if (planes := Planes.of(form)) is not None:
        tile = TileAttr(planes.lanes.size[1] * planes.lanes.channels, Kernel.PLANES, planes.outputs)
        return [none, window(form, tile, planes.scratch_words, planes.packed().nbytes)]
    if (lanes := Lanes.of(form)) is not None:
        tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.LANES, lanes.pixels)
        return [none, window(form, tile, lanes.scratch_words, lanes.packed().nbytes)]
    if (columns := Columns.of(form)) is not None:
        return [none, *(column(form, columns, bits) for bits in widths if bits == WIDE or columns.fits_bytes)]
    return [none]


def window(form: ContractOp, tile: TileAttr, words: int, packed: int) -> Choice:
    """A tile of windows over each channel by itself."""
    return Choice(form, tile, words, packed - weight_bytes(form) + CODE_BYTES, WINDOW_MAC * form.macs)


def column(form: ContractOp, columns: Columns, bits: int) -> Choice:
    """A tile of columns, with packed weights of so many bits."""
    around = {loop.dims.get(form) for loop in loops_around(form)}
    free = tuple(dim for dim in columns.roles.pixels if dim not in around)
    pixels = 2 if free else 1
    tile = TileAttr(columns.channels * pixels, Kernel.COLUMNS, pixels, bits)
    packed = columns.groups * columns.quads * 4 * CHANNELS * bits // 8
    blocks = columns.groups * ceil(columns.roles.size(free) / pixels)
    instructions = blocks * columns.quads * QUAD[pixels, bits]
    return Choice(form, tile, columns.scratch_words(pixels), packed - weight_bytes(form) + CODE_BYTES, instructions)


def direct_choices(form: ContractOp, operations: Collection[str], core: str) -> list[Choice]:
    """None, and the kernel that reads data where they lie; not of weights that take less flash under a layout."""
    none = Choice(form, None, 0, 0, PLAIN_MAC * form.macs)
    if form.tile is not None or (tile := direct_tile(form, operations)) is None:
        return [none]
    weights = form.ins[1].owner
    assert isinstance(weights, ConstantOp), "checked: weights are constant"
    if core and ChooseLayoutsPass(core).choose(weights, load_core(core)) is not None:
        return [none]
    return [none, Choice(form, tile, 0, CODE_BYTES, DIRECT_MAC * form.macs)]


def direct_tile(form: ContractOp, operations: Collection[str]) -> TileAttr | None:
    """The tile of the kernel that reads data where they lie, or, where windows leave them, of that which cuts these."""
    direct = Direct.of(form)
    if direct is not None:
        pixels = direct.together
        is_one = direct.channels * direct.roles.size(direct.pixels) < 2
        return (
            None
            if is_one or not fits(direct, operations)
            else TileAttr(direct.channels * pixels, Kernel.DIRECT, pixels)
        )
    clipped = Clipped.of(form)
    if clipped is None or not {multiply_add_24.__name__, multiply_add_unsigned_24.__name__} <= set(operations):
        return None
    return TileAttr(clipped.channels, Kernel.CLIPPED, 1)


def worthwhile(items: Sequence[list[Choice]]) -> list[list[Choice]]:
    """The same with none alone for forms with little of all multiply-accumulates: code costs flash."""
    macs = [all_macs(item[0].form) for item in items]
    least = LEAST_SHARE * sum(macs)
    return [item if count >= least else item[:1] for item, count in zip(items, macs, strict=True)]


def all_macs(form: ContractOp) -> int:
    """Multiply-accumulates of a form in all rounds of the loops around it."""
    macs = form.macs
    for loop in loops_around(form):
        dim = loop.dims.get(form)
        macs = macs * loop.trips // (1 if dim is None else form.sizes[dim])
    return macs


def weight_bytes(form: ContractOp) -> int:
    """Bytes of the weights as the model has them."""
    return size_in_bytes(form.ins[1].type) if isinstance(form.ins[1].type, MemRefType) else 0


def best(items: Sequence[Sequence[Choice]], room: int) -> list[Choice]:
    """A choice for each form: the fewest instructions whose flash has room. What takes less flash always fits."""
    if not items:
        return []
    table = [
        Item(
            np.array([choice.instructions for choice in item]),
            np.array([[max(0, choice.more_flash)] for choice in item], np.float64),
        )
        for item in items
    ]
    found = solutions(table, np.array([max(0.0, float(room))]))[0]
    return [item[level] for item, level in zip(items, found.levels, strict=True)]
