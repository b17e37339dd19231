"""The parts of a wide product in one multiplier, one after the other, where the next product is so many clocks away.

In the clock of its step a product's first part is chosen, a clock later the second one: by flags that say how many
clocks ago the step was. No other step is that near, so that nothing has to be held.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from .pipeline import Pipeline, Value, Wire, bits_of


def in_turn(pipeline: Pipeline, pairs: Sequence[tuple[Value, Value]], bits: int) -> list[Value]:
    """The products of pairs, of so many bits at most: each is there a clock behind the one before it.

    The caller sees to it that the pipeline has a clock for each pair.
    """
    assert pipeline.turn is not None and len(pairs) <= pipeline.turn.clocks
    factors = [[pipeline.registered(value) for value in side] for side in zip(*pairs, strict=True)]
    stage = max((v.stage for side in factors for v in side if isinstance(v, Wire) and not v.is_static), default=0)
    flags = [pipeline.valid(pipeline.turn.flag, stage + clock) for clock in range(len(pairs) - 1)]
    left, right = (chosen(pipeline, side, flags, stage) for side in factors)
    product = pipeline.product(left, right, min(bits, bits_of(left) + bits_of(right)))
    assert isinstance(product, Wire)
    return [Wire(product.value, product.stage + clock) for clock in range(len(pairs))]


def chosen(pipeline: Pipeline, values: Sequence[Value], flags: Sequence[SSAValue], stage: int) -> Value:
    """The value of each clock from a stage on: the first one where the first flag is 1, the last where none is."""
    if all(value == values[0] for value in values) and isinstance(values[0], int):
        return values[0]
    bits = max(map(bits_of, values))
    there = [Wire(pipeline.at(value, stage + clock), stage) for clock, value in enumerate(values)]
    result = there[-1]
    for flag, value in reversed(list(zip(flags, there[:-1], strict=True))):
        result = pipeline.compute("select", [Wire(flag, stage), value, result], bits, stage=stage)
    return result
