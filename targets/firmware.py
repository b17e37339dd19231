"""Firmware around a generated model: its sources, its build, and what of it is the model's own.

A firmware is the model, one static buffer per port, and a harness that calls the model. Input rows are never part of
it: simulators put them into the buffers. The harness alone is linked as well, with the model's symbol bound to `main`;
the difference between the two ELF files is the model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..dialects.dense import dtype_of
from ..dialects.emitc.types import PUSH_ROW, RESET, RUN, STEP
from ..dialects.errors import UserError
from ..dialects.fixed.types import PortAttr
from .board import Board
from .toolchain import compile_with, firmware_source, output_of


@dataclass(frozen=True)
class GeneratedModel:
    """A printed model: NAME.c and NAME.h with `void NAME_run(const T *in0, ..., U *out0, ...)`.

    With `input_rows`, the number of rows, it has `void NAME_push_row(const T *row, U *out0, ...)` instead; with
    `in_steps` `int NAME_step(const T *row, U *out0, ...)` and `void NAME_reset(void)`; `output_rows` says in how many
    parts each output comes then (1: every step writes all of it). `weights` are NAME_weights.c and its header, where
    constants stand there. With `state_bytes` functions take a `NAME_state *` first, of about so many bytes. With
    `input_in_arena` it takes no input: the caller has written it to the start of `NAME_arena`.
    """

    name: str
    source: str
    header: str
    inputs: tuple[PortAttr, ...]
    outputs: tuple[PortAttr, ...]
    input_rows: int = 0
    input_in_arena: bool = False
    in_steps: bool = False
    output_rows: tuple[int, ...] = ()
    weights: tuple[str, str] | None = None
    is_cpp: bool = False
    state_bytes: int = 0
    is_single: bool = False

    @property
    def texts(self) -> dict[str, str]:
        """All files of the model by name."""
        if self.is_single:
            return {self.sources[0]: self.source}
        found = {self.sources[0]: self.source, f"{self.name}.h": self.header}
        if self.weights is not None:
            found |= {self.sources[1]: self.weights[0], f"{self.name}_weights.h": self.weights[1]}
        return found

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are compiled."""
        suffix = "cpp" if self.is_cpp else "c"
        weights = () if self.weights is None else (f"{self.name}_weights.{suffix}",)
        return (f"{self.name}.{suffix}", *weights)

    @property
    def entry(self) -> str:
        """The function of NAME.c."""
        return self.name + (STEP if self.in_steps else PUSH_ROW if self.input_rows else RUN)

    @property
    def input_buffers(self) -> list[str]:
        """The arrays that hold the inputs: the harness's, or the model's own."""
        if self.input_in_arena and self.state_bytes:
            return ["tinyml_state.arena"]
        return [f"{self.name}_arena"] if self.input_in_arena else [f"tinyml_in{i}" for i in range(len(self.inputs))]

    @property
    def output_buffers(self) -> list[str]:
        """The arrays of the harness that hold the outputs."""
        return [f"tinyml_out{i}" for i in range(len(self.outputs))]

    @property
    def calls(self) -> int:
        """Calls of the entry for one inference: one for each row of an input by rows."""
        return max(1, self.input_rows)

    def call_bytes(self, port: PortAttr) -> int:
        """The bytes of an input that one call takes."""
        return port_bytes(port) // self.calls

    @property
    def caller_bytes(self) -> int:
        """The bytes that a caller keeps for a call: inputs and outputs; of an input that comes in rows, one row."""
        inputs = () if self.input_in_arena else self.inputs
        return self.state_bytes + caller_bytes(inputs, self.outputs, self.input_rows, self.output_rows)


@dataclass(frozen=True)
class Recipe:
    """How a compiler builds firmware: harness sources, further flags, linker symbols of the link that is measured."""

    sources: tuple[str, ...]
    others: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    symbols: Mapping[str, int] | None = None


# avr-ld's regions are those of a family, not of a chip: they are opened wide here and the board's sizes checked below.
# Where arrays lie by falling alignment (cortex_m.ld says so itself), no padding behind a port's buffer is the model's.
RECIPES = {
    "avr-gcc": Recipe(
        sources=("main-avr.c",),
        link_flags=("-Wl,--sort-section=alignment",),
        symbols={"__TEXT_REGION_LENGTH__": 0x800000, "__DATA_REGION_LENGTH__": 0x7FFFA0},
    ),
    "arm-none-eabi-gcc": Recipe(
        sources=("main-qemu.c", "startup-cortex-m.c"),
        others=("semi-hosting.h", "cortex_m.ld"),
        flags=("-ffreestanding",),
        link_flags=("-nostartfiles", "--specs=nosys.specs", "-Tcortex_m.ld"),
        symbols={"FLASH_ORIGIN": 0, "RAM_ORIGIN": 0x20000000, "STACK_BYTES": 0},
    ),
    "riscv64-unknown-elf-gcc": Recipe(
        sources=("main-qemu.c", "startup-riscv.c"),
        others=("semi-hosting.h", "riscv.ld"),
        flags=("-ffreestanding",),
        link_flags=("-nostdlib", "-nostartfiles", "-Triscv.ld"),
        libraries=("-lgcc",),
        symbols={"FLASH_ORIGIN": 0x80000000, "RAM_ORIGIN": 0x81000000, "STACK_BYTES": 0},
    ),
}
COMMON_FLAGS = ("-std=gnu11", "-fno-common", "-ffunction-sections", "-fdata-sections")


@dataclass(frozen=True)
class Firmware:
    """A linked firmware. Bytes: RAM is .data + .bss, flash .text + .data.

    `ram_bytes` and `flash_bytes` are the model with the buffers that a call needs; `harness_*` the rest of the ELF.
    """

    model: GeneratedModel
    board: Board
    elf: Path
    ram_bytes: int
    flash_bytes: int
    harness_ram_bytes: int
    harness_flash_bytes: int

    @property
    def total_ram_bytes(self) -> int:
        """RAM of the whole ELF, without stack."""
        return self.ram_bytes + self.harness_ram_bytes

    @property
    def total_flash_bytes(self) -> int:
        """Flash of the whole ELF."""
        return self.flash_bytes + self.harness_flash_bytes


@dataclass(frozen=True)
class Symbol:
    """A symbol of an ELF file; sizes in bytes, 0 where the ELF has none."""

    address: int
    size: int


def build_firmware(model: GeneratedModel, board: Board, directory: Path, checked: bool = True) -> Firmware:
    """Compile and link a model for a board, in a directory of its own.

    Raises ToolchainMissing; CompileError; UserError where there is no harness for the board's compiler, or, if
    `checked`, the firmware exceeds the board's RAM or flash, with the number of bytes.
    """
    recipe = RECIPES.get(board.compiler)
    if recipe is None:
        raise UserError(
            f"no firmware is built for board '{board.name}': there is a harness for {', '.join(RECIPES)}, not for "
            f"{board.compiler}; `tinyml compile` writes the C files for your own build"
        )
    write_sources(model, board.alignment, directory, (*recipe.sources, *recipe.others))
    sources = (*model.sources, *recipe.sources)
    compile_with(board.compiler, [*board.flags, *COMMON_FLAGS, *recipe.flags, "-c", *sources], directory)
    elf = link(model, board, directory, "firmware.elf", {})
    harness = link(model, board, directory, "harness.elf", {}, with_model=False)
    total_ram, total_flash = sizes(board, elf)
    harness_ram, harness_flash = sizes(board, harness)
    ram = total_ram - harness_ram + model.caller_bytes
    firmware = Firmware(model, board, elf, ram, total_flash - harness_flash, total_ram - ram, harness_flash)
    if checked:
        refuse_misfit(firmware)
    return firmware


def link(
    model: GeneratedModel,
    board: Board,
    directory: Path,
    name: str,
    symbols: Mapping[str, int],
    with_model: bool = True,
) -> Path:
    """Link the objects in a directory; `symbols` override the recipe's linker symbols."""
    recipe = RECIPES[board.compiler]
    objects = [f"{Path(source).stem}.o" for source in recipe.sources]
    bound: dict[str, object] = {**(recipe.symbols or {}), **symbols}
    if with_model:
        objects += [f"{Path(source).stem}.o" for source in model.sources]
    else:
        bound[model.entry] = "main"
        bound |= {f"{model.name}{RESET}": "main"} if model.in_steps else {}
        bound |= {name: "main" for name in model.input_buffers if model.input_in_arena}
    definitions = [f"-Wl,--defsym={symbol}={value}" for symbol, value in bound.items()]
    flags = [*board.flags, *recipe.link_flags, "-Wl,--gc-sections", *definitions]
    compile_with(board.compiler, [*flags, "-o", name, *objects, *recipe.libraries], directory)
    return directory / name


def refuse_misfit(firmware: Firmware) -> None:
    """Raise UserError where the ELF exceeds the board."""
    board = firmware.board
    figures = (
        ("RAM", firmware.total_ram_bytes, firmware.harness_ram_bytes, board.ram_bytes),
        ("flash", firmware.total_flash_bytes, firmware.harness_flash_bytes, board.flash_bytes),
    )
    reasons = [
        f"{firmware.model.name} needs {total:,} bytes of {kind}, {harness:,} of them for its harness, "
        f"{total - limit:,} more than the {limit:,} of board '{board.name}': choose a larger board or a smaller model"
        for kind, total, harness, limit in figures
        if total > limit
    ]
    if reasons:
        raise UserError(*reasons)


def sizes(board: Board, elf: Path) -> tuple[int, int]:
    """RAM and flash bytes of an ELF file, by the compiler's `size`."""
    text, data, bss = output_of(binutil(board, "size"), [elf]).splitlines()[1].split()[:3]
    return int(data) + int(bss), int(text) + int(data)


def symbols_of(board: Board, elf: Path) -> dict[str, Symbol]:
    """The symbols of an ELF file, by the compiler's `nm`."""
    lines = output_of(binutil(board, "nm"), ["-P", elf]).splitlines()
    found: dict[str, Symbol] = {}
    for line in lines:
        name, kind, *numbers = line.split()
        if kind.upper() != "U" and numbers:
            found[name] = Symbol(int(numbers[0], 16), int(numbers[1], 16) if len(numbers) > 1 else 0)
    return found


def functions_of(firmware: Firmware, elf: Path) -> dict[str, Symbol]:
    """The functions of the model itself, by ascending address."""
    name = firmware.model.name
    lines = output_of(binutil(firmware.board, "nm"), ["-P", elf]).splitlines()
    code = {line.split()[0] for line in lines if line.split()[1] in "tT"}
    own = {
        symbol: place
        for symbol, place in symbols_of(firmware.board, elf).items()
        if symbol in code and symbol.startswith(f"{name}_") and place.size
    }
    return dict(sorted(own.items(), key=lambda item: item[1].address))


def function_lines(functions: Mapping[str, Symbol]) -> str:
    """Where functions begin and end, as simulators read it: hexadecimal, without the mark of Thumb."""
    ranges = [(symbol.address & ~1, symbol.size) for symbol in functions.values()]
    return "".join(f"{begin:x} {begin + size:x}\n" for begin, size in ranges)


def binutil(board: Board, tool: str) -> str:
    """`size` or `nm` of the board's compiler: `avr-size` goes with `avr-gcc`."""
    return board.compiler.removesuffix("gcc") + tool


def write_sources(model: GeneratedModel, alignment: int, directory: Path, harness: Sequence[str]) -> None:
    """NAME.c, NAME.h, harness-ports.h and the named harness files, whose hyphens keep them apart from any NAME."""
    if not re.fullmatch(r"[A-Za-z_]\w*", model.name, re.ASCII):
        raise ValueError(f"'{model.name}' is not a C identifier")
    texts = {
        **model.texts,
        f"{model.name}.h": model.header,
        "harness-ports.h": ports_header(model, alignment),
    }
    texts |= {name: firmware_source(name) for name in harness}
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


def ports_header(model: GeneratedModel, alignment: int) -> str:
    """harness-ports.h: a buffer per port; macros that call the model and give buffers to a reader or writer of rows.

    Of an input that comes in rows the harness has one at a time: `MODEL_CALLS` times it reads one and calls the model.
    """
    inputs, outputs = model.input_buffers, model.output_buffers
    own = [
        *([] if model.input_in_arena else zip(inputs, model.inputs, [model.calls] * len(inputs), strict=True)),
        *((name, port, 1) for name, port in zip(outputs, model.outputs, strict=True)),
    ]
    buffers = [
        f"{c_type(port)} {name}[{math.prod(port.stored_shape) // calls}] __attribute__((aligned({alignment})));"
        for name, port, calls in own
    ]
    reads = [f"read({name}, {model.call_bytes(port)})" for name, port in zip(inputs, model.inputs, strict=True)]
    writes = [f"write({name}, {port_bytes(port)})" for name, port in zip(outputs, model.outputs, strict=True)]
    state = "&tinyml_state" if model.state_bytes else ""
    reset = f"(call) ? (void)0 : {model.name}{RESET}({state}), " if model.in_steps else ""
    each = {
        "READ_INPUTS(read)": " && ".join(reads),
        "WRITE_OUTPUTS(write)": " && ".join(writes),
        "CALL_MODEL(call)": f"{reset}{model.entry}({', '.join(arguments_of(model))})",
        "MODEL_CALLS": str(model.calls),
    }
    macros = [f"#define {name} ({body})" for name, body in each.items()]
    states = [f"{model.name}_state tinyml_state;"] if model.state_bytes else []
    return "\n".join(["#include <stdint.h>", f'#include "{model.name}.h"', *states, *buffers, *macros, ""])


def arguments_of(model: GeneratedModel) -> list[str]:
    """What the harness passes in call number `call`: the row of an input, the buffers of outputs or their row there."""
    inputs = ["&tinyml_state"] if model.state_bytes else []
    inputs += [] if model.input_in_arena else model.input_buffers
    rows = model.output_rows or (1,) * len(model.outputs)
    outputs: list[str] = []
    for name, port, count in zip(model.output_buffers, model.outputs, rows, strict=True):
        row = f" + (long)(call) * {math.prod(port.stored_shape) // count}" if count > 1 else ""
        outputs.append(name + row)
    return [*inputs, *outputs]


def port_dtype(port: PortAttr) -> np.dtype[Any]:
    """The numpy type of a port's stored integers."""
    return dtype_of(port.storage)


def caller_bytes(
    inputs: Sequence[PortAttr], outputs: Sequence[PortAttr], rows: int, output_rows: Sequence[int] = ()
) -> int:
    """The bytes of inputs and outputs; of what comes in rows (0: as a whole) one row."""
    whole = sum(port_bytes(port) for port in inputs)
    parts = zip(outputs, output_rows or (1,) * len(outputs), strict=True)
    return whole // max(1, rows) + sum(port_bytes(port) // count for port, count in parts)


def port_bytes(port: PortAttr) -> int:
    """The size of a port's buffer."""
    return port_dtype(port).itemsize * math.prod(port.stored_shape)


def c_type(port: PortAttr) -> str:
    """The C type of a port's elements: `int8_t`, `uint16_t`, ..."""
    dtype = port_dtype(port)
    return f"{'u' if dtype.kind == 'u' else ''}int{8 * dtype.itemsize}_t"
