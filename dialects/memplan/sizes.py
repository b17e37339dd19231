"""Bytes, elements and rows of memrefs."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from xdsl.dialects.builtin import (
    MemRefType,
    StringAttr,
)
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from ..fixed.structured import scalar_type

FLASH = StringAttr("flash")
"""The memory space of constants: read-only, not part of any arena."""

LISTED = 8
"""As many buffers are named in a message."""


def size_in_bytes(type: MemRefType) -> int:
    """Bytes of a memref in memory; an element takes the next of 1, 2, 4 or 8 bytes that holds its bits."""
    return prod(type.get_shape()) * element_bytes(type)


def element_bytes(type: MemRefType) -> int:
    """Bytes of one element of a memref: 1, 2, 4 or 8."""
    bits = scalar_type(type.element_type).width.data
    return 1 << max(0, (bits - 1).bit_length() - 3)


def row_dimension(type: MemRefType) -> int | None:
    """The dimension whose indices are rows: the outermost that is not 1; None where a row would be a single element."""
    dims = [dim for dim, size in enumerate(type.get_shape()) if size != 1]
    return dims[0] if len(dims) > 1 else None


def row_bytes(type: MemRefType) -> int:
    """Bytes of one row of a memref."""
    dim = row_dimension(type)
    return size_in_bytes(type) // (1 if dim is None else type.get_shape()[dim])


def row_count(value: SSAValue) -> int:
    """The rows of a memref; 1 for a single element."""
    assert isinstance(value.type, MemRefType)
    dim = row_dimension(value.type)
    return 1 if dim is None else value.type.get_shape()[dim]


def verify_rows(type: MemRefType, rows: int) -> None:
    """Raise VerifyException unless a memref has this many rows."""
    dim = row_dimension(type)
    if dim is None or type.get_shape()[dim] != rows:
        raise VerifyException(f"{type} does not have {rows} rows")


def sizes_text(sizes: Mapping[str, int]) -> str:
    """Buffers with their bytes, as a message lists them: the first ones, and how much the others are together."""
    parts = [f"{name} {size:,}" for name, size in sizes.items()]
    if len(parts) > LISTED:
        rest = sum(list(sizes.values())[LISTED:])
        parts[LISTED:] = [f"{len(parts) - LISTED:,} others {rest:,}"]
    return ", ".join(parts)
