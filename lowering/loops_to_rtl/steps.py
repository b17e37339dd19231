"""How the loops of an engine move what runs along with a nest, and the order in which they take constants."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.errors import UserError
from .memories import Memory
from .nest import Access, Coordinates, Nest
from .running import Running

MOST_ELEMENTS = 1 << 26
"""Of a constant that is laid out anew."""


class Steps:
    """The loops of an engine: those of the whole nest, or of what is finished behind its reduction.

    Results of lanes that are finished one after the other have loops of their own, inside the others.
    """

    def __init__(self, nest: Nest, is_finishing: bool):
        self.nest, self.is_finishing = nest, is_finishing
        depth = nest.parallel if is_finishing else len(nest.loops)
        self.moves: list[tuple[int, int, int]] = [
            (d, loop.turns, loop.lanes) for d, loop in enumerate(nest.loops[:depth])
        ]
        """Depth, turns, iterations of the nest's loop in a turn."""
        if is_finishing and nest.group < nest.lanes:
            parallel = [(d, loop.lanes) for d, loop in enumerate(nest.loops[:depth]) if loop.lanes > 1]
            for number, (d, lanes) in enumerate(parallel):
                size = nest.group if number == len(parallel) - 1 else 1
                self.moves.append((d, lanes // size, size))

    @property
    def turns(self) -> list[int]:
        """The turns of the engine's loops."""
        return [turns for _, turns, _ in self.moves]

    def of(self, running: Running) -> list[int]:
        """By how much each turn moves a value."""
        return [running.steps[depth] * size for depth, _, size in self.moves]

    def packed(self, access: Access, lanes: Sequence[Coordinates], memory: Memory) -> NDArray[Any]:
        """The words of a constant in the order in which the engine takes them: (words, lanes)."""
        assert memory.values is not None
        words = prod(turns for move, turns in zip(self.of(access.running), self.turns, strict=True) if move)
        if words * len(lanes) > MOST_ELEMENTS:
            raise UserError(
                f"convert-loops-to-rtl: @{memory.symbol} is read {words:,} times, more than hardware stores"
            )
        numbers = np.full((1,), access.running.base, np.int64)
        for move, turns in zip(self.of(access.running), self.turns, strict=True):
            if move:
                numbers = (numbers[:, None] + move * np.arange(turns, dtype=np.int64)).reshape(-1)
        offsets = np.array(sorted({access.running.at(lane) for lane in lanes}), np.int64)
        return memory.values[numbers[:, None] + offsets]

    def row_major(self, running: Running) -> list[int]:
        """The steps of the number of a word in that order."""
        steps, stride = [0] * len(self.moves), 1
        for loop, move in reversed(list(enumerate(self.of(running)))):
            if move:
                steps[loop] = stride
                stride *= self.turns[loop]
        return steps
