"""fixed-fold-transposes and fixed-fuse-maps keep every integer, on random graphs such as the lowering makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import ArrayAttr, FunctionType, ModuleOp, StringAttr, TensorType, i8, i32
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.dialects.fixed import ConstantOp, ReshapeOp
from tinyml_opt.dialects.fixed.forms import ContractOp, MapOp, ReduceOp, shaped_type
from tinyml_opt.dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from tinyml_opt.dialects.fixed.types import DomainAttr, IntsAttr, PortAttr, QType, Reduction, Rounding
from tinyml_opt.passes.fixed.fold_transposes import FoldTransposesPass
from tinyml_opt.passes.fixed.fuse_maps import FuseMapsPass
from tinyml_opt.passes.fixed.layouts.transposes import permutation_of, transpose
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


def transposes(module: ModuleOp) -> int:
    """How many transposes run."""
    return sum(permutation_of(op) is not None for op in module.walk())


def maps(module: ModuleOp) -> int:
    """How many maps run."""
    return sum(isinstance(op, MapOp) for op in module.walk())


def optimize(module: ModuleOp) -> ModuleOp:
    """Fold and fuse, verifying between; the inputs are unchanged."""
    module = module.clone()
    for step in (FoldTransposesPass(), FuseMapsPass()):
        step.apply(Context(), module)
        module.verify()
    return module


def assert_same(module: ModuleOp) -> ModuleOp:
    """Check that both passes keep the integers; return the optimized module."""
    optimized = optimize(module)
    shape = FixedExecutor(module).inputs[0].stored_shape
    x = np.random.default_rng(0).integers(-128, 128, (3, *shape), np.int8)
    for before, after in zip(run(module, x), run(optimized, x), strict=True):
        assert np.array_equal(before, after)
    return optimized


@st.composite
def random_graphs(draw: st.DrawFn) -> ModuleOp:
    """Layers in random order, each on one of the values so far; the last values are returned."""
    graph = Graph((1, draw(st.integers(1, 3)), 4, draw(st.sampled_from([1, 3]))), draw(st.integers(0, 99)))
    values: list[SSAValue] = [graph.block.args[0]]
    for _ in range(draw(st.integers(1, 7))):
        x = draw(st.sampled_from(values[-3:]))
        others = [v for v in values if shape_of(v) == shape_of(x)]
        match draw(st.integers(0, 8)):
            case 0 | 1:
                values.append(graph.conv(x, draw(st.integers(1, 3)), draw(st.sampled_from([1, 3]))))
            case 2 if shape_of(x)[2] % 2 == 0:
                values.append(graph.pool(x, draw(st.sampled_from([2, shape_of(x)[2]]))))
            case 3:
                values.append(graph.sum(x, draw(st.sampled_from(others))))
            case 4:
                values.append(graph.sum(x, graph.constant(shape_of(x)), graph.constant((1, shape_of(x)[1], 1, 1))))
            case 5:
                values.append(graph.sum(x, graph.channel_max(x)))
            case 6:
                values.append(graph.table(x))
            case _:
                values.append(graph.relu(x))
    results = [v for v in values if not v.uses] or values[-1:]
    if draw(st.booleans()):
        results[-1] = graph.dense(results[-1], 2)
        if draw(st.booleans()):
            results[-1] = graph.relu(results[-1])
    return graph.finish(results)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_graphs())
def test_random_graphs_keep_their_integers(module: ModuleOp):
    assert_same(module)


def test_a_classifier_has_neither_transposes_nor_maps_left():
    graph = Graph((1, 3, 8, 5), 0)
    x = graph.relu(graph.conv(graph.block.args[0], 4, 3))
    x = graph.pool(graph.table(graph.relu(graph.conv(x, 4, 3))), 2)
    optimized = assert_same(graph.finish([graph.relu(graph.dense(x, 10))]))
    assert (transposes(optimized), maps(optimized)) == (0, 0)
    executor = FixedExecutor(optimized)
    assert executor.inputs[0].permutation.data == TO_NHWC
    assert executor.outputs[0].permutation.data == (0, 1)


def test_a_residual_block_keeps_only_its_addition():
    graph = Graph((1, 2, 4, 4), 0)
    x = graph.relu(graph.conv(graph.block.args[0], 4, 3))
    y = graph.conv(graph.relu(graph.conv(x, 4, 3)), 4, 3)
    optimized = assert_same(graph.finish([graph.relu(graph.sum(x, y))]))
    assert (transposes(optimized), maps(optimized)) == (0, 1)
    assert FixedExecutor(optimized).outputs[0].permutation.data == TO_NHWC


def test_an_input_that_is_also_added_is_stored_as_the_convolution_reads_it():
    graph = Graph((1, 2, 4, 4), 0)
    x = graph.block.args[0]
    optimized = assert_same(graph.finish([graph.sum(graph.conv(x, 2, 3), x)]))
    assert (transposes(optimized), maps(optimized)) == (0, 1)
    assert FixedExecutor(optimized).inputs[0].permutation.data == TO_NHWC


def test_a_map_with_two_activations_or_a_shared_producer_is_not_fused():
    graph = Graph((1, 4), 0)
    x = graph.table(graph.block.args[0])
    y = graph.relu(x)
    optimized = assert_same(graph.finish([graph.sum(x, y), y]))
    assert maps(optimized) == 3
