"""The memories of a board in which a plan may have arenas, and the text that lists them.

This module imports nothing of the compiler: boards are listed without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import UserError

DEFAULT_MEMORY = "sram"
"""The name of the memory in which compilers put static data unless they are told otherwise."""

RESERVED = re.compile(r"flash|h|arena_bytes|u?int\d+")
"""Names that the generated C uses otherwise: as `NET_FLASH`, `NET_H`, `NET_INT16`."""


@dataclass(frozen=True)
class Memory:
    """A memory of the board; size in bytes."""

    name: str
    size: int


def parse_memories(text: str) -> tuple[Memory, ...]:
    """The memories of `dtcm=65536,sram=245760`, the fastest first. Raises UserError where the text is none such."""
    memories: list[Memory] = []
    reasons: list[str] = []
    for entry in text.split(",") if text else ():
        name, _, size = (part.strip() for part in entry.partition("="))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not size.isascii() or not size.isdecimal() or not int(size):
            reasons.append(f"`{entry}` is not `name=bytes`: write memories as in `dtcm=65536,sram=245760`")
            continue
        if RESERVED.fullmatch(name):
            reasons.append(f"no memory can be named `{name}`: the generated C uses this name otherwise")
        if name in (memory.name for memory in memories):
            reasons.append(f"memory `{name}` is given twice")
        memories.append(Memory(name, int(size)))
    if reasons:
        raise UserError(*reasons)
    return tuple(memories)
