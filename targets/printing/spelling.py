"""How types, literals and declarations are spelled: C99 here; HLS C++ overrides what differs (`targets/hls.py`)."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import IntegerType, Signedness, StringAttr
from xdsl.dialects.emitc import EmitC_OpaqueType
from xdsl.ir import Attribute, Operation, SSAValue

from ...dialects import emitc
from ...dialects.emitc.statements import pointee
from ...dialects.emitc.types import ALIAS, ALIGNMENT, CONST, FAR, FLASH, MEMORY, NEAR
from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from ...dialects.hls import StreamOp
from ...dialects.names import identifier, is_identifier
from .text import MUL, SHIFT, UNARY, Text

C_WIDTHS = (8, 16, 32, 64)
"""Widths of the integer types of C; `i1` is bool."""

THREE_BYTES = 24
"""The width of avr-gcc's `__int24`, which holds signed numbers there; elsewhere `int32_t` holds the same numbers."""

LEAST_INT = 16
"""Bits of `int` on the smallest target (AVR)."""

COMMON_INT = 32
"""Bits of `int` on all others: narrower arithmetic is done in `int`, and may keep more bits than its type."""


def is_unsigned(type: IntegerType) -> bool:
    """True for `uiN` and `i1`."""
    return type.signedness.data == Signedness.UNSIGNED or type.width.data == 1


class Spelling:
    """C99 for `int` of 16 or of 32 bits."""

    language = "C"
    keeps_bits = False
    """Whether sums and products have all the bits that they need."""

    def __init__(self, prefix: str):
        self.prefix = prefix
        self.kept = f"{prefix}_KEPT "

    def type(self, type: Attribute) -> str:
        """An integer type. Raises UserError for a width that C does not have."""
        if not isinstance(type, IntegerType):
            raise UserError(f"{self.language} has no spelling of {type} here; streams are printed by -t hls")
        bits = type.width.data
        if bits == 1:
            return "bool"
        if bits == THREE_BYTES and not is_unsigned(type):
            return f"{self.prefix}_INT{bits}"
        if bits not in C_WIDTHS:
            raise UserError(
                f"C has no integer of {bits} bits ({type}): choose 8, 16, 32 or 64 bits, or print HLS C++ (-t hls)"
            )
        return f"{'u' if is_unsigned(type) else ''}int{bits}_t"

    def directive(self, op: Operation, name: Callable[[SSAValue], str]) -> list[str]:
        """What synthesis is told; a compiler of C is told nothing."""
        return []

    def stream(self, op: StreamOp, name: str) -> list[str]:
        """The declaration of a stream. Raises UserError: C has none."""
        raise UserError(f"C has no streams ({name}): print HLS C++ (-t hls)")

    def element(self, op: emitc.SubscriptOp, text: str) -> Text:
        """An element of an array."""
        return Text(text, declared=True)

    def array_type(self, op: emitc.GlobalOp) -> str:
        """What an array holds."""
        return self.type(op.type.element_type)

    def literal(self, value: int, type: IntegerType) -> Text:
        """A number whose C value is right on every machine; `INT32_C` where 16-bit `int` does not hold it."""
        bits, sign = type.width.data, "U" if is_unsigned(type) else ""
        if bits == 1:
            return Text("true" if value else "false", declared=True)
        if bits == THREE_BYTES and abs(value) >= 1 << (LEAST_INT - 1):
            return Text(f"INT{COMMON_INT}_C({value})").cast(self.type(type))
        if bits > 8 and not sign and value == -(1 << (bits - 1)):
            return Text(f"INT{bits}_MIN")
        if abs(value) >= 1 << (LEAST_INT - 1) and bits >= LEAST_INT:
            return Text(f"{sign}INT{bits}_C({value})", typed=bits > LEAST_INT)
        return Text(str(value), UNARY, typed=bits <= LEAST_INT)

    def is_wrapped(self, type: IntegerType) -> bool:
        """True when sums and products of this type wrap in C as they do in the IR."""
        return type.width.data >= COMMON_INT

    def branch(self, text: Text, type: IntegerType) -> Text:
        """A value of a conditional."""
        return text

    def stored(self, text: Text, type: Attribute) -> str:
        """A value that goes into a place of its type, cut where C computes it in `int`.

        Quotients and shifts to the right fit, but not every compiler sees it and warns.
        """
        fits = text.exact and text.level not in (MUL, SHIFT)
        is_narrow = isinstance(type, IntegerType) and type.width.data < COMMON_INT
        return text.cast(self.type(type)).text if is_narrow and not fits else text.text

    def switched(self, text: Text, type: IntegerType) -> Text:
        """The value of a switch."""
        return text

    def counter(self, type: IntegerType) -> str:
        """The type of a loop's variable."""
        return self.type(type)

    def label(self, loop: emitc.ForOp) -> str:
        """What stands in front of a loop."""
        return ""

    def pointer(self, type: emitc.PointerType, attributes: dict[str, Attribute]) -> str:
        """A pointer type, with a trailing space where a name may follow a word."""
        if isinstance(type.pointee_type, EmitC_OpaqueType):
            return f"{c_name(type.pointee_type.value.data)} *"
        const = "const " if CONST in attributes else ""
        pointee = self.aliasing(type.pointee_type) if ALIAS in attributes else self.type(type.pointee_type)
        return f"{const}{self.flash(attributes)}{pointee} *"

    def aliasing(self, type: Attribute) -> str:
        """The typedef of an integer type whose accesses may meet those of other types: `NET_INT16`."""
        return f"{self.prefix}_{self.type(type).removesuffix('_t').upper()}"

    def pointer_cast(
        self, text: Text, source: Attribute, type: emitc.PointerType, attributes: dict[str, Attribute]
    ) -> Text:
        """A cast between pointers; an array is a pointer to its elements already.

        Wide elements are aligned where the plan puts them: the way over `void *` tells compilers so.
        """
        if isinstance(source, emitc.ArrayType) and ALIAS not in attributes:
            return text
        narrow, wide = pointee(source), type.pointee_type
        assert isinstance(wide, IntegerType)
        wider = wide.width.data > narrow.width.data
        through = text.cast(f"{'const ' if CONST in attributes else ''}void *") if wider else text
        return through.cast(self.pointer(type, attributes))

    def parameter(self, type: Attribute, name: str, attributes: dict[str, Attribute]) -> str:
        """A parameter of a function."""
        if isinstance(type, emitc.PointerType):
            return self.pointer(type, attributes) + name
        return f"{self.type(type)} {name}"

    def flash(self, attributes: dict[str, Attribute]) -> str:
        """The macro of the address space of constants."""
        return f"{self.prefix}_{'FAR' if FAR in attributes else 'FLASH'} " if FLASH in attributes else ""

    def section(self, attributes: dict[str, Attribute]) -> str:
        """What an array ends in that must lie in front of those that are far."""
        return f" {self.prefix}_NEAR" if NEAR in attributes else ""

    def memory(self, attributes: dict[str, Attribute]) -> str:
        """The macro with which the user places an array in its memory: `NET_DTCM`, for the memory `dtcm`."""
        name = attributes.get(MEMORY)
        return f"{self.prefix}_{identifier(name.data, 'memory').upper()} " if isinstance(name, StringAttr) else ""

    def alignment(self, attributes: dict[str, Attribute]) -> str:
        """What an aligned array ends in."""
        value = attributes.get(ALIGNMENT)
        bytes = str(value).split(" ")[0] if value is not None else ""
        return f" __attribute__((aligned({bytes})))" if bytes else ""

    def alignment_before(self, attributes: dict[str, Attribute]) -> str:
        """What an aligned array begins with, in languages that have a word for it."""
        return ""

    def includes(self, includes: list[emitc.IncludeOp]) -> list[str]:
        """The lines that include headers."""
        return [f"#include {quoted(op.include, op.is_standard_include is not None)}" for op in includes]


class AlignedSpelling(Spelling):
    """A standard with a word for alignment: `_Alignas` in C11, `alignas` in C++11."""

    def __init__(self, prefix: str, word: str):
        super().__init__(prefix)
        self.word = word

    def alignment(self, attributes: dict[str, Attribute]) -> str:
        return ""

    def alignment_before(self, attributes: dict[str, Attribute]) -> str:
        value = attributes.get(ALIGNMENT)
        return "" if value is None else f"{self.word}({str(value).split(' ')[0]}) "


def c_name(name: str) -> str:
    """A name that a text may hold where C wants an identifier. Raises UserError for any other."""
    if not is_identifier(name):
        raise UserError(f"{in_quotes(name)} is no name in C; rename it")
    return name


def quoted(name: StringAttr, standard: bool) -> str:
    """`<name>` or `"name"`"""
    return f"<{name.data}>" if standard else f'"{name.data}"'
