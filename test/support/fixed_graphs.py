"""Graphs of the level `fixed` such as the lowering from ONNX makes, built op by op, and what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import ArrayAttr, FunctionType, ModuleOp, StringAttr, TensorType, i8, i32
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.dialects.fixed import ConcatOp, ConstantOp, ReshapeOp
from tinyml_opt.dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from tinyml_opt.dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from tinyml_opt.dialects.fixed.structured import shaped_type
from tinyml_opt.dialects.fixed.types import DomainAttr, IntsAttr, PortAttr, QType, Reduction, Rounding
from tinyml_opt.passes.fixed.layouts.transposes import transpose
from tinyml_opt.targets.executors.fixed import FixedExecutor

Q = QType(i8, 2.0**-4)
TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)
Finish = Callable[[Block, SSAValue, Sequence[SSAValue]], SSAValue]


def access(num_dims: int, *results: AffineExpr | int) -> AffineMap:
    """An access map over so many dimensions."""
    return AffineMap(num_dims, 0, tuple(AffineExpr.constant(r) if isinstance(r, int) else r for r in results))


def dims(count: int) -> list[AffineExpr]:
    """d0, d1, .."""
    return [AffineExpr.dimension(d) for d in range(count)]


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor."""
    return shaped_type(value).get_shape()


class Graph:
    """A function under construction; every value is an i8 tensor in ONNX's order of dimensions."""

    def __init__(self, shape: Sequence[int], seed: int):
        self.block = Block(arg_types=[TensorType(Q, shape)])
        self.random = np.random.default_rng(seed)

    def add(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def constant(self, shape: Sequence[int], type: Attribute = Q) -> SSAValue:
        storage, limit = (i8, 128) if type == Q else (i32, 1000)
        values = self.random.integers(-limit, limit, shape)
        return self.add(ConstantOp(from_numpy(values, storage), TensorType(type, shape)))

    def requantize(self, block: Block, value: SSAValue, shift: int) -> SSAValue:
        """Shift right with rounding and clamp to i8."""
        rescale = RescaleOp(value, shift, Rounding.HALF_UP, i32, i32)
        saturate = SaturateOp(rescale.result, -128, 127, i8)
        block.add_ops([rescale, saturate])
        return saturate.result

    def conv(self, x: SSAValue, channels: int, kernel: int) -> SSAValue:
        """A convolution with as much padding as the kernel needs, between transposes."""
        n, depth, height, width = shape_of(x)
        source = self.add(transpose(x, TO_NHWC))
        w, b = self.constant((channels, kernel, kernel, depth)), self.constant((channels,), i32)
        block = Block(arg_types=[i32, i32])
        add = arith.AddiOp(block.args[0], block.args[1])
        block.add_op(add)
        block.add_op(YieldOp(self.requantize(block, add.result, 8)))
        d, half = dims(7), kernel // 2
        form = ContractOp(
            [source, w],
            TensorType(Q, [n, height, width, channels]),
            DomainAttr([n, height, width, channels], [kernel, kernel, depth]),
            [
                access(7, d[0], d[1] + d[4] - half, d[2] + d[5] - half, d[6]),
                access(7, d[3], d[4], d[5], d[6]),
                access(7, d[3]),
                access(7, *d[:4]),
            ],
            Region(block),
            i32,
            (3, 0),
            [b],
        )
        return self.add(transpose(self.add(form), TO_NCHW))

    def pool(self, x: SSAValue, rows: int) -> SSAValue:
        """A max pool over the given number of rows, between transposes."""
        n, depth, height, width = shape_of(x)
        source = self.add(transpose(x, TO_NHWC))
        block, d = Block(arg_types=[i8]), dims(5)
        block.add_op(YieldOp(block.args[0]))
        domain = DomainAttr([n, height // rows, width, depth], [rows])
        maps = [access(5, d[0], d[1] * rows + d[4], d[2], d[3]), access(5, *d[:4])]
        type = TensorType(Q, [n, height // rows, width, depth])
        form = ReduceOp(Reduction.MAX, [source], type, domain, maps, Region(block), i8)
        return self.add(transpose(self.add(form), TO_NCHW))

    def elementwise(self, inputs: Sequence[SSAValue], finish: Finish, tables: Sequence[SSAValue] = ()) -> SSAValue:
        """A map over inputs that broadcast to the first one's shape; constants after the first become params."""
        shape = shape_of(inputs[0])
        rank = len(shape)
        ins = [v for v in inputs if v is inputs[0] or not isinstance(v.owner, ConstantOp)]
        params = [v for v in inputs if v not in ins]
        block = Block(arg_types=[*(i8 for _ in inputs), *(t.type for t in tables)])
        block.add_op(YieldOp(finish(block, block.args[0], block.args[1:])))
        maps = [
            access(rank, *(0 if size == 1 else AffineExpr.dimension(d) for d, size in enumerate(shape_of(v))))
            for v in [*ins, *params]
        ]
        domain = DomainAttr(shape)
        maps.append(AffineMap.identity(rank))
        return self.add(MapOp(ins, TensorType(Q, shape), domain, maps, Region(block), params, tables))

    def relu(self, x: SSAValue) -> SSAValue:
        def finish(block: Block, element: SSAValue, _: Sequence[SSAValue]) -> SSAValue:
            saturate = SaturateOp(element, 0, 100, i8)
            block.add_op(saturate)
            return saturate.result

        return self.elementwise([x], finish)

    def table(self, x: SSAValue) -> SSAValue:
        """Any function of one element."""
        entries = self.add(
            ConstantOp(from_numpy(self.random.integers(-128, 128, 256).astype(np.int8)), TensorType(i8, [256]))
        )

        def finish(block: Block, element: SSAValue, others: Sequence[SSAValue]) -> SSAValue:
            wide, offset = ExtendOp(element, i32), arith.ConstantOp.from_int_and_width(128, 32)
            index = arith.AddiOp(wide.result, offset.result)
            lookup = LookupOp(others[0], index.result, i8)
            block.add_ops([wide, offset, index, lookup])
            return lookup.result

        return self.elementwise([x], finish, [entries])

    def sum(self, *inputs: SSAValue) -> SSAValue:
        """Half the sum of the inputs."""

        def finish(block: Block, element: SSAValue, others: Sequence[SSAValue]) -> SSAValue:
            wide = [ExtendOp(v, i32) for v in (element, *others[: len(inputs) - 1])]
            block.add_ops(wide)
            total = wide[0].result
            for term in wide[1:]:
                add = arith.AddiOp(total, term.result)
                block.add_op(add)
                total = add.result
            return self.requantize(block, total, 1)

        return self.elementwise(inputs, finish)

    def dense(self, x: SSAValue, channels: int) -> SSAValue:
        """Flatten and a matrix product."""
        n, *rest = shape_of(x)
        depth = int(np.prod(rest))
        flat = self.add(ReshapeOp(x, TensorType(Q, [n, depth])))
        block, d = Block(arg_types=[i32]), dims(3)
        block.add_op(YieldOp(self.requantize(block, block.args[0], 8)))
        maps = [access(3, d[0], d[2]), access(3, d[1], d[2]), access(3, d[0], d[1])]
        domain, type = DomainAttr([n, channels], [depth]), TensorType(Q, [n, channels])
        weights = self.constant((channels, depth))
        return self.add(ContractOp([flat, weights], type, domain, maps, Region(block), i32))

    def reshape(self, x: SSAValue, *shape: int) -> SSAValue:
        """The same elements under another shape."""
        return self.add(ReshapeOp(x, TensorType(Q, shape)))

    def transpose(self, x: SSAValue, *permutation: int) -> SSAValue:
        """The dimensions in another order."""
        return self.add(transpose(x, permutation))

    def concat(self, *parts: SSAValue) -> SSAValue:
        """The channels of all parts."""
        return self.add(ConcatOp(parts, 1))

    def shuffle(self, x: SSAValue, groups: int) -> SSAValue:
        """The first channel of each group, then the second of each, and so on."""
        n, depth, height, width = shape_of(x)
        split = self.reshape(x, n, groups, depth // groups, height, width)
        return self.reshape(self.transpose(split, 0, 2, 1, 3, 4), n, depth, height, width)

    def depth_to_space(self, x: SSAValue, block: int, columns_first: bool) -> SSAValue:
        """Channels that become blocks of pixels, in both orders that ONNX knows (DCR, and CRD with columns first)."""
        n, depth, height, width = shape_of(x)
        rest = depth // block**2
        if columns_first:
            split = self.transpose(self.reshape(x, n, rest, block, block, height, width), 0, 1, 4, 2, 5, 3)
        else:
            split = self.transpose(self.reshape(x, n, block, block, rest, height, width), 0, 3, 4, 1, 5, 2)
        return self.reshape(split, n, rest, height * block, width * block)

    def channel_max(self, x: SSAValue) -> SSAValue:
        """The maximum over channels, in ONNX's layout and kept as a dimension of size 1."""
        n, depth, height, width = shape_of(x)
        block, d = Block(arg_types=[i8]), dims(4)
        block.add_op(YieldOp(block.args[0]))
        maps = [access(4, d[0], d[3], d[1], d[2]), access(4, d[0], 0, d[1], d[2])]
        domain, type = DomainAttr([n, height, width], [depth]), TensorType(Q, [n, 1, height, width])
        return self.add(ReduceOp(Reduction.MAX, [x], type, domain, maps, Region(block), i8))

    def finish(self, outputs: Sequence[SSAValue]) -> ModuleOp:
        """A module whose ports are stored in ONNX's order."""
        argument = self.block.args[0]
        self.block.add_op(func.ReturnOp(*outputs))
        types = [v.type for v in outputs]
        function = func.FuncOp("model", FunctionType.from_lists([argument.type], types), Region(self.block))
        function.attributes["fixed.inputs"] = ArrayAttr([port("x", argument.type)])
        function.attributes["fixed.outputs"] = ArrayAttr([port(f"y{i}", t) for i, t in enumerate(types)])
        module = ModuleOp([function])
        module.verify()
        return module


def port(label: str, type: Attribute) -> PortAttr:
    """A port in ONNX's order."""
    assert isinstance(type, TensorType)
    return PortAttr(StringAttr(label), type, IntsAttr(tuple(range(len(type.get_shape())))))


def run(module: ModuleOp, x: NDArray[Any]) -> list[NDArray[Any]]:
    """The outputs in ONNX's order for inputs in ONNX's order, whatever the ports store."""
    executor = FixedExecutor(module)
    order = (0, *(1 + axis for axis in executor.inputs[0].permutation.data))
    outputs = executor.run({"x": x.transpose(order)}).outputs
    orders = [np.argsort((0, *(1 + axis for axis in port.permutation.data))) for port in executor.outputs]
    return [array.transpose(order) for array, order in zip(outputs.values(), orders, strict=True)]
