"""Blocks in vectors of Armv8.1-M (MVE), in assembly or by the intrinsics of arm_mve.h; elsewhere in C.

- `bytes_` with 16 lanes adds columns of bytes (see `mcu.byte_block`).
- `wide_HxW_P_S_B_R` adds windows of eight channels at P pixels to their sums (see `mcu.wide_block`).
- `requantize_C_R_N_A_L_H` makes sums results (see `mcu.requantize_block`); `n5` stands for -5.
- `copy_N` copies N words.

Sums are arrays of variables: what a block leaves there as the elements of a vector, the next one takes as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..two_ways import VECTORS, two_ways
from .function import INLINE

INCLUDE = ["#if defined(__ARM_FEATURE_MVE)", "#include <arm_mve.h>", "#endif"]

WIDE_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""The channels of a wide block in the order of its sums: even ones are what one multiplication takes."""

CHANNELS = 8

VECTOR = 16
"""Bytes."""

MOST_STEPS = 8
"""Steps of columns that are written out, without a loop."""

STEPS_PER_TURN = 4

FURTHEST_STEP = 127
"""Bytes that a load of bytes moves its pointer by, at most."""

FURTHEST_MOVE = 4095
"""Bytes that ADDW moves a pointer by, at most."""

LONGEST_NARROWING = 16
"""The longest shift of an instruction that makes halves of words."""


def vector_block(head: str, vectors: Sequence[str], plain: Sequence[str], asm: bool) -> list[str]:
    """A function in vectors, and in C."""
    lines = two_ways([f"{INLINE} {head} {{"], vectors, plain, asm, when=VECTORS)
    return [*INCLUDE, *lines] if asm else lines


def wide_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """Windows of eight channels."""
    head = f"tinyml_{name}(const int8_t *w, const int32_t *data, int32_t *sums)"
    return vector_block(head, wide_vectors(numbers), list(wide_in_c(numbers)), asm)


def bytes_vectors(numbers: Sequence[int]) -> list[str]:
    """Columns of bytes, 16 taps at a time: sums lie in even registers (`Te`), and end as the elements of a vector."""
    channels, pixels, taps, lanes, piece = numbers
    steps = taps // lanes
    sums = [f"s{pixel}{channel}" for pixel in range(pixels) for channel in range(channels)]
    first, again = (list(bytes_step(channels, pixels, adds)) for adds in (False, True))
    begin = list(further("p1", "p0", piece)) if pixels > 1 else []
    lines = [*begin, *first, *again * (steps - 1)]
    if steps > MOST_STEPS:
        turns, left = divmod(steps - 1, STEPS_PER_TURN)
        lines = [*begin, *first, *again * left, f"mov %[turns], #{turns}", "1:", *again * STEPS_PER_TURN]
        lines += ["subs %[turns], %[turns], #1", "bne 1b"]
        sums_and = ['[turns] "=&r"(turns)']
    else:
        sums_and = []
    for pixel, half in ((pixel, half) for pixel in range(pixels) for half in range(2)):
        vector, low, high = f"%q[v{pixel}]", f"%[s{pixel}{half}]", f"%[s{pixel}{half + 2}]"
        lines.append(f"vmov {vector}[{half + 2}], {vector}[{half}], {low}, {high}")
    outputs = [*(f'[v{n}] "=&w"(v{n})' for n in range(pixels)), *(f'[{s}] "=&Te"({s})' for s in sums), *sums_and]
    outputs += [f'[{x}] "=&w"({x})' for x in (*(f"x{n}" for n in range(pixels)), "y")]
    outputs += ['[w] "+r"(w)', '[p0] "+r"(p0)', *(['[p1] "=&r"(p1)'] if pixels > 1 else [])]
    return [
        f"  const int8_t *w = weights, *p0 = (const int8_t *)data{', *p1' if pixels > 1 else ''};",
        f"  int32_t {', '.join(sums)}{', turns' if sums_and else ''};",
        f"  int32x4_t {', '.join(f'v{n}' for n in range(pixels))};",
        f"  int8x16_t {', '.join(f'x{n}' for n in range(pixels))}, y;",
        *statement(lines, outputs),
        *(f"  sums[{p * channels + c}] += v{p}[{c}];" for p in range(pixels) for c in range(channels)),
    ]


def further(pointer: str, known: str, by: int) -> Iterator[str]:
    """A pointer some bytes behind another; made inside, since gcc -Os finds no registers for one more that comes in."""
    if by < 4096:
        yield f"addw %[{pointer}], %[{known}], #{by}"
    else:
        yield from (f"movw %[{pointer}], #{by}", f"add %[{pointer}], %[{known}]")


def bytes_step(channels: int, pixels: int, adds: bool) -> Iterator[str]:
    """16 taps: the data of each pixel, then the weights of a channel after the other."""
    for pixel in range(pixels):
        yield f"vldrb.8 %q[x{pixel}], [%[p{pixel}]], #16"
    for channel in range(channels):
        yield "vldrb.8 %q[y], [%[w]], #16"
        for pixel in range(pixels):
            yield f"vmladav{'a' if adds else ''}.s8 %[s{pixel}{channel}], %q[x{pixel}], %q[y]"


def statement(lines: Sequence[str], outputs: Sequence[str], inputs: Sequence[str] = ()) -> list[str]:
    """An assembly statement that reads memory."""
    text = [f'    "{line}\\n"' for line in lines]
    last = f'    : {", ".join(inputs)} : "cc", "memory");'
    return ["  __asm volatile(", *text, f"    : {', '.join(outputs)}", last]


def wide_vectors(numbers: Sequence[int]) -> list[str]:
    """Eight channels at a time."""
    _, wide, pixels, stride, pitch, row = numbers
    sums = [f"a{number}" for number in range(2 * pixels)]
    near = pixels > 1 and stride == 1
    cells = wide + 1 if near else wide
    skip = row - (cells - 1) * pitch
    lines = list(wide_neighbours(numbers, skip) if near else wide_taps(numbers, skip))
    words = ["w0", "w1"] if near else ["w0"]
    pointers = ["x0"] if near else [f"x{pixel}" for pixel in range(pixels)]
    starts = ", ".join(f"*{x} = (const int8_t *)data + {n * stride * pitch}" for n, x in enumerate(pointers))
    outputs = [f'[{name}] "=&w"({name})' for name in (*sums, *words, "c", "t")]
    outputs += [f'[{pointer}] "+l"({pointer})' for pointer in ("w", *pointers)]
    return [
        f"  const int8_t {starts};",
        f"  int32x4_t {', '.join(sums)}, t;",
        f"  int16x8_t {', '.join(words)}, c;",
        *statement(lines, outputs, [f'[skip] "r"({skip})'] if abs(skip) > FURTHEST_MOVE else []),
        *(f"  sums[{n}] += a{n // 4}[{n % 4}];" for n in range(CHANNELS * pixels)),
    ]


def wide_neighbours(numbers: Sequence[int], skip: int) -> Iterator[str]:
    """Two pixels side by side: a cell is loaded once for both, and the weights of two taps are at hand."""
    high, wide, _, _, pitch, _ = numbers
    begun: set[int] = set()
    for cell in [*range(wide + 1)] * high:
        if cell < wide:
            yield f"vldrb.s16 %q[w{cell % 2}], [%[w]], #{CHANNELS}"
        yield from moved("vldrb.s16 %q[c], [%[x0]]", "x0", pitch if cell < wide else skip)
        for pixel in range(2):
            if 0 <= cell - pixel < wide:
                yield from wide_products(pixel, (cell - pixel) % 2, begun)


def wide_taps(numbers: Sequence[int], skip: int) -> Iterator[str]:
    """Tap by tap, a cell for each pixel."""
    high, wide, pixels, _, pitch, _ = numbers
    begun: set[int] = set()
    for tap in [*range(wide)] * high:
        yield f"vldrb.s16 %q[w0], [%[w]], #{CHANNELS}"
        for pixel in range(pixels):
            yield from moved(f"vldrb.s16 %q[c], [%[x{pixel}]]", f"x{pixel}", pitch if tap < wide - 1 else skip)
            yield from wide_products(pixel, 0, begun)


def moved(load: str, pointer: str, step: int) -> Iterator[str]:
    """A load, and its pointer moved behind it."""
    if abs(step) <= FURTHEST_STEP:
        yield f"{load}, #{step}"
        return
    yield load
    if abs(step) > FURTHEST_MOVE:
        yield f"add %[{pointer}], %[{pointer}], %[skip]"
    else:
        yield f"{'addw' if step > 0 else 'subw'} %[{pointer}], %[{pointer}], #{abs(step)}"


def wide_products(pixel: int, weights: int, begun: set[int]) -> Iterator[str]:
    """The products of a cell with weights, added to the sums of a pixel; the first ones are the sums."""
    for half, name in enumerate("bt"):
        if pixel in begun:
            yield f"vmull{name}.s16 %q[t], %q[c], %q[w{weights}]"
            yield f"vadd.i32 %q[a{2 * pixel + half}], %q[a{2 * pixel + half}], %q[t]"
        else:
            yield f"vmull{name}.s16 %q[a{2 * pixel + half}], %q[c], %q[w{weights}]"
    begun.add(pixel)


def wide_in_c(numbers: Sequence[int]) -> Iterator[str]:
    """A sum at a time."""
    high, wide, pixels, stride, pitch, row = numbers
    yield "  const int8_t *x = (const int8_t *)data;"
    yield f"  for (int32_t n = 0; n < {CHANNELS * pixels}; n++) {{"
    yield "    const int32_t channel = 2 * n % 8 + n % 8 / 4;"
    yield f"    for (int32_t tap = 0; tap < {high * wide}; tap++) {{"
    place = f"tap / {wide} * {row} + (n / 8 * {stride} + tap % {wide}) * {pitch} + channel"
    yield f"      sums[n] = tinyml_multiply_add_low(w[tap * {CHANNELS} + channel], x[{place}], sums[n]);"
    yield "    }"
    yield "  }"


def wide_instructions(numbers: Sequence[int]) -> int:
    """Instructions of the vectors."""
    high, wide, pixels, *_ = numbers
    return high * wide * (1 + 5 * pixels)


def requantize_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """Sums of one to eight channels as bytes."""
    head = f"tinyml_{name}(const int32_t *table, const int32_t *sums, int8_t *out)"
    return vector_block(head, list(requantize_vectors(numbers)), list(requantize_in_c(numbers)), asm)


def requantize_vectors(numbers: Sequence[int]) -> Iterator[str]:
    """One or two vectors of sums; halves of the second lie between those of the first.

    Where nothing else clamps, the shift rounds (VQRSHRN), which is half of a step in the addend; assemblers up to GNU's
    2.40 take VQSHRN, which does not, for it. Narrowing leaves halves and bytes of a vector, which are not stored: it is
    one that is read no more.
    """
    channels, row, shift, addend, low, high = numbers
    count = 2 if channels == CHANNELS else 1
    clamps = (low, high) != (-128, 127) or shift > LONGEST_NARROWING
    product = "vmulhq_s32" if shift else "vrmulhq_s32"
    for n in range(count):
        given = ", ".join(f"sums[{4 * n + k}]" if 4 * n + k < channels else "0" for k in range(4))
        yield f"  int32x4_t a{n} = {{{given}}};"
        yield f"  a{n} = vaddq_s32(a{n}, *(const int32x4_t *)(const void *)(table + {4 * n}));"
        yield f"  const int32x4_t m{n} = *(const int32x4_t *)(const void *)(table + {row + 4 * n});"
        yield f"  a{n} = {product}(a{n}, m{n});"
        yield f"  a{n} = vaddq_n_s32(a{n}, {addend if clamps or not shift else addend - (1 << (shift - 1))});"
        if clamps:
            yield from [f"  a{n} = vshrq_n_s32(a{n}, {shift});"] if shift else []
            yield f"  a{n} = vmaxq_s32(vminq_s32(a{n}, vdupq_n_s32({high})), vdupq_n_s32({low}));"
        else:
            given = "h" if n else "(int16x8_t)m0"
            narrow = f"vqrshrn{'bt'[n]}q_n_s32" if shift else f"vqmovn{'bt'[n]}q_s32"
            yield f"  {'' if n else 'int16x8_t '}h = {narrow}({given}, a{n}{f', {shift}' if shift else ''});"
    if clamps:
        if count == 2:
            yield "  vstrbq_s16(out, vmovntq_s32((int16x8_t)a0, a1));"
            return
        result = "a0"
    elif count == 2:
        yield "  vstrbq_s16(out, (int16x8_t)vqmovnbq_s16((int8x16_t)a1, h));"
        return
    else:
        result = "(int32x4_t)vqmovnbq_s16((int8x16_t)a0, h)"
    if channels == 4:
        yield f"  vstrbq_s32(out, {result});"
    else:
        yield f"  vstrbq_p_s32(out, {result}, vctp32q({channels}));"


def requantize_in_c(numbers: Sequence[int]) -> Iterator[str]:
    """A channel at a time."""
    channels, row, shift, addend, low, high = numbers
    yield f"  for (int32_t n = 0; n < {channels}; n++) {{"
    yield f"    const int32_t channel = {'2 * n % 8 + n / 4' if channels == CHANNELS else 'n'};"
    yield "    const int32_t sum = (int32_t)((uint32_t)sums[n] + (uint32_t)table[n]);"
    if shift:
        yield f"    const int32_t r = tinyml_multiply_high_add(sum, table[{row} + n], {addend}) >> {shift};"
    else:
        yield f"    const int64_t product = (int64_t)sum * (int64_t)table[{row} + n];"
        yield f"    const int32_t r = (int32_t)((product + INT64_C(0x80000000)) >> 32) + {addend};"
    yield f"    out[channel] = (int8_t)(r < {low} ? {low} : r > {high} ? {high} : r);"
    yield "  }"


def requantize_instructions(numbers: Sequence[int]) -> int:
    """Instructions of the vectors."""
    return 14 if numbers[0] == CHANNELS else 12


MOST_IN_LINE = 8
"""Words that are copied without a loop, at most."""


def copy_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """Words, four at a time in vectors."""
    (words,) = numbers
    head = f"tinyml_{name}(const void *from, int32_t *to)"
    plain = copied(words)
    turns, left = divmod(words, 4)
    each = next((n for n in (4, 3, 2) if turns % n == 0), 1) if turns > 4 else max(1, turns)
    vectors = ["  const int8_t *x = from;", "  int8_t *y = (int8_t *)to;"]
    turn = [f"vstrbq_s8(y + {VECTOR * n}, vldrbq_s8(x + {VECTOR * n}));" for n in range(each)]
    if turns > each:
        vectors.append(f"  for (int32_t n = 0; n < {turns // each}; n++) {{")
        vectors += [f"    {line}" for line in (*turn, f"x += {VECTOR * each};", f"y += {VECTOR * each};")]
        vectors.append("  }")
        start = 0
    else:
        vectors += [f"  {line}" for line in turn if turns]
        start = VECTOR * turns
    vectors += [f"  to[{4 * turns + n}] = tinyml_load_word(x + {start + 4 * n});" for n in range(left)]
    return vector_block(head, vectors, plain, asm)


def copied(words: int) -> list[str]:
    """The C of a copy: few words one after the other, else as many in each turn as divide them; four at most are read
    before they are written.
    """
    if words <= MOST_IN_LINE:
        fours = [range(start, min(start + 4, words)) for start in range(0, words, 4)]
        return ["  const int8_t *x = from;", *(line for four in fours for line in read_and_written("  ", four))]
    each = next(n for n in (4, 3, 2, 1) if words % n == 0)
    return [
        "  const int8_t *x = from;",
        f"  for (int32_t n = 0; n < {words}; n += {each}, x += {4 * each}, to += {each}) {{",
        *read_and_written("    ", range(each)),
        "  }",
    ]


def read_and_written(indent: str, words: range) -> list[str]:
    """Some words, read into variables, then written."""
    read = ", ".join(f"w{n} = tinyml_load_word(x + {4 * n})" for n in words)
    return [f"{indent}const int32_t {read};", indent + " ".join(f"to[{n}] = w{n};" for n in words)]


def copy_instructions(numbers: Sequence[int]) -> int:
    """Instructions of the vectors, those of a loop once."""
    turns, left = divmod(numbers[0], 4)
    return 2 * (min(turns, 4) + left) + 3 * (turns > 4)
