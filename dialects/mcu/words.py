"""Machine operations of words, and what takes words out of memory."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, IndexType, IntegerType, MemRefType, StringAttr, UnitAttr, i32, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from ..machine import OPERATIONS, WORD, verify_machine
from .places import verify_place


class MachineFields(IRDLOperation, ABC):
    """An operation of dialects/machine.py on words, at the loops level and in emitc."""

    operation = prop_def(StringAttr)
    words = var_operand_def(IntegerType)
    immediates = opt_prop_def(DenseArrayBase.constr(i64))
    called = opt_prop_def(UnitAttr)
    """Whether C calls a function for it, which takes less flash where it is several instructions."""
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = (
        "$operation (`called` $called^)? `(` $words `)` (`immediates` $immediates^)? attr-dict `:` "
        "functional-type($words, results)"
    )

    def __init__(self, operation: str, words: Sequence[SSAValue], immediates: Sequence[int] = (), called: bool = False):
        properties = {
            "operation": StringAttr(operation),
            "called": UnitAttr() if called else None,
            "immediates": DenseArrayBase.from_list(i64, immediates) if immediates else None,
        }
        result = OPERATIONS[operation].result_bits if operation in OPERATIONS else WORD
        super().__init__(operands=[words], properties=properties, result_types=[IntegerType(result)])

    @property
    def numbers(self) -> tuple[int, ...]:
        """The immediates."""
        return () if self.immediates is None else tuple(int(number) for number in self.immediates.get_values())

    def verify_(self) -> None:
        bits = [word.type.width.data for word in self.words if isinstance(word.type, IntegerType)]
        assert isinstance(self.result.type, IntegerType)
        verify_machine(self.operation.data, bits, self.numbers, self.result.type.width.data)


@irdl_op_definition
class MachineOp(MachineFields):
    """A machine operation of words, with its immediates behind them; `machine.py` says what each takes and gives.

    ```mlir
    %1 = mcu.machine "multiply_high_add"(%acc, %m, %c) : (i32, i32, i32) -> i32
    %2 = mcu.machine "saturate"(%1) immediates [6, 8] : (i32) -> i32
    ```
    """

    name = "mcu.machine"


@irdl_op_definition
class LoadWordOp(IRDLOperation):
    """Four bytes of memory from an element on as a word, the first of them lowest; at any address.

    ```mlir
    %w = mcu.load_word %x[%row, %column] : memref<4x8xi8>
    ```
    """

    name = "mcu.load_word"
    memref = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    result = result_def(i32)
    assembly_format = "$memref `[` $indices `]` attr-dict `:` type($memref)"

    def __init__(self, memref: SSAValue, indices: Sequence[SSAValue]):
        super().__init__(operands=[memref, indices], result_types=[i32])

    def verify_(self) -> None:
        verify_place(self.memref, len(self.indices), 8)


@irdl_op_definition
class AtOp(IRDLOperation):
    """A part of a memref as one of one dimension: its elements from an index on, one after the other in memory.

    Below index 0 of it are those before.

    ```mlir
    %p = mcu.at %x[%row, %column] : memref<4x8xi8> -> memref<5xi8>
    ```
    """

    name = "mcu.at"
    memref = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    result = result_def(MemRefType)
    traits = traits_def(Pure())
    assembly_format = "$memref `[` $indices `]` attr-dict `:` type($memref) `->` type($result)"

    def __init__(self, memref: SSAValue, indices: Sequence[SSAValue], length: int):
        assert isinstance(memref.type, MemRefType)
        type = MemRefType(memref.type.element_type, [length], memory_space=memref.type.memory_space)
        super().__init__(operands=[memref, indices], result_types=[type])

    def verify_(self) -> None:
        given, made = self.memref.type, self.result.type
        assert isinstance(given, MemRefType) and isinstance(made, MemRefType)
        if given.get_num_dims() != len(self.indices):
            raise VerifyException(f"expected one index for each dimension of {given}, got {len(self.indices)}")
        if made.get_num_dims() != 1 or (made.element_type, made.memory_space) != (
            given.element_type,
            given.memory_space,
        ):
            raise VerifyException(f"expected one dimension of the elements of {given}, got {made}")
