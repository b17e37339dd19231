"""Types of the `emitc` dialect, with upstream's names and syntax but integers of any width.

xDSL's array and lvalue types take only the widths of C; HLS needs `i12` too. Pointers and opaque attributes
are xDSL's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntegerType
from xdsl.dialects.emitc import EmitC_OpaqueAttr, EmitC_PointerType
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

OpaqueAttr = EmitC_OpaqueAttr
PointerType = EmitC_PointerType

CONST = "mcu.const"
"""Attribute of an argument or of an op that makes a pointer: what it points to is not written through it."""

FLASH = "mcu.flash"
"""Attribute of a global, an argument or an op that makes a pointer: in flash, an address space of its own on AVR."""

FAR = "mcu.far"
"""Beside FLASH: where pointers of 16 bits do not reach, read by addresses of 24 bits."""

NEAR = "mcu.near"
"""Attribute of a global with FLASH: it must lie in front of all that are far."""

ALIAS = "mcu.alias"
"""Attribute of an argument or of an op that makes a pointer: its bytes may also be accessed under other types.

C lets a compiler assume that accesses of different types do not meet, except those of 8 bits; buffers share an arena.
"""

RUN, PUSH_ROW, STEP, RESET = ENTRIES = "_run", "_push_row", "_step", "_reset"
"""What the names of public functions end in: the entry takes whole inputs, one row of the input a call, or one without
end; the last puts the states at their start."""

RESETS = "mcu.resets"
"""Attribute of the public function that puts the states of a model without end at their start."""

ELEMENTS = "mcu.elements"
"""Attribute of a pointer argument: how many elements it points to."""

ALIGNMENT = "mcu.alignment"
"""Attribute of a global: its alignment in bytes."""

MEMORY = "mcu.memory"
"""Attribute of a global, at the loops level and in emitc: the name of the board's memory in which it is to lie."""

SECTION = "mcu.section"
"""Attribute of a global with MEMORY: the section that the board's linker script puts there."""


NODE = "mcu.node"
"""Attribute of a function that computes one node of the model, at the loops level and in emitc: the node's name."""

COMPUTES = "mcu.computes"
"""Attribute of such a function: shape and type of what it writes, as its comment says them."""

FILE = "mcu.file"
"""Attribute of a global that is not static: the file that has it, NAME_weights.c for `weights`."""

STATE = "mcu.state"
"""Attribute of a global that is a member of the caller's `NAME_state`, and of the argument that points to that."""

HOOKS = "mcu.hooks"
"""Attribute of public functions: the names of the layers around which hooks are called, by their numbers."""

STANDARD, SINGLE_FILE = "mcu.standard", "mcu.single_file"
"""Attributes of a module: how it is spelled, and that its header is part of the one file."""

STANDARDS = ("c99", "c11", "c++11")


@irdl_attr_definition
class ArrayType(ParametrizedAttribute, TypeAttribute):
    """A C array: `!emitc.array<72xi8>`. Ours have one dimension."""

    name = "emitc.array"
    shape: ArrayAttr[IntAttr]
    element_type: IntegerType

    def __init__(self, shape: Sequence[int], element_type: IntegerType):
        super().__init__(ArrayAttr(IntAttr(size) for size in shape), element_type)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(dim.data for dim in self.shape)

    def verify(self) -> None:
        if not self.shape.data or any(dim.data < 1 for dim in self.shape):
            raise VerifyException("an array has at least one dimension, and every dimension at least one element")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            shape, element = parser.parse_ranked_shape()
        return (ArrayAttr(IntAttr(size) for size in shape), element)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string("".join(f"{dim.data}x" for dim in self.shape))
            printer.print_attribute(self.element_type)


@irdl_attr_definition
class LValueType(ParametrizedAttribute, TypeAttribute):
    """A place that can be read and assigned to: `!emitc.lvalue<i32>`."""

    name = "emitc.lvalue"
    value_type: IntegerType


def parse_lvalue(parser: AttrParser) -> LValueType:
    """Read `<i32>`: how assign and load spell the type of a place."""
    with parser.in_angle_brackets():
        type = parser.parse_type()
    if not isinstance(type, IntegerType):
        parser.raise_error("expected an integer type")
    return LValueType(type)


def print_lvalue(printer: Printer, type: Attribute) -> None:
    """Write `<i32>`."""
    assert isinstance(type, LValueType)
    with printer.in_angle_brackets():
        printer.print_attribute(type.value_type)
