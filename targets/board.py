"""Boards as data: what a microcontroller has, how code for it is compiled, and what can simulate it.

A board is a TOML file in `targets/boards/`, or one of the user's own, given by its path.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..dialects.errors import UserError
from ..dialects.memories import DEFAULT_MEMORY, parse_memories
from .costs import FlashReads
from .device import BRAM36_BYTES, FAMILIES, FPGA_FIELDS, KIND, OPTIONAL_FPGA_FIELDS, Fpga

SIMULATORS = ("simavr", "qemu-system-arm", "qemu-system-riscv32", "host", "none")


@dataclass(frozen=True)
class Memory:
    """One of several memories of a kind ("ram" or "flash"); origin is an address, size in bytes.

    RAM with an `id` can have an arena of its own, which goes to the linker's `section`. The id of the memory that
    needs none, because all static data lie there, is `sram`. Files list such memories in order of speed, the fastest
    first.
    """

    name: str
    kind: str
    origin: int
    bytes: int
    id: str = ""
    section: str = ""


@dataclass(frozen=True)
class Simulator:
    """What runs the board's code here: a kind of SIMULATORS, QEMU machines by preference, or the reason for "none"."""

    kind: str
    machines: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Board:
    """A board. Sizes in bytes; alignment is that of buffers and the arena.

    `index_bits` is the width of loop counters and offsets, `product_bits` the widest product that requantization may
    use at a good price. `features` are "dsp" (Arm's DSP extension) and "fpu". `memories` is empty where RAM and flash
    are one memory each. `stack_bytes` is the RAM that no plan may take: the stack of a call, with the interrupts that
    the firmware allows meanwhile. `near_flash_bytes` is what constants may have of
    the flash that pointers reach, where there is more; the others are read by longer addresses.
    """

    name: str
    title: str
    mcu: str
    core: str
    ram_bytes: int
    flash_bytes: int
    alignment: int
    index_bits: int
    product_bits: int
    compiler: str
    flags: tuple[str, ...]
    simulator: Simulator
    features: tuple[str, ...] = ()
    memories: tuple[Memory, ...] = ()
    clock_hz: int | None = None
    stack_bytes: int = 0
    near_flash_bytes: int = 0
    flash_reads: FlashReads | None = None
    fpga: Fpga | None = None

    @property
    def simulator_name(self) -> str:
        """The simulator's kind, as tables show it."""
        return self.simulator.kind


FIELDS: Mapping[str, type] = {
    "title": str,
    "mcu": str,
    "core": str,
    "ram_bytes": int,
    "flash_bytes": int,
    "alignment": int,
    "index_bits": int,
    "product_bits": int,
    "compiler": str,
    "flags": list,
    "simulator": dict,
}
OPTIONAL_FIELDS: Mapping[str, type] = {
    "features": list,
    "memories": list,
    "clock_hz": int,
    "stack_bytes": int,
    "near_flash_bytes": int,
    "flash_reads": dict,
}
SIMULATOR_FIELDS: Mapping[str, type] = {"kind": str}
OPTIONAL_SIMULATOR_FIELDS: Mapping[str, type] = {"machines": list, "reason": str}
FLASH_READS_FIELDS: Mapping[str, type] = {
    "wait_states": int,
    "line_bytes": int,
    "fetch_lines": int,
    "data_lines": int,
}
MOST_LINES = 1024
"""The most lines of a cache that the simulator of flash holds."""
MEMORY_FIELDS: Mapping[str, type] = {"name": str, "kind": str, "origin": int, "bytes": int}
OPTIONAL_MEMORY_FIELDS: Mapping[str, type] = {"id": str, "section": str}
ENTRIES: Mapping[str, type] = {"memories": dict}
LARGEST = 1 << 40
"""The greatest number in a board's file."""
CHOICES = {"index_bits": (16, 32), "product_bits": (32, 64), "alignment": (1, 2, 4, 8, 16, 32)}
STACK_BYTES = {16: 128, 32: 1024}
"""What is reserved for the stack where a board's file does not say it, by the width of indices."""


def board_names() -> tuple[str, ...]:
    """The boards that come with the package, sorted."""
    names = (entry.name for entry in files(f"{__package__}.boards").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_board(name: str | Path) -> Board:
    """The board of this name, or of this .toml file.

    Raises UserError where there is none, or with everything that is wrong with the file.
    """
    if str(name).endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"{path}: no such board file")
        return parse_board(path.stem, board_text(path), str(path))
    names = board_names()
    if name not in names:
        raise UserError(unknown_board(str(name), names))
    source = files(f"{__package__}.boards").joinpath(f"{name}.toml")
    return parse_board(str(name), source.read_text(encoding="utf-8"), f"boards/{name}.toml")


def board_text(path: Path) -> str:
    """The text of a user's board file. Raises UserError where it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} cannot be read as UTF-8 text; write it as TOML") from None


def unknown_board(name: str, names: tuple[str, ...]) -> str:
    """The names that there are, the nearest first."""
    nearest = get_close_matches(name.lower(), names, n=1)
    hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
    return f"no board '{name}'{hint} There are {', '.join(names)}; or give the path of a .toml file"


def parse_board(name: str, text: str, source: str) -> Board:
    """A board from the text of its file; `source` names the file in errors. Raises UserError."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError, that of a long number another
        raise UserError(f"{source} is not TOML: {error}") from None
    is_fpga = table.get("kind") == KIND
    reasons = [f"{source}: {reason}" for reason in (fpga_errors(table) if is_fpga else board_errors(table))]
    if reasons:
        raise UserError(*reasons)
    if is_fpga:
        return fpga_board(name, table["title"], Fpga(**table["fpga"]))
    simulator = table.pop("simulator")
    simulator["machines"] = tuple(simulator.get("machines", ()))
    table["memories"] = tuple(Memory(**memory) for memory in table.get("memories", ()))
    table["flags"], table["features"] = tuple(table["flags"]), tuple(table.get("features", ()))
    reads = table.pop("flash_reads", None)
    table["flash_reads"] = None if reads is None else FlashReads(**reads)
    table.setdefault("stack_bytes", STACK_BYTES[table["index_bits"]])
    return Board(name=name, simulator=Simulator(**simulator), **table)


def fpga_errors(table: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with the table of an FPGA's board."""
    fpga = table.get("fpga")
    reasons = field_errors("", table, {"kind": str, "title": str, "fpga": dict}, {})
    if isinstance(fpga, dict):
        reasons += field_errors("fpga.", fpga, FPGA_FIELDS, OPTIONAL_FPGA_FIELDS)
        if fpga.get("family") not in FAMILIES:
            reasons.append(f"fpga.family must be one of {', '.join(FAMILIES)}")
        if not reasons and min(fpga["clock_hz"], fpga.get("multiplier_bits", 18)) < 4:
            reasons.append("fpga.clock_hz and fpga.multiplier_bits are at least 4")
    return reasons


def fpga_board(name: str, title: str, fpga: Fpga) -> Board:
    """The board of an FPGA: what levels above the hardware ask of a microcontroller is as wide as there is."""
    memory = int(fpga.bram36 * BRAM36_BYTES)
    simulator = Simulator("none", reason=f"{fpga.part} is no microcontroller: tinyml run simulates its Verilog")
    return Board(
        name, title, fpga.part, KIND, memory, memory, 4, 32, 64, "", (), simulator, clock_hz=fpga.clock_hz, fpga=fpga
    )


def board_errors(table: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with a board's table."""
    reasons = [*field_errors("", table, FIELDS, OPTIONAL_FIELDS), *nested_errors(table)]
    for key, choices in CHOICES.items():
        if isinstance(table.get(key), int) and table[key] not in choices:
            reasons.append(f"{key} is {table[key]}; it must be one of {', '.join(map(str, choices))}")
    return reasons or memory_errors(table)


def nested_errors(table: Mapping[str, Any]) -> list[str]:
    """What is wrong within the tables of a board's table, as far as they are tables."""
    reasons: list[str] = []
    simulator, memories = table.get("simulator"), table.get("memories")
    if isinstance(simulator, dict):
        reasons += field_errors("simulator.", simulator, SIMULATOR_FIELDS, OPTIONAL_SIMULATOR_FIELDS)
        if simulator.get("kind") not in SIMULATORS:
            reasons.append(f"simulator.kind must be one of {', '.join(SIMULATORS)}")
        if str(simulator.get("kind")).startswith("qemu-") and not simulator.get("machines"):
            reasons.append('simulator.machines is missing: name QEMU machines, such as ["mps2-an386"]')
    if isinstance(reads := table.get("flash_reads"), dict):
        reasons += flash_reads_errors(reads)
    entries: list[Any] = memories if isinstance(memories, list) else []
    for index, memory in enumerate(entries):
        if isinstance(memory, dict):
            reasons += field_errors(f"memories[{index}].", memory, MEMORY_FIELDS, OPTIONAL_MEMORY_FIELDS)
    return reasons


def flash_reads_errors(table: Mapping[str, Any]) -> list[str]:
    """What is wrong with how flash is read."""
    most = {"line_bytes": 4096, "fetch_lines": MOST_LINES, "data_lines": MOST_LINES}
    return field_errors("flash_reads.", table, FLASH_READS_FIELDS, {}) or [
        f"flash_reads.{key} is {table[key]}; it must be 1 to {limit}"
        for key, limit in most.items()
        if not 1 <= table[key] <= limit
    ]


def field_errors(
    where: str, table: Mapping[str, Any], required: Mapping[str, type], optional: Mapping[str, type]
) -> list[str]:
    """Missing, unknown and wrongly typed fields of a table."""
    known = {**required, **optional}
    reasons = [f"{where}{key} is missing" for key in required if key not in table]
    reasons += [f"unknown field {where}{key}; there are {', '.join(known)}" for key in table if key not in known]
    for key, kind in known.items():
        value = table.get(key)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            reasons.append(f"{where}{key} must be of type {kind.__name__}, got {value!r}")
        elif isinstance(value, list) and not all(isinstance(entry, ENTRIES.get(key, str)) for entry in value):
            reasons.append(f"{where}{key} must be a list of {ENTRIES.get(key, str).__name__}")
        elif isinstance(value, int) and value < 0:
            reasons.append(f"{where}{key} must not be negative")
        elif isinstance(value, int) and value > LARGEST:
            reasons.append(f"{where}{key} is more than {LARGEST:,}")
    return reasons


def memory_errors(table: Mapping[str, Any]) -> list[str]:
    """Memories of a kind must add up to the board's total; those with an `id` must say where arenas go."""
    reasons: list[str] = []
    if table.get("stack_bytes", 0) >= table["ram_bytes"] > 0:
        reasons.append(f"stack_bytes is {table['stack_bytes']}, all of ram_bytes ({table['ram_bytes']}) or more")
    for kind in ("ram", "flash"):
        listed = [memory["bytes"] for memory in table.get("memories", ()) if memory["kind"] == kind]
        if listed and sum(listed) != table[f"{kind}_bytes"]:
            reasons.append(
                f"the memories of kind {kind} hold {sum(listed)} bytes, {kind}_bytes is {table[f'{kind}_bytes']}"
            )
    return [*reasons, *arena_errors([Memory(**memory) for memory in table.get("memories", ())])]


def arena_errors(memories: Sequence[Memory]) -> list[str]:
    """What is wrong with the memories that can have an arena."""
    reasons: list[str] = []
    for index, memory in enumerate(memories):
        where = f"memories[{index}]"
        if (memory.id or memory.section) and memory.kind != "ram":
            reasons.append(f"{where} is of kind {memory.kind}: only ram has an id and a section")
        if memory.section and not memory.id:
            reasons.append(f"{where}.id is missing: arenas name their memory by it, such as dtcm")
        if memory.id and (memory.id == DEFAULT_MEMORY) == bool(memory.section):
            reasons.append(
                f"{where}.section is the linker's: each memory with an id needs one, but `{DEFAULT_MEMORY}`, where "
                "static data lie without"
            )
        if not re.fullmatch(r"[.\w]*", memory.section):
            reasons.append(f"{where}.section is a name such as .dtcm, not {memory.section!r}")
    try:
        parse_memories(",".join(f"{memory.id}={memory.bytes}" for memory in memories if memory.id))
    except UserError as error:
        reasons += error.reasons
    return reasons
