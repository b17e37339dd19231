"""Blocks of machine operations, the insides of tiles: one list of operations, spelled as assembly and as C.

- `dot_4xP_Q` adds to the sums of four channels at P pixels (1 or 2) the products of Q quads (see `mcu.dot_block`).
- `lanes_HxW_P_S_B_R` adds those of a window of H x W taps (see `mcu.lanes_block`).
- `direct_B_CxP_R_T_S` adds those of bytes where they lie (direct.py).
- `plane_O_S` adds those of a window of 3 x 3 taps at O outputs (1 to 6), S apart (see `mcu.plane_block`).

Operands are registers that the compiler chooses: sums, two words of weights, two of the data, and two pointers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from . import direct
from .operation import Operation

CHANNELS = 4

MOST_QUADS_AT_ONCE = 8
"""Columns of so many quads have no loop."""

QUADS_PER_TURN = 4
"""Quads of a turn of the loop, where there is one."""

FURTHEST = 4095
"""What is added to a pointer at once (ADDW)."""

NEEDED = {
    "dot": ("load_word", "dual_multiply_add"),
    "plane": ("load_word", "dual_multiply_add", "multiply_add_low_high", "multiply_add_high_low"),
    "lanes": ("load_word", "unpack_bytes", "multiply_add_low", "multiply_add_high"),
    "direct": ("multiply_add", "multiply_add_24"),
}
"""The operations that the C of a block calls, by the first part of its name."""


Spelled = tuple[list[str], list[str]]
"""Operations as the lines of an assembly statement, and as statements of C."""


ASSEMBLY = {
    "load_pair_next": "ldrd %[{0}], %[{1}], [%[{2}]], #8",
    "load_pair": "ldrd %[{0}], %[{1}], [%[{2}], #{3}]",
    "load_word": "ldr %[{0}], [%[{1}], #{2}]",
    "advance": "addw %[{0}], %[{0}], #{1}",
    "unpack_low": "sxtb16 %[{0}], %[{1}]",
    "unpack_high": "sxtb16 %[{0}], %[{1}], ror #8",
    "dual_multiply_add": "smlad %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_low": "smlabb %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_high": "smlatt %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_low_high": "smlabt %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_high_low": "smlatb %[{0}], %[{1}], %[{2}], %[{0}]",
}
"""Each operation for Armv7E-M; pointers move by bytes."""

STATEMENTS = {
    "load_pair_next": "{0} = tinyml_load_word({2}); {1} = tinyml_load_word({2} + 4); {2} += 8;",
    "load_pair": "{0} = tinyml_load_word({2} + {3}); {1} = tinyml_load_word({2} + {3} + 4);",
    "load_word": "{0} = tinyml_load_word({1} + {2});",
    "advance": "{0} += {1};",
    "unpack_low": "{0} = tinyml_unpack_bytes({1}, 0);",
    "unpack_high": "{0} = tinyml_unpack_bytes({1}, 1);",
    "dual_multiply_add": "{0} = tinyml_dual_multiply_add({1}, {2}, {0});",
    "multiply_add_low": "{0} = tinyml_multiply_add_low({1}, {2}, {0});",
    "multiply_add_high": "{0} = tinyml_multiply_add_high({1}, {2}, {0});",
    "multiply_add_low_high": "{0} = tinyml_multiply_add_low_high({1}, {2}, {0});",
    "multiply_add_high_low": "{0} = tinyml_multiply_add_high_low({1}, {2}, {0});",
}
"""The same in C."""


def quad(pixels: int) -> Iterator[Operation]:
    """The operations of one quad of columns."""
    if pixels == 1:
        yield Operation("load_pair_next", ("x0", "x1", "x"))
    for half in range(2):
        for pair in range(0, CHANNELS, 2):
            yield Operation("load_pair_next", ("w0", "w1", "w"))
            if pixels == 2 and pair == 0:
                yield Operation("load_pair_next", ("x0", "x1", "x"))
            for weight in range(2):
                for pixel in range(pixels):
                    x = f"x{half if pixels == 1 else pixel}"
                    yield Operation("dual_multiply_add", (f"s{pixel}{pair + weight}", f"w{weight}", x))


def tap_row(number: int, window: Sequence[int]) -> Iterator[Operation]:
    """The operations of one row of taps: each word of data is unpacked once for all pixels that read it."""
    _, wide, pixels, stride, pitch, row = window
    for column in range(wide + (pixels - 1) * stride):
        taps = [(pixel, column - pixel * stride) for pixel in range(pixels)]
        taps = [(pixel, tap) for pixel, tap in taps if 0 <= tap < wide]
        if not taps:
            continue
        yield Operation("load_word", ("x0", "x"), (column * pitch,))
        yield Operation("unpack_high", ("x1", "x0"))
        yield Operation("unpack_low", ("x0", "x0"))
        for pixel, tap in taps:
            yield Operation("load_pair", ("w0", "w1", "w"), (8 * (number * wide + tap),))
            for channel, name in ((0, "low"), (2, "high"), (1, "low"), (3, "high")):
                yield Operation(f"multiply_add_{name}", (f"s{pixel}{channel}", f"w{channel % 2}", f"x{channel % 2}"))
    if number < window[0] - 1:
        for start in range(0, row, FURTHEST):
            yield Operation("advance", ("x",), (min(FURTHEST, row - start),))


PLANE_TAPS = (("dual_multiply_add", "multiply_add_low_high"), ("multiply_add_high_low", "dual_multiply_add"))
"""What an output does with its two words and those of the weights: where it begins with a low half, with a high one."""


def plane_row(row: int, outputs: int, stride: int) -> Iterator[Operation]:
    """The operations of one row of three taps a, b, c: weights are the words (a, b) and (b, c).

    An output reads two words, one after the other; of the two registers for them the next word takes that which is not
    needed any more.
    """
    data, loaded = f"r{row}", 2
    yield Operation("load_pair", ("w0", "w1", "w"), (8 * row,))
    yield Operation("load_pair", ("x0", "x1", data), (0,))
    for output in range(outputs):
        first, is_odd = divmod(output * stride, 2)
        while loaded < first + 2:
            yield Operation("load_word", (f"x{loaded % 2}", data), (4 * loaded,))
            loaded += 1
        pair = f"x{first % 2}", f"x{(first + 1) % 2}"
        for name, x, w in zip(PLANE_TAPS[is_odd], pair, ("w0", "w1"), strict=True):
            yield Operation(name, (f"s{output}", x, w))


def assembly(operation: Operation) -> str:
    """An operation as an instruction."""
    return ASSEMBLY[operation.name].format(*operation.operands, *operation.numbers)


def statement(operation: Operation) -> str:
    """An operation in C."""
    return STATEMENTS[operation.name].format(*operation.operands, *operation.numbers)


def block_lines(name: str) -> list[str]:
    """The definition of a block, by its name. Raises KeyError for any other name."""
    if (window := direct.Window.of(name)) is not None:
        return direct.block_lines(window, name)
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    if re.fullmatch(r"dot_4x[12]_\d+", name):
        return dot_block(name, *numbers[1:])
    if re.fullmatch(r"lanes_\d+x\d+_[12]_\d+_\d+_\d+", name):
        return lanes_block(name, numbers)
    if re.fullmatch(r"plane_[1-6]_[12]", name):
        return plane_block(name, *numbers)
    raise KeyError(name)


def instructions(name: str) -> int:
    """How many instructions a block's assembly has, by its name. Raises KeyError for any other name."""
    if (window := direct.Window.of(name)) is not None:
        return sum(not line.endswith(":") for line in direct.instructions(window)) if window.bits == 24 else 0
    lines = block_lines(name)
    start = next(number for number, line in enumerate(lines) if "__asm" in line)
    text = "\n".join(line for line in lines[start + 1 :] if line.startswith('    "') or line.startswith("    TINYML"))
    macros = re.findall(r"TINYML_QUAD_4X(\d)", text)
    quads = sum(sum(1 for _ in quad(int(pixels))) for pixels in macros)
    return quads + sum(line.count("\\n") - line.count(":\\n") for line in text.splitlines())


def dot_block(name: str, pixels: int, quads: int) -> list[str]:
    """Quads of columns: a loop of a few in each turn, and what is left over."""
    one = f"TINYML_QUAD_4X{pixels}"
    turns, rest = (0, quads) if quads <= MOST_QUADS_AT_ONCE else divmod(quads, QUADS_PER_TURN)
    text = [f"    {' '.join([one] * rest)}"] if rest else []
    bound: list[str] = []
    if turns:
        bound = [f"  const int8_t *const end = x + {turns * QUADS_PER_TURN * 8 * pixels};"]
        text.insert(0, f'    "1:\\n" {" ".join([one] * QUADS_PER_TURN)}')
        text.insert(1, '    "ldr %[w0], %[end]\\n cmp %[x], %[w0]\\n bne 1b\\n"')
    plain = [
        f"  for (int32_t quad = 0; quad < {quads}; quad++) {{",
        *(f"    {statement(o)}" for o in quad(pixels)),
        "  }",
    ]
    return block(name, pixels, (), bound, (text, plain))


def lanes_block(name: str, window: Sequence[int]) -> list[str]:
    """A window, written out tap by tap."""
    operations = spelled(o for row in range(window[0]) for o in tap_row(row, window))
    return block(name, window[2], ("w",), [], operations)


def plane_block(name: str, outputs: int, stride: int) -> list[str]:
    """A window of three rows of taps, each a pointer of its own."""
    operations = spelled(o for row in range(3) for o in plane_row(row, outputs, stride))
    parameters = ", ".join(f"const int32_t *row{row}" for row in range(3))
    return [
        f"static inline void tinyml_{name}(const int16_t *weights, {parameters}, int32_t *sums) {{",
        "  const int8_t *w = (const int8_t *)weights;",
        "  const int8_t *r0 = (const int8_t *)row0, *r1 = (const int8_t *)row1, *r2 = (const int8_t *)row2;",
        *body([f"s{output}" for output in range(outputs)], [], ("w", "r0", "r1", "r2"), [], operations),
    ]


def spelled(operations: Iterable[Operation]) -> Spelled:
    """Operations as the lines of an assembly statement, and as statements of C."""
    listed = list(operations)
    return [f'    "{assembly(o)}\\n"' for o in listed], [f"  {statement(o)}" for o in listed]


def block(name: str, pixels: int, fixed: Sequence[str], bound: list[str], lines: Spelled) -> list[str]:
    """A function of weights and data for four channels of some pixels."""
    sums = [f"s{pixel}{channel}" for pixel in range(pixels) for channel in range(CHANNELS)]
    return [
        f"static inline void tinyml_{name}(const int16_t *weights, const int32_t *data, int32_t *sums) {{",
        "  const int8_t *w = (const int8_t *)weights, *x = (const int8_t *)data;",
        *body(sums, [p for p in ("w", "x") if p not in fixed], fixed, bound, lines),
    ]


def body(
    sums: Sequence[str], moved: Sequence[str], fixed: Sequence[str], bound: list[str], lines: Spelled
) -> list[str]:
    """The rest of a function: assembly, where the core has the operations, and C, everywhere else.

    `moved` pointers are changed by the operations, `fixed` ones are not.
    """
    text, plain = lines
    outputs = ", ".join(f'[{s}] "+r"({s})' for s in (*sums, *moved))
    words = ", ".join(f'[{v}] "=&r"({v})' for v in ("w0", "w1", "x0", "x1"))
    inputs = ", ".join([f'[{p}] "r"({p})' for p in fixed] + (['[end] "m"(end)'] if bound else []))
    return [
        f"  int32_t {', '.join(f'{s} = sums[{n}]' for n, s in enumerate(sums))};",
        "  int32_t w0, w1, x0, x1;",
        "#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__) && !defined(TINYML_NO_ASM)",
        *bound,
        "  __asm volatile(",
        *text,
        f"    : {outputs},",
        f"      {words}",
        f'    : {inputs} : "cc", "memory");',
        "#else",
        *plain,
        "#endif",
        *(f"  sums[{n}] = {s};" for n, s in enumerate(sums)),
        "}",
    ]


def quad_macro(pixels: int) -> list[str]:
    """The assembly of one quad, as a macro that blocks of all lengths repeat."""
    lines = [f'  "{assembly(operation)}\\n"' for operation in quad(pixels)]
    return [f"#define TINYML_QUAD_4X{pixels} \\", *(f"{line} \\" for line in lines[:-1]), lines[-1]]
