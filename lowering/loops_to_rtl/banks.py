"""Memories as banks of one row of block RAMs each, of which a word is chosen behind their registers.

Block RAMs of `bits` have words of any power of two of bits, and an eighth more from 8 bits on (Lattice FPGA-TN-02204,
AMD UG473). Where a memory has more words than that, tools put rows of them behind each other and choose between
their outputs before any register: wires from all of a part meet there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType

from ...dialects import rtl
from ...dialects.dense import from_numpy
from ...dialects.rtl.names import made

TABLE_BITS = 4096
"""A constant of more bits takes too many look-up tables: more than a hundred of six inputs."""

WIDEST, BYTE, PARITY = 32, 8, 9 / 8
"""Bits of a block RAM's widest word, and how much wider words of bytes are."""


def banks_of(words: int, bits: int, block_bits: int) -> list[int]:
    """The words of each bank, all but the last a power of two: as few block RAMs as there are, then as few banks.

    Tools would make rows of a bank where these took fewer block RAMs: no such banks.
    """
    if not block_bits or words * bits <= TABLE_BITS:
        return [words]
    depths = [block_bits // WIDEST << n for n in range(WIDEST.bit_length())]
    ways = [split(words, depth) for depth in depths]
    ways = [way for way in ways if all(row_of(n, bits, depths) <= rows_of(n, bits, depths[0]) for n in way)]
    return min(ways, key=lambda way: (sum(row_of(n, bits, depths) for n in way), len(way)))


def split(words: int, depth: int) -> list[int]:
    """Words in parts of `depth`."""
    return [min(depth, words - at) for at in range(0, words, depth)]


def row_of(words: int, bits: int, depths: Sequence[int]) -> int:
    """The block RAMs side by side that hold so many words."""
    width = next(WIDEST >> n for n, depth in enumerate(depths) if words <= depth)
    return ceil(bits / (width * PARITY if width >= BYTE else width))


def rows_of(words: int, bits: int, depth: int) -> int:
    """The block RAMs of their widest words that hold rows of words, whose bits lie side by side."""
    return ceil(ceil(words / depth) * bits / (WIDEST * PARITY))


@dataclass(frozen=True)
class Banks:
    """The memories that hold the words of one, in their order."""

    symbol: str
    words: tuple[int, ...]
    """Of each bank."""

    @staticmethod
    def of(symbol: str, words: int, bits: int, block_bits: int) -> Banks:
        """The banks of so many words of so many bits."""
        return Banks(symbol, tuple(banks_of(words, bits, block_bits)))

    @property
    def names(self) -> list[str]:
        """One alone has the name of the memory."""
        if len(self.words) == 1:
            return [self.symbol]
        return [made(self.symbol, f"bank{number}") for number in range(len(self.words))]

    @property
    def place_bits(self) -> int:
        """The bits of an address that say where in its bank a word is."""
        return self.words[0].bit_length() - 1

    def find(self, address: int) -> tuple[str, int]:
        """The bank of a word, and where in it the word is."""
        return self.names[address >> self.place_bits], address % (1 << self.place_bits)

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Names and words."""
        return zip(self.names, self.words, strict=True)


def declare(symbol: str, values: NDArray[Any], element: IntegerType, block_bits: int) -> Iterator[rtl.MemoryOp]:
    """Read-only memories with words of the rows of `values`; a large one is a block RAM."""
    at = 0
    for name, words in Banks.of(symbol, len(values), values.shape[1] * element.width.data, block_bits):
        part = values[at : at + words]
        is_large = part.size * element.width.data > TABLE_BITS
        yield rtl.MemoryOp(name, words, values.shape[1], element, from_numpy(part, element), is_large)
        at += words
