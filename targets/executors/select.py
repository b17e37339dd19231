"""Which executors run a compiled model for a board, and why one does not."""

from __future__ import annotations

from ...dialects.errors import UserError
from ..board import Board
from ..firmware import GeneratedModel
from .avr import AvrExecutor
from .compiled import FirmwareExecutor
from .cortex_m import CortexMExecutor
from .host import HostExecutor
from .riscv import RiscVExecutor

FIRMWARE_EXECUTORS: dict[str, type[FirmwareExecutor]] = {
    "simavr": AvrExecutor,
    "qemu-system-arm": CortexMExecutor,
    "qemu-system-riscv32": RiscVExecutor,
}

CompiledExecutor = FirmwareExecutor | HostExecutor


def board_executor(model: GeneratedModel, board: Board) -> CompiledExecutor:
    """The executor of a board's code. Raises UserError, with the reason, where nothing here simulates the board."""
    kind = board.simulator.kind
    if kind == "host":
        return HostExecutor(model)
    if kind not in FIRMWARE_EXECUTORS:
        reason = board.simulator.reason or "its file names no simulator"
        raise UserError(f"board '{board.name}' ({board.core}) is not simulated here: {reason}")
    return FIRMWARE_EXECUTORS[kind](model, board)


def executors_for(model: GeneratedModel, board: Board) -> tuple[list[CompiledExecutor], list[str]]:
    """The host's executor and the board's; and why there is none for the board.

    Their tools are looked for when they run: then ToolchainMissing says what to install.
    """
    host = HostExecutor(model)
    if board.simulator.kind == "host":
        return [host], []
    try:
        return [host, board_executor(model, board)], []
    except UserError as error:
        return [host], list(error.reasons)
