"""Small fractions that stand for a ratio of scales without changing any answer (neighbours in a Farey sequence)."""

from __future__ import annotations

from fractions import Fraction


def neighbours(ratio: Fraction, bound: int) -> tuple[Fraction, Fraction]:
    """The greatest fraction at most `ratio`, and the least one at least so, with denominators of at most `bound`.

    Both are `ratio` where its own denominator is small enough. It must be positive.
    """
    if ratio.denominator <= bound:
        return ratio, ratio
    nearest = ratio.limit_denominator(bound)
    # Neighbours in a Farey sequence: p'/q' beside p/q solves p q' - p' q = +-1 with the greatest q' in bounds.
    sign = 1 if nearest > ratio else -1
    p, q = nearest.numerator, nearest.denominator
    inverse = (sign * pow(p, -1, q)) % q if q > 1 else 0
    other = bound - (bound - inverse) % q
    beside = Fraction((p * other - sign) // q, other)
    return (beside, nearest) if sign > 0 else (nearest, beside)


def order_preserving(ratio: Fraction, left: int, right: int) -> tuple[int, int]:
    """p and q such that `a * p` compares with `b * q` as `a * ratio` does with `b`, for |a| <= left, |b| <= right.

    No fraction b / a of such numbers lies between p / q and the ratio, nor is equal to one of the two alone.
    """
    beyond = int(right / ratio) + 1  # for a of this size and more, a * ratio is greater than every b
    if beyond == 1:
        return right + 1, 1
    low, high = neighbours(ratio, max(1, min(left, beyond)))
    if low == high:
        return low.numerator, low.denominator
    return low.numerator + high.numerator, low.denominator + high.denominator
