"""Blocks `dot_4xP_Q` and `dot8_4xP_Q`: products of Q quads added to the sums of four channels at P pixels (1 or 2).

Of `dotn_4xP_Q` and `dot8n_4xP_Q` these are the quads of a turn, and the number of turns is passed.

A quad is four taps (`mcu.dot_block`). Of `dot` the weights are halves, in the order of use; of `dot8` they are bytes, a
word for each channel, which the block unpacks as the data are: half the flash, eight instructions more for each quad.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .function import INLINE, Alike, Registers, body
from .operations import Operation, assembly, statement
from .pairs import CHANNELS, pairs_of_one, pairs_of_two, products

MOST_QUADS_AT_ONCE = {1: 8, 2: 5}
"""Columns of so many quads have no loop, by pixels: what is around them lies in a cache of 1 KB, too."""

QUADS_PER_TURN = {1: (8,), 2: (4, 5, 3)}
"""Quads of a turn of the loop, where there is one, by pixels: those that leave the fewest over, the first of these."""

QUADS_OF_BYTES = (2, 3)
"""The same for two pixels where weights are bytes, as flash is short."""

TURNS = "n"
"""Ends the first part of the names of blocks whose number of turns is passed."""

UNPACK = ("unpack_low", "unpack_high")
"""Taps (0, 2), taps (1, 3)."""


def quad(kind: str, pixels: int) -> Iterator[Operation]:
    """The operations of one quad of columns, by the first part of the block's name."""
    return QUADS[kind.removesuffix(TURNS)][pixels - 1]()


def quad_of_one() -> Iterator[Operation]:
    """One pixel: there are registers for the weights of four channels."""
    yield Operation("load_pair_next", ("x0", "x1", "x"), (8,))
    for half in range(2):
        yield Operation("load_four_next", ("w0", "w1", "w2", "w3", "w"))
        for channel in range(CHANNELS):
            yield Operation("dual_multiply_add", (f"s0{channel}", f"w{channel}", f"x{half}"))


def quad_of_two() -> Iterator[Operation]:
    """Two pixels: weights come for two channels at a time."""
    for _ in range(2):
        for pair in range(0, CHANNELS, 2):
            yield Operation("load_pair_next", ("w0", "w1", "w"), (8,))
            if pair == 0:
                yield Operation("load_pair_next", ("x0", "x1", "x"), (8,))
            yield from products(pair)


def bytes_of_one() -> Iterator[Operation]:
    """One pixel, weights of bytes: a word is unpacked into a register of its own, then into itself."""
    yield Operation("load_pair_next", ("x0", "x1", "x"), (8,))
    yield Operation("load_four_next", ("w0", "w1", "w2", "w3", "w"))
    for channel in range(CHANNELS):
        yield Operation("unpack_low", ("t", f"w{channel}"))
        yield Operation("dual_multiply_add", (f"s0{channel}", "t", "x0"))
        yield Operation("unpack_high", (f"w{channel}", f"w{channel}"))
        yield Operation("dual_multiply_add", (f"s0{channel}", f"w{channel}", "x1"))


def bytes_of_two() -> Iterator[Operation]:
    """Two pixels, weights of bytes: there is no register to keep a word in, so it is loaded for each half."""
    for half in range(2):
        yield Operation("load_pair_next", ("x0", "x1", "x"), (8,))
        for pair in range(0, CHANNELS, 2):
            if half:
                yield Operation("load_pair_next", ("w0", "w1", "w"), (8,))
            else:
                yield Operation("load_pair", ("w0", "w1", "w"), (4 * pair,))
            for weight in range(2):
                yield Operation(UNPACK[half], (f"w{weight}", f"w{weight}"))
            yield from products(pair)


QUADS = {
    "dot": (quad_of_one, quad_of_two),
    "dot8": (bytes_of_one, bytes_of_two),
    "pairs": (pairs_of_one, pairs_of_two),
}
"""A quad of one pixel, and of two, by the first part of a block's name."""


def begun(operations: Iterable[Operation]) -> Iterator[Operation]:
    """The same where the sums of the second pixel begin as those of the first, and are only set: these come first."""
    waiting: Operation | None = None
    seen: set[str] = set()
    for operation in operations:
        sum = operation.operands[0]
        if operation.name != "dual_multiply_add" or sum in seen:
            yield operation
            continue
        seen.add(sum)
        if waiting is None:
            waiting = operation
            continue
        yield Operation("dual_multiply_add_from", (*operation.operands, waiting.operands[0]))
        yield waiting
        waiting = None


def macro_name(kind: str, pixels: int) -> str:
    """The macro of one quad."""
    return f"TINYML_{kind.removesuffix(TURNS).upper().replace('DOT', 'QUAD')}_4X{pixels}"


def quad_macros(kind: str, pixels: int) -> list[str]:
    """The assembly of one quad, as a macro that blocks of all lengths repeat; of two pixels also that of the first."""
    name, one = macro_name(kind, pixels), list(quad(kind, pixels))
    return [*macro(name, one), *(macro(f"{name}_FIRST", list(begun(one))) if pixels == 2 else [])]


def macro(name: str, operations: Sequence[Operation]) -> list[str]:
    """A macro of operations."""
    lines = [f'  "{assembly(operation)}\\n"' for operation in operations]
    return [f"#define {name} \\", *(f"{line} \\" for line in lines[:-1]), lines[-1]]


def turns_of(kind: str, pixels: int, quads: int) -> tuple[int, int, int]:
    """Quads of a turn, turns of the loop, and quads behind it."""
    sizes = QUADS_OF_BYTES if pixels == 2 and kind != "dot" else QUADS_PER_TURN[pixels]
    size = min(sizes, key=lambda size: quads % size)
    return (size, 0, quads) if quads <= MOST_QUADS_AT_ONCE[pixels] else (size, *divmod(quads, size))


def dot_block(name: str, kind: str, pixels: int, quads: int, asm: bool) -> list[str]:
    """Quads of columns: a loop of a few in each turn, and what is left over; or turns whose number is passed."""
    passed = kind.endswith(TURNS)
    text, bound = turns_assembly(kind, pixels, quads) if passed else dot_assembly(kind, pixels, quads)
    plain = [
        f"  for (int32_t quad = 0; quad < {f'{quads} * turns' if passed else quads}; quad++) {{",
        *(f"    {statement(o)}" for o in quad(kind, pixels)),
        "  }",
    ]
    sums = [f"s{pixel}{channel}" for pixel in range(pixels) for channel in range(CHANNELS)]
    words = sorted({word for o in quad(kind, pixels) for word in o.operands} - {*sums, "w", "x"})
    registers = Registers(sums, words, ("w", "x"), fixed=pixels == 1)
    alike = None
    if pixels == 2 and not passed:
        text_alike, bound_alike = dot_assembly(kind, pixels, quads - 1, f"{macro_name(kind, pixels)}_FIRST")
        alike = Alike(dict(zip(sums[CHANNELS:], sums[:CHANNELS], strict=True)), text_alike, bound_alike)
    turns = " int32_t turns," if passed else ""
    return [
        f"{INLINE} tinyml_{name}(const void *weights, const int32_t *data,{turns} int32_t *sums) {{",
        "  const int8_t *w = weights, *x = (const int8_t *)data;",
        *body(registers, (text, plain), bound, asm, alike),
    ]


def dot_assembly(kind: str, pixels: int, quads: int, first: str = "") -> tuple[list[str], str]:
    """The lines of so many quads behind a first macro, and the declaration of where a loop over them ends."""
    one, bound = macro_name(kind, pixels), ""
    size, turns, rest = turns_of(kind, pixels, quads)
    text = [f"    {' '.join([one] * rest)}"] if rest else []
    if turns:
        begin = 8 * pixels if first else 0
        bound = f"  const int8_t *const end = x + {begin + turns * size * 8 * pixels};"
        text = [*loop_of(one, size), *text]
    return [*([f"    {first}"] if first else []), *text], bound


def turns_assembly(kind: str, pixels: int, quads: int) -> tuple[list[str], str]:
    """The lines of turns of so many quads, and the declaration of where their loop ends."""
    return loop_of(macro_name(kind, pixels), quads), f"  const int8_t *const end = x + turns * {quads * 8 * pixels};"


def loop_of(one: str, quads: int) -> list[str]:
    """A loop with so many macros in each turn, until the pointer to the data is at its end."""
    return [f'    "1:\\n" {" ".join([one] * quads)}', '    "ldr %[w0], %[end]\\n cmp %[x], %[w0]\\n bne 1b\\n"']


def dot_instructions(kind: str, pixels: int, quads: int) -> int:
    """Instructions in the assembly of a block; with two pixels, of what stands there where their sums begin alike."""
    if kind.endswith(TURNS):
        return quads * sum(1 for _ in quad(kind, pixels)) + 3
    first = int(pixels == 2)
    size, turns, rest = turns_of(kind, pixels, quads - first)
    written = first + rest + (size if turns else 0)
    return written * sum(1 for _ in quad(kind, pixels)) + (3 if turns else 0)
