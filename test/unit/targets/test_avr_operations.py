"""Machine operations and blocks on an AVR: the core gives what their operations mean in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, StringAttr, TensorType

from tinyml_opt.dialects.fixed.layout import Encoding, LayoutAttr, encode
from tinyml_opt.dialects.fixed.types import IntsAttr, PortAttr, QType
from tinyml_opt.dialects.machine import OPERATIONS, multiply_high_halves, shift_to_half, signed
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.firmware import GeneratedModel
from tinyml_opt.targets.machine.clipped import Clipped
from tinyml_opt.targets.machine.direct import Window
from tinyml_opt.targets.machine.spelling import definitions

FLAGS = (["-O2"], ["-Os"], ["-O3"], ["-O2", "-DTINYML_NO_ASM"], ["-O0"])


def port(label: str, shape: tuple[int, ...], bits: int) -> PortAttr:
    """A port of signed integers at scale 1."""
    element = QType(IntegerType(bits, Signedness.SIGNLESS), 1.0)
    return PortAttr(StringAttr(label), TensorType(element, shape), IntsAttr(tuple(range(len(shape)))))


def run(
    board: str, flags: list[str], source: str, names: Iterable[str], inputs: dict[str, NDArray[Any]], count: int
) -> NDArray[np.int32]:
    """What the function `test_run` of a source writes, `count` words, on one row of inputs."""
    ports = [port(name, x.shape, 8 * x.itemsize) for name, x in inputs.items()]
    types = [f"const int{8 * x.itemsize}_t *{name}" for name, x in inputs.items()]
    signature = f"void test_run({', '.join(types)}, int32_t *out)"
    text = "\n".join(['#include "test.h"', *definitions(names), source.replace("RUN", signature)])
    header = f"#include <stdint.h>\n{signature};\n"
    model = GeneratedModel("test", text, header, tuple(ports), (port("out", (count,), 32),))
    target = load_board(board)
    target = replace(target, flags=(*(flag for flag in target.flags if flag != "-O2"), *flags))
    result = AvrExecutor(model, target).run({name: x[None] for name, x in inputs.items()})
    return result.outputs["out"][0]


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_operations(flags: list[str]):
    random = np.random.default_rng(0)
    extremes = np.array([-32768, -32767, -256, -129, -1, 0, 1, 127, 255, 256, 32767])
    a = np.concatenate([np.repeat(extremes, 11), random.integers(-32768, 32768, 79)]).astype(np.int16)
    b = np.concatenate([np.tile(extremes, 11), random.integers(-32768, 32768, 79)]).astype(np.int16)
    shifts = range(1, 16)
    wide = np.concatenate([[-(1 << 23), (1 << 23) - 1, -1, 0], random.integers(-(1 << 23), 1 << 23, 6)])
    lines = [f"    *out++ = tinyml_shift_to_half((tinyml_int24)c[i], {shift});" for shift in shifts]
    source = "\n".join(
        [
            "RUN {",
            "  for (int i = 0; i < 200; i++) *out++ = tinyml_multiply_high_halves(a[i], b[i]);",
            "  for (int i = 0; i < 10; i++) {",
            *lines,
            "  }",
            "}",
        ]
    )
    inputs = {"a": a, "b": b, "c": wide.astype(np.int32)}
    names = ("multiply_high_halves", "shift_to_half", "direct_24_1x1_1_1_1")
    found = run("mega2560", flags, source, names, inputs, 200 + 10 * len(shifts))
    expected = [multiply_high_halves(int(x), int(y)) for x, y in zip(a, b, strict=True)]
    expected += [shift_to_half(int(c), shift) for c in wide for shift in shifts]
    np.testing.assert_array_equal(found, expected)


def meaning(
    window: Window,
    weights: NDArray[Any],
    data: NDArray[Any],
    begin: tuple[Sequence[int], Sequence[int]],
    sums: list[int],
) -> list[int]:
    """Run the operations of a block, one by one; data begin where pixels do, and where rows do behind these."""
    starts, rows = begin
    state = {"w": 0, "x0": 0, "x1": 0, **{name: sums[n] for n, name in enumerate(window.sums)}}
    at = {"w": 0, "x0": starts[0], "x1": starts[-1]}
    for row in rows:
        if window.apart:
            at |= {"x0": starts[0] + row, "x1": starts[-1] + row}
        for operation in [o for _ in range(window.taps) for o in window.tap()] + list(window.next_row()):
            first, *others = operation.operands
            if operation.name.startswith("load"):
                memory = weights if others[0] == "w" else data
                state[first] = int(memory[at[others[0]]])
                at[others[0]] += 1
            elif operation.name == "advance":
                at[first] += operation.numbers[0]
            else:
                factors = [state[name] for name in others]
                state[first] = OPERATIONS[operation.name].meaning(*factors, state[first])
    return [state[name] for name in window.sums]


BLOCKS = {
    "direct_24_4x1_1_37_37": "uno",
    "direct_24_3x1_3_5_9": "uno",
    "direct_24_2x2_5_30_36": "mega2560",
    "direct_24_2x2_2_7_11": "uno",
    "direct_24_1x2_1_3_3": "uno",
    "direct_24_4x1_2_9_9_far": "mega2560",
    "direct_24_2x2_3_13_20_far": "mega2560",
    "direct_24_2x2_3_13_0": "uno",
    "direct_24_4x1_3_30_0": "uno",
    "direct_24_2x2_3_30_0_far": "mega2560",
    "direct_24_3x1_3_5_0_far": "mega2560",
}
"""Blocks, and a board that has the memory that they need."""

APART = [700, 0, 350]
"""Where rows begin of blocks that are told so."""


MORE = [name for name in BLOCKS if name.endswith(("_far", "_0"))]
CASES = [(name, ["-O2"]) for name in BLOCKS] + [(name, flags) for name in MORE for flags in FLAGS[1:4]]


@pytest.mark.parametrize(("name", "flags"), CASES, ids=str)
def test_blocks(name: str, flags: list[str]):
    window = Window.of(name)
    assert window is not None
    random = np.random.default_rng(1)
    weights = random.integers(-128, 128, window.rows * window.taps * window.channels)
    rows = APART if window.apart else [row * window.pitch for row in range(window.rows)]
    data = random.integers(-128, 128, 3 + max(rows) + window.taps).astype(np.int8)
    data[:4], weights[:4] = -128, -128
    sums = [int(n) for n in random.integers(-(1 << 20), 1 << 20, len(window.sums))]
    starts = (0, 3)[: window.pixels]
    space = "__memx" if window.far else "TINYML_FLASH"
    source = "\n".join(
        [
            f"static const {space} int8_t w[] = {{{', '.join(map(str, weights))}}};",
            "RUN {",
            f"  tinyml_int24 sums[] = {{{', '.join(map(str, sums))}}};",
            f"  const int16_t rows[] = {{{', '.join(map(str, rows))}}};",
            f"  tinyml_{name}(w, {', '.join(f'&x[{start}]' for start in starts)}, {'rows, ' * window.apart}sums);",
            f"  for (int i = 0; i < {len(sums)}; i++) out[i] = sums[i];",
            "}",
        ]
    )
    found = run(BLOCKS[name], flags, source, [name], {"x": data}, len(sums))
    np.testing.assert_array_equal(found, meaning(window, weights, data, (starts, rows), sums))


CLIPPED = {
    "clipped_24_4_1_3_60_12_128": (3, 2),
    "clipped_24_3_0_9_40_1_0": (2, 6),
    "clipped_24_1_1_5_500_90_0": (3, 5),
    "clipped_24_4_0_12_30_1_128_far": (2, 9),
    "clipped_24_2_1_3_60_12_0_far": (2, 1),
    "clipped_24_4_1_3_0_12_128": (3, 2),
    "clipped_24_4_0_9_0_1_0": (2, 6),
    "clipped_24_3_1_5_0_90_128_far": (3, 5),
}
"""Blocks, with rows and taps of a row that lie in the data."""


@pytest.mark.parametrize(
    ("name", "flags"),
    [*((n, FLAGS[0]) for n in CLIPPED), *((list(CLIPPED)[n], f) for n in (0, 5, 7) for f in FLAGS[1:4])],
    ids=str,
)
def test_clipped_blocks(name: str, flags: list[str]):
    window = Clipped.of(name)
    assert window is not None
    (rows, count), random = CLIPPED[name], np.random.default_rng(3)
    weights = random.integers(-128, 128, (rows, window.taps, window.channels))
    starts = APART[:rows] if window.apart else [row * window.pitch for row in range(rows)]
    data = random.integers(-128, 128, max(starts) + window.pitch + count * window.step).astype(np.int8)
    operation = OPERATIONS["multiply_add_unsigned_24" if window.offset else "multiply_add_24"].meaning
    sums = [5, -5, 1 << 19, 0][: window.channels]
    expected = list(sums)
    for row, tap, channel in np.ndindex(rows, count, window.channels):
        x = int(data[starts[row] + tap * window.step + (channel if window.each else 0)]) + window.offset
        expected[channel] = operation(int(weights[row, tap, channel]), x, expected[channel])
    space = "__memx" if window.far else "TINYML_FLASH"
    source = "\n".join(
        [
            f"static const {space} int8_t w[] = {{{', '.join(map(str, weights.reshape(-1)))}}};",
            "RUN {",
            f"  tinyml_int24 sums[] = {{{', '.join(map(str, sums))}}};",
            f"  const int16_t starts[] = {{{', '.join(map(str, starts))}}};",
            f"  tinyml_{name}(w, x, {'starts, ' if window.apart else ''}{rows}, {count}, sums);",
            f"  for (int i = 0; i < {len(sums)}; i++) out[i] = sums[i];",
            "}",
        ]
    )
    board = "mega2560" if window.far else "uno"
    np.testing.assert_array_equal(run(board, flags, source, [name], {"x": data}, len(sums)), expected)


@pytest.mark.parametrize("flags", (FLAGS[0], FLAGS[3]), ids=" ".join)
@pytest.mark.parametrize("encoding", (Encoding.DELTA8, Encoding.DELTA4), ids=str)
def test_sparse_blocks(encoding: Encoding, flags: list[str]):
    random = np.random.default_rng(2)
    dense = np.where(random.random((3, 90)) < 0.2, random.integers(-128, 128, (3, 90)), 0).astype(np.int8)
    dense[1] = 0
    rows = encode(dense, LayoutAttr(encoding, 1))
    data = random.integers(-128, 128, 90).astype(np.int8)
    starts = [int(start) for start in rows.starts[:3]]
    name = f"sparse_24_{encoding}"
    source = "\n".join(
        [
            f"static const TINYML_FLASH int8_t w[] = {{{', '.join(map(str, rows.data.view(np.int8)))}}};",
            "RUN {",
            *(f"  out[{n}] = tinyml_{name}(&w[{s + 1}], x, (uint8_t)w[{s}], {n});" for n, s in enumerate(starts)),
            "}",
        ]
    )
    found = run("uno", flags, source, [name], {"x": data}, 3)
    expected = dense.astype(np.int64) @ data.astype(np.int64) + np.arange(3)
    np.testing.assert_array_equal(found, [signed(int(n), 24) for n in expected])
