"""Products as multipliers of a device take them: split at their width, between registers."""

from __future__ import annotations

from .in_turn import in_turn
from .pipeline import Pipeline, Value, Wire, bits_of

MOST_DIGITS = 3
"""Of a factor in an address: sums of so many shifted values take less than a multiplier and the ways there."""


def multiply(pipeline: Pipeline, left: Value, right: Value, bits: int) -> Value:
    """`left * right` in so many bits."""
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    for number, other in ((left, right), (right, left)):
        if number == 0:
            return 0
        if isinstance(number, int) and isinstance(other, Wire):
            shift = (number & -number).bit_length() - 1
            if shift >= bits:
                return 0
            if number >> shift == 1:
                return shift_left(pipeline, other, shift, bits)
            if shift:
                return shift_left(pipeline, multiply(pipeline, other, number >> shift, bits - shift), shift, bits)
    width = min(bits, bits_of(left) + bits_of(right))
    narrow, wide = pipeline.limits.multiplier, pipeline.limits.wide
    limits = min(((narrow, wide), (wide, narrow)), key=lambda pair: pieces(left, pair[0]) * pieces(right, pair[1]))
    pairs = [
        (a, b, i + j)
        for a, i in parts(pipeline, left, limits[0])
        for b, j in parts(pipeline, right, limits[1])
        if i + j < width
    ]
    if pipeline.turn is not None and 1 < len(pairs) <= pipeline.turn.clocks:
        pairs.sort(key=lambda pair: pair[2])
        products = in_turn(pipeline, [(a, b) for a, b, _ in reversed(pairs)], width)
        return summed(pipeline, [(p, shift) for p, (_, _, shift) in zip(reversed(products), pairs, strict=True)], width)
    return summed(pipeline, [(one_product(pipeline, a, b, width - shift), shift) for a, b, shift in pairs], width)


def scaled(pipeline: Pipeline, value: Value, factor: int, bits: int) -> Value:
    """`value * factor` in so many bits, as a part of an address: by a factor of few digits it takes no multiplier."""
    digits = signed_digits(factor)
    if isinstance(value, int) or len(digits) > MOST_DIGITS:
        return multiply(pipeline, value, factor, bits)
    value, most, total = pipeline.registered(value), min(bits, value.bits + bits_of(factor)), None
    for shift, digit in digits:
        if shift < most:
            part = shift_left(pipeline, value, shift, most)
            is_first = total is None and digit > 0
            total = part if is_first else pipeline.compute("add" if digit > 0 else "sub", [total or 0, part], most)
    return total or 0


def signed_digits(number: int) -> list[tuple[int, int]]:
    """The powers of two that are added (1) or subtracted (-1), the highest first: as few as there can be.

    The non-adjacent form (G. W. Reitwiesner, Binary arithmetic, 1960).
    """
    digits, power = list[tuple[int, int]](), 0
    while number:
        if number & 1:
            digits.append((power, 2 - (number & 3)))
            number -= digits[-1][1]
        number, power = number >> 1, power + 1
    return digits[::-1]


def pieces(value: Value, limit: int) -> int:
    """In how many parts a value is split."""
    return max(1, -(-(bits_of(value) - 1) // (limit - 1)))


def parts(pipeline: Pipeline, value: Value, limit: int) -> list[tuple[Value, int]]:
    """A value as a sum of narrow ones, each times a power of two: the lower ones are not negative."""
    if bits_of(value) <= limit:
        return [(value, 0)]
    digit, found, shift = limit - 1, list[tuple[Value, int]](), 0
    while bits_of(value) > limit:
        if isinstance(value, int):
            found.append((value & ((1 << digit) - 1), shift))
            value >>= digit
        else:
            low = pipeline.compute("resize", [value], digit)
            found.append((pipeline.compute("zero_extend", [low], limit), shift))
            value = pipeline.compute("shr", [value], bits_of(value) - digit, digit)
        shift += digit
    return [*found, (value, shift)]


def one_product(pipeline: Pipeline, left: Value, right: Value, most: int) -> Value:
    """A product with registers before and behind it, of so many bits at most; by a power of two it is wires."""
    for number, other in ((left, right), (right, left)):
        if isinstance(number, int) and (isinstance(other, int) or number & (number - 1) == 0):
            return multiply(pipeline, other, number, most)
    bits = min(most, bits_of(left) + bits_of(right))
    return pipeline.product(left, right, bits)


def summed(pipeline: Pipeline, terms: list[tuple[Value, int]], bits: int) -> Value:
    """The sum of products times powers of two, cut to so many bits."""
    terms = sorted(terms, key=lambda term: term[1])
    total, shift = terms.pop()
    while True:
        if not terms:
            break
        term, below = terms.pop()
        shifted = shift_left(pipeline, total, shift - below)
        room = max(bits_of(shifted), bits_of(term)) + 1
        total = pipeline.register(pipeline.compute("add", [shifted, term], min(bits - below, room)))
        shift = below
    total = shift_left(pipeline, total, shift)
    return pipeline.compute("resize", [total], bits) if isinstance(total, Wire) and total.bits > bits else total


def shift_left(pipeline: Pipeline, value: Value, shift: int, most: int | None = None) -> Value:
    """`value << shift`, of so many bits at most."""
    if isinstance(value, int):
        return value << shift
    bits = value.bits + shift if most is None else min(most, value.bits + shift)
    return pipeline.compute("shl", [value], bits, shift) if shift else value
