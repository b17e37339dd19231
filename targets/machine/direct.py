"""The blocks `direct_B_CxP_R_T_S`: sums of C channels at P pixels, of R runs of T taps, S bytes apart.

See `mcu.direct_block`. S is 0 where a list says where runs begin. B are the bits of a sum; names of blocks whose
weights are beyond the reach of 16-bit addresses end in `_far`. Operations are spelled in C, and where sums have 24 bits
as assembly for AVR with a multiplier, after the AVR instruction set manual: registers are fixed, as Z alone reads
flash, and products lie in r1:r0. Sums are variables in registers; Y, which may be the compiler's frame pointer, is kept
on the stack where it is a pointer here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .operation import Operation
from .two_ways import AVR, two_ways

PATTERN = r"direct_(24|32)_([1-4])x([12])_(\d+)_(\d+)_(\d+)(_far)?"

SUM_REGISTERS = (2, 6, 10, 14)
"""Where sums of three bytes begin."""

NEAR = 60
"""Instructions of the body of a loop, at most: a branch reaches 64 words back."""

FAR = 150
"""The same of blocks of two pixels, which are those of the larger models: a jump takes one cycle more."""

ASSEMBLY = {
    "load_next": ("ld {0},{1}+",),
    "load_flash_next": ("lpm {0},{1}+",),
    "load_far_next": ("elpm {0},{1}+",),
    "multiply_add_24": ("muls {1},{2}", "sbc r21,r21", "add {0},r0", "adc {3},r1", "adc {4},r21"),
    "advance": ("subi {0},lo8(-({2}))", "sbci {1},hi8(-({2}))"),
}
"""Each operation for AVR: MULS leaves the sign of the product as carry, and SBC of a register makes a byte of it."""

STATEMENTS = {
    "load_next": "{0} = *{1}++;",
    "load_flash_next": "{0} = *{1}++;",
    "load_far_next": "{0} = *{1}++;",
    "multiply_add_24": "{0} = tinyml_multiply_add_24({1}, {2}, {0});",
    "multiply_add": "{0} = tinyml_multiply_add({1}, {2}, {0});",
    "advance": "{0} += {1};",
}
"""The same in C."""

PAGES = [
    "  uint16_t at = (uint16_t)(__uint24)pw;",
    "  const uint8_t page = (uint8_t)((__uint24)pw >> 16);",
]
"""The two parts of a pointer to all of flash: what Z holds, and the number of 64 KB (RAMPZ)."""

LIST_REGISTER, BYTE_REGISTERS = 24, (5, 9, 13, 17)
"""Of rows apart: where their list is read, and the bytes of two addresses, between those of the sums."""

REGISTERS = {"w": "r18", "x0": "r19", "x1": "r20"}
"""Weights and data, in registers that MULS takes and that no function keeps."""

POINTERS = {"w": ("Z", "r30", "r31"), "x0": ("X", "r26", "r27"), "x1": ("Y", "r28", "r29")}
"""Pointers to weights and data: as loads name them, and their bytes."""


NEXT_START = ("movw r26,%[starts]", "ld r18,X+", "ld r19,X+", "movw %[starts],r26", "movw r26,r18")
"""How far behind the data a row begins, of those that lie apart: the next number of the list."""


class Window(NamedTuple):
    """The numbers of a block's name."""

    bits: int
    channels: int
    pixels: int
    rows: int
    taps: int
    pitch: int
    far: bool

    @staticmethod
    def of(name: str) -> Window | None:
        """The numbers in a name; None for names of others."""
        match = re.fullmatch(PATTERN, name)
        if match is None:
            return None
        bits, channels, pixels, rows, taps, pitch = (int(number) for number in match.groups()[:6])
        return Window(bits, channels, pixels, rows, taps, pitch, match.group(7) is not None)

    @property
    def apart(self) -> bool:
        """Whether runs begin where a list says."""
        return not self.pitch

    @property
    def sums(self) -> list[str]:
        """The names of the sums, pixel by pixel."""
        return [f"s{number}" for number in range(self.channels * self.pixels)]

    @property
    def multiply_add(self) -> str:
        """The operation on sums of so many bits."""
        return "multiply_add_24" if self.bits == 24 else "multiply_add"

    def tap(self) -> Iterator[Operation]:
        """The operations of one tap."""
        for pixel in range(self.pixels):
            yield Operation("load_next", (f"x{pixel}", f"x{pixel}"))
        for channel in range(self.channels):
            yield Operation("load_far_next" if self.far else "load_flash_next", ("w", "w"))
            for pixel in range(self.pixels):
                yield Operation(self.multiply_add, (f"s{pixel * self.channels + channel}", "w", f"x{pixel}"))

    def next_row(self) -> Iterator[Operation]:
        """The operations from a run to the next."""
        if self.rows > 1 and self.pitch > self.taps:
            for pixel in range(self.pixels):
                yield Operation("advance", (f"x{pixel}",), (self.pitch - self.taps,))


def assembly(operation: Operation) -> list[str]:
    """An operation as instructions."""
    name, operands = operation.name, operation.operands
    if name.startswith("load"):
        value, pointer = operands
        values = (REGISTERS[value], POINTERS[pointer][0])
    elif name == "advance":
        _, low, high = POINTERS[operands[0]]
        values = (low, high, operation.numbers[0])
    else:
        first = SUM_REGISTERS[int(operands[0][1:])]
        values = (f"r{first}", *(REGISTERS[o] for o in operands[1:]), f"r{first + 1}", f"r{first + 2}")
    return [line.format(*values) for line in ASSEMBLY[name]]


def statement(operation: Operation) -> str:
    """An operation in C: pointers have the names of what they load, with a `p` before."""
    name, operands = operation.name, operation.operands
    if name.startswith("load"):
        operands = (operands[0], f"p{operands[1]}")
    elif name == "advance":
        operands = (f"p{operands[0]}",)
    return STATEMENTS[name].format(*operands, *operation.numbers)


def unrolled(taps: int, words: int, near: int) -> tuple[int, int, int]:
    """Taps of so many words that are written out, `near` words at most; turns of a loop around them; taps left over."""
    most = max(1, near // words)
    if taps <= most:
        return taps, 1, 0
    size = next((n for n in range(most, most // 2, -1) if taps % n == 0), most)
    return size, taps // size, taps % size


def instructions(window: Window) -> list[str]:
    """The assembly of a block: labels end in a colon."""
    tap = [line for operation in window.tap() for line in assembly(operation)]
    size, turns, left = unrolled(window.taps, len(tap), NEAR if window.pixels == 1 else FAR)
    lines = tap * size
    if turns > 1:
        lines = [f"ldi r22,{turns}", *turning(lines, "r22", 1)]
    lines += tap * left
    if window.apart:
        lines = [*begin(window), *lines]
    if window.rows > 1:
        step = [line for operation in window.next_row() for line in assembly(operation)]
        lines = [f"ldi r23,{window.rows}", *turning([*lines, *step], "r23", 3)]
    if window.pixels > 1:
        lines = ["push r28", "push r29", *([] if window.apart else ["movw r28,%[y]"]), *lines, "pop r29", "pop r28"]
    if window.far:
        lines = ["out __RAMPZ__,%[page]", *lines]
    return [*lines, "clr __zero_reg__"]


def begin(window: Window) -> Iterator[str]:
    """The pointers to the next run of those that lie apart."""
    yield from NEXT_START
    if window.pixels > 1:
        yield from ("movw r28,r26", "add r28,%[low1]", "adc r29,%[high1]")
    yield from ("add r26,%[low0]", "adc r27,%[high0]")


def turning(lines: list[str], counter: str, label: int) -> list[str]:
    """A loop that counts a register down to 0, with two labels of its own."""
    back = [f"brne {label}b"] if len(lines) <= NEAR else [f"breq {label + 1}f", f"rjmp {label}b", f"{label + 1}:"]
    return [f"{label}:", *lines, f"dec {counter}", *back]


def block_lines(window: Window, name: str, asm: bool = True) -> list[str]:
    """The definition of a block."""
    type = "tinyml_int24" if window.bits == 24 else "int32_t"
    parameters = [f"const int8_t *{'from' if window.apart else 'px'}{pixel}" for pixel in range(window.pixels)]
    data = ", ".join([*parameters, *(["const int16_t *starts"] if window.apart else [])])
    space = "TINYML_FAR" if window.far else "TINYML_FLASH"
    head = [
        "static inline __attribute__((always_inline)) void",
        f"tinyml_{name}(const {space} int8_t *pw, {data}, {type} *sums) {{",
    ]
    on_core = asm and window.bits == 24
    return two_ways(head, on_avr(window) if on_core else [], in_c(window, type), on_core, when=AVR)


def on_avr(window: Window) -> list[str]:
    """The body with assembly."""
    outputs = [f'"+r"({name})' for name in window.sums]
    inputs: list[str] = []
    clobbers = ["r0", *(f"r{number}" for number in range(18, 24))]
    outputs.append('"+z"(at)' if window.far else '"+z"(pw)')
    if window.apart and window.far:
        outputs.append('[page] "+r"(first)')
        clobbers.remove("r22")
    elif window.far:
        inputs.append('[page] "r"(page)')
    if window.apart:
        outputs.append('[starts] "+r"(list)')
        inputs += [f'[{part}{n}] "r"({part}{n})' for n in range(window.pixels) for part in ("low", "high")]
        clobbers += ["r26", "r27"]
    else:
        inputs += ['[y] "r"(px1)'] if window.pixels > 1 else []
        outputs.append('"+x"(px0)')
    quoted = ", ".join(f'"{register}"' for register in clobbers)
    registers = list(zip(window.sums, SUM_REGISTERS, strict=False))
    return [
        *(f'  register tinyml_int24 {name} __asm__("r{r}") = sums[{name[1:]}];' for name, r in registers),
        *(PAGES if window.far else []),
        *(['  register uint8_t first __asm__("r22") = page;'] if window.apart and window.far else []),
        *(held_apart([f"from{n}" for n in range(window.pixels)]) if window.apart else []),
        "  __asm__ volatile(",
        *(f'    "{line}\\n"' for line in instructions(window)),
        f"    : {', '.join(outputs)}",
        f"    : {', '.join(inputs)}",
        f'    : {quoted}, "memory");',
        *(f"  sums[{name[1:]}] = {name};" for name in window.sums),
    ]


def held_apart(places: Sequence[str]) -> Iterator[str]:
    """The registers of the list of rows, and of the bytes of where pixels begin: those that nothing else leaves free,
    of which compilers find none by themselves.
    """
    yield f'  register const int16_t *list __asm__("r{LIST_REGISTER}") = starts;'
    for number, place in enumerate(places):
        low, high = BYTE_REGISTERS[2 * number : 2 * number + 2]
        yield f'  register uint8_t low{number} __asm__("r{low}") = (uint8_t)(uint16_t){place};'
        yield f'  register uint8_t high{number} __asm__("r{high}") = (uint8_t)((uint16_t){place} >> 8);'


def in_c(window: Window, type: str) -> list[str]:
    """The body in C."""
    counter = "int16_t"
    step = next(n for n in (4, 3, 2, 1) if window.taps % n == 0) if window.bits == 32 else 1
    return [
        f"  {type} {', '.join(f'{name} = sums[{name[1:]}]' for name in window.sums)};",
        f"  for ({counter} row = 0; row < {window.rows}; row++) {{",
        *(f"    const int8_t *px{n} = from{n} + starts[row];" for n in range(window.pixels if window.apart else 0)),
        f"    for ({counter} tap = 0; tap < {window.taps}; tap += {step}) {{",
        f"      int8_t w, {', '.join(f'x{pixel}' for pixel in range(window.pixels))};",
        *(f"      {statement(operation)}" for operation in list(window.tap()) * step),
        "    }",
        *(f"    {statement(operation)}" for operation in window.next_row()),
        "  }",
        *(f"  sums[{name[1:]}] = {name};" for name in window.sums),
    ]


SPACES = [
    "#if defined(__AVR__)",
    "#define TINYML_FLASH __flash",
    "#define TINYML_FAR __memx",
    "typedef __int24 tinyml_int24;",
    "#else",
    "#define TINYML_FLASH",
    "#define TINYML_FAR",
    "typedef int32_t tinyml_int24;",
    "#endif",
]
"""What the definitions of blocks rely on: address spaces of constants, and numbers of three bytes."""
