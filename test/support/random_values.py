"""What is known of a value while a random graph grows: its numbers, and whether a node has any."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnx.reference import ReferenceEvaluator

Array = NDArray[Any]

OPSET = 24
GREATEST = 1e4
"""Values beyond it are left out: 8 bits of such a range say nothing of the others."""

MOST_ELEMENTS = 600


def port(name: str, array: Array) -> onnx.ValueInfoProto:
    """An input or output with its type."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def numbers(random: np.random.Generator, shape: Sequence[int], dtype: str) -> Array:
    """Random numbers of any type: reals between -2 and 2, integers of one decimal digit."""
    if dtype == "float32":
        return random.uniform(-2, 2, shape).astype(np.float32)
    low, high = (0, 2) if dtype == "bool" else (0 if dtype[0] == "u" else -9, 10)
    return random.integers(low, high, shape).astype(dtype)


def is_moderate(result: Array) -> bool:
    """Neither empty nor large, of finite numbers that are neither."""
    if not 0 < result.size <= MOST_ELEMENTS or result.ndim > 5:
        return False
    return bool(np.isfinite(result).all() and np.abs(result.astype(np.float64)).max() <= GREATEST)


def computed(node: onnx.NodeProto, inputs: dict[str, Array]) -> list[Array] | None:
    """The results of a node; None where its types, its shapes or its numbers are not possible."""
    ports = [port(name, array) for name, array in inputs.items()]
    outputs = [helper.make_value_info(name, onnx.TypeProto()) for name in node.output]
    model = helper.make_model(
        helper.make_graph([node], "one", ports, outputs), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=11
    )
    try:
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(None, inputs)
    except Exception:  # whatever C++ and numpy raise for what is not possible
        return None
    arrays = [np.asarray(result) for result in results]
    return arrays if all(array.dtype.kind in "fiub" and array.dtype != np.float64 for array in arrays) else None
