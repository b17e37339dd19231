"""Writes the outputs of a model as an .npz file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .atomic_files import write_files


def write_outputs(path: Path, outputs: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name; a file that stands there is replaced at once or not at all. Raises UserError."""
    write_files({path: archive_bytes(outputs)})


def archive_bytes(outputs: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays by name as an .npz file, the same bytes for the same arrays.

    Any name will do, also one that `numpy.savez` takes for a parameter of its own.
    """
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in outputs.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()
