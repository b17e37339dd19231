"""`fixed-narrow-bodies`: every value of a body, and every constant that it reads, in the width that intervals prove."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.dense import from_numpy, to_numpy
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.scalar import YieldOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from .bodies.narrow_ops import write_op
from .bodies.narrowing import BITS, BYTES, NarrowBody, Widths, integer, is_unsigned, width_of
from .intervals.analysis import Analysis, FormRanges, is_tensor_function
from .intervals.ranges import Range


@dataclass(frozen=True)
class NarrowBodiesPass(ModulePass):
    """Compute in 8, 16, 24, 32 or 64 bits, whichever the bounds of each value allow; no result changes.

    For 8-bit cores, whose every byte costs: products of 16 bits make 32 in a third of the time of 32 by 32, shifts are
    split where whole bytes of them are moves, clamps that nothing reaches are gone. Constants that bodies read
    (biases, multipliers, tables) are stored as narrow. With `exact`, for hardware, any number of bits will do.
    """

    name = "fixed-narrow-bodies"
    exact: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_tensor_function(function):
                for form, ranges in Analysis(function).forms.items():
                    narrow(form, ranges, BITS if self.exact else BYTES)


def narrow(form: StructuredForm, ranges: FormRanges, widths: Widths) -> None:
    """Write a form's body again."""
    old = form.body.block
    narrow_constants(form, widths)
    values = [*form.params, *form.tables]
    heads = len(old.args) - len(values)
    types = [argument.type for argument in old.args[:heads]]
    types += [shaped_type(value).element_type for value in form.params]
    types = [getattr(type, "storage", type) for type in types]
    types += [table.type for table in form.tables]
    block = Block(arg_types=types)
    body = NarrowBody(block, widths)
    for before, after in zip(old.args, block.args, strict=True):
        body.define_argument(before, after, ranges.values.get(before))
    for op in old.ops:
        if isinstance(op, YieldOp):
            block.add_op(YieldOp(*(body.as_type(value, integer(value.type)) for value in op.values)))
        else:
            write_op(body, op, ends_of(ranges, op.results[0]))
    drop_unused(block)
    form.detach_region(form.body)
    form.add_region(Region(block))


def ends_of(ranges: FormRanges, value: SSAValue) -> tuple[int, int]:
    """The interval of a value."""
    found: Range = ranges.values[value]
    return found.least, found.greatest


def drop_unused(block: Block) -> None:
    """Erase what nothing uses."""
    for op in reversed(list(block.ops)):
        if op.results and not any(result.uses for result in op.results):
            Rewriter.erase_op(op)


def narrow_constants(form: StructuredForm, widths: Widths) -> None:
    """Store the integers that the body reads, and nothing else gives a type, in the narrowest width."""
    first = len(form.ins)
    for index in range(first, first + len(form.params) + len(form.tables)):
        constant = form.operands[index].owner
        if not isinstance(constant, ConstantOp):
            continue
        type = shaped_type(constant.result).element_type
        if not isinstance(type, IntegerType) or is_unsigned(type):
            continue
        integers = to_numpy(constant.value)
        narrow = width_of((int(integers.min()), int(integers.max())), widths.all)
        if narrow.width.data < type.width.data:
            assert not isinstance(constant.result.type, MemRefType)
            node = None if constant.node is None else constant.node.data
            stored = ConstantOp(from_numpy(integers, narrow), TensorType(narrow, integers.shape), node)
            Rewriter.insert_op(stored, InsertPoint.before(form))
            form.operands[index] = stored.result
