"""The C function around the operations of a block: sums in registers, assembly or C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..two_ways import two_ways
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
    low: Sequence[str] = ()
    """Those that are among r0 to r7, for which loads are short."""


@dataclass(frozen=True)
class Alike:
    """The assembly where some sums begin as others do, which the compiler knows: the first ones are only set.

    With `begins` all are, from a register of that name, which holds what the others begin with.
    """

    sums: Mapping[str, str]
    lines: Sequence[str]
    bound: str = ""
    begins: str = ""


def body(
    registers: Registers, lines: Spelled, bound: str = "", asm: bool = True, alike: Alike | None = None
) -> list[str]:
    """The rest of a function: assembly, where the core has the operations, and C, everywhere else.

    `bound` declares `end`, with which the assembly compares a pointer: in memory, no register is left for it.
    """
    text, plain = lines
    sums = [f"  int32_t {', '.join(f'{s} = sums[{n}]' for n, s in enumerate(registers.sums))};"]
    results = [*(f"  sums[{n}] = {s};" for n, s in enumerate(registers.sums))]
    words = [f"  int32_t {', '.join(registers.words)};"]
    placed = [word for word in registers.words if registers.fixed and word in FIXED]
    others = [word for word in registers.words if word not in placed]
    places = [f'  register int32_t {word} __asm("{FIXED[word]}");' for word in placed]
    code = [*([bound] if bound else []), *statement(registers, text, memory=ends(bound))]
    if alike is not None:
        same = " && ".join(f"{one} == {other}" for one, other in alike.sums.items())
        known = [*([alike.bound] if alike.bound else [])]
        made, with_begin = frozenset(alike.sums), registers
        if alike.begins:
            known.append(f"  const int32_t {alike.begins} = {registers.sums[0]};")
            made, with_begin = frozenset(registers.sums), replace(registers, kept=(*registers.kept, alike.begins))
        known += statement(with_begin, alike.lines, made, ends(alike.bound))
        code = [f"  if (__builtin_constant_p({same}) && {same}) {{", *known, "  } else {", *code, "  }"]
    return two_ways(sums, [*places, f"  int32_t {', '.join(others)};", *code], [*words, *plain], asm, end=results)


def ends(bound: str) -> list[str]:
    """What lies in memory where an end is declared."""
    return ["end"] if bound else []


def statement(
    registers: Registers,
    text: Sequence[str],
    made: frozenset[str] = frozenset(),
    memory: Sequence[str] = (),
    changed: Sequence[str] = (),
) -> list[str]:
    """An assembly statement; the sums that are `made` there are not read before. What stays in `memory`, the stack, is
    read there, or `changed`: no register is left for it.
    """
    kinds = dict.fromkeys(registers.low, "l")
    ways = {name: "=&" if name in made else "+" for name in (*registers.sums, *registers.moved)}
    outputs = [f'[{name}] "{way}{kinds.get(name, "r")}"({name})' for name, way in ways.items()]
    outputs += [f'[{m}] "+m"({m})' for m in changed]
    scratch = ", ".join(f'[{v}] "=&{kinds.get(v, "r")}"({v})' for v in registers.words)
    inputs = ", ".join([f'[{p}] "r"({p})' for p in registers.kept] + [f'[{m}] "m"({m})' for m in memory])
    return [
        "  __asm volatile(",
        *text,
        *([f"    : {', '.join(outputs)},"] if outputs else ["    :"]),
        f"      {scratch}",
        f'    : {inputs} : "cc", "memory");',
    ]
