"""Which bits of values are built: not those that nothing reads, nor those that are always 0."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from ...dialects import rtl

LOW_BITS = frozenset(("add", "sub", "mul", "resize", "shl", "shr"))
"""Operations whose lowest bits come from the lowest bits of their operands, moved by an amount."""

MOVES = frozenset(("resize", "shl", "shr"))
"""Those of them each of whose bits is one of their operand's."""


class Bits:
    """The bits of the values of one module; what was found of a value is kept."""

    def __init__(self) -> None:
        self._read: dict[SSAValue, tuple[int, int]] = {}
        self._zeros: dict[SSAValue, int] = {}
        self._significant: dict[SSAValue, int] = {}
        self._built: dict[SSAValue, int] = {}
        """Of registers: one behind another that nothing else reads has as many."""

    def read(self, value: SSAValue) -> tuple[int, int]:
        """The lowest bit of a value that reaches anything, and the one behind the highest; (width, 0) for none."""
        found = self._read.get(value)
        if found is None:
            bits = rtl.bits_of(value)
            low, high = bits, 0
            for use in value.uses:
                begin, end = self._read_by(use.operation, bits)
                low, high = min(low, begin), max(high, end)
            found = self._read[value] = max(0, low), min(high, bits)
        return found

    def _read_by(self, op: Operation, bits: int) -> tuple[int, int]:
        """The bits of an operand, which has so many, that an op reads."""
        if type(op) is rtl.DelayOp and op.reset is None:
            return self.read(op.results[0])
        if type(op) is not rtl.ComputeOp:
            return 0, bits
        kind, amount = op.kind.data, 0 if op.amount is None else op.amount.value.data
        if kind == "element":
            width = rtl.bits_of(op.results[0])
            return amount * width, (amount + 1) * width
        if kind not in LOW_BITS:
            return 0, bits
        low, high = self.read(op.results[0])
        moved = -amount if kind == "shl" else amount if kind == "shr" else 0
        return low + moved if kind in MOVES else 0, high + moved

    def significant(self, value: SSAValue) -> int:
        """The bits of a value without those above that are 0 since it was extended."""
        found = self._significant.get(value)
        if found is None:
            at = value.owner
            if type(at) is rtl.DelayOp:
                found = self.significant(at.value)
            elif type(at) is rtl.ComputeOp and at.kind.data == "zero_extend":
                found = rtl.bits_of(at.args[0])
            elif type(at) is rtl.ComputeOp and at.kind.data == "shl":
                assert at.amount is not None, "verified"
                found = min(rtl.bits_of(value), self.significant(at.args[0]) + at.amount.value.data)
            else:
                found = rtl.bits_of(value)
            self._significant[value] = found
        return found

    def low_zeros(self, value: SSAValue) -> int:
        """How many of the lowest bits are known to be 0: a sum with them is wires there."""
        found = self._zeros.get(value)
        if found is None:
            at, found = value.owner, 0
            if type(at) is rtl.DelayOp:
                found = self.low_zeros(at.value)
            elif type(at) is rtl.ComputeOp and at.kind.data == "shl":
                assert at.amount is not None, "verified"
                found = at.amount.value.data + self.low_zeros(at.args[0])
            elif type(at) is rtl.ConstantOp and (number := at.value.value.data):
                found = (number & -number).bit_length() - 1
            self._zeros[value] = found
        return found

    def built(self, register: rtl.DelayOp, before: SSAValue) -> int:
        """The bits of a register, of a value, that are built."""
        found = self._built.get(before) if register.reset is None and before.has_one_use() else None
        value = register.results[0]
        if found is None:
            low, high = self.read(value)
            found = max(0, min(high, self.significant(value)) - max(low, self.low_zeros(value)))
        self._built[value] = found
        return found
