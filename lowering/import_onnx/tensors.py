"""The numbers of a TensorProto, once its own statements about them are known to be true and not too large."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness

from ...dialects.onnx.budget import Budget
from .external_data import external_bytes
from .node import Unsupported

if TYPE_CHECKING:
    import onnx

ARRAY_TYPES = ("bool", "float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
"""Element types of constants, by numpy's names."""

NARROW_TYPES: dict[str, IntegerType] = {"int4": IntegerType(4), "uint4": IntegerType(4, Signedness.UNSIGNED)}
"""Element types that numpy has from ml_dtypes: a byte each in the IR."""

REAL_TYPES = ("float16", "bfloat16", "float64")
"""Element types that are taken as float32, by numpy's names."""


def array_of(tensor: object, budget: Budget, folder: Path | None = None) -> NDArray[Any]:
    """The numbers of a tensor, counted in the budget; `folder` is where files beside the model are.

    Raises Unsupported for what is no tensor, and for data that is not there or does not fit its shape; and what the
    budget raises.
    """
    from onnx import TensorProto, numpy_helper

    if not isinstance(tensor, TensorProto):
        raise Unsupported(f"a tensor is expected, not {tensor!r}; export the model again")
    shape = list(tensor.dims)
    if any(size < 0 for size in shape):
        raise Unsupported(f"a size in shape {shape} is negative; export the model again")
    if 0 in shape and len(shape) > 1:
        raise Unsupported(f"a tensor of shape {shape} holds no numbers; export the model again")
    budget.take_value(shape, "the tensor")
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        data = external_bytes(tensor, folder, byte_count(tensor.data_type, prod(shape)))
        tensor = TensorProto(dims=shape, data_type=tensor.data_type, raw_data=data)
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise Unsupported("the data is damaged; export the model again") from None
    if list(array.shape) != shape:
        raise Unsupported(f"the data has shape {list(array.shape)} instead of {shape}; export the model again")
    return array


def byte_count(data_type: int, elements: int) -> int:
    """The bytes in which ONNX keeps so many elements. Raises Unsupported for a type that has none."""
    from onnx import TensorProto, helper

    if data_type in (TensorProto.INT4, TensorProto.UINT4):
        return -(-elements // 2)
    sizes: dict[int, int] = {
        number: helper.tensor_dtype_to_np_dtype(number).itemsize
        for number in TensorProto.DataType.values()
        if number not in (TensorProto.UNDEFINED, TensorProto.STRING)
    }
    if (size := sizes.get(data_type, 0)) == 0:
        raise Unsupported(f"element type number {data_type} in another file is not supported; use float32 or int8")
    return elements * size


def finite(array: NDArray[Any]) -> NDArray[Any]:
    """Constants as the `onnx` dialect has them: reals as float32; one number alone may be an infinite bound.

    Several may be minus infinity, as in a mask. Raises Unsupported for other element types, NaN and infinite numbers.
    """
    if array.dtype.name in REAL_TYPES:
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
    if array.dtype.name in NARROW_TYPES:
        return array
    if array.dtype.name not in ARRAY_TYPES:
        raise Unsupported(f"element type {array.dtype} is not supported; use float32 or int8")
    bad = np.isnan(array) if array.size == 1 else ~(np.isfinite(array) | (array == -np.inf))
    if bad.any():
        raise Unsupported(f"{bad.sum()} of {array.size} weights are NaN or infinite; train or export it again")
    return array


def taken_as_float32(graph: onnx.GraphProto, inputs: Sequence[onnx.ValueInfoProto]) -> list[str]:
    """A remark for each real type of inputs and initializers that is not float32."""
    from onnx import TensorProto

    names = {TensorProto.FLOAT16: "float16", TensorProto.BFLOAT16: "bfloat16", TensorProto.DOUBLE: "float64"}
    found = [[i.type.tensor_type.elem_type for i in inputs], [t.data_type for t in graph.initializer]]
    return [
        f"{name} is taken as float32: {found[0].count(type)} inputs, {found[1].count(type)} weights"
        for type, name in names.items()
        if type in found[0] + found[1]
    ]
