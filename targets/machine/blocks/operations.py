"""Operations inside blocks, spelled as assembly and as C."""

from __future__ import annotations

from collections.abc import Iterable

from ..operation import Operation

Spelled = tuple[list[str], list[str]]
"""Operations as the lines of an assembly statement, and as statements of C."""


ASSEMBLY = {
    "load_pair_next": "ldrd %[{0}], %[{1}], [%[{2}]], #{3}",
    "load_four_next": "ldm %[{4}]!, {{%[{0}], %[{1}], %[{2}], %[{3}]}}",
    "load_pair": "ldrd %[{0}], %[{1}], [%[{2}], #{3}]",
    "load_word": "ldr %[{0}], [%[{1}], #{2}]",
    "store_word": "str %[{0}], [%[{1}], #{2}]",
    "load_word_move": "ldr %[{0}], [%[{1}], #{2}]!",
    "load_pair_move": "ldrd %[{0}], %[{1}], [%[{2}], #{3}]!",
    "advance": "addw %[{0}], %[{0}], #{1}",
    "unpack_low": "sxtb16 %[{0}], %[{1}]",
    "unpack_high": "sxtb16 %[{0}], %[{1}], ror #8",
    "dual_multiply_add": "smlad %[{0}], %[{1}], %[{2}], %[{0}]",
    "dual_multiply_add_from": "smlad %[{0}], %[{1}], %[{2}], %[{3}]",
    "multiply_add_high_low_from": "smlatb %[{0}], %[{1}], %[{2}], %[{3}]",
    "multiply_add_low": "smlabb %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_high": "smlatt %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_low_high": "smlabt %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_add_high_low": "smlatb %[{0}], %[{1}], %[{2}], %[{0}]",
    "multiply_high_add": "smmla %[{0}], %[{0}], %[{1}], %[{2}]",
    "saturate_byte": "ssat %[{0}], #8, %[{0}], asr #{1}",
    "store_byte": "strb %[{0}], [%[{1}], #{2}]",
}
"""Each operation for Armv7E-M; pointers move by bytes."""

STATEMENTS = {
    "load_pair_next": "{0} = tinyml_load_word({2}); {1} = tinyml_load_word({2} + 4); {2} += {3};",
    "load_four_next": "{0} = tinyml_load_word({4}); {1} = tinyml_load_word({4} + 4); {2} = tinyml_load_word({4} + 8); "
    "{3} = tinyml_load_word({4} + 12); {4} += 16;",
    "load_pair": "{0} = tinyml_load_word({2} + {3}); {1} = tinyml_load_word({2} + {3} + 4);",
    "load_word": "{0} = tinyml_load_word({1} + {2});",
    "advance": "{0} += {1};",
    "unpack_low": "{0} = tinyml_unpack_bytes({1}, 0);",
    "unpack_high": "{0} = tinyml_unpack_bytes({1}, 1);",
    "dual_multiply_add": "{0} = tinyml_dual_multiply_add({1}, {2}, {0});",
    "dual_multiply_add_from": "{0} = tinyml_dual_multiply_add({1}, {2}, {3});",
    "multiply_add_high_low_from": "{0} = tinyml_multiply_add_high_low({1}, {2}, {3});",
    "multiply_add_low": "{0} = tinyml_multiply_add_low({1}, {2}, {0});",
    "multiply_add_high": "{0} = tinyml_multiply_add_high({1}, {2}, {0});",
    "multiply_add_low_high": "{0} = tinyml_multiply_add_low_high({1}, {2}, {0});",
    "multiply_add_high_low": "{0} = tinyml_multiply_add_high_low({1}, {2}, {0});",
    "multiply_high_add": "{0} = tinyml_multiply_high_add({0}, {1}, {2});",
    "saturate_byte": "{0} = tinyml_saturate({0}, {1}, 8);",
    "store_byte": "{1}[{2}] = (int8_t){0};",
}
"""The same in C."""


def assembly(operation: Operation) -> str:
    """An operation as an instruction."""
    return ASSEMBLY[operation.name].format(*operation.operands, *operation.numbers)


def statement(operation: Operation) -> str:
    """An operation in C."""
    return STATEMENTS[operation.name].format(*operation.operands, *operation.numbers)


def spelled(operations: Iterable[Operation]) -> Spelled:
    """Operations as the lines of an assembly statement, and as statements of C."""
    listed = list(operations)
    return [f'    "{assembly(o)}\\n"' for o in listed], [f"  {statement(o)}" for o in listed]
