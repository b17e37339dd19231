"""Units: what modules compute in many places, written once."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import FlatSymbolRefAttrConstr, IntegerType, StringAttr, SymbolNameConstraint, SymbolRefAttr
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import IsolatedFromAbove, NoTerminator, Pure, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from .values import ComputeOp, ConstantOp, DelayOp, wire_type


@irdl_op_definition
class UnitOp(IRDLOperation):
    """A pipeline that takes and gives a value in each clock and begins by itself: its registers have no reset.

    ```mlir
    rtl.unit @double { ^bb0(%a : i8): %b = rtl.compute "add"(%a, %a) : (i8, i8) -> i9 rtl.give %b : i9 }
    ```
    """

    name = "rtl.unit"
    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), SymbolOpInterface(), IsolatedFromAbove())
    assembly_format = "$sym_name attr-dict-with-keyword $body"

    def __init__(self, name: str, body: Block):
        super().__init__(properties={"sym_name": StringAttr(name)}, regions=[Region(body)])

    @property
    def given(self) -> SSAValue:
        """The value that it gives."""
        return next(op.value for op in self.body.block.ops if isinstance(op, GiveOp))

    def verify_(self) -> None:
        ops = list(self.body.block.ops)
        count = sum(isinstance(op, GiveOp) for op in ops)
        if count != 1:
            raise VerifyException(f"a unit has one `{GiveOp.name}`, got {count}")
        for op in ops:
            if not isinstance(op, INSIDE) or (isinstance(op, DelayOp) and op.reset is not None):
                raise VerifyException(f"a unit computes, without a reset: `{op.name}` has no place in it")


@irdl_op_definition
class GiveOp(IRDLOperation):
    """What a unit gives.

    ```mlir
    rtl.give %b : i9
    ```
    """

    name = "rtl.give"
    value = operand_def(IntegerType)
    assembly_format = "$value attr-dict `:` type($value)"

    def __init__(self, value: SSAValue):
        super().__init__(operands=[value])


@irdl_op_definition
class UseOp(IRDLOperation):
    """What a unit of its own makes of the operands.

    ```mlir
    %b = rtl.use @double(%a) : (i8) -> i9
    ```
    """

    name = "rtl.use"
    unit = prop_def(FlatSymbolRefAttrConstr)
    args = var_operand_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$unit `(` $args `)` attr-dict `:` functional-type($args, results)"

    def __init__(self, unit: str, args: Sequence[SSAValue], bits: int):
        properties = {"unit": SymbolRefAttr(unit)}
        Operation.__init__(self, operands=args, properties=properties, result_types=[wire_type(bits)])


INSIDE = (ComputeOp, ConstantOp, DelayOp, GiveOp)
"""What a unit is made of."""
