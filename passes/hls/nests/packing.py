"""Constants in the order in which lanes read them."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.dense import from_numpy, to_numpy
from ....dialects.names import Names
from ...loops.indices.advance import constant_of, trips_of
from ...loops.indices.affine import Affine, loops_around
from .lanes import Access, is_unrolled

MOST_ELEMENTS = 1 << 26
"""Of a constant that is laid out anew."""


class Packing:
    """The constants of a module, and new ones."""

    def __init__(self, module: ModuleOp):
        self.module = module
        self.globals = {op.sym_name.data: op for op in module.ops if isinstance(op, memref.GlobalOp)}
        functions = [op.sym_name.data for op in module.ops if isinstance(op, func.FuncOp)]
        self.names = Names([*self.globals, *functions])
        self.left: set[str] = set()
        """Constants that an access has left for another."""

    def constant(self, root: SSAValue) -> memref.GlobalOp | None:
        """The global of a constant."""
        if not isinstance(root.owner, memref.GetGlobalOp):
            return None
        op = self.globals[root.owner.name_.string_value()]
        return op if op.constant is not None else None

    def pack(self, op: Access, address: Affine, offsets: list[int]) -> SSAValue | None:
        """Let an access read words of all its lanes, one after the other; the memref it reads then.

        None where the order has no index without a division, or where the constant would be too large.
        """
        assert isinstance(op, memref.LoadOp)
        moves = address.moves
        around = [loop for loop in loops_around(op) if loop in moves]
        loops = [loop for loop in around if not is_unrolled(loop)] + [loop for loop in around if is_unrolled(loop)]
        trips = [trips_of(loop) or 1 for loop in loops]
        lanes = prod(count for loop, count in zip(loops, trips, strict=True) if is_unrolled(loop))
        strides = [prod(trips[number + 1 :]) for number in range(len(trips))]
        steps = [constant_of(loop.step) or 1 for loop in loops]
        if lanes != len(offsets) or prod(trips) > MOST_ELEMENTS:
            return None
        if any(stride % step for stride, step in zip(strides, steps, strict=True)):
            return None
        source = op.memref
        constant = self.constant(source)
        if constant is None:
            return None
        values = self._values(constant)
        numbers = np.full((1,), address.base, np.int64)
        for loop, count in zip(loops, trips, strict=True):
            numbers = (numbers[:, None] + moves[loop] * np.arange(count, dtype=np.int64)).reshape(-1)
        if numbers.min() < 0 or numbers.max() >= len(values):
            return None
        if len(numbers) == len(values) and (numbers == np.arange(len(values))).all():
            return source
        packed = self._global(constant, values[numbers])
        index = self._index(op, [(loop, s // step) for loop, s, step in zip(loops, strides, steps, strict=True)])
        get = memref.GetGlobalOp(packed.sym_name.data, packed.type)
        get.memref.name_hint = source.name_hint
        assert isinstance(source.owner, Operation)
        Rewriter.insert_op(get, InsertPoint.after(source.owner))
        new = memref.LoadOp.get(get.memref, [index])
        new.res.name_hint = op.res.name_hint
        Rewriter.replace_op(op, new)
        self.left.add(constant.sym_name.data)
        return get.memref

    def _values(self, op: memref.GlobalOp) -> NDArray[np.generic]:
        assert isinstance(op.initial_value, DenseIntOrFPElementsAttr)
        return to_numpy(op.initial_value).reshape(-1)

    def _global(self, old: memref.GlobalOp, values: NDArray[np.generic]) -> memref.GlobalOp:
        """A constant with other elements of the same type, behind the old one."""
        element = old.type.element_type  # pyright: ignore
        assert isinstance(element, IntegerType) and isinstance(old.type, MemRefType)
        type = MemRefType(element, values.shape, memory_space=old.type.memory_space)
        data = from_numpy(np.ascontiguousarray(values), element)
        symbol = self.names.unique(f"{old.sym_name.data}_packed")
        dense = DenseIntOrFPElementsAttr(TensorType(element, values.shape), data.data)
        new = memref.GlobalOp.get(StringAttr(symbol), type, dense, constant=UnitAttr())
        self.globals[symbol] = new
        self.module.body.block.insert_op_after(new, old)
        return new

    def _index(self, op: Operation, terms: list[tuple[scf.ForOp, int]]) -> SSAValue:
        """The sum of iterations times strides, before an op."""
        total: SSAValue | None = None
        for loop, factor in terms:
            variable, lower = loop.body.block.args[0], constant_of(loop.lb)
            if lower:
                variable = insert(op, arith.SubiOp(variable, number(op, lower)))
            term = variable if factor == 1 else insert(op, arith.MuliOp(variable, number(op, factor)))
            total = term if total is None else insert(op, arith.AddiOp(total, term))
        assert total is not None, "lanes move it"
        return total

    def drop_unused(self) -> None:
        """Erase what nothing reads any more."""
        gets = [op for op in self.module.walk() if isinstance(op, memref.GetGlobalOp)]
        for op in gets:
            if op.name_.string_value() in self.left and not op.memref.uses:
                Rewriter.erase_op(op)
        used = {op.name_.string_value() for op in self.module.walk() if isinstance(op, memref.GetGlobalOp)}
        for symbol in self.left - used:
            self.module.body.block.erase_op(self.globals[symbol])


def number(op: Operation, value: int) -> SSAValue:
    """A constant before an op."""
    return insert(op, arith.ConstantOp(IntegerAttr(value, IndexType())))


def insert(op: Operation, new: Operation) -> SSAValue:
    """Write an op before another."""
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new.results[0]
