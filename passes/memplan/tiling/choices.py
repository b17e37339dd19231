"""The tiles that a form can have, with what each costs: the items of a knapsack over all forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import MemRefType

from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.tile import TileAttr
from ....dialects.memplan import size_in_bytes
from ....dialects.memplan.loops import rounds_of
from ....targets.costs import CostModel
from ...knapsack import Item, solutions
from ..choose_layouts import ChooseLayoutsPass
from ..costing.forms import tiled_work
from .kernels import Offer, Row

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
    lean: bool = False


def choices(form: ContractOp, rows: Sequence[Row], widths: Sequence[int], costs: CostModel) -> list[Choice]:
    """What a form can have by the first row that fits it, none first. `widths` are those of packed weights.

    Only where flash is waited for are weights held elsewhere.
    """
    none = Choice(form, None, 0, 0, costs.cycles(tiled_work(form, None)))
    if form.tile is not None:
        return [none]
    for row in rows:
        offers = [offer for offer in row.offers(form, widths) if costs.reads or not offer.tile.holds_weights]
        if offers:
            keeps = row.lean and has_layout(form, costs)
            return [none] if keeps else [none, *(choice(form, offer, costs, row.lean) for offer in offers)]
    return [none]


def choice(form: ContractOp, offer: Offer, costs: CostModel, lean: bool) -> Choice:
    """An offer with what it costs."""
    packed = 0 if offer.packed_bytes is None else offer.packed_bytes - weight_bytes(form)
    cycles = costs.cycles(tiled_work(form, offer.tile))
    return Choice(form, offer.tile, offer.scratch_words, packed + CODE_BYTES, cycles, lean)


def has_layout(form: ContractOp, costs: CostModel) -> bool:
    """Whether the weights of a form take less flash under a layout on this core."""
    weights = form.ins[1].owner
    assert isinstance(weights, ConstantOp), "checked by all kernels: weights are constant"
    layouts = ChooseLayoutsPass(costs.core.name)
    return bool(costs.core.layout_cycles) and layouts.choose(weights, costs.core) is not None


def worthwhile(items: Sequence[list[Choice]]) -> list[list[Choice]]:
    """The same with none alone for forms with little of all multiply-accumulates, where tiles are `lean`."""
    macs = [item[0].form.macs * rounds_of(item[0].form) for item in items]
    least = LEAST_SHARE * sum(macs)
    return [
        item if count >= least or not any(choice.lean for choice in item) else item[:1]
        for item, count in zip(items, macs, strict=True)
    ]


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
