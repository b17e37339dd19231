"""Functions of integers and truth values in numpy's wrapping arithmetic, comparisons, selection, casts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import IntegerType

from ....dialects import onnx
from ....dialects.onnx.base import element_of, shape_of
from .types import Array, Real, numpy_type

Function = Callable[..., Any]


def divisor(b: Array) -> Array:
    """A divisor of 0 counts as 1."""
    return np.where(b == 0, np.ones_like(b), b)


def quotient(a: Array, b: Array) -> Array:
    """a / b, towards zero; the rest is taken off first, so that floor division is exact."""
    b = divisor(b)
    return (a - np.fmod(a, b)) // b


def modulo(a: Array, b: Array) -> Array:
    """The rest of a division, with the sign of the divisor."""
    return np.mod(a, divisor(b))


def remainder(a: Array, b: Array) -> Array:
    """The rest of a division, with the sign of the dividend."""
    return np.fmod(a, divisor(b))


def shift_left(a: Array, b: Array) -> Array:
    """a * 2^b; 0 where b is negative, or the width or more."""
    last = 8 * a.dtype.itemsize - 1
    return np.where((b >= 0) & (b <= last), np.left_shift(a, np.clip(b, 0, last)), a.dtype.type(0))


def shift_right(a: Array, b: Array) -> Array:
    """floor(a / 2^b); where b is negative, or the width or more, -1 of negative numbers and else 0."""
    last = 8 * a.dtype.itemsize - 1
    inside = (b >= 0) & (b <= last)
    return np.where(inside, np.right_shift(a, np.clip(b, 0, last)), -(a < 0).astype(a.dtype))


FUNCTIONS: Mapping[str, Function] = {
    "abs": np.abs,
    "neg": np.negative,
    "not": np.invert,
    "sign": np.sign,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": quotient,
    "mod": modulo,
    "remainder": remainder,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "shift_left": shift_left,
    "shift_right": shift_right,
    "equal": np.equal,
    "less": np.less,
    "less_or_equal": np.less_equal,
}
"""The functions of IntegerUnary, IntegerBinary and Compare."""


def function(op: onnx.IntegerUnaryOp | onnx.IntegerBinaryOp | onnx.CompareOp, operands: Sequence[Array]) -> Array:
    """The function that an op names, in the operands' type."""
    return np.asarray(FUNCTIONS[op.function.data](*aligned(op, operands)))


def aligned(op: onnx.OnnxOp, operands: Sequence[Array]) -> list[Array]:
    """Operands with as many dimensions as the result; those that one lacks come after the batch axis."""
    rank = len(shape_of(op.results[0]))
    return [v.reshape(len(v), *(1,) * (rank + 1 - v.ndim), *v.shape[1:]) for v in operands]


def where(op: onnx.WhereOp, operands: Sequence[Array]) -> Array:
    """condition ? x : y"""
    condition, x, y = aligned(op, operands)
    return np.where(condition, x, y)


def not_finite(op: onnx.NotFiniteOp, operands: Sequence[Array]) -> Array:
    """Whether a real is what the op looks for."""
    (x,), which = operands, op.function.data
    if which == "nan":
        return np.isnan(x)
    sign = {"positive": x > 0, "negative": x < 0}.get(which, True)
    return np.isinf(x) & sign


def cast(op: onnx.CastOp, operands: Sequence[Array], real: Real = np.float32) -> Array:
    """The same number in another type; reals beyond an integer type become its nearest limit."""
    (x,), element = operands, element_of(op.result)
    dtype = numpy_type(element, real)
    if x.dtype.kind != "f" or dtype.kind not in "iu":
        return x.astype(dtype)
    assert isinstance(element, IntegerType)
    limits = np.iinfo(dtype)
    whole = np.trunc(x.astype(np.float64))
    inside = np.clip(whole, float(limits.min), np.nextafter(float(limits.max) + 1, 0)).astype(dtype)
    return np.where(whole >= limits.max, dtype.type(limits.max), inside)
