"""What all writers of the loops level share: a block that ops are appended to, and constants at the top."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, SSAValue


class BlockWriter:
    """Appends ops to `block`. Constants stand at the top of the function's entry block, each once, in order of use."""

    def __init__(self, entry: Block, block: Block | None = None):
        self.entry = entry
        self.block = entry if block is None else block
        self._constants: dict[tuple[int, Attribute], SSAValue] = {}
        self._last_constant: Operation | None = None

    @contextmanager
    def inside(self, block: Block) -> Generator[Block]:
        """Append to another block for a while."""
        outer, self.block = self.block, block
        yield block
        self.block = outer

    def do(self, op: Operation, hint: str | None = None) -> SSAValue:
        """Append an op with one result and return the result."""
        self.block.add_op(op)
        op.results[0].name_hint = hint
        return op.results[0]

    def at_top(self, op: Operation) -> None:
        """Put an op in front of all others of the function."""
        if self.entry.first_op is None:
            self.entry.add_op(op)
        else:
            self.entry.insert_op_before(op, self.entry.first_op)

    def constant(self, value: int, type: IntegerType | IndexType) -> SSAValue:
        """An integer constant of a signless type; of unsigned bits, the signed number with the same bits."""
        if isinstance(type, IntegerType) and type.width.data > 1 and value >> (type.width.data - 1) > 0:
            value -= 1 << type.width.data
        key = (value, type)
        if key not in self._constants:
            op = arith.ConstantOp(IntegerAttr(value, type))
            op.result.name_hint = f"c{value}" if value >= 0 else f"cm{-value}"
            if self._last_constant is None:
                self.at_top(op)
            else:
                self.entry.insert_op_after(op, self._last_constant)
            self._last_constant = op
            self._constants[key] = op.result
        return self._constants[key]
