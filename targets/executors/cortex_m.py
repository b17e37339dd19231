"""The compiled model on a Cortex-M, with exact instruction counts."""

from __future__ import annotations

from pathlib import Path

from ..firmware import Firmware
from ..simulators import qemu
from ..simulators.outcome import Outcome
from .compiled import FirmwareExecutor


class CortexMExecutor(FirmwareExecutor):
    """`CortexMExecutor(model, board)`: arm-none-eabi-gcc and QEMU."""

    level = "cortex-m"

    def simulate(self, firmware: Firmware, rows: bytes, directory: Path) -> Outcome:
        return qemu.simulate(firmware, rows, directory)
