"""Blocks of machine operations, the insides of tiles: one list of operations, spelled as assembly and as C.

`dot_4xP_Q` adds to the sums of four channels at P pixels (1 or 2) the products of Q quads of weights and columns (see
`mcu.dot_block`). Operands are registers that the compiler chooses: sums, two words of weights, two of the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CHANNELS = 4

MOST_QUADS_AT_ONCE = 8
"""Columns of so many quads have no loop."""

QUADS_PER_TURN = 4
"""Quads of a turn of the loop, where there is one."""

NEEDED = ("load_word", "dual_multiply_add")
"""The operations that the C of a block calls."""


class Operation(NamedTuple):
    """`load_pair a b p`: two words from a pointer on, which moves; `dual_multiply_add s a b`: s += a . b"""

    name: str
    operands: tuple[str, ...]


ASSEMBLY = {
    "load_pair": "ldrd %[{0}], %[{1}], [%[{2}]], #8",
    "dual_multiply_add": "smlad %[{0}], %[{1}], %[{2}], %[{0}]",
}

STATEMENTS = {
    "load_pair": (
        "{0} = tinyml_load_word((const int8_t *){2}), {1} = tinyml_load_word((const int8_t *){2} + 4), {2} += {3};"
    ),
    "dual_multiply_add": "{0} = tinyml_dual_multiply_add({1}, {2}, {0});",
}

ELEMENTS_PER_PAIR = {"w": "4", "x": "2"}
"""Elements of two words: weights are halves, columns words."""


def quad(pixels: int) -> Iterator[Operation]:
    """The operations of one quad."""
    if pixels == 1:
        yield Operation("load_pair", ("x0", "x1", "x"))
    for half in range(2):
        for pair in range(0, CHANNELS, 2):
            yield Operation("load_pair", ("w0", "w1", "w"))
            if pixels == 2 and pair == 0:
                yield Operation("load_pair", ("x0", "x1", "x"))
            for weight in range(2):
                for pixel in range(pixels):
                    x = f"x{half if pixels == 1 else pixel}"
                    yield Operation("dual_multiply_add", (f"s{pixel}{pair + weight}", f"w{weight}", x))


def block_lines(name: str) -> list[str]:
    """The definition of a block, by its name. Raises KeyError for any other name."""
    found = re.fullmatch(r"dot_4x([12])_(\d+)", name)
    if found is None:
        raise KeyError(name)
    pixels, quads = int(found[1]), int(found[2])
    sums = [f"s{pixel}{channel}" for pixel in range(pixels) for channel in range(CHANNELS)]
    return [
        f"static inline void tinyml_{name}(const int16_t *w, const int32_t *x, int32_t *sums) {{",
        f"  int32_t {', '.join(f'{s} = sums[{n}]' for n, s in enumerate(sums))};",
        "  int32_t w0, w1, x0, x1;",
        "#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__) && !defined(TINYML_NO_ASM)",
        *assembly(pixels, quads, sums),
        "#else",
        f"  for (int32_t quad = 0; quad < {quads}; quad++) {{",
        *(f"    {statement(operation)}" for operation in quad(pixels)),
        "  }",
        "#endif",
        *(f"  sums[{n}] = {s};" for n, s in enumerate(sums)),
        "}",
    ]


def statement(operation: Operation) -> str:
    """An operation in C."""
    more = [ELEMENTS_PER_PAIR[operation.operands[2]]] if operation.name == "load_pair" else []
    return STATEMENTS[operation.name].format(*operation.operands, *more)


def assembly(pixels: int, quads: int, sums: list[str]) -> list[str]:
    """The block as one statement of assembly."""
    one = f"TINYML_QUAD_4X{pixels}"
    turns, rest = (0, quads) if quads <= MOST_QUADS_AT_ONCE else divmod(quads, QUADS_PER_TURN)
    loop: list[str] = []
    if turns:
        turn = " ".join([one] * QUADS_PER_TURN)
        loop = [f'    "1:\\n" {turn}', '    "ldr %[w0], %[end]\\n cmp %[x], %[w0]\\n bne 1b\\n"']
    outputs = ", ".join(f'[{s}] "+r"({s})' for s in (*sums, "w", "x"))
    words = ", ".join(f'[{v}] "=&r"({v})' for v in ("w0", "w1", "x0", "x1"))
    bound, clobbers = '[end] "m"(end) ' if turns else "", '"cc", "memory"'
    return [
        *([f"  const int32_t *const end = x + {turns * QUADS_PER_TURN * 2 * pixels};"] if turns else []),
        "  __asm volatile(",
        *loop,
        *([f"    {' '.join([one] * rest)}"] if rest else []),
        f"    : {outputs},",
        f"      {words}",
        f"    : {bound}: {clobbers});",
    ]


def quad_macro(pixels: int) -> list[str]:
    """The assembly of one quad, as a macro that blocks of all lengths repeat."""
    lines = [f'  "{ASSEMBLY[op.name].format(*op.operands)}\\n"' for op in quad(pixels)]
    return [f"#define TINYML_QUAD_4X{pixels} \\", *(f"{line} \\" for line in lines[:-1]), lines[-1]]
