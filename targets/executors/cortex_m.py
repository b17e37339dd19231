"""The compiled model on a Cortex-M, with exact instruction counts."""

from __future__ import annotations

from pathlib import Path

from ..board import Board
from ..firmware import Firmware, GeneratedModel
from ..simulators import qemu
from ..simulators.outcome import Outcome
from .compiled import FirmwareExecutor


class CortexMExecutor(FirmwareExecutor):
    """`CortexMExecutor(model, board)`: arm-none-eabi-gcc and QEMU; all rows may take `seconds`."""

    level = "cortex-m"

    def __init__(self, model: GeneratedModel, board: Board, seconds: float = qemu.SECONDS):
        super().__init__(model, board)
        self.seconds = seconds

    def simulate(self, firmware: Firmware, rows: bytes, directory: Path) -> Outcome:
        return qemu.simulate(firmware, rows, directory, self.seconds)
