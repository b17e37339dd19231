"""Blocks `planes_C_B_P_S_R0_R1_R2_W_O_N_T_M_H_A`: a row of the output of all channels, from begin to end, B blocks of P
neighbours, of windows of 3 x 3 taps (see `mcu.planes_block`).

All is one statement: what the sums leave no register for lies on the stack, and is loaded beside what is needed with
it. Words of data are loaded when a product needs the next one, as many at once as there are registers that none needs
any more. `planes32` has weights in RAM, held there where flash is waited for; so that cycles count more than
instructions words come one by one in runs, else two at a time where they lie side by side (see groups.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..two_ways import two_ways
from .function import INLINE, Registers, statement
from .operations import Operation, assembly
from .windows import PLANE_TAPS

WORDS = ("x0", "x1", "x2", "x3")
"""Registers of data; the last one has what sums begin with until all have begun."""

TAPS, WEIGHT_BYTES = 3, 24
"""Rows of taps, and bytes of the weights of a channel."""


@dataclass(frozen=True)
class Window:
    """The numbers of a block."""

    channels: int
    blocks: int
    outputs: int
    stride: int
    starts: tuple[int, int, int]
    plane: int
    apart: int
    step: int
    row: int
    multiplier: int
    shift: int
    addend: int

    @staticmethod
    def of(numbers: Sequence[int]) -> Window:
        """From those in the name."""
        channels, blocks, outputs, stride, a, b, c, *rest = numbers
        return Window(channels, blocks, outputs, stride, (a, b, c), *rest)

    @property
    def advance(self) -> int:
        """Bytes of data from block to block."""
        return 2 * self.outputs * self.stride


def row_operations(number: int, window: Window) -> Iterator[Operation]:
    """The operations of one row of three taps; words are numbered from its start."""
    free, places = list(WORDS), dict[int, str]()
    yield Operation("load_word", ("w0", "w"), (8 * number,))
    yield Operation("load_word", ("w1", "w"), (8 * number + 4,))
    begin = free.pop() if number == 0 else ""
    loaded, total = 0, ((window.outputs - 1) * window.stride) // 2 + 2
    for output in range(window.outputs):
        first, is_odd = divmod(output * window.stride, 2)
        if first + 1 >= loaded:
            while free and loaded < total:
                places[loaded] = free.pop(0)
                yield Operation("load_word", (places[loaded], "x"), (window.starts[number] + 4 * loaded,))
                loaded += 1
        if begin and output == 0:
            yield Operation("load_word", (begin, begin))
        for half, (name, weight) in enumerate(zip(PLANE_TAPS[is_odd], ("w0", "w1"), strict=True)):
            operands = (f"s{output}", places[first + half], weight)
            begins = begin and not half
            yield Operation(f"{name}_from", (*operands, begin)) if begins else Operation(name, operands)
        done = [word for word in places if word < ((output + 1) * window.stride) // 2]
        free += [places.pop(word) for word in done]
        if begin and output == window.outputs - 1:
            free.append(begin)


def paired(operations: Iterator[Operation]) -> Iterator[Operation]:
    """The same with two words at a time where they lie side by side."""
    last: Operation | None = None
    for operation in operations:
        if last is not None and are_neighbours(last, operation):
            registers = (last.operands[0], *operation.operands)
            yield Operation("load_pair", registers, last.numbers)
            last = None
            continue
        if last is not None:
            yield last
        last = operation if operation.name == "load_word" and operation.numbers else None
        if last is None:
            yield operation
    if last is not None:
        yield last


def are_neighbours(one: Operation, other: Operation) -> bool:
    """Whether two loads read words side by side, by one pointer."""
    same = one.name == other.name == "load_word" and one.operands[1] == other.operands[1]
    return same and bool(other.numbers) and other.numbers[0] == one.numbers[0] + 4


def planes_lines(window: Window, runs: bool) -> list[str]:
    """The instructions of all channels."""
    lines = [*(["2:"] if window.channels > 1 else []), *(["3:"] if window.blocks > 1 else [])]
    lines.append(f"ldr %[{WORDS[-1]}], %[table]")
    for number in range(TAPS):
        operations = row_operations(number, window)
        lines += map(instruction, operations if runs else paired(operations))
    lines += ["ldr %[x0], %[table]", "ldr %[x1], %[out]", "ldr %[x2], %[addend]"]
    lines.append(f"ldr %[w0], [%[x0], #{4 * window.multiplier}]")
    for output in range(window.outputs):
        lines += [
            f"smmla %[s{output}], %[s{output}], %[w0], %[x2]",
            f"ssat %[s{output}], #8, %[s{output}], asr #{window.shift}",
        ]
        lines.append(f"strb %[s{output}], [%[x1], #{output * window.apart}]")
    return [*lines, *next_block(window), *next_channel(window)]


def instruction(operation: Operation) -> str:
    """An operation as an instruction; what sums begin with is reached through its own register."""
    if operation.name == "load_word" and not operation.numbers:
        return "ldr %[{}], [%[{}]]".format(*operation.operands)
    return assembly(operation)


def next_block(window: Window) -> list[str]:
    """The next block of a channel, if there are several."""
    if window.blocks == 1:
        return []
    moves = [f"add %[x1], %[x1], #{window.outputs * window.apart}", "str %[x1], %[out]"]
    return ["ldr %[w1], %[stop]", *moves, f"add %[x], %[x], #{window.advance}", "cmp %[x], %[w1]", "bne 3b"]


def next_channel(window: Window) -> list[str]:
    """The next channel, if there are several."""
    if window.channels == 1:
        return []
    several = window.blocks > 1
    moved = window.blocks * window.outputs * window.apart if several else 0
    back = window.step - moved
    lines = ["ldr %[w0], %[last]", *([f"add %[w1], %[w1], #{window.plane}", "str %[w1], %[stop]"] if several else [])]
    lines += [f"add %[x0], %[x0], #{4 * window.row}", "str %[x0], %[table]"]
    lines += [f"{'add' if back > 0 else 'sub'} %[x1], %[x1], #{abs(back)}", "str %[x1], %[out]"]
    ahead = window.plane - (window.blocks * window.advance if several else 0)
    lines += [f"add %[x], %[x], #{ahead}"] if ahead else []
    return [*lines, f"add %[w], %[w], #{WEIGHT_BYTES}", "cmp %[x0], %[w0]", "bne 2b"]


def planes_block(name: str, kind: str, numbers: Sequence[int], asm: bool) -> list[str]:
    """The function of a block: assembly, where the core has the operations, and C, everywhere else."""
    window = Window.of(numbers)
    head = [
        f"{INLINE} tinyml_{name}(const void *weights, const int32_t *data, const int32_t *channels, int8_t *out) {{",
        "  const int8_t *w = weights, *x = (const int8_t *)data, *table = (const int8_t *)channels;",
        f"  const int32_t addend = {window.addend};",
    ]
    sums, changed, memory = [f"s{n}" for n in range(window.outputs)], ["table", "out"], ["addend"]
    ends: list[str] = []
    if window.blocks > 1:
        ends.append(f"  const int8_t *stop = x + {window.blocks * window.advance};")
        changed.append("stop")
    if window.channels > 1:
        ends.append(f"  const int8_t *const last = table + {4 * window.row * window.channels};")
        memory.append("last")
    lines = [f'    "{line}\\n"' for line in planes_lines(window, kind == "planes32")]
    words = [*sums, "w0", "w1", *WORDS]
    registers = Registers([], words, ("w", "x"), low=("w0", "w1", "x0", "x1", "w", "x"))
    code = [*ends, f"  int32_t {', '.join(words)};", *statement(registers, lines, memory=memory, changed=changed)]
    return two_ways(head, code, planes_in_c(window), asm)


def planes_in_c(window: Window) -> list[str]:
    """An output at a time."""
    starts = ", ".join(map(str, window.starts))
    products = "tinyml_{}(b, w1, tinyml_{}(a, w0, sum))"
    even, odd = (products.format(second, first) for first, second in PLANE_TAPS)
    return [
        f"  for (int32_t channel = 0; channel < {window.channels}; channel++) {{",
        f"    const int32_t multiplier = tinyml_load_word(table + {4 * window.multiplier});",
        f"    for (int32_t n = 0; n < {window.blocks * window.outputs}; n++) {{",
        f"      const int32_t start[{TAPS}] = {{{starts}}};",
        "      int32_t sum = tinyml_load_word(table);",
        f"      for (int32_t row = 0; row < {TAPS}; row++) {{",
        f"        const int8_t *cell = x + start[row] + n * {window.stride} / 2 * 4;",
        "        const int32_t a = tinyml_load_word(cell), b = tinyml_load_word(cell + 4);",
        "        const int32_t w0 = tinyml_load_word(w + 8 * row), w1 = tinyml_load_word(w + 8 * row + 4);",
        f"        sum = {even};" if window.stride == 2 else f"        sum = n % 2 ? {odd} : {even};",
        "      }",
        "      sum = tinyml_multiply_high_add(sum, multiplier, addend);",
        f"      out[n * {window.apart}] = (int8_t)tinyml_saturate(sum, {window.shift}, 8);",
        "    }",
        f"    table += {4 * window.row};",
        f"    x += {window.plane};",
        f"    w += {WEIGHT_BYTES};",
        f"    out += {window.step};",
        "  }",
    ]


def planes_instructions(kind: str, numbers: Sequence[int]) -> int:
    """Instructions in the assembly of a block."""
    return len(planes_lines(Window.of(numbers), kind == "planes32"))
