"""The tiles that a form can have, with what each costs: the items of a knapsack over all forms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import MemRefType

from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.tile import WIDE, Kernel, TileAttr
from ....dialects.machine import multiply_add_24, multiply_add_unsigned_24
from ....dialects.memplan import loops_around, size_in_bytes
from ....dialects.memplan.loops import rounds_of
from ....targets.costs import CostModel
from ...knapsack import Item, solutions
from ..choose_layouts import ChooseLayoutsPass
from ..costing.forms import tiled_work
from .bytes import Bytes
from .clipped import Clipped
from .columns import CHANNELS, Columns
from .direct import Direct, fits
from .lanes import Lanes
from .planes import Planes

LEAST_SHARE = 0.035
"""Of all multiply-accumulates: on cores with little flash forms with less keep their code."""

CODE_BYTES = 512
"""Flash that the code of a tile takes beside its constants, about."""


@dataclass(frozen=True)
class Choice:
    """A tile for a form, or none, with the words of scratch memory, the bytes of flash that it takes more, and about
    how many cycles the form takes.
    """

    form: ContractOp
    tile: TileAttr | None
    scratch_words: int
    more_flash: int
    cycles: float


def choices(form: ContractOp, widths: Sequence[int], costs: CostModel) -> list[Choice]:
    """What a form can have, none first; only that where no kernel fits. `widths` are those of packed weights."""
    none = Choice(form, None, 0, 0, costs.cycles(tiled_work(form, None)))
    if form.tile is not None:
        return [none]
    if found := windows(form, costs):
        return found
    if (columns := Columns.of(form)) is not None:
        fitting = [bits for bits in widths if bits == WIDE or columns.fits_bytes]
        most = pixels_together(form, columns)
        return [none, *(column(form, columns, n, bits, costs) for n in range(most, 0, -1) for bits in fitting)]
    return [none]


def windows(form: ContractOp, costs: CostModel) -> list[Choice]:
    """None, and the kernels of windows over each channel by itself; no choice at all for other forms."""
    none = Choice(form, None, 0, 0, costs.cycles(tiled_work(form, None)))
    if form.tile is None and (lanes := Lanes.of(form)) is not None:
        tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.LANES, lanes.pixels)
        found = [none, window(form, tile, lanes.scratch_words, lanes.packed().nbytes, costs)]
        if (planes := Planes.of(form)) is not None:
            tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.PLANES, planes.outputs)
            found.append(window(form, tile, planes.scratch_words, planes.packed().nbytes, costs))
        return found
    return []


def window(form: ContractOp, tile: TileAttr, words: int, packed: int, costs: CostModel) -> Choice:
    """A tile of windows over each channel by itself."""
    more = packed - weight_bytes(form) + CODE_BYTES
    return Choice(form, tile, words, more, costs.cycles(tiled_work(form, tile)))


def wide_choices(form: ContractOp, costs: CostModel) -> list[Choice]:
    """None, and windows over eight channels by themselves in vectors; no choice at all for other forms."""
    lanes = None if form.tile is not None else Lanes.of(form)
    if lanes is None or not lanes.is_wide:
        return []
    none = Choice(form, None, 0, 0, costs.cycles(tiled_work(form, None)))
    tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.WIDE, lanes.pixels)
    return [none, window(form, tile, lanes.scratch_words, lanes.packed_wide().nbytes, costs)]


def pixels_together(form: ContractOp, columns: Columns) -> int:
    """The most pixels of a block: 2 where there are more than one that no loop around the form holds."""
    around = {loop.dims.get(form) for loop in loops_around(form)}
    return 2 if any(dim not in around for dim in columns.roles.pixels) else 1


def column(form: ContractOp, columns: Columns, pixels: int, bits: int, costs: CostModel) -> Choice:
    """A tile of columns of so many pixels, with packed weights of so many bits."""
    tile = TileAttr(columns.channels * pixels, Kernel.COLUMNS, pixels, bits)
    packed = columns.groups * columns.quads * 4 * CHANNELS * bits // 8
    more = packed - weight_bytes(form) + CODE_BYTES
    return Choice(form, tile, columns.scratch_words(pixels), more, costs.cycles(tiled_work(form, tile)))


def byte_choices(form: ContractOp, kernel: Kernel, costs: CostModel) -> list[Choice]:
    """None, and a kernel on columns of bytes."""
    none = Choice(form, None, 0, 0, costs.cycles(tiled_work(form, None)))
    bytes = None if form.tile is not None else Bytes.of(Columns.of(form), kernel.has_vectors)
    if bytes is None:
        return [none]
    pixels = pixels_together(form, bytes.columns)
    tile = TileAttr(bytes.columns.channels * pixels, kernel, pixels)
    more = bytes.groups * bytes.taps * bytes.channels - weight_bytes(form) + CODE_BYTES
    return [none, Choice(form, tile, bytes.scratch_words(pixels), more, costs.cycles(tiled_work(form, tile)))]


def direct_choices(form: ContractOp, operations: Collection[str], costs: CostModel) -> list[Choice]:
    """None, and the kernel that reads data where they lie; not of weights that take less flash under a layout."""
    none = Choice(form, None, 0, 0, costs.cycles(tiled_work(form, None)))
    tile = None if form.tile is not None else direct_tile(form, operations)
    if tile is None:
        return [none]
    weights = form.ins[1].owner
    assert isinstance(weights, ConstantOp), "checked: weights are constant"
    layouts = ChooseLayoutsPass(costs.core.name)
    if costs.core.layout_cycles and layouts.choose(weights, costs.core) is not None:
        return [none]
    return [none, Choice(form, tile, 0, CODE_BYTES, costs.cycles(tiled_work(form, tile)))]


def direct_tile(form: ContractOp, operations: Collection[str]) -> TileAttr | None:
    """The tile of the kernel that reads data where they lie, or, where windows leave them, of that which cuts these."""
    direct = Direct.of(form)
    if direct is not None:
        pixels, points = direct.together, direct.channels * direct.roles.size(direct.pixels)
        able = points > 1 and fits(direct, operations)
        return TileAttr(direct.channels * pixels, Kernel.DIRECT, pixels) if able else None
    clipped = Clipped.of(form)
    if clipped is None or not {multiply_add_24.__name__, multiply_add_unsigned_24.__name__} <= set(operations):
        return None
    return TileAttr(clipped.channels, Kernel.CLIPPED, 1)


def worthwhile(items: Sequence[list[Choice]]) -> list[list[Choice]]:
    """The same with none alone for forms with little of all multiply-accumulates: code costs flash."""
    macs = [item[0].form.macs * rounds_of(item[0].form) for item in items]
    least = LEAST_SHARE * sum(macs)
    return [item if count >= least else item[:1] for item, count in zip(items, macs, strict=True)]


def weight_bytes(form: ContractOp) -> int:
    """Bytes of the weights as the model has them."""
    return size_in_bytes(form.ins[1].type) if isinstance(form.ins[1].type, MemRefType) else 0


def best(items: Sequence[Sequence[Choice]], room: int) -> list[Choice]:
    """A choice for each form: the fewest cycles whose flash has room. What takes less flash always fits."""
    if not items:
        return []
    table = [
        Item(
            np.array([choice.cycles for choice in item]),
            np.array([[max(0, choice.more_flash)] for choice in item], np.float64),
        )
        for item in items
    ]
    found = solutions(table, np.array([max(0.0, float(room))]))[0]
    return [item[level] for item, level in zip(items, found.levels, strict=True)]
