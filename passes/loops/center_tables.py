"""`loops-center-tables`: a table that is read at `x + c` in a loop is read at `x` from its element `c` on.

A register holds that address, and the sum of each look is none any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from ...dialects.mcu.words import AtOp
from .indices.advance import constant_of
from .indices.affine import loops_around


@dataclass(frozen=True)
class CenterTablesPass(ModulePass):
    """`%t[x + c] -> (mcu.at %t[c])[x]` in loops, for globals of one dimension and numbers c inside of them."""

    name = "loops-center-tables"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp):
                centers: dict[tuple[SSAValue, int], SSAValue] = {}
                for load in list(function.walk()):
                    if isinstance(load, memref.LoadOp) and isinstance(load.memref.owner, memref.GetGlobalOp):
                        center(load, load.memref.owner, centers)


def center(load: memref.LoadOp, table: memref.GetGlobalOp, centers: dict[tuple[SSAValue, int], SSAValue]) -> None:
    """Rewrite a look into a table where it is one; `centers` are the places that there are already."""
    type = table.memref.type
    if type.get_num_dims() != 1 or not loops_around(load):
        return
    cast = load.indices[0].owner
    if not isinstance(cast, arith.IndexCastOp) or not isinstance(cast.input.owner, arith.AddiOp):
        return
    sum, block = cast.input.owner, load.parent
    number = constant_of(sum.rhs)
    if number is None or not 0 < number < type.get_shape()[0] or block is None:
        return
    if (table.memref, number) not in centers:
        at = arith.ConstantOp(IntegerAttr(number, IndexType()))
        middle = AtOp(table.memref, [at.result], type.get_shape()[0] - number)
        middle.result.name_hint = "middle"
        home = table.parent
        assert home is not None, "a global is fetched in a block"
        home.insert_ops_after([at, middle], table)
        centers[table.memref, number] = middle.result
    index = arith.IndexCastOp(sum.lhs, IndexType())
    new = memref.LoadOp.get(centers[table.memref, number], [index.result])
    new.res.name_hint = load.res.name_hint
    block.insert_ops_before([index, new], load)
    load.res.replace_all_uses_with(new.res)
    for op in (load, cast, sum):
        if not any(result.uses for result in op.results):
            parent = op.parent
            assert parent is not None
            parent.erase_op(op)
