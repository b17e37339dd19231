"""A function that is written twice: with what a core has, and in C for all others."""

from __future__ import annotations

from collections.abc import Sequence

DSP = "defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)"
"""Dual multiplications of Armv7E-M; without optimization compilers find no registers for all operands."""

VECTORS = "defined(__ARM_FEATURE_MVE) && defined(__OPTIMIZE__)"

THUMB = "defined(__ARM_ARCH_6M__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)"

AVR = "defined(__AVR_HAVE_MUL__) && !defined(__clang__) && defined(__OPTIMIZE__)"


def two_ways(
    head: Sequence[str],
    code: Sequence[str],
    plain: Sequence[str],
    asm: bool = True,
    *,
    when: str = DSP,
    end: Sequence[str] = (),
) -> list[str]:
    """The lines of a function: what begins it, its `code` for compilers and cores of which `when` holds, what is
    `plain` C for all others, and what ends it. Without `asm` it is C alone.
    """
    body = [f"#if {when} && !defined(TINYML_NO_ASM)", *code, "#else", *plain, "#endif"] if asm else plain
    return [*head, *body, *end, "}"]
