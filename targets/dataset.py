"""Data files: `.npz` with the model's inputs, and perhaps labels.

An input is stored under its own name, or under `x` when the model has one input. `x_scale` and `x_offset` (or
NAME_scale, NAME_offset) say what stored numbers mean: real = x * x_scale + x_offset. Without them numbers are real, but
for integers where the model's own input holds integers: then they are these. `y` holds class
labels; of a model with an input of that name they are called `labels`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType

from ..dialects.dense import dtype_of
from ..dialects.errors import UserError
from ..dialects.fixed.types import storage_limits
from ..dialects.harmless import in_quotes, in_terminal
from .npz import read_arrays

SHOWN = 8
"""Inputs without data that a message names."""

LABELS, LABELS_BESIDE_Y = "y", "labels"
"""The array of class labels, and its name where the model has an input called as it usually is."""


@dataclass(frozen=True)
class Dataset:
    """Inputs by name, each (rows, *shape of the model's input), and labels (rows,) where the file has them.

    An input is float32 and in real units, unless `stored[name]`: then it holds the integers of a model whose own input
    is quantized.
    """

    inputs: dict[str, NDArray[Any]]
    stored: dict[str, bool]
    labels: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def integers(self, name: str, storage: IntegerType) -> NDArray[Any]:
        """An input that holds the model's integers; truth values (i1) as 0 and 1.

        Raises UserError for any that this type does not hold, and for real numbers.
        """
        is_bool = storage.width.data == 1
        values, (low, high) = self.inputs[name], (0, 1) if is_bool else storage_limits(storage)
        if not self.stored[name]:
            kind = "truth values (bool)" if is_bool else f"integers ({dtype_of(storage)})"
            raise UserError(
                f"input {in_quotes(name)} takes {kind}, the data file has real numbers for it; store the array as "
                f"{np.bool_.__name__.strip('_') if is_bool else dtype_of(storage)}, without scale and offset"
            )
        if (is_bool or storage.width.data > 16) and not low <= values.min() <= values.max() <= high:
            raise UserError(
                f"input {in_quotes(name)} takes integers in [{low}, {high}], got [{values.min()}, {values.max()}]"
            )
        if values.min() < low or values.max() > high:
            raise UserError(
                f"input {in_quotes(name)} takes integers in [{low}, {high}], got [{values.min()}, {values.max()}]; to "
                f"give real numbers, store them as float32, or say their scale in an array {in_quotes(name + '_scale')}"
            )
        return values.astype(dtype_of(storage))

    def head(self, rows: int) -> Dataset:
        """The first rows."""
        inputs = {name: x[:rows] for name, x in self.inputs.items()}
        return Dataset(inputs, self.stored, None if self.labels is None else self.labels[:rows])


def load_dataset(path: str | Path, types: Mapping[str, TensorType]) -> Dataset:
    """Read a data file for a model whose inputs have these types (leading batch of 1 included).

    Raises UserError with every mismatch: no such file or array, no numbers, wrong shape, different row counts, NaN.
    """
    return dataset_of(read_arrays(Path(path)), types, path)


def dataset_of(arrays: Mapping[str, NDArray[Any]], types: Mapping[str, TensorType], path: str | Path) -> Dataset:
    """The same of arrays; `path` is what messages call them. Raises UserError."""
    keys = {name: name if name in arrays else "x" if "x" in arrays and len(types) == 1 else None for name in types}
    reasons = missing([name for name, key in keys.items() if key is None], arrays, path)
    inputs: dict[str, NDArray[Any]] = {}
    stored: dict[str, bool] = {}
    for name, key in keys.items():
        if key is not None:
            try:
                inputs[name], stored[name] = input_of(arrays, key, name, types[name], path)
            except UserError as error:
                reasons += error.reasons
    called = LABELS_BESIDE_Y if LABELS in types else LABELS
    labels = None if called in types else arrays.get(called)
    if labels is not None and not (labels.ndim > 0 and labels.size == len(labels) and is_integral(labels)):
        found = f"{labels.dtype} of shape {labels.shape}"
        reasons.append(f"{path}: '{called}' must hold one class number per row, got {found}")
        labels = None
    lengths = {len(x) for x in [*inputs.values(), *([labels] if labels is not None else [])]}
    if len(lengths) > 1:
        reasons.append(f"{path}: arrays of different lengths {sorted(lengths)}; each needs one row per sample")
    if lengths == {0}:
        reasons.append(f"{path}: no rows")
    if reasons:
        raise UserError(*reasons)
    return Dataset(inputs, stored, None if labels is None else labels.reshape(-1).astype(np.int64))


def missing(names: Sequence[str], arrays: Mapping[str, NDArray[Any]], path: str | Path) -> list[str]:
    """What is said of inputs for which there is no array: a line each, the first few only."""
    found = in_terminal(str(sorted(arrays)))
    said = [f"{path}: no array for input {in_quotes(n)}; it has {found} (name it so, or 'x')" for n in names[:SHOWN]]
    return said + [f"{path}: no arrays for {len(names) - SHOWN} more inputs"] * (len(names) > SHOWN)


def input_of(
    arrays: Mapping[str, NDArray[Any]], key: str, name: str, type: TensorType, path: str | Path
) -> tuple[NDArray[Any], bool]:
    """The rows of an input, and whether they are the model's integers. Raises UserError."""
    shape, numbers = type.get_shape(), arrays[key]
    if numbers.dtype.kind not in "fiub":
        raise UserError(f"{path}: {in_quotes(key)} holds {numbers.dtype}, not real numbers")
    rows = fit_shape(numbers, shape)
    if rows is None:
        expected = f"(rows, {', '.join(map(str, shape[shape[0] == 1 :]))})"
        expected += f"; labels are called '{LABELS_BESIDE_Y}' here" if key == LABELS else ""
        raise UserError(
            f"{path}: {in_quotes(key)} has shape {numbers.shape}, the model's input {in_quotes(name)} takes {expected}"
        )
    units = [n for n in (f"{key}_scale", f"{key}_offset") if n in arrays]
    if bad := [n for n in units if not is_number(arrays[n])]:
        raise UserError(*(f"{path}: {in_quotes(n)} must be one finite number" for n in bad))
    is_stored = isinstance(type.element_type, IntegerType) and rows.dtype.kind != "f" and not units
    rows = rows if is_stored else to_real(rows, arrays, key)
    if not np.isfinite(rows).all():
        raise UserError(f"{path}: {in_quotes(key)} holds NaN or infinite values (as float32); remove those rows")
    return rows, is_stored


def is_number(array: NDArray[Any]) -> bool:
    """One finite number."""
    return array.size == 1 and array.dtype.kind in "fiu" and bool(np.isfinite(array).all())


def is_integral(array: NDArray[Any]) -> bool:
    """Whole numbers, of any type."""
    return array.dtype.kind in "iub" or (array.dtype.kind == "f" and bool((np.mod(array, 1) == 0).all()))


def to_real(rows: NDArray[Any], arrays: Mapping[str, NDArray[Any]], key: str) -> NDArray[np.float32]:
    """Stored numbers in real units; infinite where float32 does not reach."""
    scale, offset = (
        np.float32(np.asarray(arrays.get(f"{key}_{part}", default)).reshape(()))
        for part, default in (("scale", 1.0), ("offset", 0.0))
    )
    with np.errstate(over="ignore", invalid="ignore"):
        return (rows.astype(np.float32) * scale + offset).astype(np.float32)


def fit_shape(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The array as (rows, *shape), or None. Dimensions of size 1 may be missing or stand elsewhere."""
    wanted = [size for size in shape if size != 1]
    if array.ndim == 0 or [size for size in array.shape[1:] if size != 1] != wanted:
        return None
    return array.reshape(len(array), *shape)
