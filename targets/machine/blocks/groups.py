"""Blocks `groups_G_Q_A_S_R_M_N_D`: G groups of four channels at two pixels, from begin to end (see `mcu.groups_block`).

All groups are one statement: what the sums leave no register for (where the table, the column and the results are)
lies on the stack, and is loaded beside what is needed with it. `groups32` has weights in RAM, held there where flash is
waited for; so that cycles count more than instructions its quads load words in runs: a load right behind another takes
one cycle, of two words at once three (Cortex-M4 TRM, load/store timings).

A is 0 where the distance of the pixels is known at run time only: it is an argument. `n5` stands for -5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from ..two_ways import two_ways
from .dot import QUADS, begun, macro, macro_name, quad_macros, turns_of
from .finish import CHANNELS, finish_operations
from .function import INLINE, Registers, statement
from .operations import Operation, spelled
from .operations import statement as in_c
from .pairs import products

PIXELS = 2

RUNS = "runs"
"""The first part of the name of quads that load in runs."""

MOST_QUADS_WRITTEN = 6
"""Quads of a turn whose loads come in runs, at most: with the first one, and both ends, they fill 1 KB.

Turns are as short as their number allows; the first one begins where the quads left over do.
"""

BEHIND = {"w": 8, "x": 4}
"""How many bytes before its next word a pointer of quads with runs stands: their last load moves it."""

SUMS = [f"s{pixel}{channel}" for pixel in range(PIXELS) for channel in range(CHANNELS)]


def runs_of_two() -> Iterator[Operation]:
    """A quad at two pixels whose words come in runs of loads; the last load of each pointer moves it."""
    for half in range(2):
        at, begin = 16 * half + BEHIND["w"], 8 * half + BEHIND["x"]
        yield Operation("load_word", ("w0", "w"), (at,))
        yield Operation("load_word", ("w1", "w"), (at + 4,))
        yield Operation("load_word", ("x0", "x"), (begin,))
        yield Operation("load_word_move" if half else "load_word", ("x1", "x"), (begin + 4,))
        yield from products(0)
        yield Operation("load_pair_move" if half else "load_pair", ("w0", "w1", "w"), (at + 8,))
        yield from products(2)


def runs_macros() -> list[str]:
    """The assembly of one quad with runs, and of the first one."""
    quad = list(runs_of_two())
    return [*macro(runs_name(), quad), *macro(f"{runs_name()}_FIRST", list(begun(quad)))]


def runs_name() -> str:
    """The macro of a quad with runs."""
    return macro_name(RUNS, PIXELS)


def macros_of(kind: str) -> tuple[str, list[str]]:
    """The macros of blocks of this kind, `groups` or `groups32`: their name, and the lines that define them."""
    return (runs_name(), runs_macros()) if has_runs(kind) else (macro_name("dot", PIXELS), quad_macros("dot", PIXELS))


def has_runs(kind: str) -> bool:
    """Whether quads load in runs."""
    return kind == "groups32"


def groups_block(name: str, kind: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """The function of a block: assembly, where the core has the operations, and C, everywhere else."""
    _, _, apart, *_ = numbers
    parameters = ["const void *weights", "const int32_t *data", "const int32_t *channels"]
    parameters += [] if apart else ["int32_t apart"]
    head = [
        f"{INLINE} tinyml_{name}({', '.join(parameters)}, int8_t *out) {{",
        "  const int8_t *w = weights, *table = (const int8_t *)channels;",
        f"  const int32_t addend = {numbers[-1]};",
    ]
    return two_ways(head, groups_in_assembly(kind, numbers), groups_in_c(numbers), asm)


def groups_in_assembly(kind: str, numbers: Sequence[int]) -> list[str]:
    """All groups as one statement."""
    groups, quads, apart, step, row, *_ = numbers
    runs = has_runs(kind)
    before = [f"  w -= {BEHIND['w']};"] if runs else []
    moved = BEHIND["x"] if runs else 0
    start = f"(const int8_t *)data - {moved}" if moved else "(const int8_t *)data"
    text, end = quads_in_assembly(runs, quads)
    kept = ["column", "addend", *([] if apart else ["apart"])]
    lines = [*before, f"  const int8_t *const column = {start};"]
    if end:
        lines.append(f"  const int8_t *const end = column + {end};")
        kept.append("end")
    if groups > 1:
        lines.append(f"  const int8_t *const last = out + {CHANNELS * groups * step};")
        kept.append("last")
    body = [
        *begin_lines(row, groups > 1),
        *text,
        *end_lines(numbers),
        *next_lines(row, step, groups > 1),
    ]
    words = ["w0", "w1", "x0", "x1", "x"]
    registers = Registers([], [*SUMS, *words], ("w",), low=[*words, "w"])
    return [
        *lines,
        f"  int32_t {', '.join((*SUMS, 'w0', 'w1', 'x0', 'x1'))};",
        "  const int8_t *x;",
        *statement(registers, body, memory=kept, changed=("table", "out")),
    ]


def quoted(*instructions: str) -> list[str]:
    """Lines of an assembly statement."""
    return [f'    "{instruction}\\n"' for instruction in instructions]


def begin_lines(row: int, again: bool) -> list[str]:
    """Four sums of the first pixel begin; those of the second are made by the first quad."""
    return quoted(
        *(["2:"] if again else []),
        "ldr %[x0], %[table]",
        "ldr %[x], %[column]",
        *(f"ldr %[s0{channel}], [%[x0], #{4 * row * channel}]" for channel in range(CHANNELS)),
    )


def quads_in_assembly(runs: bool, quads: int) -> tuple[list[str], int]:
    """The first quad and the others, in turns of a loop; and the bytes of a column, where there is a loop."""
    one, first = (
        (runs_name(), f"{runs_name()}_FIRST") if runs else (macro_name("dot", 2), macro_name("dot", 2) + "_FIRST")
    )
    size, turns, rest = turns_of("dot", PIXELS, quads - 1)
    if runs and quads - 1 > MOST_QUADS_WRITTEN:
        turns = ceil((quads - 1) / MOST_QUADS_WRITTEN)
        size = ceil((quads - 1) / turns)
        skipped = turns * size - (quads - 1)
        written = [one] * size
        inside = [f'    "b 3f\\n 1:\\n" {" ".join(written[:skipped])}', f'    "3:\\n" {" ".join(written[skipped:])}']
        looped = inside if skipped else [f'    "1:\\n" {" ".join(written)}']
        rest = 0
    else:
        looped = [f'    "1:\\n" {" ".join([one] * size)}'] if turns else []
    if looped:
        looped += quoted("ldr %[w0], %[end]", "cmp %[x], %[w0]", "bne 1b")
    left = [f"    {' '.join([one] * rest)}"] if rest else []
    return [f"    {first}", *looped, *left], 8 * PIXELS * (quads - rest) if looped else 0


def end_lines(numbers: Sequence[int]) -> list[str]:
    """Sums become results: registers of words and of the column are free now."""
    _, _, apart, step, row, multiplier, shift, _ = numbers
    pointers = {"table": "x0", "out": "x1", "addend": "x", "second": "w1"}
    lines = ["ldr %[x0], %[table]", "ldr %[x1], %[out]", "ldr %[x], %[addend]"]
    lines += [] if apart else ["ldr %[w1], %[apart]"]
    window = (PIXELS, apart, step, row, shift, 0)
    operations: list[Operation] = []
    for operation in finish_operations(window, None):
        numbers = operation.numbers
        if operation.name == "load_word":
            numbers = (numbers[0] + 4 * multiplier,)
        operations.append(Operation(operation.name, operation.operands, numbers))
    text, _ = spelled(operations)
    for name, register in pointers.items():
        text = [line.replace(f"%[{name}]", f"%[{register}]") for line in text]
    if apart:
        return [*quoted(*lines), *text]
    return [*quoted(*lines), *text[:1], *quoted("add %[w1], %[w1], %[x1]"), *text[1:]]


def next_lines(row: int, step: int, again: bool) -> list[str]:
    """The next group, if there is one."""
    if not again:
        return []
    return quoted(
        f"add %[x0], %[x0], #{4 * CHANNELS * row}",
        "str %[x0], %[table]",
        f"add %[x1], %[x1], #{CHANNELS * step}",
        "str %[x1], %[out]",
        "ldr %[w0], %[last]",
        "cmp %[x1], %[w0]",
        "bne 2b",
    )


def groups_in_c(numbers: Sequence[int]) -> list[str]:
    """A group at a time, a quad at a time."""
    groups, quads, apart, step, row, multiplier, shift, _ = numbers
    window = (PIXELS, apart, step, row, shift, 0)
    return [
        f"  for (int32_t group = 0; group < {groups}; group++) {{",
        "    const int8_t *x = (const int8_t *)data;",
        "    int32_t w0, w1, x0, x1;",
        f"    int32_t {', '.join(f's0{c} = tinyml_load_word(table + {4 * row * c})' for c in range(CHANNELS))};",
        f"    int32_t {', '.join(f's1{c} = s0{c}' for c in range(CHANNELS))};",
        f"    for (int32_t quad = 0; quad < {quads}; quad++) {{",
        *(f"      {in_c(o)}" for o in QUADS["dot"][PIXELS - 1]()),
        "    }",
        f"    table += {4 * multiplier};",
        *([] if apart else ["    int8_t *const second = out + apart;"]),
        *(f"    {in_c(o)}" for o in finish_operations(window, None)),
        f"    table += {4 * (CHANNELS * row - multiplier)};",
        f"    out += {CHANNELS * step};",
        "  }",
    ]


def groups_instructions(kind: str, numbers: Sequence[int]) -> int:
    """Instructions in the assembly of a block."""
    runs = has_runs(kind)
    text, _ = quads_in_assembly(runs, numbers[1])
    one = sum(1 for _ in (runs_of_two() if runs else QUADS["dot"][PIXELS - 1]()))
    quads = sum(line.count(macro_name(RUNS if runs else "dot", PIXELS)) for line in text)
    others = begin_lines(numbers[4], False), end_lines(numbers), next_lines(numbers[4], numbers[3], numbers[0] > 1)
    return one * quads + sum(map(len, others)) + (4 if any("1:" in line for line in text) else 0)
