"""Machine operations: their C, on this computer, gives what they mean in Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tinyml_opt.dialects.machine import OPERATIONS, MachineOperation, signed
from tinyml_opt.targets.machine.spelling import definitions

IMMEDIATES = {
    "saturate": [(1, 8), (6, 8), (31, 32), (9, 16)],
    "unpack_bytes": [(0,), (1,)],
    "shift_to_half": [(1,), (8,), (13,)],
}

EXTREMES = (0, 1, -1, 127, -128, 32767, -32768, 0x7FFF8000, -0x80000000, 0x7FFFFFFF)


def cases() -> list[tuple[MachineOperation, tuple[int, ...]]]:
    """Each operation on extreme and on random words."""
    random = np.random.default_rng(0)
    found: list[tuple[MachineOperation, tuple[int, ...]]] = []
    for operation in OPERATIONS.values():
        for immediates in IMMEDIATES.get(operation.name, [()]):
            for _ in range(40):
                words = [int(w) for w in random.integers(-(1 << 31), 1 << 31, operation.words)]
                words = [int(random.choice(EXTREMES)) if random.random() < 0.4 else word for word in words]
                found.append((operation, (*words, *immediates)))
    return found


def program() -> tuple[str, int]:
    """C whose `failures` counts the cases that differ, and how many there are."""
    lines = [
        "#include <stdint.h>",
        *definitions(OPERATIONS),
        "static volatile int32_t words[3];",
        "int failures(void) {",
    ]
    lines.append("  int count = 0;")
    for operation, arguments in cases():
        given = arguments[: operation.words]
        lines += [f"  words[{n}] = (int32_t)INT64_C({word});" for n, word in enumerate(given)]
        values = [*(f"words[{n}]" for n in range(len(given))), *map(str, arguments[operation.words :])]
        expected = signed(operation.meaning(*arguments), 32)
        call = f"tinyml_{operation.name}({', '.join(values)})"
        lines.append(f"  count += {call} != (int32_t)INT64_C({expected});")
    return "\n".join([*lines, "  return count;", "}", ""]), len(cases())


@pytest.mark.parametrize("flags", (["-O0"], ["-O2", "-fsanitize=undefined", "-fno-sanitize-recover=all"]), ids=str)
def test_c_on_this_computer(flags: list[str], tmp_path: Path):
    text, count = program()
    assert count > 400
    (tmp_path / "ops.c").write_text(text + "int main(void) { return failures() != 0; }\n")
    command = ["cc", "-Wall", "-Wextra", "-Werror", *flags, "ops.c", "-o", "ops"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "ops")], check=True)
