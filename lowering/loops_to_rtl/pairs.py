"""Two products of narrow numbers with a common factor in one multiplier of a device.

`(a * 2^s + b) * c = a * c * 2^s + b * c` is exact where the multiplier takes the sum and `b * c` has at most `s` bits
(Xilinx WP486, for other widths). With `2^(s - 1)` added the low part is not negative: the high part is then `a * c`,
and the low one `b * c` with the other sign bit. A device with adders before and behind its multipliers makes both sums
there.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...dialects.mcu import LOGIC, SHARED
from ...dialects.rtl import signed_bits
from .pipeline import Limits, Pipeline, Value, Wire, bits_of
from .products import multiply
from .ranges import Range, products_of, range_of
from .rows import multiply_by_rows

Factors = tuple[Value, Value]


def multiply_all(pipeline: Pipeline, factors: Sequence[Factors], bits: int, kind: str) -> dict[Factors, Value]:
    """The products of pairs of factors in so many bits, each pair once, by multipliers of a kind (dialects/mcu.py)."""
    if kind == SHARED:
        return shared(pipeline, factors, bits)
    one = multiply_by_rows if kind == LOGIC else multiply
    return {pair: one(pipeline, *pair, bits) for pair in dict.fromkeys(factors)}


def shared(pipeline: Pipeline, factors: Sequence[Factors], bits: int) -> dict[Factors, Value]:
    """The products, two with a common factor in one multiplier where that is exact."""
    made: dict[Factors, Value] = {}
    waiting: dict[Wire, tuple[Value, Factors]] = {}
    side = common_side(factors)
    for pair in dict.fromkeys(factors):
        common, other = pair[side], pair[1 - side]
        if not isinstance(common, Wire) or not isinstance(other, Wire):
            made[pair] = multiply(pipeline, *pair, bits)
            continue
        if common not in waiting:
            waiting[common] = other, pair
            continue
        first, first_pair = waiting.pop(common)
        found = two_products(pipeline, first, other, common, bits)
        made[first_pair], made[pair] = found or (multiply(pipeline, *first_pair, bits), multiply(pipeline, *pair, bits))
    for _, pair in waiting.values():
        made[pair] = multiply(pipeline, *pair, bits)
    return made


def common_side(factors: Sequence[Factors]) -> int:
    """The side of the factors of which there are fewer."""
    return 0 if len({left for left, _ in factors}) <= len({right for _, right in factors}) else 1


def shared_shift(limits: Limits, low: Range, high: Range, common: Range) -> int | None:
    """The distance of two products in one multiplier; None where it is too narrow."""
    shift = signed_bits(*products_of(low, common))
    is_narrow = signed_bits(*common) <= limits.multiplier
    return shift if packed_bits(low, high, shift) <= limits.wide and is_narrow else None


def packed_bits(low: Range, high: Range, shift: int) -> int:
    """The bits of `high * 2^shift + low`."""
    return signed_bits((high[0] << shift) + low[0], (high[1] << shift) + low[1])


def two_products(pipeline: Pipeline, low: Value, high: Value, common: Wire, bits: int) -> tuple[Value, Value] | None:
    """`low * common` and `high * common`; None where they do not fit one multiplier."""
    shift = shared_shift(pipeline.limits, range_of(low), range_of(high), range_of(common))
    if shift is None or shift >= bits or not isinstance(low, Wire):
        return None
    above = pipeline.compute("shl", [high], bits_of(high) + shift, shift)
    width = packed_bits(range_of(low), range_of(high), shift)
    packed = pipeline.compute("add", [above, low], width)
    both = pipeline.product(packed, common, width + common.bits)
    lifted = pipeline.register(pipeline.compute("add", [both, 1 << shift - 1], width + common.bits))
    assert isinstance(lifted, Wire)
    bare = pipeline.compute("resize", [lifted], shift - 1)
    sign = pipeline.compute("not", [pipeline.compute("element", [lifted], 1, shift - 1)], 1)
    first = pipeline.compute("join", [bare, sign], shift)
    return first, pipeline.compute("shr", [lifted], min(bits, bits_of(high) + bits_of(common)), shift)
