"""Blocks over windows: `lanes_HxW_P_S_B_R`, four channels of a word, and `plane_O_S_A_B_C`, outputs of one channel.

Where weights of lanes are bytes flash is short: the window is a loop over its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .function import INLINE, Alike, Registers, body
from .operations import Operation, Spelled, spelled

CHANNELS = 4

FURTHEST = 4095
"""What is added to a pointer at once (ADDW)."""

BEGIN = "begin"
"""The register of what all sums begin with."""

WORDS = ("w0", "w1", "x0", "x1")


def weights_at(number: int, bytes: bool) -> Iterator[Operation]:
    """Two words of weights, by their number: they lie there, or a word of bytes does, which is taken apart."""
    if not bytes:
        yield Operation("load_pair", ("w0", "w1", "w"), (8 * number,))
        return
    yield Operation("load_word", ("w1", "w"), (4 * number,))
    yield Operation("unpack_low", ("w0", "w1"))
    yield Operation("unpack_high", ("w1", "w1"))


def tap_row(number: int, window: Sequence[int], bytes: bool) -> Iterator[Operation]:
    """The operations of one row of taps: each word of data is unpacked once for all pixels that read it."""
    _, wide, pixels, stride, pitch, _ = window
    for column in range(wide + (pixels - 1) * stride):
        taps = [(pixel, column - pixel * stride) for pixel in range(pixels)]
        taps = [(pixel, tap) for pixel, tap in taps if 0 <= tap < wide]
        if not taps:
            continue
        yield Operation("load_word", ("x0", "x"), (column * pitch,))
        yield Operation("unpack_high", ("x1", "x0"))
        yield Operation("unpack_low", ("x0", "x0"))
        for pixel, tap in taps:
            yield from weights_at(number * wide + tap, bytes)
            for channel, name in ((0, "low"), (2, "high"), (1, "low"), (3, "high")):
                yield Operation(f"multiply_add_{name}", (f"s{pixel}{channel}", f"w{channel % 2}", f"x{channel % 2}"))


def advanced(pointer: str, distance: int) -> Iterator[Operation]:
    """A pointer that moves by so many bytes."""
    for start in range(0, distance, FURTHEST):
        yield Operation("advance", (pointer,), (min(FURTHEST, distance - start),))


PLANE_TAPS = (("dual_multiply_add", "multiply_add_low_high"), ("multiply_add_high_low", "dual_multiply_add"))
"""What an output does with its two words and those of the weights: where it begins with a low half, with a high one."""


def plane_row(row: int, start: int, outputs: int, stride: int) -> Iterator[Operation]:
    """The operations of one row of three taps a, b, c: weights are the words (a, b) and (b, c).

    An output reads two words, one after the other; of the two registers for them the next word takes that which is not
    needed any more.
    """
    loaded = 2
    yield from weights_at(row, False)
    yield Operation("load_pair", ("x0", "x1", "x"), (start,))
    for output in range(outputs):
        first, is_odd = divmod(output * stride, 2)
        while loaded < first + 2:
            yield Operation("load_word", (f"x{loaded % 2}", "x"), (start + 4 * loaded,))
            loaded += 1
        pair = f"x{first % 2}", f"x{(first + 1) % 2}"
        for name, x, w in zip(PLANE_TAPS[is_odd], pair, ("w0", "w1"), strict=True):
            yield Operation(name, (f"s{output}", x, w))


def written_out(window: Sequence[int], bytes: bool) -> Iterator[Operation]:
    """A window, tap by tap."""
    for number in range(window[0]):
        yield from tap_row(number, window, bytes)
        if number < window[0] - 1:
            yield from advanced("x", window[-1])


def turn_operations(window: Sequence[int]) -> Iterator[Operation]:
    """A row of taps, from where both pointers are, which move to the next one."""
    yield from tap_row(0, window, bytes=True)
    yield from advanced("x", window[-1])
    yield from advanced("w", CHANNELS * window[1])


def lanes_loop(window: Sequence[int]) -> tuple[Spelled, str]:
    """A window of weights as bytes, where flash is short: a loop over rows of taps; and where it ends."""
    text, plain = spelled(turn_operations(window))
    text = ['    "1:\\n"', *text, '    "ldr %[w0], %[end]\\n cmp %[x], %[w0]\\n bne 1b\\n"']
    plain = [f"  for (int32_t row = 0; row < {window[0]}; row++) {{", *(f"  {line}" for line in plain), "  }"]
    return (text, plain), f"  const int8_t *const end = x + {window[0] * window[-1]};"


def lanes_block(name: str, window: Sequence[int], bytes: bool, asm: bool) -> list[str]:
    """The function of a window over four channels."""
    sums = [f"s{pixel}{channel}" for pixel in range(window[2]) for channel in range(CHANNELS)]
    loops = bytes and window[0] > 1
    lines, bound = lanes_loop(window) if loops else (spelled(written_out(window, bytes)), "")
    moved, kept = (("x", "w"), ()) if loops else (("x",), ("w",))
    return [
        f"{INLINE} tinyml_{name}(const void *weights, const int32_t *data, int32_t *sums) {{",
        "  const int8_t *w = weights, *x = (const int8_t *)data;",
        *body(Registers(sums, WORDS, moved, kept), lines, bound, asm=asm),
    ]


def lanes_instructions(window: Sequence[int], bytes: bool) -> int:
    """Instructions in the assembly of a window."""
    if bytes and window[0] > 1:
        return sum(1 for _ in turn_operations(window)) + 3
    return sum(1 for _ in written_out(window, bytes))


def plane_operations(numbers: Sequence[int]) -> Iterator[Operation]:
    """A window of three rows of taps."""
    outputs, stride, *starts = numbers
    for row, start in enumerate(starts):
        yield from plane_row(row, start, outputs, stride)


def plane_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """The function of neighbouring outputs."""
    sums = [f"s{output}" for output in range(numbers[0])]
    registers, alike = Registers(sums, WORDS, (), ("w", "x")), None
    if len(sums) > 1:
        lines, _ = spelled(begun(plane_operations(numbers)))
        alike = Alike(dict.fromkeys(sums[1:], sums[0]), lines, begins=BEGIN)
    return [
        f"{INLINE} tinyml_{name}(const void *weights, const int32_t *data, int32_t *sums) {{",
        "  const int8_t *w = weights, *x = (const int8_t *)data;",
        *body(registers, spelled(plane_operations(numbers)), asm=asm, alike=alike),
    ]


def begun(operations: Iterable[Operation]) -> Iterator[Operation]:
    """The same where all sums begin with one register, and are only set by what comes first for each."""
    seen: set[str] = set()
    for operation in operations:
        sum = operation.operands[0]
        if sum.startswith("s") and sum not in seen:
            seen.add(sum)
            operation = Operation(f"{operation.name}_from", (*operation.operands, BEGIN))
        yield operation


def plane_instructions(numbers: Sequence[int]) -> int:
    """Instructions in the assembly of neighbouring outputs."""
    return sum(1 for _ in plane_operations(numbers))
