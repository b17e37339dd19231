"""The scan over the rows of an input that a model is written as: what a step computes, and what it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import lcm

import numpy as np
from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from ....dialects import onnx
from ....dialects.dense import dtype_of, from_numpy
from ....dialects.onnx.base import element_of, ints, shape_of
from ....dialects.onnx.scalar import QuantizationOp
from ....dialects.onnx.scan import NextOp, ScanOp
from .rows import FIRST_SPATIAL, Rows, window_of

NODE = "steps"
"""The node of the scan."""


@dataclass
class Steps:
    """The scan that is written of a function: values with rows, and the body's states with what they become."""

    function: FuncOp
    known: dict[SSAValue, Rows]
    body: Block = field(default_factory=Block)
    starts: list[SSAValue] = field(default_factory=list[SSAValue])
    following: list[SSAValue] = field(default_factory=list[SSAValue])
    new: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def __post_init__(self) -> None:
        self.block = self.function.body.block
        self.x = self.block.args[0]
        self.step = lcm(*(rows.stride for rows in self.known.values()))
        self.rounds = shape_of(self.x)[self.known[self.x].axis] // self.step
        self.behind = self.dependents()
        self.anchor = next(op for op in self.block.ops if op in self.behind)

    def count(self, value: SSAValue) -> int:
        """The rows of a value that a step makes."""
        return self.step // self.known[value].stride

    def write(self) -> None:
        """Replace the layers by the scan."""
        inside = [op for op in self.block.ops if op.results and op.results[0] in self.known]
        before = [op for op in self.block.ops if op not in self.behind]
        for op in reversed(before):
            op.detach()
            first = self.block.first_op
            self.block.insert_op_before(op, first) if first is not None else self.block.add_op(op)
        whole = [value for value in self.known if any(use.operation not in inside for use in value.uses)]
        self.taken = self.sliced()
        slice_type = TensorType(element_of(self.x), shape_of(self.taken)[1:])
        self.new[self.x] = self.back(self.x, self.body.insert_arg(slice_type, 0))
        for op in inside:
            self.copy(op)
        self.finish(inside, {value: self.kept(value) for value in whole})

    def dependents(self) -> set[Operation]:
        """The ops that follow from the input, and the terminator."""
        found: set[Operation] = set()
        for op in self.block.ops:
            if isinstance(op, ReturnOp) or any(v is self.x or v.owner in found for v in op.operands):
                found.add(op)
        return found

    def sliced(self) -> SSAValue:
        """The input as it is scanned, (rounds, rows of a step, ...), its rows first; written before the layers."""
        moved = onnx.TransposeOp(self.x, order := self.order(self.x), permuted(self.x, order), f"{NODE}_first")
        shape = shape_of(moved.result)
        cut = onnx.ReshapeOp(
            moved.result, TensorType(element_of(self.x), [self.rounds, self.step, *shape[1:]]), f"{NODE}_rows"
        )
        for op in (moved, cut):
            self.insert(op)
        return cut.result

    def order(self, value: SSAValue) -> list[int]:
        """The order in which rows lie: those of images with the channels last, as layers read them."""
        axis, rank = self.known[value].axis, len(shape_of(value))
        others = [0, *range(2, rank), 1] if axis >= FIRST_SPATIAL else list(range(rank))
        return [axis, *(dim for dim in others if dim != axis)]

    def in_order(self, value: SSAValue, rows: SSAValue) -> SSAValue:
        """Rows of a value, rows first."""
        return self.add(onnx.TransposeOp(rows, order := self.order(value), permuted(rows, order)))

    def back(self, value: SSAValue, rows: SSAValue) -> SSAValue:
        """Rows of a value in the shape that the model has them in."""
        return self.add(back_to(rows, self.order(value)))

    def add(self, op: Operation) -> SSAValue:
        """Write an op with one result into the body."""
        self.body.add_op(op)
        return op.results[0]

    def type_of(self, value: SSAValue, count: int) -> TensorType:
        """The type of so many rows of a value."""
        shape = list(shape_of(value))
        shape[self.known[value].axis] = count
        return TensorType(element_of(value), shape)

    def insert(self, op: Operation) -> None:
        """Put an op in front of all that follows from the input."""
        self.block.insert_op_before(op, self.anchor)

    def copy(self, op: Operation) -> None:
        """Write an op for the rows of a step."""
        result = op.results[0]
        operands = [self.new.get(v, v) for v in op.operands]
        properties = dict(op.properties)
        if isinstance(op, onnx.ConvOp | onnx.MaxPoolOp | onnx.AveragePoolOp):
            axis = self.known[op.x].axis
            window = window_of(op, axis)
            operands[0] = self.window(op.x, self.count(op.x) + window.size - window.stride)
            pads = list(op.pad_list)
            pads[axis - FIRST_SPATIAL] = 0
            properties["pads"] = ints(pads)
        copied = type(op).create(
            operands=operands,
            result_types=[self.type_of(result, self.count(result))],
            properties=properties,
            attributes=dict(op.attributes),
        )
        self.body.add_op(copied)
        copied.results[0].name_hint = result.name_hint
        self.new[result] = copied.results[0]

    def window(self, value: SSAValue, rows: int) -> SSAValue:
        """The last rows of a value in a round: those of before are a state. Of reals that were integers, of these."""
        if rows == self.count(value):
            return self.new[value]
        maker = value.owner
        if isinstance(maker, onnx.DequantizeLinearOp) and maker.x in self.known:
            integers = self.window(maker.x, rows)
            types, properties = [self.type_of(value, rows)], dict(maker.properties)
            return self.add(
                onnx.DequantizeLinearOp.create(operands=[integers], result_types=types, properties=properties)
            )
        new = self.in_order(value, self.new[value])
        shape = [rows, *shape_of(new)[1:]]
        type = TensorType(element_of(value), shape)
        state, number = self.body.insert_arg(type, len(self.starts)), len(self.starts)
        count = self.count(value)
        starts = [count, *[0] * (len(shape) - 1)]
        older = self.add(onnx.SliceOp(state, starts, [rows - count, *shape[1:]], f"{NODE}_older{number}"))
        joined = self.add(onnx.ConcatOp([older, new], 0, f"{NODE}_last{number}"))
        self.starts.append(self.nothing(value, type))
        self.following.append(joined)
        return self.back(value, joined)

    def nothing(self, value: SSAValue, type: TensorType) -> SSAValue:
        """What rows are before the first one: 0, of quantized integers the zero point."""
        element = element_of(value)
        around = [value.owner, *(use.operation for use in value.uses)]
        zeros = [op.zero_points_array for op in around if isinstance(op, QuantizationOp)]
        zero = int(zeros[0][0]) if zeros and isinstance(element, IntegerType) else 0
        start = onnx.ConstantOp(from_numpy(np.full(type.get_shape(), zero, dtype_of(element)), element))
        self.insert(start)
        return start.result

    def kept(self, value: SSAValue) -> int:
        """The number of the state that is all rows of a value."""
        self.window(value, shape_of(value)[self.known[value].axis])
        return len(self.following) - 1

    def finish(self, inside: list[Operation], last: dict[SSAValue, int]) -> None:
        """Write the scan, and what follows on its states."""
        outside = {op for op in self.behind if op not in inside}
        self.body.add_op(NextOp(self.following, []))
        scan = ScanOp(
            self.rounds,
            self.starts,
            [self.taken],
            Region(self.body),
            [v.type for v in self.starts],
            [0],
            [False],
            node=NODE,
        )
        self.insert(scan)
        for value, number in last.items():
            whole = back_to(scan.results[number], self.order(value))
            self.insert(whole)
            value.replace_uses_with_if(whole.result, lambda use: use.operation in outside)
        for op in reversed(inside):
            Rewriter.erase_op(op)


def permuted(value: SSAValue, order: Sequence[int]) -> TensorType:
    """The type of a value whose dimension i is dimension `order[i]` of this one."""
    return TensorType(element_of(value), [shape_of(value)[dim] for dim in order])


def back_to(value: SSAValue, order: Sequence[int]) -> onnx.TransposeOp:
    """The op that undoes an order."""
    inverse = [order.index(dim) for dim in range(len(order))]
    return onnx.TransposeOp(value, inverse, permuted(value, inverse))
