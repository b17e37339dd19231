"""A small writer of loops and arithmetic for passes that build a function's body anew."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, MemRefType, StringAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from ....dialects.hls import UnrollOp
from ....dialects.mcu import LABEL

Values = list[SSAValue]


class Writer:
    """Appends to `block`; constants stand at the top of the function, each once."""

    def __init__(self, function: func.FuncOp, block: Block):
        self.function, self.block = function, block
        self._constants: dict[tuple[int, IndexType | IntegerType], SSAValue] = {}

    @contextmanager
    def inside(self, block: Block) -> Generator[Block]:
        """Append to another block for a while."""
        outer, self.block = self.block, block
        yield block
        self.block = outer

    def do(self, op: Operation, hint: str | None = None) -> SSAValue:
        """Append an op with one result."""
        self.block.add_op(op)
        op.results[0].name_hint = hint
        return op.results[0]

    def constant(self, value: int, type: IndexType | IntegerType | None = None) -> SSAValue:
        """A constant, by default an index."""
        type = IndexType() if type is None else type
        if (value, type) not in self._constants:
            op = arith.ConstantOp(IntegerAttr(value, type))
            op.result.name_hint = f"c{value}" if value >= 0 else f"cm{-value}"
            top = self.function.body.block
            if top.first_op is None:
                top.add_op(op)
            else:
                top.insert_op_before(op, top.first_op)
            self._constants[value, type] = op.result
        return self._constants[value, type]

    def local(self, type: MemRefType[IntegerType], hint: str) -> SSAValue:
        """Memory of the function itself."""
        op = memref.AllocaOp.get(type.element_type, None, type.get_shape())
        op.memref.name_hint = hint
        top = self.function.body.block
        assert top.first_op is not None
        top.insert_op_before(op, top.first_op)
        return op.memref

    def loop(
        self,
        bounds: tuple[int, int, int],
        carried: Sequence[SSAValue],
        body: Callable[[SSAValue, Values], Sequence[SSAValue]],
        hint: str | None,
        label: str | None = None,
        unroll: bool = False,
    ) -> Values:
        """A loop `(lower, upper, step)` around what `body` writes of the variable and what is carried."""
        block = Block(arg_types=[IndexType(), *(value.type for value in carried)])
        for argument, name in zip(block.args, (hint, *(["acc"] * len(carried))), strict=True):
            argument.name_hint = name
        lower, upper, step = (self.constant(bound) for bound in bounds)
        loop = scf.ForOp(lower, upper, step, list(carried), block)
        if label is not None:
            loop.attributes[LABEL] = StringAttr(label)
        self.block.add_op(loop)
        with self.inside(block):
            if unroll:
                block.add_op(UnrollOp())
            block.add_op(scf.YieldOp(*body(block.args[0], list(block.args[1:]))))
        return list(loop.results)

    def conjunction(self, conditions: Sequence[SSAValue]) -> SSAValue | None:
        """Whether all hold; None where there are none."""
        result: SSAValue | None = None
        for condition in conditions:
            result = condition if result is None else self.do(arith.AndIOp(result, condition))
        return result

    def only_if(self, condition: SSAValue | None, body: Callable[[], None]) -> None:
        """What `body` writes, under a condition where there is one."""
        if condition is None:
            body()
            return
        block = Block()
        self.block.add_op(scf.IfOp(condition, [], Region(block), Region()))
        with self.inside(block):
            body()
            block.add_op(scf.YieldOp())
