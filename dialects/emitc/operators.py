"""The arithmetic of C in the `emitc` dialect: binary operators, comparisons, `? :` (names and syntax of LLVM 22).

An op on `iN` means two's complement arithmetic in N bits, on `uiN` arithmetic modulo 2^N: the printers spell what C
needs for that.
"""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import (
    I64,
    FunctionType,
    IntegerAttr,
    IntegerType,
    i1,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from ..mcu import MachineFields


class ExpressionMember(IRDLOperation, ABC):
    """An op that may stand in an `emitc.expression`: it has one result and writes nothing."""


class BinaryOp(ExpressionMember, ABC):
    """`lhs op rhs`; the operands have the type of the result (a shift's amount may have any)."""

    lhs = operand_def(IntegerType)
    rhs = operand_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue, result_type: Attribute | None = None):
        super().__init__(operands=[lhs, rhs], result_types=[result_type or lhs.type])

    def verify_(self) -> None:
        if self.lhs.type != self.result.type or (not isinstance(self, ShiftOp) and self.rhs.type != self.result.type):
            raise VerifyException(f"the operands of {self.name} must have the result's type {self.result.type}")


class ShiftOp(BinaryOp, ABC):
    """A shift; the amount is at least 0 and less than the width of the result."""


@irdl_op_definition
class AddOp(BinaryOp):
    """`%2 = emitc.add %0, %1 : (i32, i32) -> i32`"""

    name = "emitc.add"


@irdl_op_definition
class SubOp(BinaryOp):
    """`%2 = emitc.sub %0, %1 : (i32, i32) -> i32`"""

    name = "emitc.sub"


@irdl_op_definition
class MulOp(BinaryOp):
    """`%2 = emitc.mul %0, %1 : (i32, i32) -> i32`"""

    name = "emitc.mul"


@irdl_op_definition
class DivOp(BinaryOp):
    """`%2 = emitc.div %0, %1 : (i32, i32) -> i32`, rounded towards zero."""

    name = "emitc.div"


@irdl_op_definition
class RemOp(BinaryOp):
    """`%2 = emitc.rem %0, %1 : (i32, i32) -> i32`, with the sign of the dividend."""

    name = "emitc.rem"


@irdl_op_definition
class BitwiseAndOp(BinaryOp):
    """`%2 = emitc.bitwise_and %0, %1 : (i32, i32) -> i32`"""

    name = "emitc.bitwise_and"


@irdl_op_definition
class BitwiseOrOp(BinaryOp):
    """`%2 = emitc.bitwise_or %0, %1 : (i32, i32) -> i32`"""

    name = "emitc.bitwise_or"


@irdl_op_definition
class BitwiseXorOp(BinaryOp):
    """`%2 = emitc.bitwise_xor %0, %1 : (i32, i32) -> i32`"""

    name = "emitc.bitwise_xor"


@irdl_op_definition
class BitwiseLeftShiftOp(ShiftOp):
    """`%2 = emitc.bitwise_left_shift %0, %1 : (ui32, i32) -> ui32`"""

    name = "emitc.bitwise_left_shift"


@irdl_op_definition
class BitwiseRightShiftOp(ShiftOp):
    """`%2 = emitc.bitwise_right_shift %0, %1 : (i32, i32) -> i32`, arithmetic on `iN`, logical on `uiN`."""

    name = "emitc.bitwise_right_shift"


class LogicalOp(ExpressionMember, ABC):
    """A connective of two conditions."""

    lhs = operand_def(i1)
    rhs = operand_def(i1)
    result = result_def(i1)
    traits = traits_def(Pure())
    assembly_format = "operands attr-dict `:` type(operands)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[lhs, rhs], result_types=[i1])


@irdl_op_definition
class LogicalAndOp(LogicalOp):
    """`%2 = emitc.logical_and %0, %1 : i1, i1`"""

    name = "emitc.logical_and"


@irdl_op_definition
class LogicalOrOp(LogicalOp):
    """`%2 = emitc.logical_or %0, %1 : i1, i1`"""

    name = "emitc.logical_or"


@irdl_op_definition
class UnaryMinusOp(ExpressionMember):
    """`%1 = emitc.unary_minus %0 : (i32) -> i32`"""

    name = "emitc.unary_minus"
    operand = operand_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue):
        super().__init__(operands=[operand], result_types=[operand.type])


@irdl_op_definition
class MachineOp(MachineFields, ExpressionMember):
    """A machine operation: `%2 = emitc.machine "saturate"(%1) immediates [6, 8] : (i32) -> i32`"""

    name = "emitc.machine"


PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
"""Comparisons, in the order of upstream's enumeration."""


@irdl_op_definition
class CmpOp(ExpressionMember):
    """`%2 = emitc.cmp lt, %0, %1 : (i32, i32) -> i1`; operands of type `uiN` compare as unsigned numbers."""

    name = "emitc.cmp"
    lhs = operand_def(IntegerType)
    rhs = operand_def(IntegerType)
    predicate = prop_def(IntegerAttr[I64])
    result = result_def(i1)
    traits = traits_def(Pure())

    def __init__(self, predicate: str, lhs: SSAValue, rhs: SSAValue):
        number = IntegerAttr(PREDICATES.index(predicate), i64)
        super().__init__(operands=[lhs, rhs], properties={"predicate": number}, result_types=[i1])

    def verify_(self) -> None:
        if not 0 <= self.predicate.value.data < len(PREDICATES):
            raise VerifyException(f"the predicate must be one of {', '.join(PREDICATES)}")
        if self.lhs.type != self.rhs.type:
            raise VerifyException(f"cannot compare {self.lhs.type} with {self.rhs.type}")

    @classmethod
    def parse(cls, parser: Parser) -> CmpOp:
        predicate = parser.expect(lambda: parser.parse_optional_keyword_in(set(PREDICATES)), "expected a predicate")
        parser.parse_punctuation(",")
        operands = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        position = parser.pos
        type = parser.parse_type()
        if not isinstance(type, FunctionType):
            parser.raise_error("expected a function type", position, parser.pos)
        lhs, rhs = parser.resolve_operands(operands, type.inputs.data, position)
        op = cls(predicate, lhs, rhs)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {PREDICATES[self.predicate.value.data]}, ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_operation_type(self)


@irdl_op_definition
class ConditionalOp(ExpressionMember):
    """`%3 = emitc.conditional %0, %1, %2 : i32` is `%0 ? %1 : %2`."""

    name = "emitc.conditional"
    condition = operand_def(i1)
    true_value = operand_def(IntegerType)
    false_value = operand_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())

    def __init__(self, condition: SSAValue, true_value: SSAValue, false_value: SSAValue):
        super().__init__(operands=[condition, true_value, false_value], result_types=[true_value.type])

    def verify_(self) -> None:
        if not self.true_value.type == self.false_value.type == self.result.type:
            raise VerifyException("both values of emitc.conditional must have the result's type")

    @classmethod
    def parse(cls, parser: Parser) -> ConditionalOp:
        position = parser.pos
        operands = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        condition, true_value, false_value = parser.resolve_operands(operands, [i1, type, type], position)
        op = cls(condition, true_value, false_value)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)
