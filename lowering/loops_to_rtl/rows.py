"""Products without a multiplier: a row of adders for each bit of the narrower factor.

All products of the same widths are one unit. It takes the wide factor in each of its stages, and of the narrow one
those bits whose rows lie there: lanes that share a factor share the registers that bring it there.
"""

from __future__ import annotations

from itertools import groupby

from xdsl.ir import Block

from ...dialects import rtl
from ...dialects.rtl.values import wire_type
from .pipeline import Limits, Pipeline, Value, Wire, cost
from .products import multiply

MOST_BITS = 10
"""Of the narrower factor: with more, adders take more than a multiplier is worth."""

Stages = tuple[int, ...]
"""The stage of each row, in the order of bits, counted from that of the first."""


def multiply_by_rows(pipeline: Pipeline, left: Value, right: Value, bits: int) -> Value:
    """`left * right` in so many bits, each row added to the upper bits of those before it; the sign's is subtracted."""
    if not isinstance(left, Wire) or not isinstance(right, Wire) or min(left.bits, right.bits) > MOST_BITS:
        return multiply(pipeline, left, right, bits)
    wide, narrow = (left, right) if left.bits >= right.bits else (right, left)
    if pipeline.limits.far_registers:  # lanes lie all over a part, and tools copy registers
        wide, narrow = pipeline.registered(wide), pipeline.registered(narrow)
        assert isinstance(wide, Wire) and isinstance(narrow, Wire), "only numbers are none"
    first = max(wide.stage, narrow.stage)
    level = max((w.level for w in (wide, narrow) if w.stage == first and not w.is_static), default=0.0)
    stages, bits = stages_of(pipeline.limits, wide.bits, narrow.bits, level), min(bits, left.bits + right.bits)
    unit = pipeline.units.of(
        f"product{wide.bits}x{narrow.bits}",
        (stages, bits),
        lambda: rows_of(pipeline.limits, wide.bits, stages, bits),
    )
    factors = [pipeline.at(wide, first + stage) for stage, _ in in_stages(stages)]
    parts = [(stage, pipeline.part(narrow, rows[0], len(rows))) for stage, rows in in_stages(stages)]
    use = rtl.UseOp(unit.sym_name.data, [*factors, *(pipeline.at(part, first + stage) for stage, part in parts)], bits)
    pipeline.block.add_op(use)
    return Wire(use.result, first + stages[-1] + 1)


def in_stages(stages: Stages) -> list[tuple[int, list[int]]]:
    """The rows of each stage that has some."""
    return [(stage, list(rows)) for stage, rows in groupby(range(len(stages)), lambda row: stages[row])]


def stages_of(limits: Limits, wide: int, narrow: int, level: float) -> Stages:
    """The stage of each row of factors of so many bits, which lie behind so many levels of logic."""
    stages, selected, total, bits = [0], level + cost("select", wide), level + cost("select", wide), wide
    for _ in range(1, narrow):
        stage = stages[-1]
        if total + cost("add", wide + 1) > limits.levels:
            stage, total, selected = stage + 1, 0.0, cost("select", wide)
        bits = max(bits - 1, wide) + 1
        total = max(total, selected) + cost("add", bits)
        stages.append(stage)
    return tuple(stages)


def rows_of(limits: Limits, wide: int, stages: Stages, bits: int) -> Block:
    """The unit: its arguments are the wide factor in each stage, then the bits of the narrow one that lie there."""
    groups = in_stages(stages)
    block = Block(arg_types=[wire_type(wide)] * len(groups) + [wire_type(len(rows)) for _, rows in groups])
    pipeline = Pipeline(block, limits)
    total, finished = None, list[Value]()
    for (stage, rows), factor, part in zip(groups, block.args, block.args[len(groups) :], strict=False):
        factor.name_hint, part.name_hint = "wide", "narrow"
        for number, row in enumerate(rows):
            bit = pipeline.part(Wire(part, stage), number, 1)
            added = pipeline.compute("select", [bit, Wire(factor, stage), 0], wide, stage=stage)
            if total is None:
                total = added
                continue
            finished.append(pipeline.part(total, 0, 1))
            upper = pipeline.compute("shr", [total], max(1, total.bits - 1), 1, total.stage)
            kind = "sub" if row == len(stages) - 1 else "add"
            total = pipeline.compute(kind, [upper, added], max(upper.bits, added.bits) + 1, stage=stage)
    assert total is not None, "a factor has a bit"
    block.add_op(rtl.GiveOp(pipeline.at(joined(pipeline, finished, total, bits), stages[-1] + 1)))
    return block


def joined(pipeline: Pipeline, finished: list[Value], total: Wire, bits: int) -> Value:
    """The bits below, and those of the last row, in a register."""
    width = len(finished) + total.bits
    word = pipeline.compute("join", [*finished, total], width, stage=total.stage)
    return pipeline.register(pipeline.part(word, 0, bits) if width > bits else word)
