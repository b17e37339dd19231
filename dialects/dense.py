"""The one way between numpy and the IR: weights move as raw bytes, never element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    Float32Type,
    Float64Type,
    IntegerType,
    MemRefType,
    Signedness,
    TensorType,
    f32,
    f64,
    i1,
)
from xdsl.ir import Attribute

from .errors import UserError


class NoNumpyType(UserError, ValueError):
    """A type of numbers that no executor and no pass computes with."""


def dtype_of(element: Attribute) -> np.dtype[Any]:
    """The numpy type that stores an element: floats as they are, iN in the next of 8, 16, 32 or 64 bits.

    Raises NoNumpyType on any other type.
    """
    match element:
        case Float32Type():
            return np.dtype("<f4")
        case Float64Type():
            return np.dtype("<f8")
        case IntegerType():
            size = 1 << max(0, (element.width.data - 1).bit_length() - 3)
            unsigned = element.signedness.data == Signedness.UNSIGNED
            return np.dtype(f"<{'u' if unsigned else 'i'}{size}")
        case _:
            raise NoNumpyType(f"numbers of type {element} are not computed here: f32, f64 and integers are")


def element_of(dtype: np.dtype[Any]) -> Attribute:
    """The IR's element type of a numpy array. Raises ValueError where there is none."""
    match dtype.kind, dtype.itemsize:
        case "f", 4:
            return f32
        case "f", 8:
            return f64
        case "i", size:
            return IntegerType(8 * size)
        case "u", size:
            return IntegerType(8 * size, Signedness.UNSIGNED)
        case "b", 1:
            return i1
        case _:
            raise ValueError(f"numpy type {dtype} has no counterpart in the IR")


def to_numpy(value: DenseIntOrFPElementsAttr) -> NDArray[Any]:
    """The elements of a dense attribute, in its shape (a copy where a splat is expanded, else a read-only view)."""
    flat = np.frombuffer(value.data.data, dtype_of(value.get_element_type()))
    shape = value.get_shape()
    return np.broadcast_to(flat.reshape(()), shape) if flat.size == 1 else flat.reshape(shape)


def stored_elements(value: DenseIntOrFPElementsAttr) -> int:
    """How many numbers a dense attribute holds: one, where all its elements are equal and it says so."""
    return len(value.data.data) // dtype_of(value.get_element_type()).itemsize


def splat(array: NDArray[Any], shape: Sequence[int], element: Attribute | None = None) -> DenseIntOrFPElementsAttr:
    """A dense attribute of this shape whose elements are all the array's first: it holds one, whatever the shape."""
    element = element_of(array.dtype) if element is None else element
    type: TensorType[Any] = TensorType(element, shape)
    data = np.asarray(array[(0,) * array.ndim], dtype_of(element)).tobytes()
    return DenseIntOrFPElementsAttr(type, BytesAttr(data))  # pyright: ignore[reportArgumentType]


def from_numpy(array: NDArray[Any], element: Attribute | None = None) -> DenseIntOrFPElementsAttr:
    """A dense attribute with the array's elements, of the IR type `element` (by default the array's own).

    Of an array that repeats one element (numpy.broadcast_to), one is held.
    """
    element = element_of(array.dtype) if element is None else element
    if array.size > 1 and not any(array.strides):
        return splat(array, array.shape, element)
    data = np.ascontiguousarray(array, dtype_of(element)).tobytes()
    type: TensorType[Any] | MemRefType[Any] = TensorType(element, array.shape)
    return DenseIntOrFPElementsAttr(type, BytesAttr(data))  # pyright: ignore[reportArgumentType]
