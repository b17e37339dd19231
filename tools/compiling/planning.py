"""The passes that plan memory, with the board's limits."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...lowering.memplan_to_loops.stream import STATE_BYTES
from ...passes.fixed.calibrate import the_function
from ...targets.board import Board
from ...targets.core import core_of, operations_of
from ...targets.costs import cost_model
from ...targets.static_data import arena_limit
from ..pipelines import pipeline
from .options import Options


def memplan_passes(options: Options, board: Board, fixed: ModuleOp) -> list[ModulePass]:
    """The passes that plan the memory of a module at the level `fixed`."""
    by = None if options.input == "caller" else options.input
    beside, state = bytes_outside(the_function(fixed), options.input), STATE_BYTES if by == "rows" else 0
    ram, most = (arena_limit(board, limit, beside, state) for limit in (options.ram, None))
    memories = memories_of(board, board.ram_bytes - most) if options.memories else None
    common = {"alignment": board.alignment, "by": by, "memories": memories, "effort": options.effort}
    common |= {
        "core": core_of(board).name,
        "costs": cost_model(board).text(),
        "operations": ",".join(operations_of(board)) or None,
        "flash": options.flash_limit(board),
        "packed": options.packed,
    }
    streams = options.stream or (by == "rows" and options.ram is None)
    if streams and options.objective == "speed" and options.cycles is None:
        return pipeline("fixed-to-memplan", stream=True, **common)
    return pipeline("fixed-to-memplan-within", ram=ram, objective=options.objective, cycles=options.cycles, **common)


def memories_of(board: Board, taken: int) -> str:
    """The board's memories as `memplan-place` takes them; `taken` bytes of the one without a section are not to be had.

    Raises UserError where the board has none with an `id`.
    """
    named = [memory for memory in board.memories if memory.id]
    if not named:
        raise UserError(
            f"--memories: the file of board '{board.name}' lists no memories with an `id`: leave the option out for "
            "one arena, or give a board file with such [[memories]], the fastest first"
        )
    default = board.ram_bytes - sum(memory.bytes for memory in named if memory.section) - taken
    sizes = {memory.id: memory.bytes if memory.section else min(memory.bytes, default) for memory in named}
    return ",".join(f"{name}={size}" for name, size in sizes.items() if size > 0)


def bytes_outside(function: FuncOp, input: str) -> int:
    """The bytes that the caller keeps outside the arena: outputs, and inputs, or one row of the input."""
    from ...targets.firmware import caller_bytes
    from ...targets.ports import input_ports, output_ports

    inputs, rows = input_ports(function), 0
    if input in ("rows", "steps"):
        rows = next((size for port in inputs for size in port.stored_shape if size != 1), 1)
    return caller_bytes(() if input == "arena" else inputs, output_ports(function), rows)
