"""The classes of instructions that the plugin of QEMU counts (firmware/thumb_classes.h), in its order.

`more_words`, `taken`, `fetch_miss` and `data_miss` are events, not instructions: words that a load or store of several
moves beside the first, branches that were taken, lines of flash that were in no cache.
"""

from __future__ import annotations

CLASSES: tuple[str, ...] = (
    "other",
    "load",
    "load_next",
    "store",
    "more_words",
    "branch",
    "taken",
    "multiply",
    "multiply_add",
    "multiply_long",
    "divide",
    "vector",
    "vector_memory",
    "vector_next",
    "loop_end",
    "fetch_miss",
    "data_miss",
)

EVENTS = frozenset({"more_words", "taken", "fetch_miss", "data_miss"})
