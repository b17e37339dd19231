"""Blocks `finish_P_A_S_R_N_D`: the sums of four channels at P pixels become results of 8 bits (see `mcu.finish_block`).

A is 0 where the distance of the pixels is known at run time only: it is an argument. `n5` stands for -5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..two_ways import two_ways
from .function import INLINE, Registers, statement
from .operations import Operation, spelled

CHANNELS = 4
"""Channels of a group."""

SECOND = "second"
"""The pointer of the second pixel, where it is one of its own."""


def words_of(numbers: Sequence[int], last: str | None) -> list[list[str]]:
    """The registers of multipliers that are loaded together, four in all.

    Two pixels leave two of them; with a pointer each one, and a `last` one, where there is one: that of the table,
    which is done then.
    """
    if not has_second(numbers):
        return [["w0", "w1"]] * 2
    return [["w0"]] * CHANNELS if last is None else [["w0"], ["w0"], ["w0", last]]


def has_second(numbers: Sequence[int]) -> bool:
    """Whether the second pixel has a pointer of its own."""
    return numbers[0] == 2 and not numbers[1]


def finish_operations(numbers: Sequence[int], last: str | None = "w1") -> Iterator[Operation]:
    """Some multipliers, then the results of their channels at all pixels."""
    pixels, apart, step, row, shift, _ = numbers
    first = 0
    for words in words_of(numbers, last):
        for channel, word in enumerate(words, first):
            yield Operation("load_word", (word, "table"), (4 * row * channel,))
        for channel, word in enumerate(words, first):
            for pixel in range(pixels):
                sum, place = f"s{pixel}{channel}", "out" if apart or not pixel else SECOND
                yield Operation("multiply_high_add", (sum, word, "addend"))
                yield Operation("saturate_byte", (sum,), (shift,))
                yield Operation("store_byte", (sum, place), (channel * step + pixel * apart,))
        first += len(words)


def finish_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """The function of a block: assembly, where the core has the operations, and C, everywhere else."""
    pixels, second = numbers[0], has_second(numbers)
    sums = [f"s{pixel}{channel}" for pixel in range(pixels) for channel in range(CHANNELS)]
    moved, kept = (("table",), ("out", SECOND, "addend")) if second else ((), ("table", "out", "addend"))
    parameters = ["const int32_t *multipliers", "const int32_t *sums", *(["int32_t apart"] if second else [])]
    lines = [
        f"{INLINE} tinyml_{name}({', '.join(parameters)}, int8_t *out) {{",
        f"  int32_t {', '.join(f'{s} = sums[{n}]' for n, s in enumerate(sums))};",
        f"  const int32_t addend = {numbers[-1]};",
        "  const int8_t *table = (const int8_t *)multipliers;",
        *([f"  int8_t *const {SECOND} = out + apart;"] if second else []),
    ]
    _, plain = spelled(finish_operations(numbers))
    text, _ = spelled(finish_operations(numbers, "table"))
    words = ["w0"] if second else ["w0", "w1"]
    code = [f"  int32_t {', '.join(words)};", *statement(Registers(sums, words, moved, kept), text)]
    return two_ways(lines, code, ["  int32_t w0, w1;", *plain], asm)


def finish_instructions(numbers: Sequence[int]) -> int:
    """Instructions in the assembly of a block."""
    return sum(1 for _ in finish_operations(numbers))
