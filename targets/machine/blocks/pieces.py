"""Blocks `bytes_CxP_K_L_D`: products of K taps of bytes added to the sums of C channels at P pixels (1 or 2).

See `mcu.byte_block`: L taps of the weights lie together, D of the data. With L = 16 they are vectors of Armv8.1-M
(MVE), by the intrinsics of arm_mve.h; with L = 1 and D = 4 instructions of Armv6-M, which multiplies and adds low
registers and only adds to high ones: there the sums are (but at -Os, where gcc has no high ones).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..two_ways import THUMB, two_ways
from .function import INLINE
from .vectors import bytes_vectors, vector_block

UNROLLED = 8
"""Taps that are written out."""


def bytes_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """The function of a block."""
    channels, pixels, _, lanes, piece = numbers
    sums = ", ".join(f"s{n} = sums[{n}]" for n in range(channels * pixels))
    begin = ["  const int8_t *w = weights, *x = (const int8_t *)data;", f"  int32_t {sums};"]
    end = [f"  sums[{n}] = s{n};" for n in range(channels * pixels)]
    head = f"tinyml_{name}(const int8_t *weights, const int32_t *data, int32_t *sums)"
    if lanes == 16:
        return vector_block(head, bytes_vectors(numbers), [*begin, *in_c(numbers), *end], asm)
    has_thumb = asm and lanes == 1 and piece == 4 and channels == 2
    code = list(thumb(numbers)) if has_thumb else []
    return two_ways([f"{INLINE} {head} {{", *begin], code, list(in_c(numbers)), has_thumb, when=THUMB, end=end)


def in_c(numbers: Sequence[int]) -> Iterator[str]:
    """A tap at a time."""
    channels, pixels, taps, lanes, piece = numbers
    yield f"  for (int32_t tap = 0; tap < {taps}; tap++) {{"
    yield f"    const int8_t *v = w + tap / {lanes} * {channels * lanes} + tap % {lanes};"
    place = f"x + tap / {piece} * {pixels * piece} + tap % {piece}"
    yield f"    const {'int8_t' if lanes > 1 else 'uint8_t'} *d = (const void *)({place});"
    for pixel in range(pixels):
        for channel in range(channels):
            number = pixel * channels + channel
            yield f"    s{number} = tinyml_multiply_add_low(v[{channel * lanes}], d[{pixel * piece}], s{number});"
    yield "  }"


def thumb(numbers: Sequence[int]) -> Iterator[str]:
    """Taps in a loop of two pieces each, as far as a branch reaches, then what is left over."""
    channels, pixels, taps, _, _ = numbers
    turns, left = divmod(taps, UNROLLED)
    sums = ", ".join(f'[s{n}] "+h"(s{n})' for n in range(channels * pixels))
    words = ["w0", "w1", "x0", *(["x1", "t"] if pixels == 2 else [])]
    yield f"  int32_t {', '.join(words)};"
    if turns > 1:
        yield f"  const int8_t *const end = x + {turns * UNROLLED * pixels};"
    yield "  __asm volatile("
    yield '    ".syntax unified\\n"'
    if turns > 1:
        yield '    "1:\\n"'
    if turns:
        yield from thumb_taps(UNROLLED, pixels)
    if turns > 1:
        yield '    "cmp %[x], %[end]\\n bne 1b\\n"'
    if left:
        yield from thumb_taps(left, pixels)
    yield f'    : {sums}, [x] "+l"(x), [w] "+l"(w),'
    yield "      " + ", ".join(f'[{v}] "=&l"({v})' for v in words)
    bound = '[end] "h"(end)' if turns > 1 else ""
    yield f'    : {bound} : "cc", "memory");'


def thumb_taps(count: int, pixels: int) -> Iterator[str]:
    """Some taps of two channels, and the pointers moved."""
    for tap in range(count):
        at = tap // 4 * 4 * pixels + tap % 4
        lines = [f"ldrb %[x0], [%[x], #{at}]"]
        if pixels == 2:
            lines += [f"ldrb %[x1], [%[x], #{at + 4}]"]
        for channel in range(2):
            lines += [f"ldrb %[w{channel}], [%[w], #{2 * tap + channel}]", f"sxtb %[w{channel}], %[w{channel}]"]
        if pixels == 2:
            lines += ["mov %[t], %[x0]", "muls %[t], %[w0], %[t]", "add %[s0], %[t]"]
            lines += ["muls %[x0], %[w1], %[x0]", "add %[s1], %[x0]"]
            lines += ["muls %[w0], %[x1], %[w0]", "add %[s2], %[w0]"]
            lines += ["muls %[w1], %[x1], %[w1]", "add %[s3], %[w1]"]
        else:
            lines += ["muls %[w0], %[x0], %[w0]", "add %[s0], %[w0]"]
            lines += ["muls %[w1], %[x0], %[w1]", "add %[s1], %[w1]"]
        yield '    "' + "\\n ".join(lines) + '\\n"'
    yield f'    "adds %[x], #{count * pixels}\\n adds %[w], #{2 * count}\\n"'


def bytes_instructions(numbers: Sequence[int]) -> int:
    """Instructions that a block consists of, about: those of its loop once."""
    channels, pixels, taps, lanes, _ = numbers
    if lanes == 16:
        return 4 + pixels + channels * (1 + pixels)
    return (15 if pixels == 2 else 9) * min(taps, UNROLLED + taps % UNROLLED) + 4
