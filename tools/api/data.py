"""Inputs as a caller of the Python interface has them: a file, an array, arrays by name."""

from __future__ import annotations

import hashlib
import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import TensorType

from ...dialects.errors import UserError
from ...targets.dataset import Dataset, dataset_of, load_dataset
from ..outputs import archive_bytes

Data = str | Path | ArrayLike | Mapping[str, ArrayLike] | Dataset
"""An .npz file, rows of the only input, rows by the names of inputs, or what was read of these."""


def dataset_from(data: Data, types: Mapping[str, TensorType]) -> Dataset:
    """Rows for a model whose inputs have these types; a single row may come without its first axis.

    Raises UserError as `load_dataset` does.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        return load_dataset(data, types)
    arrays = arrays_of(data)
    for name, type in types.items():
        key = name if name in arrays else "x"
        if key in arrays and arrays[key].shape == type.get_shape()[1:]:
            arrays[key] = arrays[key][np.newaxis]
    return dataset_of(arrays, types, "inputs")


def arrays_of(data: object) -> dict[str, NDArray[Any]]:
    """Arrays by name. Raises UserError for what is none."""
    named = cast(Mapping[str, ArrayLike], data) if isinstance(data, Mapping) else {"x": cast(ArrayLike, data)}
    arrays = {name: np.asarray(array) for name, array in named.items()}
    wrong = [name for name, array in arrays.items() if array.dtype.kind not in "fiub"]
    if wrong:
        raise UserError(*(f"inputs: '{name}' is no array of numbers" for name in wrong))
    return arrays


class Files:
    """Arrays as files, which passes read, in a folder that lasts as long as this object; the same arrays once."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def path(self, data: Data | None) -> Path | None:
        """The file of data; None for None. Raises UserError."""
        if data is None or isinstance(data, str | Path):
            return None if data is None else Path(data)
        content = archive_bytes(data.inputs if isinstance(data, Dataset) else arrays_of(data))
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="tinyml-"))
            weakref.finalize(self, shutil.rmtree, self._folder, True)
        path = self._folder / f"{hashlib.sha256(content).hexdigest()}.npz"
        if not path.exists():
            path.write_bytes(content)
        return path
