"""Blocks `held_N`: N words that begin at a word are copied (see `mcu.copy_block`), several registers at a time.

Of LDM and STM each word but the first takes one cycle (Cortex-M4 TRM, load/store timings).
"""

from __future__ import annotations

from ..two_ways import two_ways
from .function import INLINE
from .vectors import copied

REGISTERS = ("r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr")
"""Those that are copied through: neither the frame's, nor those that pointers find."""

PER_TURN = 2
"""So many times all registers in a turn of the loop."""


def held_block(name: str, words: int, asm: bool) -> list[str]:
    """The function of a block: assembly, where a core has LDM of high registers, and C, everywhere else."""
    head = f"{INLINE} tinyml_{name}(const void *from, int32_t *to) {{"
    lines, end = held_lines(words)
    inputs = '[end] "r"(end), ' if end else ""
    code = [
        *([f"  const int8_t *const end = (const int8_t *)from + {end};"] if end else []),
        "  __asm volatile(",
        *(f'    "{line}\\n"' for line in lines),
        '    : [from] "+r"(from), [to] "+r"(to)',
        f"    : {inputs.removesuffix(', ')}",
        f'    : "cc", "memory", {", ".join(f"{chr(34)}{register}{chr(34)}" for register in REGISTERS)});',
    ]
    return two_ways([head], code, copied(words), asm)


def held_lines(words: int) -> tuple[list[str], int]:
    """The instructions, and the bytes that a loop copies, if there is one."""
    turns, left = divmod(words, PER_TURN * len(REGISTERS))
    lines = moves(PER_TURN * len(REGISTERS)) if turns else []
    if turns > 1:
        lines = ["1:", *lines, "cmp %[from], %[end]", "bne 1b"]
    return [*lines, *moves(left)], 4 * (words - left) if turns > 1 else 0


def moves(words: int) -> list[str]:
    """So many words, one after the other."""
    sizes = [min(len(REGISTERS), words - start) for start in range(0, words, len(REGISTERS))]
    lists = [", ".join(REGISTERS[:size]) for size in sizes]
    return [line for some in lists for line in (f"ldm %[from]!, {{{some}}}", f"stm %[to]!, {{{some}}}")]


def held_instructions(words: int) -> int:
    """Instructions in the assembly of a block."""
    return len(held_lines(words)[0])
