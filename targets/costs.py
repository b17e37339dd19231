"""The one cost model: cycles and instructions of work, by the prices of a core and the board's flash.

    cycles = sum over units: count * price  +  lines read or fetched from flash * wait states

Work is counted in units, such as multiply-accumulates (`UNITS`); of forms passes/memplan/costing/ counts it, of a
model's operators tools/searching/. The prices stand in `targets/cores/*.toml`, fitted by `tools/bench/costs.py` to what
simulators measure of each function of generated code; so do those of code in flash (code_size). Estimates are about
as far off as the core's `cycle_error` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

from ..dialects.errors import UserError
from .core import Core, HasCore, core_names, core_of, load_core

UNITS = {
    "call": "a form runs, or a slice of it",
    "row": "the innermost loop of a form is entered",
    "mac": "a multiply-accumulate of bytes, one by one",
    "mac_wide_input": "what 16 bits of its input add",
    "mac_wide_weight": "what 16 bits of its weight add",
    "mac_wide_sum": "what a sum of 64 bits adds",
    "mac_padded": "what a zero point that is subtracted in the loop adds",
    "step": "an element of a reduction, not of products",
    "element": "a result is computed and stored",
    "wide": "a number of 16 bits or more is read or written by a body",
    "param": "a param is read for a result",
    "op": "an operation of a body",
    "op_long": "one of 64 bits",
    "product": "a product of more than 16 bits in a body",
    "lookup": "a look into a table",
    "index": "an index that is computed at run time",
    "dot_quad_1": "columns: 4 channels x 4 taps x 1 pixel",
    "dot_quad_2": "columns: 4 channels x 4 taps x 2 pixels",
    "dot_run_2": "columns: the same as dot_quad_2, in runs of loads, of weights that are held",
    "dot_unpack_1": "columns: the weights of 4 channels x 4 taps are bytes, for 1 pixel",
    "dot_unpack_2": "columns: the same for 2 pixels",
    "dot_group_1": "columns: 4 channels at 1 pixel begin and end",
    "dot_group_2": "columns: 4 channels at 2 pixels begin and end",
    "gather_word": "columns: 4 taps of a pixel are gathered",
    "gather_run": "columns: a run of taps that lie together begins",
    "gather_tap": "columns: a tap that fills no word is gathered",
    "lanes_tap": "lanes: 4 channels x 1 tap x 1 pixel",
    "lanes_group": "lanes: 4 channels at a pixel begin and end",
    "lanes_word": "lanes: a word is copied into scratch memory",
    "wide_tap": "wide: 8 channels x 1 tap x 1 pixel, in vectors",
    "wide_group": "wide: 8 channels at a pixel begin and end",
    "copy_word": "a word of data, or of weights that are held, is copied into scratch memory as it is",
    "bytes_vector": "vectors: 4 channels x 16 taps x 2 pixels",
    "plane_row": "planes: a row of 3 taps for one output",
    "plane_run": "planes: the same, in runs of loads, of weights that are held",
    "plane_block": "planes: outputs that are computed together begin and end",
    "plane_channel": "planes: a row of a channel begins",
    "plane_word": "planes: two cells of 4 channels are taken apart",
    "direct_mac": "direct: a multiply-accumulate",
    "direct_weight": "direct: a weight is loaded for all pixels of a block",
    "direct_element": "direct: an element is loaded for all channels of a block",
    "direct_run": "direct: a run of taps begins, for all sums of a block",
    "direct_block": "direct: a block begins and ends",
}
"""What is counted."""


@dataclass(frozen=True)
class FlashReads:
    """How code and constants come from flash: a line that is in no cache takes `wait_states` cycles.

    The caches of instructions (`fetch_lines`) and of data (`data_lines`) have so many lines of `line_bytes` bytes;
    without a cache the last line that was read is at hand.
    """

    wait_states: int
    line_bytes: int
    fetch_lines: int
    data_lines: int


@dataclass(frozen=True)
class Work:
    """So many of each unit, and the constants in flash that are read: bytes, and how often all of them are. So is the
    `code` of long blocks without a loop.
    """

    units: Mapping[str, float]
    reads: tuple[tuple[int, float], ...] = ()
    code: tuple[tuple[int, float], ...] = ()

    def times(self, factor: float) -> Work:
        """The same work, so many times."""
        units = {name: factor * count for name, count in self.units.items()}
        reads, code = (tuple((bytes, factor * walks) for bytes, walks in part) for part in (self.reads, self.code))
        return Work(units, reads, code)


@dataclass(frozen=True)
class CostModel:
    """The prices of a core, in cycles and in instructions; `reads` is how the board reads flash.

    `layout_cycles` of the core are prices as well: of an entry of each encoding.
    """

    core: Core
    reads: FlashReads | None = None
    prices: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "prices", {**self.core.layout_cycles, **self.core.cycles})

    @staticmethod
    def parse(text: str) -> CostModel:
        """That of `cortex-m4f`, or of `cortex-m4f,5,16,64,16`: a core, then the numbers of `FlashReads`.

        Raises UserError.
        """
        core, *numbers = text.split(",")
        if core not in core_names() or len(numbers) not in (0, 4) or not all(map(str.isdecimal, numbers)):
            raise UserError(
                f"'{text}' is no cost model: name a core ({', '.join(core_names())}), and how flash is read, such as "
                "cortex-m4f,5,16,64,16"
            )
        reads = FlashReads(*map(int, numbers)) if numbers else None
        if reads is not None and not reads.line_bytes:
            raise UserError(f"'{text}' is no cost model: lines have at least 1 byte")
        return CostModel(load_core(core), reads)

    def text(self) -> str:
        """What `parse` reads."""
        reads = self.reads
        numbers = () if reads is None else (reads.wait_states, reads.line_bytes, reads.fetch_lines, reads.data_lines)
        return ",".join(map(str, (self.core.name, *numbers)))

    def cycles(self, work: Work) -> float:
        """About so many cycles."""
        priced = sum(self.prices.get(name, 0.0) * count for name, count in work.units.items())
        return priced + self.waits(work)

    def instructions(self, work: Work) -> float:
        """About so many instructions."""
        return sum(self.core.instructions.get(name, 0.0) * count for name, count in work.units.items())

    def waits(self, work: Work) -> float:
        """The cycles that constants, and code, are waited for: of what a cache holds, once."""
        if self.reads is None:
            return 0.0
        by_cache = ((work.reads, self.reads.data_lines), (work.code, self.reads.fetch_lines))
        lines = 0.0
        for parts, cached in by_cache:
            held = cached * self.reads.line_bytes
            lines += sum(ceil(size / self.reads.line_bytes) * (1 if size <= held else walks) for size, walks in parts)
        return lines * self.reads.wait_states


class HasCosts(HasCore, Protocol):
    """What a board says of its costs."""

    @property
    def flash_reads(self) -> FlashReads | None: ...


def cost_model(board: HasCosts) -> CostModel:
    """The cost model of a board."""
    return CostModel(core_of(board), board.flash_reads)


def add(units: dict[str, float], more: Mapping[str, float]) -> None:
    """Add counts to counts."""
    for name, count in more.items():
        if count:
            units[name] = units.get(name, 0.0) + count


def total_work(works: Iterable[Work]) -> Work:
    """All of it."""
    units: dict[str, float] = {}
    reads: list[tuple[int, float]] = []
    code: list[tuple[int, float]] = []
    for work in works:
        add(units, work.units)
        reads += work.reads
        code += work.code
    return Work(units, tuple(reads), tuple(code))
