"""The C function around the operations of a block: sums in registers, assembly or C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .operations import Spelled

FIXED = {"w0": "r8", "w1": "r9", "w2": "r10", "w3": "r12"}
"""Registers of words that one instruction loads: rising, none of the low ones, which compilers need most, nor r11."""

INLINE = "__attribute__((always_inline)) static inline void"
"""Blocks stand where they are called: there their sums are registers of the caller."""


@dataclass(frozen=True)
class Registers:
    """What a block computes with. `words` hold what was loaded, in registers of the assembler's choice or in `FIXED`
    ones; pointers are `moved` by the operations, or stay.
    """

    sums: Sequence[str]
    words: Sequence[str]
    moved: Sequence[str]
    kept: Sequence[str] = ()
    fixed: bool = False


def body(registers: Registers, lines: Spelled, bound: str = "", asm: bool = True) -> list[str]:
    """The rest of a function: assembly, where the core has the operations, and C, everywhere else.

    `bound` declares `end`, with which the assembly compares a pointer: in memory, no register is left for it.
    """
    text, plain = lines
    sums = [f"  int32_t {', '.join(f'{s} = sums[{n}]' for n, s in enumerate(registers.sums))};"]
    results = [*(f"  sums[{n}] = {s};" for n, s in enumerate(registers.sums)), "}"]
    words = [f"  int32_t {', '.join(registers.words)};"]
    if not asm:
        return [*sums, *words, *plain, *results]
    placed = [word for word in registers.words if registers.fixed and word in FIXED]
    others = [word for word in registers.words if word not in placed]
    places = [f'  register int32_t {word} __asm("{FIXED[word]}");' for word in placed]
    outputs = ", ".join(f'[{s}] "+r"({s})' for s in (*registers.sums, *registers.moved))
    scratch = ", ".join(f'[{v}] "=&r"({v})' for v in registers.words)
    inputs = ", ".join([f'[{p}] "r"({p})' for p in registers.kept] + (['[end] "m"(end)'] if bound else []))
    return [
        *sums,
        "#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__) && !defined(TINYML_NO_ASM)",
        *places,
        f"  int32_t {', '.join(others)};",
        *([bound] if bound else []),
        "  __asm volatile(",
        *text,
        f"    : {outputs},",
        f"      {scratch}",
        f'    : {inputs} : "cc", "memory");',
        "#else",
        *words,
        *plain,
        "#endif",
        *results,
    ]
