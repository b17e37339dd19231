"""Products without a multiplier: a row of adders for each bit of the narrower factor."""

from __future__ import annotations

from .pipeline import Pipeline, Value, Wire, cost
from .products import multiply

MOST_BITS = 10
"""Of the narrower factor: with more, adders take more than a multiplier is worth."""


def multiply_by_rows(pipeline: Pipeline, left: Value, right: Value, bits: int) -> Value:
    """`left * right` in so many bits, each row added to the upper bits of those before it; the sign's is subtracted."""
    if not isinstance(left, Wire) or not isinstance(right, Wire) or min(left.bits, right.bits) > MOST_BITS:
        return multiply(pipeline, left, right, bits)
    wide, narrow = (left, right) if left.bits >= right.bits else (right, left)
    total: Value = row(pipeline, wide, narrow, 0, max(wide.stage, narrow.stage))
    finished: list[Value] = []
    for bit in range(1, narrow.bits):
        assert isinstance(total, Wire)
        finished.append(pipeline.compute("element", [total], 1, 0))
        upper = pipeline.compute("shr", [total], max(1, total.bits - 1), 1)
        kind = "sub" if bit == narrow.bits - 1 else "add"
        if upper.level + cost(kind, wide.bits + 1) > pipeline.limits.levels:
            registered = pipeline.register(upper)
            assert isinstance(registered, Wire)
            upper = registered
        added = row(pipeline, wide, narrow, bit, upper.stage)
        total = pipeline.compute(kind, [upper, added], max(upper.bits, added.bits) + 1, stage=upper.stage)
    return joined(pipeline, finished, total, min(bits, left.bits + right.bits))


def row(pipeline: Pipeline, wide: Wire, narrow: Wire, bit: int, stage: int) -> Wire:
    """A factor where a bit of the other one is 1, else 0."""
    chosen = pipeline.compute("element", [narrow], 1, bit)
    return pipeline.compute("select", [chosen, wide, 0], wide.bits, stage=stage)


def joined(pipeline: Pipeline, finished: list[Value], total: Value, bits: int) -> Value:
    """The bits below, and those of the last row, in a register."""
    assert isinstance(total, Wire)
    width = len(finished) + total.bits
    word = pipeline.compute("join", [*finished, total], width, stage=total.stage)
    return pipeline.register(pipeline.compute("resize", [word], bits) if width > bits else word)
