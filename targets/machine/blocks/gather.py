"""Blocks `gather_R_A_W_P`: R runs of W words of bytes, A bytes apart, become words of halves in the column of one of P
pixels (see `mcu.gather_block`).

Words are loaded a few at a time, one right behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..two_ways import two_ways
from .function import INLINE, Registers, statement
from .operations import Operation, assembly

MOST_WORDS = 8
"""Words that are written out; others are those of a loop."""

MANY_WORDS = 64
"""Words of a run, beyond which turns of a loop take twice as many."""

TOGETHER = (4, 3, 2, 1)
"""Words that are loaded together, at most as many as there are registers for."""

FURTHEST = 4095
"""What a load or a store reaches."""


def gather_block(name: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """The function of a block: assembly, where the core has the operations, and C, everywhere else."""
    head = f"{INLINE} tinyml_{name}(const int8_t *x, int32_t *y) {{"
    return two_ways([head], gather_in_assembly(numbers), gather_in_c(numbers), asm)


def at_once(numbers: Sequence[int]) -> bool:
    """Whether all words are written out."""
    runs, apart, words, _ = numbers
    return runs * words <= MOST_WORDS and (runs - 1) * apart + 4 * words <= FURTHEST and 0 <= apart


def words_operations(places: Sequence[tuple[int, int]], pixels: int) -> Iterator[Operation]:
    """Words at some bytes of the data, and the bytes of the column where their halves go."""
    for number, (load, _) in enumerate(places):
        yield Operation("load_word", (f"t{number}", "x"), (load,))
    for number, (_, store) in enumerate(places):
        yield Operation("unpack_low", ("u", f"t{number}"))
        yield Operation("unpack_high", (f"t{number}", f"t{number}"))
        yield Operation("store_word", ("u", "y"), (store,))
        yield Operation("store_word", (f"t{number}", "y"), (store + 4 * pixels,))


def gather_in_assembly(numbers: Sequence[int]) -> list[str]:
    """One statement, or one for each run."""
    runs, apart, words, pixels = numbers
    pitch = 8 * pixels
    if at_once(numbers):
        places = [
            (run * apart + 4 * word, (run * words + word) * pitch) for run in range(runs) for word in range(words)
        ]
        lines, together = some_at_a_time(places, pixels), min(TOGETHER[0], len(places))
        return gather_statement(lines, together, (), ("x", "y"))
    sizes = (MOST_WORDS, *TOGETHER) if words > MANY_WORDS else TOGETHER
    turn = next(n for n in sizes if words % n == 0)
    lines = some_at_a_time([(4 * word, word * pitch) for word in range(turn)], pixels)
    lines += [f"add %[x], %[x], #{4 * turn}", f"add %[y], %[y], #{turn * pitch}"]
    if words > turn:
        lines = ["1:", *lines, "cmp %[x], %[end]", "bne 1b"]
    inside = [
        *([f"  const int8_t *const end = x + {4 * words};"] if words > turn else []),
        *gather_statement(lines, min(TOGETHER[0], turn), ("x", "y"), ("end",) if words > turn else ()),
    ]
    if runs == 1:
        return inside
    back = apart - 4 * words
    step = [f"    x += {back};"] if back else []
    return [f"  for (int32_t run = 0; run < {runs}; run++) {{", *(f"  {line}" for line in inside), *step, "  }"]


def some_at_a_time(places: Sequence[tuple[int, int]], pixels: int) -> list[str]:
    """The instructions of all places, a few at a time."""
    few = [places[start : start + TOGETHER[0]] for start in range(0, len(places), TOGETHER[0])]
    return [assembly(operation) for some in few for operation in words_operations(some, pixels)]


def gather_statement(lines: Sequence[str], together: int, moved: Sequence[str], kept: Sequence[str]) -> list[str]:
    """A statement with registers for so many words."""
    words = [*(f"t{n}" for n in range(together)), "u"]
    text = [f'    "{line}\\n"' for line in lines]
    return [f"  int32_t {', '.join(words)};", *statement(Registers([], words, moved, kept), text)]


def gather_in_c(numbers: Sequence[int]) -> list[str]:
    """A word at a time."""
    runs, apart, words, pixels = numbers
    lines = [
        f"  for (int32_t word = 0; word < {words}; word++, y += {2 * pixels}) {{",
        "    const int32_t bytes = tinyml_load_word(x + 4 * word);",
        "    y[0] = tinyml_unpack_bytes(bytes, 0);",
        f"    y[{pixels}] = tinyml_unpack_bytes(bytes, 1);",
        "  }",
    ]
    if runs == 1:
        return lines
    return [f"  for (int32_t run = 0; run < {runs}; run++, x += {apart}) {{", *(f"  {line}" for line in lines), "  }"]


def gather_instructions(numbers: Sequence[int]) -> int:
    """Instructions in the assembly of a block."""
    return sum(line.lstrip().startswith('"') and ":" not in line for line in gather_in_assembly(numbers))
