"""Requantization by machine operations: the high word of a product, and a shift that saturates."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, UnitAttr, i16, i32, i64
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from ...dialects.errors import UserError
from ...dialects.machine import (
    HALF,
    KNOWN,
    multiply_add_word,
    multiply_high_add,
    multiply_high_halves,
    multiply_high_round_add,
    saturate,
    shift_to_half,
)
from ...dialects.mcu.bytes import DirectBlockOp
from ...dialects.mcu.words import MachineOp
from .addends import GatherAddends, KeepSaturated, MoveSumAddend, MultiplyAddWord

WORD = 32
"""Bits of a word."""

ARITHMETIC = (
    arith.ConstantOp,
    arith.ExtSIOp,
    arith.MuliOp,
    arith.AddiOp,
    arith.SubiOp,
    arith.ShRSIOp,
    arith.MaxSIOp,
)
"""What the patterns leave behind without a use."""

ADDEND_LIMIT = 1 << 30
"""What a high word of a product, which is at most this, takes as an addend without leaving 32 bits."""


@dataclass(frozen=True)
class UseMachineOperationsPass(ModulePass):
    """Write requantizations with the machine operations that the core has, exactly.

        ((i64)a * m + c * 2^32) >> s, for s >= 32   ->  multiply_high_add(a, m, c) >> (s - 32)
        ((i64)a * m + c * 2^32 + 2^31) >> 32        ->  multiply_high_round_add(a, m, c)
        multiply_high_add(a, m, 0) + v              ->  multiply_high_add(a, m, v), or with rounding
        (multiply_high_add(a, m, c) >> n) + z       ->  multiply_high_add(a, m, c + z * 2^n) >> n
        min(max(v >> n, -2^(b-1)), 2^(b-1) - 1)     ->  saturate(v) immediates [n, b], n = 0 without a shift
        (x + a) * m + b, (x * m >> n) + z           ->  x * m + (a * m + b), x * m + z * 2^n >> n
        x * m + c                                   ->  multiply_add_word(x, m, c)
        (i16)(((i32)a * b + 2^15) >> 16)            ->  multiply_high_halves(a, b), of two i16
        (i16)(v >> n)                               ->  shift_to_half(v) immediates [n], of i24

    `operations` names those of the core, with commas between; the others stay as they are. Raises UserError for names
    that do not exist.
    """

    name = "loops-use-machine-operations"
    operations: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        given = {name for name in self.operations.split(",") if name}
        unknown = sorted(given - set(KNOWN))
        if unknown:
            raise UserError(
                f"{self.name}: no machine operation {', '.join(unknown)}; there are {', '.join(sorted(KNOWN))}"
            )
        needs = (
            (HighWord(), multiply_high_add),
            (RoundedHighWord(), multiply_high_round_add),
            (Saturation(), saturate),
            (KeepSaturated(), saturate),
            (MultiplyAddWord(), multiply_add_word),
            (HalfProduct(), multiply_high_halves),
            (ShiftToHalf(), shift_to_half),
        )
        patterns: list[RewritePattern] = [pattern for pattern, machine in needs if machine.__name__ in given]
        if saturate.__name__ in given:
            gathering = GreedyRewritePatternApplier([GatherAddends(), MoveSumAddend()])
            PatternRewriteWalker(gathering).rewrite_module(op)
        if patterns:
            walker = PatternRewriteWalker(GreedyRewritePatternApplier([*patterns, TakeAddend(), MoveAddend()]))
            walker.rewrite_module(op)
            erase_dead(op)
            call_where_rare(op)


class HighWord(RewritePattern):
    """`((i64)a * m + c * 2^32) >> s -> multiply_high_add(a, m, c) >> (s - 32)`, where the result has 32 bits.

    The low word of a multiple of 2^32 is 0, so adding one commutes with taking the high word; the sum leaves no i64.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.TruncIOp, rewriter: PatternRewriter) -> None:
        shifted = op.input.owner
        if op.result.type != i32 or not isinstance(shifted, arith.ShRSIOp) or shifted.result.type != i64:
            return
        shift, (value, addend) = constant(shifted.rhs), plus(shifted.lhs)
        product = value.owner
        if shift is None or shift < WORD or addend % (1 << WORD) or not isinstance(product, arith.MuliOp):
            return
        factors = [word(factor) for factor in product.operands]
        a, b = factors
        if a is None or b is None or not -(1 << 31) <= addend >> WORD < 1 << 31:
            return
        added = arith.ConstantOp(IntegerAttr(addend >> WORD, i32))
        high = MachineOp(multiply_high_add.__name__, [a, b, added.result])
        if shift == WORD:
            rewriter.replace(op, [added, high])
            return
        amount = arith.ConstantOp(IntegerAttr(shift - WORD, i32))
        rewriter.replace(op, [added, high, amount, arith.ShRSIOp(high.result, amount.result)])


class RoundedHighWord(RewritePattern):
    """`((i64)a * m + c * 2^32 + 2^31) >> 32 -> multiply_high_round_add(a, m, c)`, where the result has 32 bits."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.TruncIOp, rewriter: PatternRewriter) -> None:
        shifted = op.input.owner
        if op.result.type != i32 or not isinstance(shifted, arith.ShRSIOp) or shifted.result.type != i64:
            return
        value, addend = plus(shifted.lhs)
        product, whole = value.owner, addend - (1 << WORD - 1)
        if constant(shifted.rhs) != WORD or whole % (1 << WORD) or not isinstance(product, arith.MuliOp):
            return
        a, b = (word(factor) for factor in product.operands)
        if a is None or b is None or not -(1 << 31) <= whole >> WORD < 1 << 31:
            return
        added = arith.ConstantOp(IntegerAttr(whole >> WORD, i32))
        rewriter.replace(op, [added, MachineOp(multiply_high_round_add.__name__, [a, b, added.result])])


class TakeAddend(RewritePattern):
    """`multiply_high_add(a, m, 0) + v -> multiply_high_add(a, m, v)`, and the same of one that rounds."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        for value, addend in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
            high = high_word(value) or high_word(value, multiply_high_round_add.__name__)
            if high is not None and constant(high.words[2]) == 0:
                rewriter.replace(op, MachineOp(high.operation.data, [high.words[0], high.words[1], addend]))
                return


class MoveAddend(RewritePattern):
    """`(multiply_high_add(a, m, c) >> n) + z -> multiply_high_add(a, m, c + z * 2^n) >> n`, where nothing overflows.

    A high word of a product of two words is at most 2^30 in magnitude.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        value, addend = plus(op.result)
        shifted = value.owner
        if not isinstance(shifted, arith.ShRSIOp) or not shifted.result.has_one_use():
            return
        high, shift = high_word(shifted.lhs), constant(shifted.rhs)
        if shift is None or high is None:
            return
        known = constant(high.words[2])
        if known is None or abs(known + (addend << shift)) >= ADDEND_LIMIT or abs(known) >= ADDEND_LIMIT:
            return
        added = arith.ConstantOp(IntegerAttr(known + (addend << shift), i32))
        moved = MachineOp(multiply_high_add.__name__, [high.words[0], high.words[1], added.result])
        rewriter.replace(op, [added, moved, arith.ShRSIOp(moved.result, shifted.rhs)])


class Saturation(RewritePattern):
    """`min(max(v >> n, -2^(b-1)), 2^(b-1) - 1) -> saturate(v) immediates [n, b]`, in i32; without a shift n is 0."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.MinSIOp, rewriter: PatternRewriter) -> None:
        largest, high = op.lhs.owner, constant(op.rhs)
        if op.result.type != i32 or not isinstance(largest, arith.MaxSIOp) or high is None:
            return
        shifted, low = largest.lhs.owner, constant(largest.rhs)
        if low != -high - 1 or high & (high + 1):
            return
        bits = high.bit_length() + 1
        if not isinstance(shifted, arith.ShRSIOp):
            rewriter.replace(op, MachineOp(saturate.__name__, [largest.lhs], [0, bits]))
            return
        shift = constant(shifted.rhs)
        if shift is not None and 1 <= shift < WORD:
            rewriter.replace(op, MachineOp(saturate.__name__, [shifted.lhs], [shift, bits]))


class HalfProduct(RewritePattern):
    """`(i16)(((i32)a * b + 2^15) >> 16) -> multiply_high_halves(a, b)`: a product of halves leaves no i32."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.TruncIOp, rewriter: PatternRewriter) -> None:
        shifted = op.input.owner
        if op.result.type != i16 or op.input.type != i32 or not isinstance(shifted, arith.ShRSIOp):
            return
        value, addend = plus(shifted.lhs)
        product = value.owner
        if constant(shifted.rhs) != HALF or addend != 1 << (HALF - 1) or not isinstance(product, arith.MuliOp):
            return
        known = [n for factor in product.operands if (n := constant(factor)) is not None and -(1 << 15) <= n < 1 << 15]
        made = [arith.ConstantOp(IntegerAttr(n, i16)) for n in known[:1]]
        factors = [f for factor in product.operands if (f := half(factor)) is not None] + [c.result for c in made]
        if len(factors) == 2:
            rewriter.replace(op, [*made, MachineOp(multiply_high_halves.__name__, factors)])


class ShiftToHalf(RewritePattern):
    """`(i16)(v >> n) -> shift_to_half(v) immediates [n]`, where v has 24 bits."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.TruncIOp, rewriter: PatternRewriter) -> None:
        shifted = op.input.owner
        if op.result.type != i16 or op.input.type != IntegerType(24) or not isinstance(shifted, arith.ShRSIOp):
            return
        shift = constant(shifted.rhs)
        if shift is not None and 1 <= shift < 16:
            rewriter.replace(op, MachineOp(shift_to_half.__name__, [shifted.lhs], [shift]))


def half(value: SSAValue) -> SSAValue | None:
    """The half of which a value is the sign extension."""
    op = value.owner
    return op.input if isinstance(op, arith.ExtSIOp) and op.input.type == i16 else None


def constant(value: SSAValue) -> int | None:
    """The number, where it is a constant."""
    op = value.owner
    return op.value.value.data if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr) else None


def plus(value: SSAValue) -> tuple[SSAValue, int]:
    """A value as another one and a constant addend; itself and 0 where it is no such sum."""
    op = value.owner
    if isinstance(op, arith.AddiOp | arith.SubiOp):
        addend = constant(op.rhs)
        if addend is not None:
            return op.lhs, addend if isinstance(op, arith.AddiOp) else -addend
    return value, 0


def word(value: SSAValue) -> SSAValue | None:
    """The word of which a value is the sign extension."""
    op = value.owner
    return op.input if isinstance(op, arith.ExtSIOp) and op.input.type == i32 else None


def high_word(value: SSAValue, name: str = multiply_high_add.__name__) -> MachineOp | None:
    """The operation of this name that gives a value, to nobody else."""
    op = value.owner
    if isinstance(op, MachineOp) and op.operation.data == name and value.has_one_use():
        return op
    return None


def call_where_rare(module: ModuleOp) -> None:
    """Let products of halves be called, but in functions that compute two pixels at once: there they are most."""
    for function in module.ops:
        ops = list(function.walk())
        if not any(isinstance(op, DirectBlockOp) and op.numbers[1] > 1 for op in ops):
            for op in ops:
                if isinstance(op, MachineOp) and op.operation.data == multiply_high_halves.__name__:
                    op.properties["called"] = UnitAttr()


def erase_dead(module: ModuleOp) -> None:
    """Drop the arithmetic whose results are used no more, users before what they use."""
    for op in reversed(list(module.walk())):
        if isinstance(op, ARITHMETIC) and not any(result.uses for result in op.results):
            parent = op.parent
            assert parent is not None
            parent.erase_op(op)
