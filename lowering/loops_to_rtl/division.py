"""Division, a bit of the quotient each stage (restoring), of magnitudes; the sign follows."""

from __future__ import annotations

from .pipeline import Pipeline, Value, Wire, bits_of


def divide(pipeline: Pipeline, dividend: Value, divisor: Value) -> Value:
    """The quotient, cut towards zero."""
    if isinstance(dividend, int) and isinstance(divisor, int):
        return int(abs(dividend) // abs(divisor)) * (1 if (dividend < 0) == (divisor < 0) else -1)
    above, negative = magnitude(pipeline, dividend)
    below, other = magnitude(pipeline, divisor)
    bits = bits_of(above) - 1
    rest: Value = 0
    quotient: Value = 0
    room = bits_of(below)
    for bit in reversed(range(bits)):
        rest, quotient = step(pipeline, rest, quotient, above, below, bit, room)
    assert isinstance(quotient, Wire)
    positive = pipeline.compute("zero_extend", [quotient], bits + 1)
    opposite = pipeline.compute("sub", [0, positive], bits + 1)
    changed = pipeline.compute("xor", [negative, other], 1)
    return pipeline.compute("select", [changed, opposite, positive], bits + 1)


def magnitude(pipeline: Pipeline, value: Value) -> tuple[Value, Value]:
    """The magnitude as a number that is not negative, and the sign as a bit."""
    if isinstance(value, int):
        return abs(value), -1 if value < 0 else 0
    sign = pipeline.compute("slt", [value, 0], 1)
    opposite = pipeline.compute("sub", [0, value], value.bits + 1)
    return pipeline.register(pipeline.compute("select", [sign, opposite, value], value.bits + 1)), sign


def step(
    pipeline: Pipeline, rest: Value, quotient: Value, above: Value, below: Value, bit: int, room: int
) -> tuple[Value, Value]:
    """One bit: the rest with the next bit of the dividend, less the divisor where that is not negative."""
    bits = room + 1
    if isinstance(above, int):
        following: Value = above >> bit & 1
    else:
        following = pipeline.compute("element", [above], 1, bit)
    joined = pipeline.compute("join", [one_bit(pipeline, following), resize(pipeline, rest, bits - 1)], bits)
    left = pipeline.compute("sub", [joined, below], bits)
    enough = pipeline.compute("sge", [left, 0], 1)
    chosen = pipeline.compute("select", [enough, left, joined], bits)
    kept = pipeline.register(pipeline.compute("resize", [chosen], bits))
    if quotient == 0 and isinstance(quotient, int):
        return kept, pipeline.register(enough)
    assert isinstance(quotient, Wire)
    return kept, pipeline.register(pipeline.compute("join", [enough, quotient], quotient.bits + 1))


def one_bit(pipeline: Pipeline, value: Value) -> Value:
    """A bit."""
    return Wire(pipeline.constant(-value, 1), 0, 0.0, True) if isinstance(value, int) else value


def resize(pipeline: Pipeline, value: Value, bits: int) -> Value:
    """The lowest bits; a number becomes a wire, of which a word is joined."""
    if isinstance(value, int):
        return Wire(pipeline.constant(value, bits), 0, 0.0, True)
    return value if value.bits == bits else pipeline.compute("resize", [value], bits)
