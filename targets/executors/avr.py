"""The compiled model on an AVR, with exact cycles."""

from __future__ import annotations

from pathlib import Path

from ..board import Board
from ..firmware import Firmware, GeneratedModel
from ..simulators import simavr
from ..simulators.outcome import Outcome
from .compiled import FirmwareExecutor


class AvrExecutor(FirmwareExecutor):
    """`AvrExecutor(model, board)`: avr-gcc and simavr; a call may take `cycle_limit` cycles."""

    level = "avr"

    def __init__(self, model: GeneratedModel, board: Board, cycle_limit: int = simavr.CYCLE_LIMIT):
        super().__init__(model, board)
        self.cycle_limit = cycle_limit

    def simulate(self, firmware: Firmware, rows: bytes, directory: Path) -> Outcome:
        return simavr.simulate(firmware, rows, directory, self.cycle_limit)
