"""The integers that values of a body can be, from the constants that it reads and the types of all else."""

from __future__ import annotations

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, ModuleOp
from xdsl.ir import SSAValue

from ....dialects.dense import to_numpy
from ...loops.indices.advance import constant_of
from .lanes import root_of

Range = tuple[int, int]


def signed_bits(low: int, high: int) -> int:
    """The bits of a signed integer that holds both."""
    return 1 + max((-low - 1).bit_length() if low < 0 else 0, high.bit_length() if high > 0 else 0)


class Values:
    """Ranges of values of a module."""

    def __init__(self, module: ModuleOp):
        self.globals = {op.sym_name.data: op for op in module.ops if isinstance(op, memref.GlobalOp)}
        self._constants: dict[str, Range | None] = {}

    def bits(self, value: SSAValue) -> int:
        """The bits that a value needs, with a sign."""
        return signed_bits(*self.of(value))

    def of(self, value: SSAValue) -> Range:
        """The least and the greatest integer."""
        number = constant_of(value)
        if number is not None:
            return number, number
        found = self._computed(value)
        type = value.type
        assert isinstance(type, IntegerType)
        least, most = -(1 << type.width.data - 1), (1 << type.width.data - 1) - 1
        return found if found is not None and least <= found[0] and found[1] <= most else (least, most)

    def _computed(self, value: SSAValue) -> Range | None:
        match value.owner:
            case arith.ExtSIOp() as op:
                return self.of(op.input)
            case arith.ExtUIOp() as op:
                assert isinstance(op.input.type, IntegerType)
                low, high = self.of(op.input)
                return (low, high) if low >= 0 else (0, (1 << op.input.type.width.data) - 1)
            case arith.AddiOp() as op:
                (a, b), (c, d) = self.of(op.lhs), self.of(op.rhs)
                return a + c, b + d
            case arith.SubiOp() as op:
                (a, b), (c, d) = self.of(op.lhs), self.of(op.rhs)
                return a - d, b - c
            case memref.LoadOp() as op:
                root = root_of(op.memref).owner
                return self._constant(root.name_.string_value()) if isinstance(root, memref.GetGlobalOp) else None
            case _:
                return None

    def _constant(self, name: str) -> Range | None:
        """Of the elements of a constant."""
        if name not in self._constants:
            op = self.globals[name]
            data = op.initial_value if op.constant is not None else None
            values = to_numpy(data) if isinstance(data, DenseIntOrFPElementsAttr) else None
            self._constants[name] = None if values is None else (int(values.min()), int(values.max()))
        return self._constants[name]
