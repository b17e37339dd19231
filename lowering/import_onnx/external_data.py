"""Weights in files beside the model: read from the model's folder and from nowhere else.

A model names a file, an offset and a length (onnx.TensorProto.external_data); none of them is believed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from ...dialects.harmless import in_quotes
from .node import Unsupported

if TYPE_CHECKING:
    import onnx

MAX_OFFSET = 1 << 62
"""No file is longer."""


def external_bytes(tensor: onnx.TensorProto, folder: Path | None, expected: int) -> bytes:
    """The `expected` bytes of a tensor whose data is in another file in `folder` (None: there is no folder).

    Raises Unsupported for a file outside the folder, one that is not there, and a place that the file does not have.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    offset, length = number(entries, "offset", 0), number(entries, "length", expected)
    if length != expected:
        raise Unsupported(f"the data has {length:,} bytes instead of {expected:,}; export the model again")
    if folder is None:
        raise Unsupported("the data is in another file; give the model as a file, with that one beside it")
    shown = in_quotes(location)
    try:
        with open(opened(path_inside(location, folder)), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if offset + expected > size:
                raise Unsupported(
                    f"the data ends at byte {offset + expected:,} of {shown}, which has {size:,}; export or download "
                    "the model again"
                )
            file.seek(offset)
            data = file.read(expected)
    except OSError as error:
        raise Unsupported(
            f"the data is in {shown}, which cannot be read: {error.strerror}; put it beside the model"
        ) from None
    if len(data) != expected:
        raise Unsupported(f"the data in {shown} is shorter than it was; read it again once it is written")
    return data


def path_inside(location: str, folder: Path) -> Path:
    """Where a file of the model's folder is, without links. Raises Unsupported for what lies outside; OSError."""
    outside = f"the data is in {in_quotes(location)}, outside the model's folder; put it beside the model"
    parts = PureWindowsPath(location).parts + PurePosixPath(location).parts
    absolute = PureWindowsPath(location).drive or PureWindowsPath(location).root or location.startswith("/")
    if not location or "\0" in location or absolute or ".." in parts:
        raise Unsupported(outside)
    root = folder.resolve(strict=True)
    path = (root / location).resolve(strict=True)
    if not path.is_relative_to(root):
        raise Unsupported(outside)
    return path


def opened(path: Path) -> int:
    """A descriptor of a regular file; a pipe is not waited for. Raises OSError, and Unsupported for anything else."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unsupported(f"the data is in {in_quotes(path.name)}, which is no file; put it beside the model")
    return descriptor


def number(entries: dict[str, str], key: str, default: int) -> int:
    """An entry that counts bytes. Raises Unsupported where it does not."""
    text = entries.get(key, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > MAX_OFFSET:
        raise Unsupported(f"the {key} of its data is {in_quotes(text)}, no number of bytes; export the model again")
    return int(text)
