"""What stands in an `emitc.expression` beside operators, and the expression itself (names and syntax of LLVM 22)."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import FunctionType, IntegerAttr, IntegerType, UnitAttr
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from .operators import ExpressionMember
from .types import ArrayType, LValueType, PointerType, parse_lvalue, print_lvalue


@irdl_op_definition
class CastOp(ExpressionMember):
    """A C cast of integers (modulo 2^N), of pointers, or of an array to a pointer to its first element.

    `%1 = emitc.cast %0 : i8 to i32`
    """

    name = "emitc.cast"
    source = operand_def(IntegerType | PointerType | ArrayType)
    dest = result_def(IntegerType | PointerType)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue, dest_type: Attribute, attributes: dict[str, Attribute] | None = None):
        super().__init__(operands=[source], result_types=[dest_type], attributes=attributes)

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        if isinstance(source, IntegerType) != isinstance(dest, IntegerType):
            raise VerifyException(f"cannot cast {source} to {dest}")
        if isinstance(source, ArrayType) and dest != PointerType(source.element_type):
            raise VerifyException(f"an array of {source.element_type} casts only to a pointer to {source.element_type}")


@irdl_op_definition
class AddressOfOp(ExpressionMember):
    """`%1 = emitc.address_of %0 : !emitc.lvalue<i8>` is `&%0`."""

    name = "emitc.address_of"
    reference = operand_def(LValueType)
    result = result_def(PointerType)
    traits = traits_def(Pure())

    def __init__(self, reference: SSAValue, attributes: dict[str, Attribute] | None = None):
        assert isinstance(reference.type, LValueType)
        super().__init__(
            operands=[reference], result_types=[PointerType(reference.type.value_type)], attributes=attributes
        )

    @classmethod
    def parse(cls, parser: Parser) -> AddressOfOp:
        operand = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        if not isinstance(type, LValueType):
            parser.raise_error("expected an !emitc.lvalue type")
        return cls(parser.resolve_operand(operand, type), parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.reference)
        printer.print_string(" : ")
        printer.print_attribute(self.reference.type)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class LoadOp(ExpressionMember):
    """Read a place: `%1 = emitc.load %0 : <i32>`."""

    name = "emitc.load"
    operand = operand_def(LValueType)
    result = result_def(IntegerType)

    def __init__(self, operand: SSAValue):
        assert isinstance(operand.type, LValueType)
        super().__init__(operands=[operand], result_types=[operand.type.value_type])

    def verify_(self) -> None:
        assert isinstance(self.operand.type, LValueType)
        if self.operand.type.value_type != self.result.type:
            raise VerifyException(f"a load from {self.operand.type} cannot give {self.result.type}")

    @classmethod
    def parse(cls, parser: Parser) -> LoadOp:
        operand = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        op = cls(parser.resolve_operand(operand, parse_lvalue(parser)))
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.operand)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        print_lvalue(printer, self.operand.type)


@irdl_op_definition
class ConstantOp(ExpressionMember):
    """`%0 = "emitc.constant"() <{value = 28 : i32}> : () -> i32` (upstream has no shorter form)."""

    name = "emitc.constant"
    value = prop_def(IntegerAttr)
    result = result_def(IntegerType)
    traits = traits_def(Pure())

    def __init__(self, value: int, type: IntegerType):
        super().__init__(properties={"value": IntegerAttr(value, type)}, result_types=[type])

    def verify_(self) -> None:
        if self.value.type != self.result.type:
            raise VerifyException(f"the value is of type {self.value.type}, the result {self.result.type}")


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends an expression with its value; ends the bodies of loops and conditionals, unwritten, with none.

    `emitc.yield %0 : i32`
    """

    name = "emitc.yield"
    values = var_operand_def()
    traits = traits_def(IsTerminator())
    assembly_format = "attr-dict ($values^ `:` type($values))?"

    def __init__(self, *values: SSAValue | Operation):
        super().__init__(operands=[values])


@irdl_op_definition
class ExpressionOp(IRDLOperation):
    """One C expression. The body sees nothing but its arguments, which carry the names of the operands.

    Used once, by the next statement, it is printed inside that statement; else, or with `noinline`, it gets a variable.

    ```mlir
    %3 = emitc.expression %0, %1 : (i32, !emitc.lvalue<i32>) -> i32 {
      %2 = emitc.load %1 : <i32>
      %3 = emitc.add %0, %2 : (i32, i32) -> i32
      emitc.yield %3 : i32
    }
    ```
    """

    name = "emitc.expression"
    defs = var_operand_def()
    do_not_inline = opt_prop_def(UnitAttr)
    body = region_def("single_block")
    result = result_def()
    traits = traits_def(IsolatedFromAbove())

    def __init__(self, defs: Sequence[SSAValue], body: Region, result_type: Attribute, do_not_inline: bool = False):
        flag = UnitAttr() if do_not_inline else None
        super().__init__(
            operands=[defs], regions=[body], result_types=[result_type], properties={"do_not_inline": flag}
        )

    @property
    def value(self) -> SSAValue:
        """What the body yields."""
        terminator = self.body.block.last_op
        assert isinstance(terminator, YieldOp)
        return terminator.values[0]

    def verify_(self) -> None:
        *members, terminator = self.body.block.ops
        if [a.type for a in self.body.block.args] != [d.type for d in self.defs]:
            raise VerifyException("the arguments of an expression's body must have the types of its operands")
        if not isinstance(terminator, YieldOp) or [v.type for v in terminator.values] != [self.result.type]:
            raise VerifyException(f"an expression must end in emitc.yield of one {self.result.type}")
        for op in members:
            if not isinstance(op, ExpressionMember):
                raise VerifyException(f"{op.name} cannot stand in an expression")
            if not op.results[0].has_one_use():
                raise VerifyException(f"the result of {op.name} in an expression must be used exactly once")

    @classmethod
    def parse(cls, parser: Parser) -> ExpressionOp:
        position = parser.pos
        operands = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        operands = operands or []
        do_not_inline = parser.parse_optional_keyword("noinline") is not None
        parser.parse_punctuation(":")
        type = parser.parse_type()
        if not isinstance(type, FunctionType) or len(type.inputs) != len(operands) or len(type.outputs) != 1:
            parser.raise_error("expected a function type that fits the operands, with one result", position, parser.pos)
        arguments = [Parser.Argument(o.span, t) for o, t in zip(operands, type.inputs, strict=True)]
        defs = parser.resolve_operands(operands, type.inputs.data, position)
        outer, parser.ssa_values = parser.ssa_values, {}
        body = parser.parse_region(arguments)
        parser.ssa_values = outer
        return cls(defs, body, type.outputs.data[0], do_not_inline)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        if self.defs:
            printer.print_list(self.defs, printer.print_ssa_value)
            printer.print_string(" ")
        printer.print_string(": " if self.do_not_inline is None else "noinline : ")
        printer.print_operation_type(self)
        printer.print_string(" ")
        names = printer._ssa_values  # pyright: ignore[reportPrivateUsage]
        names.update({a: names[d] for a, d in zip(self.body.block.args, self.defs, strict=True)})
        printer.print_region(self.body, print_entry_block_args=False)
