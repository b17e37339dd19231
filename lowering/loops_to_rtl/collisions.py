"""Memories of which no word is read in the clock in which it is written, or what is read then is not used.

Block RAMs give any number then. Where a design asks for the word before the write, tools put registers and a choice
beside each read port, between the block RAM and the register behind it.

Modules that run one after the other never meet. Of those that run beside each other a reader asks for a row two clocks
after the last write of it, and a writer for the place of an old one after those who read it have counted theirs: they
meet only in words that belong to more than one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...dialects.dataflow import awaits_of, stage_of
from .dataflow import row_depth
from .memories import Memory
from .nest import Access, Nest


def is_collision_free(memory: Memory, nests: Mapping[str, Nest], beside: Mapping[str, int]) -> bool:
    """Whether that is so for all that reads and writes a memory; `beside` numbers what runs beside others."""
    if not memory.readers.isdisjoint(memory.writes):
        return False
    writers = [name for name in memory.writes if name in beside]
    for writer in writers:
        readers = [nests[name] for name in memory.readers if beside.get(name) == beside[writer]]
        if readers and sum(beside[other] == beside[writer] for other in writers) > 1:
            return False
        if not all(waits_for(reader, nests[writer]) for reader in readers):
            return False
        if readers and not has_rows_of_words(nests[writer], memory.writes[writer], memory.lanes):
            return False
    return True


def waits_for(reader: Nest, writer: Nest) -> bool:
    """Whether a nest waits for the rows of another."""
    return any(wait.stage == stage_of(writer.function) for wait in awaits_of(reader.function))


def has_rows_of_words(nest: Nest, accesses: Sequence[Access], lanes: int) -> bool:
    """Whether no word of so many elements has what is written in two of the rows that a nest counts."""
    depth = row_depth(nest)
    if depth is None:
        return True
    if any(access.terms for access in accesses):
        return False
    rows = {access.running.steps[depth] * nest.loops[depth].lanes for access in accesses}
    ranges = [row_range(nest, access, depth) for access in accesses]
    row, first, last = max(rows), min(low for low, _ in ranges), max(high for _, high in ranges)
    return len(rows) == 1 and row % lanes == 0 and last // lanes < first // lanes + row // lanes


def row_range(nest: Nest, access: Access, depth: int) -> tuple[int, int]:
    """The least and the greatest element that is written in the first row."""
    low = high = access.running.base
    for d, (step, loop) in enumerate(zip(access.running.steps, nest.loops, strict=True)):
        span = step * ((loop.lanes if d == depth else loop.trips) - 1)
        low, high = low + min(span, 0), high + max(span, 0)
    return low, high
