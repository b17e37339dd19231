"""Classes of instructions that QEMU's plugin counts, and cycles per function on AVR, of code that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerType, StringAttr, TensorType

from tinyml_opt.dialects.fixed.types import IntsAttr, PortAttr, QType
from tinyml_opt.targets.board import FlashReads, load_board
from tinyml_opt.targets.executors.interface import Measurement
from tinyml_opt.targets.executors.select import board_executor
from tinyml_opt.targets.firmware import GeneratedModel
from tinyml_opt.targets.timing import estimated_cycles, instructions, rules, total


def port(label: str) -> PortAttr:
    """Four bytes."""
    return PortAttr(StringAttr(label), TensorType(QType(IntegerType(8), 0.5), [4]), IntsAttr((0,)))


def measured(source: str, board: str, reads: FlashReads | None = None) -> Measurement:
    """What two inferences of a model of these functions show."""
    header = "#include <stdint.h>\nvoid net_run(const int8_t *x, int8_t *y);\n"
    model = GeneratedModel("net", f'#include "net.h"\n{source}', header, (port("x"),), (port("y"),))
    found = replace(load_board(board), flash_reads=reads)
    return board_executor(model, found).run({"x": np.zeros((2, 4), np.int8)}).measurement


NAKED = "__attribute__((naked)) void net_run(const int8_t *x, int8_t *y)"
ASSEMBLY = (
    "ldr r2, [r0]; ldrb r3, [r0]; ldrd r2, r3, [r0]; str r2, [r1]; ldr r2, [r0]; mul r2, r2, r3; mla r2, r2, r3, r2; "
    "smlad r2, r2, r3, r2; smull r2, r3, r2, r3; movs r3, #4; sdiv r2, r2, r3; 1: subs r3, r3, #1; bne 1b; "
    "push {r4, r5, r6, lr}; pop {r4, r5, r6, pc}"
)


def test_classes_of_instructions() -> None:
    figures = measured(f'{NAKED};\n{NAKED} {{ __asm("{ASSEMBLY}"); }}', "nano33ble")
    counts = total(figures.profile)
    expected = {"load": 4, "load_next": 1, "store": 2, "more_words": 1 + 3 + 3, "branch": 4, "taken": 3}
    expected |= {"multiply": 1, "multiply_add": 2, "multiply_long": 1, "divide": 1, "other": 5}
    assert {name: count for name, count in counts.items() if count} == expected
    assert instructions(counts) == figures.instructions
    board = load_board("nano33ble")
    assert estimated_cycles(counts, board) == 4 * 2 + 1 + 2 + 7 + 5 + 3 * 2 + 1 + 2 + 1 + 7 + 4
    assert "4 load x 2" in rules(counts, board) and "flash without wait states" in rules(counts, board)


def test_lines_of_flash() -> None:
    """A table of 8 lines, read twice: where the cache holds it the second time is free."""
    table = "static const int8_t table[128] __attribute__((aligned(16))) = {1, 2, 3};"
    body = "for (int r = 0; r < 2; r++) for (int i = 0; i < 128; i++) y[0] += *(const volatile int8_t *)&table[i];"
    source = f"{table}\nvoid net_run(const int8_t *x, int8_t *y) {{ {body} }}"
    few, many = (total(measured(source, "nano33ble", FlashReads(5, 16, 64, n)).profile) for n in (4, 16))
    assert 16 <= few["data_miss"] <= 18 and 4 <= many["data_miss"] <= 5
    board = replace(load_board("nano33ble"), flash_reads=FlashReads(5, 16, 64, 4))
    plain = replace(board, flash_reads=None)
    lines = few["data_miss"] + few["fetch_miss"]
    assert (estimated_cycles(few, board) or 0) - (estimated_cycles(few, plain) or 0) == 5 * lines


@pytest.mark.parametrize("board", ["uno", "nano33ble"])
def test_profile_by_function(board: str) -> None:
    """What a function calls that is none of the model's counts as its own."""
    divide = "y[0] = (int8_t)(*(volatile int64_t *)y / 3);"
    inner = f"__attribute__((noinline, noclone)) static void net_inner(int8_t *y) {{ {divide} }}"
    body = "static int64_t z; net_inner((int8_t *)&z); y[0] = 1;"
    figures = measured(f"{inner}\nvoid net_run(const int8_t *x, int8_t *y) {{ {body} }}", board)
    assert set(figures.profile) == {"net_inner", "net_run"}
    sums = {name: sum(counts.values()) for name, counts in figures.profile.items()}
    assert sums["net_inner"] > 2 * sums["net_run"]
    whole = figures.cycles if board == "uno" else figures.instructions
    parts = total(figures.profile)
    assert whole == round(parts["cycles"] if board == "uno" else instructions(parts))
