"""How a constant lies in flash: the encodings of weights that are sparse, or small.

The constant stays dense in the IR. A layout says what the generated program stores instead, and only what writes loops
or counts bytes looks at it. One axis of the constant, along which a form reduces, is run through from the first element
on; the others count the *rows*, in row-major order, that follow one another as bytes. Elements of several bytes begin
with the lowest.

| encoding | a row |
|---|---|
| `delta8` | the number of entries, then per entry a byte that moves ahead and an element |
| `delta4` | the number of pairs, then per pair a byte (the first move in the low half) and two elements |
| `nibbles` | the number of entries, then a byte each: the low half moves ahead, the high half is the element |
| `bitmap` | per 8 elements a byte of flags, the lowest first, then the elements whose flag is set |
| `packed4` | every element in 4 bits, two a byte, the first in the low half |

Moves start from element 0. Where the next element that is not 0 is out of their reach, an entry whose element is 0 lies
between; a row of `delta4` with an odd number of entries ends in one that does not move. The numbers at the beginning
have one byte, or two where a row needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import auto
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import I64, IntegerAttr, i64
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

Bytes = NDArray[np.uint8]


class Encoding(StrEnum):
    """How the elements of a row are stored; see above."""

    DELTA8 = auto()
    DELTA4 = auto()
    NIBBLES = auto()
    BITMAP = auto()
    PACKED4 = auto()


NARROW = (Encoding.NIBBLES, Encoding.PACKED4)
"""Encodings of elements from -8 to 7."""


@irdl_attr_definition
class EncodingAttr(EnumAttribute[Encoding], SpacedOpaqueSyntaxAttribute):
    """An encoding."""

    name = "fixed.encoding"


@irdl_attr_definition
class LayoutAttr(ParametrizedAttribute):
    """How a constant is stored, along which axis: `#fixed.layout<delta8 along 1>`"""

    name = "fixed.layout"
    encoding: EncodingAttr
    axis: IntegerAttr[I64]

    def __init__(self, encoding: Encoding, axis: int):
        super().__init__(EncodingAttr(encoding), IntegerAttr(axis, i64))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            encoding = parser.parse_str_enum(Encoding)
            parser.parse_keyword("along")
            return EncodingAttr(encoding), IntegerAttr(parser.parse_integer(allow_negative=False), i64)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.encoding.data} along {self.axis.value.data}")

    def check(self, values: NDArray[Any]) -> None:
        """Raise VerifyException where a constant of these integers cannot be stored so."""
        if not self.axis.value.data < values.ndim:
            raise VerifyException(f"a constant of {values.ndim} dimensions has no axis {self.axis.value.data}")
        if values.dtype.kind != "i" or values.dtype.itemsize > 2:
            raise VerifyException(f"layouts are those of signed integers of 8 or 16 bits, not of {values.dtype}")
        if self.encoding.data in NARROW and not is_narrow(values):
            raise VerifyException(f"{self.encoding.data} holds integers from -8 to 7")


@dataclass(frozen=True)
class EncodedRows:
    """A constant as bytes: `starts` is where each row begins. `count_bytes` is the size of the number at its beginning.

    `entries` counts what a program runs through that decodes it: entries, pairs for `delta4`, all elements for the
    encodings without moves.
    """

    data: Bytes
    starts: NDArray[np.int32]
    count_bytes: int
    entries: int


def is_narrow(values: NDArray[Any]) -> bool:
    """True where all integers have 4 bits."""
    return bool(values.size) and int(values.min()) >= -8 and int(values.max()) <= 7


def encode(values: NDArray[Any], layout: LayoutAttr) -> EncodedRows:
    """The bytes of a constant, signed integers of 8 or 16 bits, under a layout."""
    axis = layout.axis.value.data
    size = values.shape[axis]
    rows = np.moveaxis(values, axis, -1).reshape(prod(values.shape) // size, size)
    match layout.encoding.data:
        case Encoding.PACKED4:
            return packed(rows)
        case Encoding.BITMAP:
            return flagged(rows)
        case Encoding.DELTA4:
            return paired(rows)
        case Encoding.DELTA8:
            moves, elements, counts = entries_of(rows, 255)
            bodies = np.column_stack([moves, as_bytes(elements)])
            return counted(bodies, counts, len(moves))
        case Encoding.NIBBLES:
            moves, elements, counts = entries_of(rows, 15)
            return counted(halves(moves, elements.astype(np.uint8))[:, None], counts, len(moves))


def as_bytes(elements: NDArray[Any]) -> Bytes:
    """Integers of any shape as bytes along a new last axis, the lowest first."""
    little = np.ascontiguousarray(elements.astype(elements.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(*elements.shape, elements.dtype.itemsize)


def halves(low: Bytes, high: Bytes) -> Bytes:
    """Two numbers of 4 bits in each byte."""
    return (low | np.left_shift(high, 4)).astype(np.uint8)


def entries_of(rows: NDArray[Any], reach: int) -> tuple[Bytes, NDArray[Any], NDArray[np.int64]]:
    """How far each entry moves, its element, and how many entries each row has; a move is at most `reach`."""
    row, column = np.nonzero(rows)
    before = np.where(np.diff(row, prepend=-1) != 0, 0, np.roll(column, 1))
    gap = column - before
    between = np.maximum(gap - 1, 0) // reach
    last = np.cumsum(between + 1) - 1
    total = int(last[-1]) + 1 if len(last) else 0
    moves, elements = np.full(total, reach, np.uint8), np.zeros(total, rows.dtype)
    moves[last], elements[last] = gap - reach * between, rows[row, column]
    return moves, elements, np.bincount(row, between + 1, len(rows)).astype(np.int64)


def paired(rows: NDArray[Any]) -> EncodedRows:
    """Pairs of entries of each row."""
    moves, elements, counts = entries_of(rows, 15)
    even = counts + counts % 2
    row = np.repeat(np.arange(len(rows)), counts)
    place = np.arange(len(moves)) + (np.cumsum(even) - even - np.cumsum(counts) + counts)[row]
    padded_moves, padded = np.zeros(int(even.sum()), np.uint8), np.zeros(int(even.sum()), rows.dtype)
    padded_moves[place], padded[place] = moves, elements
    both = halves(padded_moves[0::2], padded_moves[1::2])
    bodies = np.column_stack([both, as_bytes(padded).reshape(len(both), 2 * rows.dtype.itemsize)])
    return counted(bodies, even // 2, len(both))


def counted(bodies: Bytes, counts: NDArray[np.int64], entries: int) -> EncodedRows:
    """Rows of so many entries of equal size, each behind its number of entries."""
    count_bytes = 1 if counts.max(initial=0) < 256 else 2
    width = bodies.shape[1]
    ends = np.cumsum(count_bytes + counts * width)
    starts = ends - (count_bytes + counts * width)
    data = np.empty(int(ends[-1]), np.uint8)
    heads = starts[:, None] + np.arange(count_bytes)
    is_body = np.ones(len(data), bool)
    is_body[heads] = False
    data[heads] = as_bytes(counts)[:, :count_bytes]
    data[is_body] = bodies.reshape(-1)
    return EncodedRows(data, starts.astype(np.int32), count_bytes, entries)


def flagged(rows: NDArray[Any]) -> EncodedRows:
    """Flags of 8 elements, then those that are not 0."""
    count, size = rows.shape
    groups = -(-size // 8)
    padded = np.zeros((count * groups * 8,), rows.dtype).reshape(count, groups * 8)
    padded[:, :size] = rows
    blocks = padded.reshape(-1, 8)
    flags = np.packbits(blocks != 0, axis=1, bitorder="little").reshape(-1)
    lengths = 1 + rows.dtype.itemsize * np.count_nonzero(blocks, axis=1)
    starts = np.cumsum(lengths) - lengths
    data = np.empty(int(lengths.sum()), np.uint8)
    is_element = np.ones(len(data), bool)
    is_element[starts] = False
    data[starts], data[is_element] = flags, as_bytes(blocks[blocks != 0]).reshape(-1)
    return EncodedRows(data, starts[::groups].astype(np.int32), 0, rows.size)


def packed(rows: NDArray[Any]) -> EncodedRows:
    """Two elements a byte; a row of an odd number of elements ends in half a byte of nothing."""
    count, size = rows.shape
    width = -(-size // 2)
    padded = np.zeros((count, 2 * width), np.uint8)
    padded[:, :size] = rows.astype(np.int8).view(np.uint8) & 15
    return EncodedRows(
        halves(padded[:, 0::2], padded[:, 1::2]).reshape(-1), np.arange(count, dtype=np.int32) * width, 0, rows.size
    )
