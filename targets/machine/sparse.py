"""The blocks `sparse_24_E`: a row of weights under a layout E, `delta8` or `delta4`, times data.

See `mcu.sparse_block`. An entry of `delta8` is a byte by which the data's index moves, and a weight; one of `delta4` is
a byte of two such moves of four bits, the low ones first, and two weights. Names of blocks whose weights are beyond the
reach of 16-bit addresses end in `_far`. The assembly is for AVR with a multiplier: Z reads the row, X the data, a
register counts.
"""

from __future__ import annotations

from .direct import PAGES
from .two_ways import AVR, two_ways

PATTERN = r"sparse_24_delta[48](_far)?"

PRODUCT = (
    "{load} %[w],Z+",
    "ld %[x],X",
    "muls %[w],%[x]",
    "sbc %[w],%[w]",
    "add %A[sum],r0",
    "adc %B[sum],r1",
    "adc %C[sum],%[w]",
)
"""The product of the next weight with the element that X points to is added to the sum."""

ENTRIES = {
    "delta8": ("{load} %[w],Z+", "add r26,%[w]", "adc r27,%[zero]", *PRODUCT),
    "delta4": (
        "{load} %[moves],Z+",
        "mov %[w],%[moves]",
        "andi %[w],15",
        "add r26,%[w]",
        "adc r27,%[zero]",
        *PRODUCT,
        "swap %[moves]",
        "andi %[moves],15",
        "add r26,%[moves]",
        "adc r27,%[zero]",
        *PRODUCT,
    ),
}

STATEMENTS = {
    "delta8": ("px += (uint8_t)*pw++;", "sum = tinyml_multiply_add_24(*pw++, *px, sum);"),
    "delta4": (
        "const uint8_t moves = (uint8_t)*pw++;",
        "px += moves & 15;",
        "sum = tinyml_multiply_add_24(*pw++, *px, sum);",
        "px += moves >> 4;",
        "sum = tinyml_multiply_add_24(*pw++, *px, sum);",
    ),
}
"""An entry in C."""


def instructions(name: str) -> list[str]:
    """The assembly of a block but for its labels."""
    load = "elpm" if name.endswith("_far") else "lpm"
    entry = [line.format(load=load) for line in ENTRIES[name.split("_")[2]]]
    start = ["out __RAMPZ__,%[page]"] if load == "elpm" else []
    return [*start, "tst %[count]", "breq 2f", *entry, "dec %[count]", "brne 1b", "clr __zero_reg__"]


def block_lines(name: str, asm: bool = True) -> list[str]:
    """The definition of a block."""
    far = name.endswith("_far")
    lines = instructions(name)
    first = lines.index("breq 2f") + 1
    lines = [*lines[:first], "1:", *lines[first:-1], "2:", lines[-1]]
    pointer = '"+z"(at), ' if far else '"+z"(pw), '
    inputs = '[zero] "r"((uint8_t)0)' + (', [page] "r"(page)' if far else "")
    moves = '[moves] "=&d"(moves), ' if "delta4" in name else ""
    on_avr = [
        f"  uint8_t count = (uint8_t)n, w, x{', moves' if moves else ''};",
        *(PAGES if far else []),
        "  __asm__ volatile(",
        *(f'    "{line}\\n"' for line in lines),
        f'    : [sum] "+r"(sum), {pointer}"+x"(px), [count] "+r"(count),',
        f'      [w] "=&d"(w), {moves}[x] "=&d"(x)',
        f"    : {inputs}",
        '    : "r0", "memory");',
    ]
    head = [
        "static inline __attribute__((always_inline)) tinyml_int24",
        f"tinyml_{name}(const TINYML_{'FAR' if far else 'FLASH'} int8_t *pw, const int8_t *px, int32_t n, "
        "tinyml_int24 sum) {",
    ]
    plain = ["  for (; n > 0; n--) {", *(f"    {line}" for line in STATEMENTS[name.split("_")[2]]), "  }"]
    return two_ways(head, on_avr, plain, asm, when=AVR, end=["  return sum;"])
