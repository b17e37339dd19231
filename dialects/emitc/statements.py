"""Statements of the `emitc` dialect: variables, places, loops, conditionals; names and syntax are those of LLVM 22."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, IntegerType, StringAttr, i1
from xdsl.ir import Attribute, Block, Region, SSAValue
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
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import SingleBlockImplicitTerminator, ensure_terminator
from xdsl.utils.exceptions import VerifyException

from .expressions import YieldOp
from .types import ArrayType, LValueType, OpaqueAttr, PointerType, parse_lvalue, print_lvalue


@irdl_op_definition
class VariableOp(IRDLOperation):
    """A local variable, with a constant as its first value or `#emitc.opaque<"">` for none.

    `%0 = "emitc.variable"() <{value = 0 : i32}> : () -> !emitc.lvalue<i32>`
    """

    name = "emitc.variable"
    value = prop_def(IntegerAttr | OpaqueAttr)
    result = result_def(LValueType | ArrayType)

    def __init__(self, type: LValueType | ArrayType, value: int | None = None):
        initial: Attribute = OpaqueAttr(StringAttr(""))
        if value is not None:
            assert isinstance(type, LValueType), "an array has no first value"
            initial = IntegerAttr(value, type.value_type)
        super().__init__(properties={"value": initial}, result_types=[type])

    def verify_(self) -> None:
        if isinstance(self.value, OpaqueAttr):
            return
        if not isinstance(self.result.type, LValueType) or self.value.type != self.result.type.value_type:
            raise VerifyException(f"a variable of type {self.result.type} cannot start with {self.value}")


@irdl_op_definition
class AssignOp(IRDLOperation):
    """`emitc.assign %value : i32 to %place : <i32>`"""

    name = "emitc.assign"
    var = operand_def(LValueType)
    value = operand_def(IntegerType)

    def __init__(self, value: SSAValue, var: SSAValue):
        super().__init__(operands=[var, value])

    def verify_(self) -> None:
        assert isinstance(self.var.type, LValueType)
        if self.var.type.value_type != self.value.type:
            raise VerifyException(f"cannot assign {self.value.type} to {self.var.type}")

    @classmethod
    def parse(cls, parser: Parser) -> AssignOp:
        value = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        parser.parse_keyword("to")
        var = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        op = cls(parser.resolve_operand(value, type), parser.resolve_operand(var, parse_lvalue(parser)))
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.value)
        printer.print_string(" : ")
        printer.print_attribute(self.value.type)
        printer.print_string(" to ")
        printer.print_ssa_value(self.var)
        printer.print_string(" : ")
        print_lvalue(printer, self.var.type)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class SubscriptOp(IRDLOperation):
    """The place `value[index]`: `%2 = emitc.subscript %0[%1] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>`"""

    name = "emitc.subscript"
    value = operand_def(ArrayType | PointerType)
    indices = var_operand_def(IntegerType)
    result = result_def(LValueType)
    assembly_format = "$value `[` $indices `]` attr-dict `:` functional-type(operands, results)"

    def __init__(self, value: SSAValue, index: SSAValue):
        super().__init__(operands=[value, [index]], result_types=[LValueType(pointee(value.type))])

    def verify_(self) -> None:
        if len(self.indices) != 1 or self.result.type != LValueType(pointee(self.value.type)):
            raise VerifyException(f"{self.value.type} takes one index to an lvalue of its element type")


def pointee(type: Attribute) -> IntegerType:
    """The element type of an array or pointer."""
    element = type.element_type if isinstance(type, ArrayType) else type
    element = element.pointee_type if isinstance(element, PointerType) else element
    if not isinstance(element, IntegerType):
        raise VerifyException(f"{type} does not point to integers")
    return element


@irdl_op_definition
class ForOp(IRDLOperation):
    """Counts upwards: `emitc.for %i = %lower to %upper step %step : i32 { ... }`. The body leaves the bounds alone."""

    name = "emitc.for"
    lower = operand_def(IntegerType)
    upper = operand_def(IntegerType)
    step = operand_def(IntegerType)
    body = region_def("single_block")
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp))

    def __init__(self, lower: SSAValue, upper: SSAValue, step: SSAValue, body: Region):
        super().__init__(operands=[lower, upper, step], regions=[body])

    def verify_(self) -> None:
        if any(v.type != self.lower.type for v in (self.upper, self.step, *self.body.block.args)):
            raise VerifyException("the bounds, the step and the variable of a loop have one type")

    @classmethod
    def parse(cls, parser: Parser) -> ForOp:
        variable = parser.parse_argument(expect_type=False)
        position = parser.pos
        parser.parse_punctuation("=")
        bounds = [parser.parse_unresolved_operand()]
        for word in ("to", "step"):
            parser.parse_keyword(word)
            bounds.append(parser.parse_unresolved_operand())
        parser.parse_punctuation(":")
        type = parser.parse_type()
        lower, upper, step = parser.resolve_operands(bounds, [type] * 3, position)
        op = cls(lower, upper, step, parser.parse_region([variable.resolve(type)]))
        op.attributes |= parser.parse_optional_attr_dict()
        for trait in op.get_traits_of_type(SingleBlockImplicitTerminator):
            ensure_terminator(op, trait)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.body.block.args[0])
        for word, bound in zip(("=", "to", "step"), self.operands, strict=True):
            printer.print_string(f" {word} ")
            printer.print_ssa_value(bound)
        printer.print_string(" : ")
        printer.print_attribute(self.lower.type)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_block_terminators=False)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class IfOp(IRDLOperation):
    """`emitc.if %condition { ... } else { ... }`; the second part may be missing."""

    name = "emitc.if"
    condition = operand_def(i1)
    then_region = region_def("single_block")
    else_region = region_def()
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp))

    def __init__(self, condition: SSAValue, then_region: Region, else_region: Region | None = None):
        super().__init__(operands=[condition], regions=[then_region, else_region or Region()])

    @classmethod
    def parse(cls, parser: Parser) -> IfOp:
        condition = parser.parse_operand(i1)
        then_region = parser.parse_region()
        else_region = parser.parse_region() if parser.parse_optional_keyword("else") else Region()
        if not then_region.blocks:
            then_region.add_block(Block())
        for block in (*then_region.blocks, *else_region.blocks):
            if not isinstance(block.last_op, YieldOp):
                block.add_op(YieldOp())
        op = cls(condition, then_region, else_region)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.condition)
        printer.print_string(" ")
        printer.print_region(self.then_region, print_block_terminators=False)
        if self.else_region.blocks:
            printer.print_string(" else ")
            printer.print_region(self.else_region, print_block_terminators=False)
        printer.print_op_attributes(self.attributes)
