"""Which executor runs a generated model: on the board's simulator, and on the host."""

from __future__ import annotations

from ...dialects.errors import UserError
from ..board import Board
from ..firmware import GeneratedModel
from ..toolchain import ToolchainMissing
from .avr import AvrExecutor
from .cortex_m import CortexMExecutor
from .host import HostExecutor
from .interface import Arrays, Executor, Run


def board_executor(model: GeneratedModel, board: Board) -> Executor:
    """The executor that simulates the board. Raises UserError with the reason where there is none."""
    match board.simulator.kind:
        case "simavr":
            return AvrExecutor(model, board)
        case "qemu-system-arm":
            return CortexMExecutor(model, board)
        case "host":
            return HostExecutor(model)
        case _:
            raise UserError(f"board '{board.name}' cannot be simulated: {board.simulator.reason}")


def compiled_executors(model: GeneratedModel, board: Board) -> tuple[list[Executor], list[str]]:
    """The host, and the board's simulator; for a simulator that there is none of, the reason."""
    executors: list[Executor] = [HostExecutor(model)]
    if board.simulator.kind == "host":
        return executors, []
    try:
        return [*executors, board_executor(model, board)], []
    except UserError as error:
        return executors, list(error.reasons)


def run_or_reason(executor: Executor, inputs: Arrays) -> Run | str:
    """A run, or why its tools are missing."""
    try:
        return executor.run(inputs)
    except ToolchainMissing as error:
        return f"{executor.level}: {error}"
