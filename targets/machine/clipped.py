"""The blocks `clipped_24_C_E_T_P_S_Z`: windows as far as they lie in the data (see `mcu.clipped_block`).

Sums of C channels, each with data of its own where E is 1; T taps of a row, bytes from a row to the next (0 where each
begins somewhere else) and from a tap to the next, what is added to the data. Names of blocks whose weights are beyond
the reach of 16-bit addresses end in `_far`. The assembly is for AVR with a multiplier, with the registers of direct.py:
MULSU takes data without sign.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .direct import NEXT_START, PAGES, SUM_REGISTERS, held_apart
from .two_ways import AVR, two_ways

PATTERN = r"clipped_24_([1-4])_([01])_(\d+)_(\d+)_(\d+)_(0|128)(_far)?"

NEXT_ROW = (*NEXT_START, "add r26,%[low0]", "adc r27,%[high0]")
"""The pointer to a row of those that lie apart."""

FURTHEST = 63
"""What is added to a pointer at once (ADIW)."""


class Clipped(NamedTuple):
    """The numbers of a block's name."""

    channels: int
    each: bool
    taps: int
    pitch: int
    step: int
    offset: int
    far: bool

    @property
    def apart(self) -> bool:
        """Whether rows begin where a list says."""
        return not self.pitch

    @staticmethod
    def of(name: str) -> Clipped | None:
        """The numbers in a name; None for names of others."""
        match = re.fullmatch(PATTERN, name)
        if match is None:
            return None
        channels, each, taps, pitch, step, offset = (int(number) for number in match.groups()[:6])
        return Clipped(channels, bool(each), taps, pitch, step, offset, match.group(7) is not None)

    @property
    def moved(self) -> int:
        """Bytes to the next tap, from behind what a tap has read."""
        return self.step - (self.channels if self.each else 1)


def instructions(window: Clipped) -> list[str]:
    """The assembly of a block, without its labels."""
    return [line for line in assembly(window) if not line.endswith(":")]


def assembly(window: Clipped) -> list[str]:
    """The assembly of a block."""
    load = ["ld r19,X+", *(["subi r19,128"] if window.offset else [])]
    multiply = "mulsu r18,r19" if window.offset else "muls r18,r19"
    tap = [] if window.each else list(load)
    for channel in range(window.channels):
        first = SUM_REGISTERS[channel]
        tap += load if window.each else []
        tap += ["elpm r18,Z+" if window.far else "lpm r18,Z+", multiply, "sbc r21,r21"]
        tap += [f"add r{first},r0", f"adc r{first + 1},r1", f"adc r{first + 2},r21"]
    if 0 < window.moved <= FURTHEST:
        tap.append(f"adiw r26,{window.moved}")
    elif window.moved:
        tap += [f"subi r26,lo8(-({window.moved}))", f"sbci r27,hi8(-({window.moved}))"]
    return [
        *(["out __RAMPZ__,%[page]"] if window.far else []),
        "1:",
        *(NEXT_ROW if window.apart else ()),
        "mov r22,%[count]",
        "2:",
        *tap,
        "dec r22",
        "brne 2b",
        *(() if window.apart else ("add r26,%A[skip]", "adc r27,%B[skip]")),
        *(f"ldi r22,{window.taps}", "sub r22,%[count]", f"ldi r21,{window.channels}", "mul r22,r21"),
        *("add r30,r0", "adc r31,r1"),
        *(["in r22,__RAMPZ__", "adc r22,%[zero]", "out __RAMPZ__,r22"] if window.far else []),
        *("dec %[rows]", "brne 1b", "clr __zero_reg__"),
    ]


def block_lines(window: Clipped, name: str, asm: bool = True) -> list[str]:
    """The definition of a block."""
    head = [
        "static inline __attribute__((always_inline)) void",
        f"tinyml_{name}(const TINYML_{'FAR' if window.far else 'FLASH'} int8_t *pw, const int8_t *px,",
        f"    {'const int16_t *starts, ' if window.apart else ''}int32_t rows, int32_t count, tinyml_int24 *sums) {{",
    ]
    return two_ways(head, on_avr(window), in_c(window), asm, when=AVR)


def on_avr(window: Clipped) -> list[str]:
    """The body with assembly."""
    names = [f"s{number}" for number in range(window.channels)]
    skip = f"  const int16_t skip = (int16_t)({window.pitch} - (int16_t)count * {window.step});"
    outputs = [*(f'"+r"({name})' for name in names), '"+z"(at)' if window.far else '"+z"(pw)']
    inputs = ['[count] "r"((uint8_t)count)']
    if window.apart:
        outputs.append('[starts] "+r"(list)')
        inputs += ['[low0] "r"(low0)', '[high0] "r"(high0)']
    else:
        outputs.append('"+x"(px)')
        inputs.append('[skip] "r"(skip)')
    inputs += ['[page] "r"(page)', '[zero] "r"((uint8_t)0)'] if window.far else []
    kept = (0, 18, 19, 21, 22, *((26, 27) if window.apart else ()))
    clobbers = ", ".join(f'"r{number}"' for number in kept)
    return [
        *(f'  register tinyml_int24 s{n} __asm__("r{SUM_REGISTERS[n]}") = sums[{n}];' for n in range(window.channels)),
        *([] if window.apart else [skip]),
        "  uint8_t left = (uint8_t)rows;",
        *(PAGES if window.far else []),
        *(held_apart(["px"]) if window.apart else []),
        "  __asm__ volatile(",
        *(f'    "{line}\\n"' for line in assembly(window)),
        f'    : {", ".join(outputs)}, [rows] "+r"(left)',
        f"    : {', '.join(inputs)}",
        f'    : {clobbers}, "memory");',
        *(f"  sums[{n}] = s{n};" for n in range(window.channels)),
    ]


def in_c(window: Clipped) -> list[str]:
    """The body in C."""
    name, x = "multiply_add_unsigned_24" if window.offset else "multiply_add_24", "at" if window.apart else "px"
    data = f"(uint8_t)(*{x}++ + 128)" if window.offset else f"*{x}++"
    lines: list[str] = [] if window.each else [f"      const {'uint8_t' if window.offset else 'int8_t'} x = {data};"]
    for channel in range(window.channels):
        value = data if window.each else "x"
        lines.append(f"      sums[{channel}] = tinyml_{name}(*pw++, {value}, sums[{channel}]);")
    return [
        "  for (; rows > 0; rows--) {",
        *(["    const int8_t *at = px + *starts++;"] if window.apart else []),
        "    for (int16_t tap = 0; tap < count; tap++) {",
        *lines,
        *([f"      {x} += {window.moved};"] if window.moved else []),
        "    }",
        *([] if window.apart else [f"    px += {window.pitch} - (int16_t)count * {window.step};"]),
        f"    pw += ({window.taps} - (int16_t)count) * {window.channels};",
        "  }",
    ]
