"""Does it fit? Said before anything is written, with what is missing and what would help."""

from __future__ import annotations

from ..dialects.errors import UserError
from .analyze import Analysis

POINTER_REACH = 1 << 16
"""Bytes of flash that a 16-bit pointer (avr-gcc's `__flash`) can address."""


def refuse_misfit(analysis: Analysis) -> None:
    """Raise UserError where RAM or flash alone already exceed their limits (code and stack come on top)."""
    reasons: list[str] = []
    flash = analysis.flash_bytes
    if analysis.peak_ram_bytes > analysis.ram_limit_bytes:
        reasons.append(too_much_ram(analysis))
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


def too_much_ram(analysis: Analysis) -> str:
    """How many bytes of RAM are too many, what lies there at the peak, and what would help."""
    ram, limit = analysis.peak_ram_bytes, analysis.ram_limit_bytes
    owner = f"board {analysis.board}" if limit == analysis.board_ram_bytes else "--ram"
    buffers = ", ".join(f"{name} {size:,}" for name, size in analysis.peak_buffers.items())
    by_rows = "" if analysis.input_rows else ", or deliver the input row by row (--input-rows)"
    return (
        f"{analysis.model} needs {ram:,} bytes of RAM (arena {analysis.arena_bytes:,}, input and output "
        f"{analysis.io_bytes:,}), {ram - limit:,} more than the {limit:,} of {owner}; the peak is at "
        f"'{analysis.peak_node}', where the arena holds (bytes): {buffers or 'nothing'}. No placement of this plan "
        f"needs less than {analysis.lower_bound_bytes:,}: choose more RAM or a smaller input{by_rows}"
    )
