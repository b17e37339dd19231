"""Numbers in sums of products become one: patterns of `loops-use-machine-operations`.

Cores with a multiply-accumulate then need one instruction for each product. Each partial sum is proven to stay within
its type, from the widths of what is multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, i32
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ...dialects.machine import multiply_add_word, saturate
from ...dialects.mcu.words import MachineOp
from .indices.advance import constant_of
from .indices.intervals import Interval

WORD_LIMITS = -(1 << 31), (1 << 31) - 1


@dataclass(frozen=True)
class Sum:
    """`addend + sum of factor * value`, made of so many numbers that are added."""

    terms: tuple[tuple[SSAValue, int], ...] = ()
    addend: int = 0
    addends: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.terms + other.terms, self.addend + other.addend, self.addends + other.addends)

    def times(self, factor: int) -> Sum:
        """Each part multiplied by a number."""
        return replace(
            self, terms=tuple((value, factor * old) for value, old in self.terms), addend=factor * self.addend
        )

    def partial(self) -> Iterator[Interval | None]:
        """What each product, and each sum from the first product with the addend on, can be; None if nobody knows."""
        low = high = self.addend
        for value, factor in self.terms:
            known = limits(value)
            if known is None:
                yield None
                return
            least, greatest = sorted(factor * bound for bound in known)
            low, high = low + least, high + greatest
            yield least, greatest
            yield low, high

    @property
    def fits(self) -> bool:
        """Whether all of these are words."""
        least, greatest = WORD_LIMITS
        return all(found is not None and least <= found[0] and found[1] <= greatest for found in self.partial())


def limits(value: SSAValue) -> Interval | None:
    """What a number can be that was narrower before."""
    op = value.owner
    if not isinstance(op, arith.ExtSIOp | arith.ExtUIOp) or not isinstance(op.input.type, IntegerType):
        return None
    bits = op.input.type.width.data
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if isinstance(op, arith.ExtSIOp) else (0, (1 << bits) - 1)


def sum_of(value: SSAValue, is_root: bool = False) -> Sum:
    """A word as a sum; what others use, too, is no part that is taken apart."""
    number, op = constant_of(value), value.owner
    if number is not None:
        return Sum((), number, 1)
    if is_root or value.has_one_use():
        match op:
            case arith.AddiOp():
                return sum_of(op.lhs) + sum_of(op.rhs)
            case arith.SubiOp():
                return sum_of(op.lhs) + sum_of(op.rhs).times(-1)
            case arith.MuliOp():
                for factor, other in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
                    if (number := constant_of(factor)) is not None:
                        return sum_of(other).times(number)
            case _:
                pass
    return Sum(((value, 1),))


def write(sum: Sum) -> list[Operation]:
    """The operations of a sum; the last one has it as its result."""
    ops: list[Operation] = []

    def number(value: int) -> SSAValue:
        ops.append(arith.ConstantOp(IntegerAttr(value, i32)))
        return ops[-1].results[0]

    total: SSAValue | None = None
    for value, factor in sum.terms:
        if factor != 1:
            ops.append(arith.MuliOp(value, number(factor)))
            value = ops[-1].results[0]
        if total is None and not sum.addend:
            total = value
            continue
        ops.append(arith.AddiOp(value, number(sum.addend) if total is None else total))
        total = ops[-1].results[0]
    return ops


class GatherAddends(RewritePattern):
    """`(x + a) * m + (y + b) * n + c -> x * m + y * n + (a * m + b * n + c)`"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp | arith.SubiOp, rewriter: PatternRewriter) -> None:
        if op.result.type != i32 or is_part(op.result):
            return
        sum = sum_of(op.result, is_root=True)
        if sum.addends > 1 and sum.terms and sum.fits and (ops := write(sum)):
            rewriter.replace(op, ops)


class MoveSumAddend(RewritePattern):
    """`(sum >> n) + z -> (sum + z * 2^n) >> n`, where that fits."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp | arith.SubiOp, rewriter: PatternRewriter) -> None:
        shifted, number = op.lhs.owner, constant_of(op.rhs)
        if op.result.type != i32 or number is None or not isinstance(shifted, arith.ShRSIOp):
            return
        shift = constant_of(shifted.rhs)
        if shift is None or not shifted.result.has_one_use() or not isinstance(shifted.lhs.owner, arith.AddiOp):
            return
        moved = (number if isinstance(op, arith.AddiOp) else -number) << shift
        sum = sum_of(shifted.lhs, is_root=True) + Sum((), moved, 1)
        if sum.terms and sum.fits and (ops := write(sum)):
            rewriter.replace(op, [*ops, arith.ShRSIOp(ops[-1].results[0], shifted.rhs)])


class MultiplyAddWord(RewritePattern):
    """`x * m + c -> multiply_add_word(x, m, c)`, where m is a number that is no power of two: those are shifts."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        for product, addend in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
            made = product.owner
            if op.result.type != i32 or not isinstance(made, arith.MuliOp) or not product.has_one_use():
                continue
            number = constant_of(made.rhs)
            if number is not None and abs(number) & (abs(number) - 1):
                rewriter.replace(op, MachineOp(multiply_add_word.__name__, [made.lhs, made.rhs, addend]))
                return


class KeepSaturated(RewritePattern):
    """`(i32)(iN)saturate(v) -> saturate(v)`, where it has no more bits."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.ExtSIOp, rewriter: PatternRewriter) -> None:
        cut = op.input.owner
        if op.result.type != i32 or not isinstance(cut, arith.TruncIOp):
            return
        assert isinstance(cut.result.type, IntegerType), "verified: what is cut is an integer"
        found = cut.input.owner
        if isinstance(found, MachineOp) and found.operation.data == saturate.__name__:
            if cut.input.type == i32 and found.numbers[1] <= cut.result.type.width.data:
                rewriter.replace(op, [], [found.result])


def is_part(value: SSAValue) -> bool:
    """Whether a sum is only a part of another one."""
    uses: Sequence[Operation] = [use.operation for use in value.uses]
    if len(uses) != 1:
        return False
    (user,) = uses
    if isinstance(user, arith.MuliOp):
        return any(constant_of(factor) is not None for factor in user.operands)
    return isinstance(user, arith.AddiOp | arith.SubiOp)
