"""Arrays of an .npz file, of which nothing is believed: sizes are compared with the file before anything is allocated.

Pickled objects are never loaded. The format is numpy's NEP 1: a zip file of .npy members.
"""

from __future__ import annotations

import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..dialects.errors import UserError
from ..dialects.harmless import in_quotes

MAX_ELEMENTS = 1 << 28
"""The most elements of all arrays of a file."""

MAX_HEADER = 10_000
"""The most characters of a member's header, as numpy has it."""

BROKEN = (
    ValueError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What zipfile, its decompressors and numpy raise for damaged members."""

DEFLATE = 1032
"""How many times smaller zlib can make what it compresses."""

HOW_TO_MAKE = "make one with numpy.savez(path, x=inputs, y=labels)"


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz file. Raises UserError where it is none, or with everything that is wrong in it."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX:
                raise UserError(f"{path} is a single array; save it with numpy.savez(path, x=array)")
            return read_zip(path, stream)
    except FileNotFoundError:
        raise UserError(f"{path}: no such data file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_zip(path: Path, stream: IO[bytes]) -> dict[str, NDArray[Any]]:
    """The arrays of an open file."""
    try:
        file = zipfile.ZipFile(stream)
    except BROKEN:
        raise UserError(f"{path} is not an .npz file; {HOW_TO_MAKE}") from None
    reasons: list[str] = []
    arrays: dict[str, NDArray[Any]] = {}
    room, size = MAX_ELEMENTS, path.stat().st_size
    with file, warnings.catch_warnings(action="ignore"):
        for member in file.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename:
                continue
            reason = next(refusals(file, member, room, size), None)
            try:
                if reason is None:
                    with file.open(member) as content:
                        arrays[name] = npy.read_array(content, allow_pickle=False, max_header_size=MAX_HEADER)
                    room -= arrays[name].size
            except BROKEN:
                reason = "is damaged"
            if reason is not None:
                reasons.append(f"{path}: {in_quotes(name)} {reason}; {HOW_TO_MAKE}")
    if reasons:
        raise UserError(*reasons)
    return arrays


def refusals(file: zipfile.ZipFile, member: zipfile.ZipInfo, room: int, size: int) -> Iterator[str]:
    """Why a member of a file of `size` bytes is not read: what its header claims, and what the zip file says of it."""
    if member.flag_bits & 1:
        yield "is encrypted"
        return
    try:
        with file.open(member) as content:
            shape, dtype = read_header(content)
            header = content.tell()
    except (*BROKEN, MemoryError):  # Python's parser calls brackets that are too deep out of memory
        yield "has no readable header"
        return
    if dtype.hasobject:
        yield "holds Python objects, which are not loaded"
    elif any(size < 0 for size in shape):
        yield f"has shape {shape}"
    elif prod(shape) * dtype.itemsize != member.file_size - header:
        yield f"claims shape {shape} of {dtype}, but holds {member.file_size - header:,} bytes"
    elif member.file_size > DEFLATE * size:
        yield f"claims {member.file_size:,} bytes, more than a file of {size:,} can hold"
    elif prod(shape) > room:
        yield f"has shape {shape}: all arrays together have more than {MAX_ELEMENTS:,} elements"


def read_header(content: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and type that a member claims. Raises one of BROKEN."""
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(npy.read_magic(content))
    if read is None:
        raise ValueError("an unknown version of the format")
    shape, _, dtype = read(content, max_header_size=MAX_HEADER)
    return shape, dtype
