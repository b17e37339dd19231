"""A small writer of loops and arithmetic for passes that build a function's body anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, StringAttr
from xdsl.ir import Block, Region, SSAValue

from ....dialects.hls import UnrollOp
from ....dialects.mcu import LABEL
from ...loops.writing import BlockWriter

Values = list[SSAValue]


class Writer(BlockWriter):
    """Appends to a block of a function, whose memory and constants stand at its top."""

    def __init__(self, function: func.FuncOp, block: Block):
        super().__init__(function.body.block, block)

    def number(self, value: int) -> SSAValue:
        """A constant index."""
        return self.constant(value, IndexType())

    def local(self, type: MemRefType[IntegerType], hint: str) -> SSAValue:
        """Memory of the function itself."""
        op = memref.AllocaOp.get(type.element_type, None, type.get_shape())
        op.memref.name_hint = hint
        self.at_top(op)
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
        lower, upper, step = (self.number(bound) for bound in bounds)
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
