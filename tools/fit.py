"""Does it fit? Said before anything is written, with what is missing and what would help."""

from __future__ import annotations

from ..dialects.errors import UserError
from .analyze import Analysis

POINTER_REACH = 1 << 16
"""Bytes of flash that a 16-bit pointer (avr-gcc's `__flash`) can address."""


def refuse_misfit(analysis: Analysis) -> None:
    """Raise UserError where RAM or flash alone already exceed the board (code and stack come on top)."""
    reasons: list[str] = []
    ram, flash = analysis.peak_ram_bytes, analysis.flash_bytes
    if ram > analysis.board_ram_bytes:
        over = ram - analysis.board_ram_bytes
        reasons.append(
            f"{analysis.model} needs {ram:,} bytes of RAM (arena {analysis.arena_bytes:,}, input and output "
            f"{analysis.io_bytes:,}), {over:,} more than the {analysis.board_ram_bytes:,} of board {analysis.board}; "
            f"the peak is at '{analysis.peak_node}' (no placement needs less than {analysis.lower_bound_bytes:,}): "
            "choose a larger board or a smaller input"
        )
    if flash > analysis.board_flash_bytes:
        over = flash - analysis.board_flash_bytes
        reasons.append(
            f"{analysis.model} has {flash:,} bytes of constants, {over:,} more than the {analysis.board_flash_bytes:,} "
            f"bytes of flash of board {analysis.board}: choose a larger board, a smaller model, or --bits 8"
        )
    if analysis.pointer_bits == 16 and flash > POINTER_REACH:
        over = flash - POINTER_REACH
        reasons.append(
            f"{analysis.model} has {flash:,} bytes of constants, {over:,} more than the 16-bit pointers "
            f"of board {analysis.board} reach: choose a 32-bit board or a smaller model"
        )
    if reasons:
        raise UserError(*reasons)
