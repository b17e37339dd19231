"""Machine operations: what some processors do in one instruction, with its meaning in Python and in C.

All values are 32-bit words, kept as signed numbers. A *half* is a signed 16-bit number, two of them in a word, the low
one first; a *byte* is a signed 8-bit number, four of them in a word. The names of instructions are those of the
architecture manuals of Armv7E-M and Armv8-M; `targets/machine/operations.toml` spells each for C compilers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.utils.exceptions import VerifyException

WORD, THREE_BYTES, HALF, BYTE = 32, 24, 16, 8


def signed(value: int, bits: int) -> int:
    """The signed number that the low bits of a number stand for."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def low(word: int) -> int:
    """The low half of a word."""
    return signed(word, HALF)


def high(word: int) -> int:
    """The high half of a word."""
    return signed(word >> HALF, HALF)


def halves(first: int, second: int) -> int:
    """The word of two halves, each modulo 2^16."""
    return signed((first & 0xFFFF) | (second & 0xFFFF) << HALF, WORD)


def multiply_high_add(a: int, b: int, c: int) -> int:
    """`c + floor(a * b / 2^32)`, modulo 2^32 (SMMLA)"""
    return signed(c + (a * b >> WORD), WORD)


def multiply_high_round_add(a: int, b: int, c: int) -> int:
    """`c + floor((a * b + 2^31) / 2^32)`, modulo 2^32 (SMMLAR)"""
    return signed(c + (a * b + (1 << WORD - 1) >> WORD), WORD)


def saturate(value: int, shift: int, bits: int) -> int:
    """`value >> shift`, into the range of a signed number of so many bits (SSAT, with ASR where it is shifted)"""
    limit = 1 << (bits - 1)
    return min(max(value >> shift, -limit), limit - 1)


def unpack_bytes(word: int, first: int) -> int:
    """Bytes `first` (0 or 1) and `first + 2` as two halves (SXTB16, rotated by 8 for 1)"""
    return halves(signed(word >> BYTE * first, BYTE), signed(word >> BYTE * (first + 2), BYTE))


def subtract_halves(a: int, b: int) -> int:
    """The differences of the halves, each modulo 2^16 (SSUB16)"""
    return halves(low(a) - low(b), high(a) - high(b))


def pack_halves(first: int, second: int) -> int:
    """The low halves of two words, the first low (PKHBT with LSL 16)"""
    return halves(first, second)


def pack_high_halves(first: int, second: int) -> int:
    """The high halves of two words, the first low (PKHTB with ASR 16)"""
    return halves(high(first), high(second))


def dual_multiply_add(a: int, b: int, c: int) -> int:
    """`c + low(a) * low(b) + high(a) * high(b)`, modulo 2^32 (SMLAD)"""
    return signed(c + low(a) * low(b) + high(a) * high(b), WORD)


def multiply_add_low(a: int, b: int, c: int) -> int:
    """`c + low(a) * low(b)`, modulo 2^32 (SMLABB)"""
    return signed(c + low(a) * low(b), WORD)


def multiply_add_low_high(a: int, b: int, c: int) -> int:
    """`c + low(a) * high(b)`, modulo 2^32 (SMLABT)"""
    return signed(c + low(a) * high(b), WORD)


def multiply_add_high_low(a: int, b: int, c: int) -> int:
    """`c + high(a) * low(b)`, modulo 2^32 (SMLATB)"""
    return signed(c + high(a) * low(b), WORD)


def multiply_add_high(a: int, b: int, c: int) -> int:
    """`c + high(a) * high(b)`, modulo 2^32 (SMLATT)"""
    return signed(c + high(a) * high(b), WORD)


def multiply_add(a: int, b: int, c: int) -> int:
    """`c + a * b` of bytes, modulo 2^32 (LB, MUL, ADD)"""
    return signed(c + signed(a, BYTE) * signed(b, BYTE), WORD)


def multiply_add_24(a: int, b: int, c: int) -> int:
    """`c + a * b` of bytes, modulo 2^24, as a signed number (MULS, ADD, ADC, ADC)"""
    return signed(c + signed(a, BYTE) * signed(b, BYTE), THREE_BYTES)


def multiply_add_word(a: int, b: int, c: int) -> int:
    """`c + a * b`, modulo 2^32 (MLA)"""
    return signed(c + a * b, WORD)


def multiply(a: int, b: int) -> int:
    """`a * b`, modulo 2^32 (MULS of Armv6-M, which cannot add)"""
    return signed(a * b, WORD)


def multiply_add_bytes(a: int, b: int, c: int) -> int:
    """`c` and the products of the four bytes of two words, modulo 2^32 (VMLADAVA.S8 does four words at once)"""
    products = (signed(a >> shift, BYTE) * signed(b >> shift, BYTE) for shift in range(0, WORD, BYTE))
    return signed(c + sum(products), WORD)


def multiply_add_unsigned_24(a: int, b: int, c: int) -> int:
    """`c + a * b` of a byte and a byte without sign, modulo 2^24, as a signed number (MULSU, ADD, ADC, ADC)"""
    return signed(c + signed(a, BYTE) * (b & 0xFF), THREE_BYTES)


def multiply_high_halves(a: int, b: int) -> int:
    """`(a * b + 2^15) >> 16` of halves, a half (MUL, MULS, MULSU)"""
    return signed(low(a) * low(b) + (1 << (HALF - 1)) >> HALF, HALF)


def shift_to_half(value: int, shift: int) -> int:
    """`value >> shift` of a number of 24 bits, modulo 2^16, as a half"""
    return signed(signed(value, THREE_BYTES) >> shift, HALF)


@dataclass(frozen=True)
class MachineOperation:
    """A machine operation of some words and then some immediates, numbers that are known at compile time.

    Its operands have `bits` bits, its result `result_bits`: words, but for cores that compute byte by byte.
    """

    meaning: Callable[..., int]
    words: int
    immediates: int = 0
    bits: int = WORD
    result_bits: int = WORD

    @property
    def name(self) -> str:
        """Its name in the IR, and behind `tinyml_` in C."""
        return self.meaning.__name__


OPERATIONS = {
    operation.name: operation
    for operation in (
        MachineOperation(multiply_high_add, 3),
        MachineOperation(multiply_high_round_add, 3),
        MachineOperation(saturate, 1, 2),
        MachineOperation(unpack_bytes, 1, 1),
        MachineOperation(subtract_halves, 2),
        MachineOperation(pack_halves, 2),
        MachineOperation(pack_high_halves, 2),
        MachineOperation(dual_multiply_add, 3),
        MachineOperation(multiply_add_low, 3),
        MachineOperation(multiply_add_high, 3),
        MachineOperation(multiply_add_low_high, 3),
        MachineOperation(multiply_add_high_low, 3),
        MachineOperation(multiply, 2),
        MachineOperation(multiply_add_word, 3),
        MachineOperation(multiply_add_bytes, 3),
        MachineOperation(multiply_add, 3),
        MachineOperation(multiply_add_24, 3),
        MachineOperation(multiply_add_unsigned_24, 3),
        MachineOperation(multiply_high_halves, 2, 0, HALF, HALF),
        MachineOperation(shift_to_half, 1, 1, THREE_BYTES, HALF),
    )
}
"""Every machine operation that has a result and touches no memory."""

LOAD_WORD = "load_word"
"""That of `mcu.load_word`: cores that have it read a word at any address in one instruction, others in four."""

KNOWN = (*OPERATIONS, LOAD_WORD)
"""What a core may have."""


def verify_machine(name: str, bits: Sequence[int], immediates: Sequence[int], result_bits: int) -> None:
    """Raise VerifyException where there is no such machine operation of these widths with these immediates."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise VerifyException(f"there is no machine operation `{name}`; there are {', '.join(OPERATIONS)}")
    if (len(bits), len(immediates)) != (operation.words, operation.immediates):
        raise VerifyException(f"`{name}` takes {operation.words} words and {operation.immediates} immediates")
    if {*bits} != {operation.bits} or result_bits != operation.result_bits:
        raise VerifyException(f"`{name}` takes i{operation.bits} and gives i{operation.result_bits}")
    if name == "shift_to_half" and not 1 <= immediates[0] < THREE_BYTES:
        raise VerifyException("`shift_to_half` shifts by 1 to 23")
    if name == "saturate" and not (0 <= immediates[0] <= 31 and 1 <= immediates[1] <= 32):
        raise VerifyException("`saturate` shifts by 0 to 31 and has 1 to 32 bits")
    if name == "unpack_bytes" and immediates[0] not in (0, 1):
        raise VerifyException("`unpack_bytes` begins at byte 0 or 1")
