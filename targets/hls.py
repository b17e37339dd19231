"""`-t hls`: C++ for high-level synthesis, from the same ops as C, with `ap_int` for integers of any width.

Arithmetic on `ap_int` keeps all bits of its result, so a sum or product is cut back to its type where more bits would
show. Array parameters have sizes, loops have labels. Buffers are arrays of their own: there are no casts of pointers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.target import Target

from ..dialects import emitc, hls
from ..dialects.emitc.statements import pointee
from ..dialects.emitc.types import CONST, ELEMENTS
from ..dialects.errors import UserError
from ..dialects.mcu import LABEL
from ..dialects.names import identifier
from .pragmas import pragmas, stream_pragma, stream_type
from .printing.program import Program, array_lines
from .printing.spelling import C_WIDTHS, COMMON_INT, Spelling, is_unsigned
from .printing.text import UNARY, Text


class HlsSpelling(Spelling):
    """C++ with `ap_int`."""

    keeps_bits = True

    def __init__(self, program: Program):
        super().__init__(program.prefix)
        constants = (op for op in program.globals if op.const_specifier is not None)
        self._plain = {op.sym_name.data for op in constants if op.type.element_type.width.data in C_WIDTHS}
        """Constants that C has a type for: compilers take an array of a class element by element, for minutes."""

    def element(self, op: emitc.SubscriptOp, text: str) -> Text:
        array = op.value.owner
        if isinstance(array, emitc.GetGlobalOp) and array.name_.string_value() in self._plain:
            return Text(text).cast(self.type(pointee(op.value.type)))
        return super().element(op, text)

    def array_type(self, op: emitc.GlobalOp) -> str:
        element = op.type.element_type
        if op.sym_name.data not in self._plain:
            return self.type(element)
        return f"{'u' if is_unsigned(element) else ''}int{element.width.data}_t"

    def type(self, type: Attribute) -> str:
        if not isinstance(type, IntegerType):
            raise UserError(f"{type} stands where an integer type is needed")
        bits = type.width.data
        return "bool" if bits == 1 else f"ap_{'u' if is_unsigned(type) else ''}int<{bits}>"

    def literal(self, value: int, type: IntegerType) -> Text:
        bits = type.width.data
        if bits == 1:
            return Text("true" if value else "false", declared=True)
        if abs(value) < 1 << (COMMON_INT - 1):
            return Text(str(value), UNARY, typed=bits <= COMMON_INT)
        if value == -(1 << 63):
            return Text("INT64_MIN")
        return Text(f"{'U' if is_unsigned(type) else ''}INT64_C({value})")

    def is_wrapped(self, type: IntegerType) -> bool:
        return False

    def branch(self, text: Text, type: IntegerType) -> Text:
        """Both values of a conditional must have one type in C++."""
        return text if text.declared else text.cast(self.type(type))

    def stored(self, text: Text, type: Attribute) -> str:
        return text.text

    def switched(self, text: Text, type: IntegerType) -> Text:
        """A switch wants an integer of C++, not a class."""
        return text.cast("int64_t" if type.width.data > COMMON_INT - is_unsigned(type) else "int")

    def counter(self, type: IntegerType) -> str:
        return "int" if type.width.data == COMMON_INT else self.type(type)

    def label(self, loop: emitc.ForOp) -> str:
        label = loop.attributes.get(LABEL)
        return f"{identifier(label.data)}: " if isinstance(label, StringAttr) else ""

    def aliasing(self, type: Attribute) -> str:
        """Arrays have one type each: nothing aliases."""
        return self.type(type)

    def pointer_cast(
        self, text: Text, source: Attribute, type: emitc.PointerType, attributes: dict[str, Attribute]
    ) -> Text:
        if pointee(source) == type.pointee_type:
            return text
        raise UserError(
            f"HLS has no cast of pointers ({text.text} to {self.type(type.pointee_type)} *): leave buffers unplaced "
            "(no memplan-place) and run convert-loops-to-emitc{signless-ports=true}"
        )

    def parameter(self, type: Attribute, name: str, attributes: dict[str, Attribute]) -> str:
        if isinstance(type, hls.StreamType):
            return f"{stream_type(self, type)} &{name}"
        elements = attributes.get(ELEMENTS)
        if not isinstance(type, emitc.PointerType) or not isinstance(elements, IntegerAttr):
            return super().parameter(type, name, attributes)
        const = "const " if CONST in attributes else ""
        return f"{const}{self.type(type.pointee_type)} {name}[{elements.value.data}]"

    def directive(self, op: Operation, name: Callable[[SSAValue], str]) -> list[str]:
        return [f"#pragma HLS {text}" for text in pragmas(op, name)]

    def stream(self, op: hls.StreamOp, name: str) -> list[str]:
        assert isinstance(op.result.type, hls.StreamType)
        return [f'{stream_type(self, op.result.type)} {name}("{name}");', stream_pragma(op, name)]

    def flash(self, attributes: dict[str, Attribute]) -> str:
        return ""

    def memory(self, attributes: dict[str, Attribute]) -> str:
        return ""

    def alignment(self, attributes: dict[str, Attribute]) -> str:
        return ""


@dataclass(frozen=True)
class HlsTarget(Target):
    """Print a module of emitc as C++ for high-level synthesis."""

    name = "hls"

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        output.write(print_hls(module))


def print_hls(module: ModuleOp) -> str:
    """The text of one file. Raises UserError for a module that is not emitc, or that casts pointers."""
    program = Program(module)
    program.check()
    spelling = HlsSpelling(program)
    return program.text([title(program), *includes(program, spelling)], spelling)


def print_hls_source(module: ModuleOp) -> str:
    """The text of NAME.cpp beside NAME.h and NAME_weights.h. Raises UserError as `print_hls` does."""
    program = Program(module)
    program.check()
    spelling = HlsSpelling(program)
    streams = ["#include <hls_stream.h>"] if program.has_streams else []
    head = [title(program), f'#include "{header_name(program)}"', f'#include "{weights_name(program)}"', *streams]
    arrays = [op for op in program.globals if op.const_specifier is None]
    return program.text(head, spelling, arrays)


def print_hls_header(module: ModuleOp) -> str:
    """The text of NAME.h: the top function."""
    program = Program(module)
    spelling = HlsSpelling(program)
    prototype, _ = program.prototype(spelling)
    return guarded(program, "H", [*includes(program, spelling, streams=False), "", prototype])


def print_hls_weights(module: ModuleOp) -> str:
    """The text of NAME_weights.h: the constants, which become read-only memories."""
    program = Program(module)
    spelling = HlsSpelling(program)
    arrays = [op for op in program.globals if op.const_specifier is not None]
    lines = [line for op in arrays for line in array_lines(op, spelling)]
    return guarded(program, "WEIGHTS_H", ["#include <stdint.h>", "#include <ap_int.h>", "", *lines])


def header_name(program: Program) -> str:
    """`NAME.h`"""
    return f"{program.name}.h"


def weights_name(program: Program) -> str:
    """`NAME_weights.h`"""
    return f"{program.name}_weights.h"


def title(program: Program) -> str:
    """The first line of a file."""
    return f"// {program.name}: generated by tinyml-opt."


def includes(program: Program, spelling: HlsSpelling, streams: bool = True) -> list[str]:
    """The headers that the types need."""
    used = ["#include <hls_stream.h>"] if streams and program.has_streams else []
    return [*spelling.includes(program.includes), "#include <ap_int.h>", *used]


def guarded(program: Program, suffix: str, lines: list[str]) -> str:
    """A header that may be included twice."""
    guard = f"{program.prefix}_{suffix}"
    head = [title(program), f"#ifndef {guard}", f"#define {guard}", ""]
    return "\n".join([*head, *lines, "", f"#endif // {guard}"]) + "\n"
