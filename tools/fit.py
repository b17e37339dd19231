"""Does it fit? The one answer of `analyze`, `compile` and `run`, with what is missing and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dialects.errors import UserError
from ..dialects.memplan.sizes import sizes_text

if TYPE_CHECKING:
    from .analyze import Analysis

POINTER_REACH = 1 << 16
"""Bytes of flash that a 16-bit pointer (avr-gcc's `__flash`) can address."""

CODE_ERROR_BYTES, CODE_ERROR_SHARE = 512, 0.05
"""How far the estimate of flash may be off: the greater of so many bytes and so much of it."""


def refuse_misfit(analysis: Analysis) -> None:
    """Raise UserError with all that keeps the model from the board."""
    if analysis.misfit:
        raise UserError(*analysis.misfit)


def misfits(analysis: Analysis) -> list[str]:
    """All that keeps the model from the board, each with what would help."""
    reasons: list[str] = []
    if analysis.peak_ram_bytes > analysis.ram_limit_bytes:
        reasons.append(too_much_ram(analysis))
    if flash_excess(analysis) > flash_error(analysis):
        reasons.append(too_much_flash(analysis))
    if analysis.cycles_limit and analysis.cycles > analysis.cycles_limit:
        reasons.append(too_many_cycles(analysis))
    reach = analysis.pointer_bits == 16 and not analysis.has_far_flash
    if reach and analysis.constant_bytes > POINTER_REACH:
        over = analysis.constant_bytes - POINTER_REACH
        reasons.append(
            f"{analysis.model} has {analysis.constant_bytes:,} bytes of constants, {over:,} more than the 16-bit "
            f"pointers of board {analysis.board} reach: choose a 32-bit board or a smaller model"
        )
    return [*reasons, *analysis.unreachable]


def flash_excess(analysis: Analysis) -> int:
    """By how many bytes constants and estimated code exceed the board's flash; negative where they do not."""
    return analysis.flash_bytes - analysis.board_flash_bytes


def flash_error(analysis: Analysis) -> int:
    """How many bytes the estimate of flash may be too high or too low."""
    return max(CODE_ERROR_BYTES, int(CODE_ERROR_SHARE * analysis.flash_bytes))


def too_much_ram(analysis: Analysis) -> str:
    """How many bytes of RAM are too many, what lies there at the peak, and what would help."""
    ram, limit = analysis.peak_ram_bytes, analysis.ram_limit_bytes
    beside_stack = max(0, analysis.board_ram_bytes - analysis.stack_reserve_bytes)
    board = (
        f"board {analysis.board} ({analysis.board_ram_bytes:,} less {analysis.stack_reserve_bytes:,} reserved for the "
        "stack)"
    )
    others = {"state": analysis.state_bytes, "padding": analysis.padding_bytes}
    parts = [f"arena {analysis.arena_bytes:,}", f"input and output {analysis.io_bytes:,}"]
    parts += [f"{name} {size:,}" for name, size in others.items() if size]
    return (
        f"{analysis.model} needs {ram:,} bytes of RAM ({', '.join(parts)}), {ram - limit:,} more than the {limit:,} of "
        f"{board if limit == beside_stack else '--ram'}; the peak is at '{analysis.peak_node}', where the arena holds "
        f"(bytes): {sizes_text(analysis.peak_buffers) or 'nothing'}. No placement of this plan needs less than "
        f"{analysis.lower_bound_bytes:,}: " + "; or ".join(ram_advice(analysis, beside_stack))
    )


def ram_advice(analysis: Analysis, beside_stack: int) -> list[str]:
    """What leaves enough RAM for the plan as it is; see `advice.py` for other plans."""
    ram, board_ram = analysis.peak_ram_bytes, analysis.board_ram_bytes
    if ram <= beside_stack:
        return [f"allow it --ram {ram}, which board {analysis.board} has"]
    found = [f"choose a board with {ram + analysis.stack_reserve_bytes:,} bytes of RAM, or a smaller model"]
    if ram < board_ram:
        found.append(f"reserve --stack {board_ram - ram}, where calls need no more (`tinyml run` measures it)")
    return found


def too_many_cycles(analysis: Analysis) -> str:
    """How many cycles are too many, and what would help."""
    return (
        f"{analysis.model} takes about {analysis.cycles:,} cycles on board {analysis.board}, "
        f"{analysis.cycles - analysis.cycles_limit:,} more than --cycles {analysis.cycles_limit}: allow it more RAM or "
        "flash, more cycles, or choose a faster core or a smaller model"
    )


def too_much_flash(analysis: Analysis) -> str:
    """How many bytes of flash are too many, of what they consist, and what would help."""
    return (
        f"{analysis.model} needs about {analysis.flash_bytes:,} bytes of flash (constants {analysis.constant_bytes:,}, "
        f"code about {analysis.code_bytes:,}), {flash_excess(analysis):,} more than the "
        f"{analysis.board_flash_bytes:,} of board {analysis.board}: choose a board with more flash, or a smaller model"
    )
