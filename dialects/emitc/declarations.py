"""What a C file declares, in the `emitc` dialect: includes, globals, functions; names and syntax are those of LLVM 22.

Discardable attributes that the printers know are named in `types`.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FunctionType,
    IntegerType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
)
from xdsl.dialects.emitc import EmitC_PointerType
from xdsl.dialects.utils import parse_func_op_like, print_func_op_like
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    opt_result_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, IsTerminator, SymbolOpInterface, SymbolTable, SymbolUserOpInterface
from xdsl.utils.exceptions import VerifyException

from .types import ArrayType


@irdl_op_definition
class IncludeOp(IRDLOperation):
    """`emitc.include <"stdint.h">`, or with quotes alone `emitc.include "mine.h"`."""

    name = "emitc.include"
    include = prop_def(StringAttr)
    is_standard_include = opt_prop_def(UnitAttr)

    def __init__(self, include: str, is_standard: bool):
        properties = {"include": StringAttr(include), "is_standard_include": UnitAttr() if is_standard else None}
        super().__init__(properties=properties)

    @classmethod
    def parse(cls, parser: Parser) -> IncludeOp:
        if (name := parser.parse_optional_str_literal()) is not None:
            return cls(name, False)
        with parser.in_angle_brackets():
            return cls(parser.parse_str_literal(), True)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        if self.is_standard_include is None:
            printer.print_string_literal(self.include.data)
        else:
            with printer.in_angle_brackets():
                printer.print_string_literal(self.include.data)


@irdl_op_definition
class VerbatimOp(IRDLOperation):
    """Text that is printed as it stands: `emitc.verbatim "#pragma HLS PIPELINE II=1"`."""

    name = "emitc.verbatim"
    value = prop_def(StringAttr)
    assembly_format = "$value attr-dict"

    def __init__(self, value: str):
        super().__init__(properties={"value": StringAttr(value)})


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """`emitc.return` or `emitc.return %0 : i32`"""

    name = "emitc.return"
    operand = opt_operand_def()
    traits = traits_def(IsTerminator())
    assembly_format = "attr-dict ($operand^ `:` type($operand))?"

    def __init__(self, value: SSAValue | None = None):
        super().__init__(operands=[value])


@irdl_op_definition
class FuncOp(IRDLOperation):
    """A C function; `specifiers = ["static"]` keeps it private.

    `emitc.func @f(%x: !emitc.ptr<i8> {mcu.const}) attributes {specifiers = ["static"]} { ... }`
    """

    name = "emitc.func"
    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    specifiers = opt_prop_def(ArrayAttr[StringAttr])
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    body = region_def()
    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(
        self,
        name: str,
        type: FunctionType,
        body: Region,
        specifiers: Sequence[str] = (),
        arg_attrs: Sequence[dict[str, Attribute]] | None = None,
    ):
        attrs = None if arg_attrs is None or not any(arg_attrs) else ArrayAttr(map(DictionaryAttr, arg_attrs))
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "function_type": type,
                "specifiers": ArrayAttr(map(StringAttr, specifiers)) if specifiers else None,
                "arg_attrs": attrs,
            },
            regions=[body],
        )

    @property
    def is_static(self) -> bool:
        """True for a function that only its own file sees."""
        return self.specifiers is not None and StringAttr("static") in self.specifiers

    def argument_attributes(self, index: int) -> dict[str, Attribute]:
        """The attributes of an argument."""
        return {} if self.arg_attrs is None else dict(self.arg_attrs.data[index].data)

    def verify_(self) -> None:
        if len(self.body.blocks) != 1:
            raise VerifyException("an emitc.func has a body of one block")
        if [a.type for a in self.body.block.args] != list(self.function_type.inputs):
            raise VerifyException("the arguments of the body must have the types of the function's inputs")
        last = self.body.block.last_op
        returned = [o.type for o in last.operands] if isinstance(last, ReturnOp) else None
        if returned is None or len(returned) > 1 or returned != list(self.function_type.outputs):
            raise VerifyException(
                "the body must end in emitc.return of the function's result, of which there is at most one"
            )

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        name, inputs, outputs, body, extra, arg_attrs, _ = parse_func_op_like(
            parser, reserved_attr_names=("sym_name", "function_type")
        )
        op = cls(name, FunctionType.from_lists(inputs, outputs), body)
        if arg_attrs is not None:
            op.properties["arg_attrs"] = arg_attrs
        attributes = {} if extra is None else dict(extra.data)
        if (specifiers := attributes.pop("specifiers", None)) is not None:
            op.properties["specifiers"] = specifiers
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        attributes = dict(self.attributes)
        if self.specifiers is not None:
            attributes["specifiers"] = self.specifiers
        print_func_op_like(
            printer,
            self.sym_name,
            self.function_type,
            self.body,
            attributes,
            arg_attrs=self.arg_attrs,
            reserved_attr_names=("sym_name", "function_type", "arg_attrs"),
        )


class CallSymbolUse(SymbolUserOpInterface):
    """A call fits the function that it names."""

    def verify(self, op: Operation) -> None:
        assert isinstance(op, CallOp)
        callee = SymbolTable.lookup_symbol(op, op.callee)
        if not isinstance(callee, FuncOp):
            raise VerifyException(f"{op.callee} is not an emitc.func of this module")
        type = FunctionType.from_lists([o.type for o in op.arguments], [r.type for r in op.results])
        if callee.function_type != type:
            raise VerifyException(f"{op.callee} has type {callee.function_type}, called as {type}")


@irdl_op_definition
class CallOp(IRDLOperation):
    """`emitc.call @f(%0) : (!emitc.ptr<i8>) -> ()`"""

    name = "emitc.call"
    callee = prop_def(FlatSymbolRefAttrConstr)
    arguments = var_operand_def()
    result = opt_result_def()
    traits = traits_def(CallSymbolUse())
    assembly_format = "$callee `(` $arguments `)` attr-dict `:` functional-type($arguments, results)"

    def __init__(self, callee: str, arguments: Sequence[SSAValue], result_type: Attribute | None = None):
        super().__init__(operands=[arguments], properties={"callee": SymbolRefAttr(callee)}, result_types=[result_type])


@irdl_op_definition
class CallOpaqueOp(IRDLOperation):
    """A call of what the file's head defines: `emitc.call_opaque "tinyml_load_word"(%0) : (!emitc.ptr<i8>) -> i32`"""

    name = "emitc.call_opaque"
    callee = prop_def(StringAttr)
    arguments = var_operand_def()
    result = opt_result_def()
    assembly_format = "$callee `(` $arguments `)` attr-dict `:` functional-type($arguments, results)"

    def __init__(self, callee: str, arguments: Sequence[SSAValue], result_type: Attribute | None = None):
        super().__init__(operands=[arguments], properties={"callee": StringAttr(callee)}, result_types=[result_type])


@irdl_op_definition
class GlobalOp(IRDLOperation):
    """A static array: `emitc.global static const @w : !emitc.array<2xi8> = dense<[1, -2]> {mcu.flash}`"""

    name = "emitc.global"
    sym_name = prop_def(SymbolNameConstraint())
    type = prop_def(ArrayType)
    initial_value = opt_prop_def(DenseIntOrFPElementsAttr)
    static_specifier = opt_prop_def(UnitAttr)
    const_specifier = opt_prop_def(UnitAttr)
    traits = traits_def(SymbolOpInterface())

    def __init__(self, name: str, type: ArrayType, value: DenseIntOrFPElementsAttr | None, static: bool, const: bool):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "type": type,
                "initial_value": value,
                "static_specifier": UnitAttr() if static else None,
                "const_specifier": UnitAttr() if const else None,
            }
        )

    def verify_(self) -> None:
        if self.initial_value is not None and self.initial_value.get_type() != tensor_of(self.type):
            raise VerifyException(f"the value of {self.type} must be of type {tensor_of(self.type)}")
        if self.const_specifier is not None and self.initial_value is None:
            raise VerifyException("a const global needs a value")

    @classmethod
    def parse(cls, parser: Parser) -> GlobalOp:
        static = parser.parse_optional_keyword("static") is not None
        const = parser.parse_optional_keyword("const") is not None
        name = parser.parse_symbol_name().data
        parser.parse_punctuation(":")
        type = parser.parse_type()
        if not isinstance(type, ArrayType):
            parser.raise_error("expected an !emitc.array type")
        value = None
        if parser.parse_optional_punctuation("=") is not None:
            parser.parse_keyword("dense")
            value = parser.parse_dense_int_or_fp_elements_attr(tensor_of(type))
        op = cls(name, type, value, static, const)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" static" if self.static_specifier is not None else "")
        printer.print_string(" const " if self.const_specifier is not None else " ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" : ")
        printer.print_attribute(self.type)
        if self.initial_value is not None:
            printer.print_string(" = ")
            self.initial_value.print_without_type(printer)
        printer.print_op_attributes(self.attributes)


def tensor_of(type: ArrayType) -> TensorType[IntegerType]:
    """The type of an array's initial value."""
    return TensorType(type.element_type, [dim.data for dim in type.shape])


@irdl_op_definition
class GetGlobalOp(IRDLOperation):
    """`%0 = emitc.get_global @w : !emitc.array<2xi8>`"""

    name = "emitc.get_global"
    name_ = prop_def(FlatSymbolRefAttrConstr, prop_name="name")
    result = result_def(ArrayType)
    assembly_format = "$name `:` type($result) attr-dict"

    def __init__(self, name: str, type: ArrayType):
        super().__init__(properties={"name": SymbolRefAttr(name)}, result_types=[type])


@irdl_op_definition
class MemberOfPtrOp(IRDLOperation):
    """`state->arena`; upstream takes an lvalue that holds the pointer, here it is an argument.

    `%0 = emitc.member_of_ptr "arena" %state : (!emitc.ptr<!emitc.opaque<"net_state">>) -> !emitc.array<64xi8>`
    """

    name = "emitc.member_of_ptr"
    member = prop_def(StringAttr)
    operand = operand_def(EmitC_PointerType)
    result = result_def(ArrayType)
    assembly_format = "$member $operand attr-dict `:` functional-type(operands, results)"

    def __init__(self, pointer: SSAValue, member: str, type: ArrayType):
        super().__init__(operands=[pointer], properties={"member": StringAttr(member)}, result_types=[type])
