"""What the blocks of machine operations, the insides of tiles, have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IndexType, IntegerType, MemRefType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import AttrSizedOperandSegments, IRDLOperation, operand_def, prop_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from .places import verify_place

Address = tuple[SSAValue, Sequence[SSAValue]]
"""An element of a memref, and the indices of it."""


class BlockOp(IRDLOperation, ABC):
    """Add products of weights and data to sums: everything that the inside of a tile does in one go.

    Weights and each of the `data` are read from an element on; `window` holds the numbers that are known at compile
    time, `counts` those that are not. `sums` is a memref of one dimension, which alone is written.
    """

    NUMBERS: ClassVar[int]
    """How many numbers a window has."""

    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (8,)
    DATA_BITS: ClassVar[int] = 32
    SUM_BITS: ClassVar[tuple[int, ...]] = (32,)
    COUNTS: ClassVar[int] = 0

    weights = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    data = var_operand_def(MemRefType)
    at = var_operand_def(IndexType())
    counts = var_operand_def(IndexType())
    sums = operand_def(MemRefType)
    window = prop_def(DenseArrayBase.constr(i64))
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$weights `[` $indices `]` `data` `(` $data `)` `at` `(` $at `)` (`counts` `(` $counts^ `)`)? `sums` $sums "
        "`window` $window attr-dict `:` type($weights) `(` type($data) `)` type($sums)"
    )

    def __init__(
        self,
        weights: Address,
        data: Sequence[Address],
        sums: SSAValue,
        window: Sequence[int],
        counts: Sequence[SSAValue] = (),
    ):
        at = [index for _, indices in data for index in indices]
        super().__init__(
            operands=[weights[0], weights[1], [memref for memref, _ in data], at, counts, sums],
            properties={"window": DenseArrayBase.from_list(i64, window)},
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the window."""
        return tuple(int(number) for number in self.window.get_values())

    @property
    def places(self) -> list[Address]:
        """Where the data begin: memrefs and their indices."""
        found: list[Address] = []
        at = list(self.at)
        for memref in self.data:
            assert isinstance(memref.type, MemRefType)
            dims = memref.type.get_num_dims()
            found.append((memref, at[:dims]))
            at = at[dims:]
        return found

    def verify_(self) -> None:
        if len(self.numbers) != self.NUMBERS:
            raise VerifyException(f"a window of `{self.name}` has {self.NUMBERS} numbers, got {len(self.numbers)}")
        self.verify_window()
        verify_place(self.weights, len(self.indices), *self.WEIGHT_BITS)
        if len(self.counts) != self.counts_needed:
            raise VerifyException(f"expected {self.counts_needed} counts, got {len(self.counts)}")
        dims = sum(memref.type.get_num_dims() for memref in self.data if isinstance(memref.type, MemRefType))
        if dims != len(self.at):
            raise VerifyException(f"expected one index for each dimension of the data, got {len(self.at)}")
        for number, (memref, indices) in enumerate(self.places):
            verify_place(memref, len(indices), self.data_bits(number))
        type = self.sums.type
        assert isinstance(type, MemRefType)
        if type.get_num_dims() != 1 or type.element_type not in [IntegerType(bits) for bits in self.SUM_BITS]:
            raise VerifyException(f"expected sums of {' or '.join(f'i{bits}' for bits in self.SUM_BITS)}, got {type}")
        if type.get_shape()[0] < self.sums_needed:
            raise VerifyException(f"the block has {self.sums_needed} sums, {type} holds fewer")

    def verify_window(self) -> None:
        """Raise VerifyException where the numbers of the window, or how many data there are, make no block."""
        raise NotImplementedError

    def data_bits(self, number: int) -> int:
        """The width of the elements of one of the data."""
        return self.DATA_BITS

    @property
    def counts_needed(self) -> int:
        """The numbers that are not known at compile time."""
        return self.COUNTS

    @property
    def sums_needed(self) -> int:
        """The sums that the block adds to."""
        raise NotImplementedError
