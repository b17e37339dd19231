"""Writes the outputs of a model as an .npz file, all or nothing."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dialects.errors import UserError


def write_outputs(path: Path, outputs: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name; a file that stands there is replaced at once or not at all.

    Any name will do, also one that `numpy.savez` takes for a parameter of its own. Raises UserError where it cannot.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".tinyml-") as scratch:
            written = Path(scratch) / "outputs.npz"
            with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
                for name, array in outputs.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            os.replace(written, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another file with --outputs") from error
