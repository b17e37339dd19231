"""The static data of a generated program: what an ELF file has of them in RAM and in flash, padding included.

Arrays of RAM lie by falling alignment, then by name, as `firmware/cortex_m.ld` puts them; each constant begins at a
multiple of the core's alignment of arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr, ModuleOp

from ..dialects.emitc import GlobalOp
from ..dialects.emitc.types import ALIGNMENT
from .board import Board
from .core import core_of
from .printing.program import Program, array_bytes

ELEMENT_BYTES = 4
"""The size of the widest elements in an arena, which is aligned for them."""


@dataclass(frozen=True)
class StaticData:
    """Bytes: `ram` of all arrays that are written, `ram_padding` between them; `constants` with their padding."""

    ram: int
    ram_padding: int
    constants: int


def static_data(module: ModuleOp, board: Board) -> StaticData:
    """The static data of a module in emitc."""
    core = core_of(board)
    alignment = core.array_alignment
    globals = Program(module).globals
    written = [op for op in globals if op.const_specifier is None]
    constants = [array_bytes(op) for op in globals if op.const_specifier is not None]
    ram = sum(map(array_bytes, written))
    end = 0
    for op in sorted(written, key=lambda op: (-alignment_of(op, alignment), op.sym_name.data)):
        multiple = alignment_of(op, alignment)
        end = aligned(end, multiple) + aligned(array_bytes(op), multiple if core.pads_arrays else 1)
    return StaticData(ram, end - ram, sum(aligned(size, alignment) for size in constants))


def alignment_of(op: GlobalOp, default: int) -> int:
    """The alignment of an array in bytes."""
    given = op.attributes.get(ALIGNMENT)
    return given.value.data if isinstance(given, IntegerAttr) else default


def aligned(size: int, alignment: int) -> int:
    """The next multiple of an alignment."""
    return -(-size // alignment) * alignment


def arena_limit(board: Board, ram: int | None, beside: int, state: int) -> int:
    """The bytes that arenas may have: of `ram`, by default what the board has beside its stack.

    `beside` bytes are the caller's; `state` bytes are the model's own and lie behind the arena.
    """
    rest = (board.ram_bytes - board.stack_bytes if ram is None else ram) - beside - state
    core = core_of(board)
    alignment = ELEMENT_BYTES if core.pads_arrays else core.array_alignment if state else 1
    return rest // alignment * alignment
