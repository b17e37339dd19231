"""The compiled model on an AVR, with exact cycles."""

from __future__ import annotations

from pathlib import Path

from ..firmware import Firmware
from ..simulators import simavr
from ..simulators.outcome import Outcome
from .compiled import FirmwareExecutor


class AvrExecutor(FirmwareExecutor):
    """`AvrExecutor(model, board)`: avr-gcc and simavr."""

    level = "avr"

    def simulate(self, firmware: Firmware, rows: bytes, directory: Path) -> Outcome:
        return simavr.simulate(firmware, rows, directory)
