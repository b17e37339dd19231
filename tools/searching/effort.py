"""How many rows of data a search can afford."""

from __future__ import annotations

from math import prod

from xdsl.dialects.func import FuncOp

from ...dialects.onnx.base import OnnxOp, shape_of
from .work import PRODUCTS, macs

ROWS = 1_000
"""At most so many rows are looked at."""

LEAST_ROWS = 32

WORK = 1 << 27
"""About how many multiply-accumulates, or elements, one evaluation may take, in numpy some tenth of a second."""


def affordable(function: FuncOp) -> int:
    """As many rows as keep one evaluation short, within bounds."""
    ops = [op for op in function.walk() if isinstance(op, OnnxOp) and op.results]
    work = sum(macs(op) if isinstance(op, PRODUCTS) else prod(shape_of(op.results[0])) for op in ops)
    return max(LEAST_ROWS, min(ROWS, WORK // max(1, work)))
