"""The numbers of a TensorProto, once its own statements about them are known to be true and not too large."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ...dialects.onnx.budget import Budget
from .node import Unsupported


def array_of(tensor: object, budget: Budget) -> NDArray[Any]:
    """The numbers of a tensor, counted in the budget.

    Raises Unsupported for what is no tensor, and for data that is not in the file or does not fit its shape; and what
    the budget raises.
    """
    from onnx import TensorProto, numpy_helper

    if not isinstance(tensor, TensorProto):
        raise Unsupported(f"a tensor is expected, not {tensor!r}; export the model again")
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise Unsupported("the data is in another file; save the model with its weights inside")
    shape = list(tensor.dims)
    if any(size < 0 for size in shape):
        raise Unsupported(f"a size in shape {shape} is negative; export the model again")
    if 0 in shape and len(shape) > 1:
        raise Unsupported(f"a tensor of shape {shape} holds no numbers; export the model again")
    budget.take_value(shape, "the tensor")
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise Unsupported("the data is damaged; export the model again") from None
    if list(array.shape) != shape:
        raise Unsupported(f"the data has shape {list(array.shape)} instead of {shape}; export the model again")
    return array
