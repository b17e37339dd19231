"""Many generated models in one program: one run of the compiler, then a process per model, so that one may crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.executors.compiled import pack_rows, unpack_rows
from tinyml_opt.targets.firmware import GeneratedModel, c_type, port_bytes
from tinyml_opt.targets.processes import run_program
from tinyml_opt.targets.toolchain import compile_with

FLAGS = ("-std=gnu11", "-O0", "-w")
"""Compiling takes longer than running here."""

TRAPS = ("-fsanitize=undefined,address", "-fno-sanitize-recover=all")
"""Undefined behaviour and accesses outside of an array end the run."""

SECONDS = 60

MAIN = """
static FILE *rows, *results;
static int read_row(void *buffer, size_t size) { return fread(buffer, 1, size, rows) == size; }
static int write_row(const void *buffer, size_t size) { return fwrite(buffer, 1, size, results) == size; }
#define STEP(name) static int step_##name(void)
"""
ENDING = """
int main(int argc, char **argv) {
    if (argc != 4 || !(rows = fopen(argv[2], "rb")) || !(results = fopen(argv[3], "wb"))) return 2;
    while (steps[atoi(argv[1])]());
    return fclose(results) ? 3 : 0;
}
"""

Arrays = Mapping[str, NDArray[Any]]


class HostBatch:
    """Models with different names, compiled together into a folder."""

    def __init__(self, models: Sequence[GeneratedModel], folder: Path, sanitize: bool = False):
        """Raises ToolchainMissing, and CompileError with what the compiler says of any of them."""
        self.models, self.folder = models, folder
        for model in models:
            for name, text in model.texts.items():
                (folder / name).write_text(text)
        includes = [f'#include "{source}"' for model in models for source in model.sources]
        steps = ", ".join(f"step_{model.name}" for model in models)
        lines = ["#include <stdio.h>", "#include <stdlib.h>", *includes, MAIN, *map(step_of, models)]
        (folder / "all-models.c").write_text(
            "\n".join([*lines, f"static int (*const steps[])(void) = {{{steps}}};", ENDING])
        )
        flags = [*FLAGS[:2], *TRAPS, "-w"] if sanitize else FLAGS
        compile_with(load_board("host").compiler, [*flags, "-o", "all-models", "all-models.c"], folder)

    def run(self, index: int, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """The outputs of one model, rows first. Raises UserError where it crashes."""
        model = self.models[index]
        rows = pack_rows(inputs, model.inputs)
        source, target = self.folder / f"{model.name}.in", self.folder / f"{model.name}.out"
        source.write_bytes(rows.tobytes())
        done = run_program([self.folder / "all-models", str(index), source, target], SECONDS)
        if done.code != 0:
            raise UserError(f"{model.name} on the host: {done.reason}", *done.stderr.strip().splitlines()[:4])
        return unpack_rows(target.read_bytes(), model.outputs, len(rows))


def step_of(model: GeneratedModel) -> str:
    """A function that reads a row, runs the model and writes its outputs; 0 where there is no row."""
    inputs = [(f"in{i}", port) for i, port in enumerate(model.inputs)]
    outputs = [(f"out{i}", port) for i, port in enumerate(model.outputs)]
    ports = [*inputs, *outputs]
    buffers = [f"static {c_type(p)} {name}[{prod(p.stored_shape)}] __attribute__((aligned(8)));" for name, p in ports]
    reads = [f"read_row({name}, {port_bytes(port)})" for name, port in inputs]
    writes = [f"write_row({name}, {port_bytes(port)})" for name, port in outputs]
    call = f"{model.entry}({', '.join(name for name, _ in ports)})"
    body = [*buffers, f"if (!({' && '.join(reads)})) return 0;", f"{call};", f"return {' && '.join(writes)};"]
    return f"STEP({model.name}) {{ {' '.join(body)} }}"
