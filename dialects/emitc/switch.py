"""`emitc.switch`: a choice among constants; name, syntax and form are those of LLVM 22."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, IntegerType, Signedness, i64
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    traits_def,
    var_region_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

from .expressions import YieldOp


@irdl_op_definition
class SwitchOp(IRDLOperation):
    """Runs the region of the case that `arg` equals, else the default; no case runs on into the next.

    As upstream, the cases end in a written `emitc.yield`, while that of the default may be left out.

    ```mlir
    emitc.switch %v : i32
    case 1 {
      emitc.assign %a : i32 to %place : <i32>
      emitc.yield
    }
    default {
    }
    ```
    """

    name = "emitc.switch"
    arg = operand_def(IntegerType)
    cases = prop_def(DenseArrayBase.constr(i64))
    default_region = region_def("single_block")
    case_regions = var_region_def("single_block")
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, arg: SSAValue, cases: Sequence[int], default_region: Region, case_regions: Sequence[Region]):
        super().__init__(
            operands=[arg],
            properties={"cases": DenseArrayBase.from_list(i64, cases)},
            regions=[default_region, list(case_regions)],
        )

    @property
    def values(self) -> tuple[int, ...]:
        """The constants, one for each region of `case_regions`."""
        return tuple(self.cases.iter_values())

    def verify_(self) -> None:
        assert isinstance(self.arg.type, IntegerType)
        if len(self.values) != len(self.case_regions):
            raise VerifyException(f"has {len(self.case_regions)} case regions but {len(self.values)} case values")
        for place, value in enumerate(self.values):
            if value in self.values[:place]:
                raise VerifyException(f"has duplicate case value: {value}")
            if not holds(self.arg.type, value):
                raise VerifyException(f"case {value} is no value of {self.arg.type}")
        for region in self.regions:
            if region.block.args:
                raise VerifyException("the regions of emitc.switch take no arguments")
            if not isinstance(region.block.last_op, YieldOp) or region.block.last_op.values:
                raise VerifyException("each region of emitc.switch must end in emitc.yield of no value")

    @classmethod
    def parse(cls, parser: Parser) -> SwitchOp:
        operand = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        arg = parser.resolve_operand(operand, parser.parse_type())
        attributes = parser.parse_optional_attr_dict()
        values: list[int] = []
        regions: list[Region] = []
        while parser.parse_optional_keyword("case"):
            values.append(parser.parse_integer())
            regions.append(parser.parse_region())
        parser.parse_keyword("default")
        default = parser.parse_region()
        if not default.blocks:
            default.add_block(Block())
        if not isinstance(default.block.last_op, YieldOp):
            default.block.add_op(YieldOp())
        op = cls(arg, values, default, regions)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.arg)
        printer.print_string(" : ")
        printer.print_attribute(self.arg.type)
        printer.print_op_attributes(self.attributes)
        for value, region in zip(self.values, self.case_regions, strict=True):
            printer.print_string(f"\ncase {value} ")
            printer.print_region(region)
        printer.print_string("\ndefault ")
        printer.print_region(self.default_region, print_block_terminators=False)


def holds(type: IntegerType, value: int) -> bool:
    """True for a number that the type has; `i1` has 0 and 1."""
    bits = type.width.data
    if type.signedness.data == Signedness.UNSIGNED or bits == 1:
        return 0 <= value < 1 << bits
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)
