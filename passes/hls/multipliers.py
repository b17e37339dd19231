"""`hls-multipliers`: what makes the products of a layer, as its lanes were chosen for."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.hls import BindOpOp
from ...dialects.mcu import LOGIC, SHARED, multipliers_of
from ..loops.indices.affine import loops_around
from .nests.lanes import is_unrolled
from .nests.pairing import pair_products
from .nests.values import Values

MOST_BITS = 10
"""Of the narrower factor: with more, adders take more than a multiplier is worth."""


@dataclass(frozen=True)
class MultipliersPass(ModulePass):
    """Build the products of lanes as `hls.multipliers` says: of adders (`logic`), or two in one multiplier (`shared`).

    Two products with a common factor are one of `multiplier` and `wide` bits where that is exact; else each stays what
    it is.
    """

    name = "hls-multipliers"
    multiplier: int = 18
    wide: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        values = Values(op)
        for function in [f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration]:
            kind = multipliers_of(function)
            products = [o for o in function.walk() if isinstance(o, arith.MuliOp) and is_of_lanes(o)]
            for product in products if kind else ():
                if kind == LOGIC and min(values.bits(v) for v in product.operands) <= MOST_BITS:
                    bind(product, product.result, "fabric")
                if kind == SHARED:
                    pair_products(function, product, values, self.multiplier, max(self.multiplier, self.wide))


def is_of_lanes(product: arith.MuliOp) -> bool:
    """Whether each lane of some loop has this product of its own; addresses are none."""
    return isinstance(product.result.type, IntegerType) and any(is_unrolled(loop) for loop in loops_around(product))


def bind(after: Operation, value: SSAValue, implementation: str) -> None:
    """Say what a product is built of."""
    assert after.parent is not None
    after.parent.insert_op_after(BindOpOp(value, "mul", implementation), after)
