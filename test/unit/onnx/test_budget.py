"""What a small file states is bounded before it is allocated; what is merely large goes on."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.onnx_models import model, node

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.dialects.dense import splat, stored_elements, to_numpy
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.onnx.base import taps_inside
from tinyml_opt.dialects.onnx.budget import Budget, Exhausted, TooLarge, Unlimited
from tinyml_opt.lowering.import_onnx.importer import import_onnx

Build = Callable[[], onnx.ModelProto]
F4 = np.float32
LIMIT = "--max-elements N allows more"
ALLOCATED = 64 << 20
"""Bytes that a refusal may take."""


def filled(result: str, sizes: str, value: float = 2.0) -> onnx.NodeProto:
    """A ConstantOfShape."""
    tensor = numpy_helper.from_array(np.array([value], F4))
    return helper.make_node("ConstantOfShape", [sizes], [result], result, value=tensor)


def constant(values: Any) -> Any:
    """A list of sizes as a weight."""
    return np.asarray(values, np.int64)


def doubling(times: int) -> onnx.ModelProto:
    """A constant joined to itself again and again."""
    nodes = [helper.make_node("Concat", [f"c{i}", f"c{i}"], [f"c{i + 1}"], f"c{i + 1}", axis=0) for i in range(times)]
    return model([*nodes, node("Add", "x", f"c{times}")], {"c0": np.ones((1, 4), F4)})


def broadcasts(times: int) -> onnx.ModelProto:
    """Each sum has a dimension of 4 more."""
    names = ["x", *(f"s{i}" for i in range(times))]
    nodes = [helper.make_node("Add", [names[i], f"w{i}"], [names[i + 1]], names[i + 1]) for i in range(times)]
    weights = {f"w{i}": np.ones((4, *(1,) * (i + 1)), F4) for i in range(times)}
    return model([*nodes, node("Relu", names[-1])], weights)


HUGE: dict[str, tuple[Build, str]] = {
    "input": (lambda: model([node("Relu", "x")], shape=(1, 1 << 28)), "input 'x': it has 268,435,456 elements"),
    "size beyond 63 bits": (lambda: model([node("Relu", "x")], shape=(1 << 62, 1 << 62)), "input 'x': it has 21,267,"),
    "rank": (lambda: model([node("Relu", "x")], shape=(1,) * 65), "it has 65 dimensions, 32 are supported"),
    "pads": (
        lambda: model([node("Pad", "x", "p")], {"p": constant([0, 1 << 33, 0, 0])}),
        "Pad 'it': the result has 8,589,934,596 elements",
    ),
    "kernel": (
        lambda: model(
            [node("MaxPool", "x", kernel_shape=[1 << 28, 1], pads=[1 << 27, 0, 1 << 27, 0])], shape=(1, 1, 8, 8)
        ),
        "MaxPool 'it':",
    ),
    "dilation": (
        lambda: model(
            [node("Conv", "x", "w", dilations=[1 << 28], pads=[1 << 28, 1 << 28])],
            {"w": np.ones((1, 1, 3), F4)},
            (1, 1, 8),
        ),
        "Conv 'it': the padded input has 536,870,920 elements",
    ),
    "stride": (
        lambda: model([node("MaxPool", "x", kernel_shape=[1], strides=[1 << 62])], shape=(1, 1, 8)),
        "attribute strides = [4611686018427387904] must be positive and at most",
    ),
    "results of a Split": (
        lambda: model([node("Split", "x", num_outputs=1 << 29)], opset=18),
        "num_outputs = 536870912 of a node with 1 results",
    ),
    "broadcast": (
        lambda: model([node("Add", "x", "w")], {"w": np.ones((1 << 15, 1), F4)}, (1, 1 << 12)),
        "Add 'it': the result has 134,217,728 elements in shape [32768, 4096]",
    ),
    "chain of broadcasts": (lambda: broadcasts(14), "Add 's12': the result has 268,435,456 elements"),
    "all values": (
        lambda: model(
            [helper.make_node("Relu", ["x"], [f"r{i}"], f"r{i}") for i in range(5)] + [node("Relu", "r4")],
            shape=(1, 1 << 26),
        ),
        "with the result of shape [1, 67108864] all values have more than 268,435,456 elements",
    ),
    "constant of a shape": (
        lambda: model([filled("c", "s"), node("Add", "x", "c")], {"s": constant([1 << 20, 1 << 20])}),
        "ConstantOfShape 'c': the result has 1,099,511,627,776 elements",
    ),
    "constants joined": (lambda: doubling(24), "its result is constant, and constants that are computed have"),
    "constant padded": (
        lambda: model(
            [helper.make_node("Pad", ["w", "p"], ["c"], "c"), node("Add", "x", "c")],
            {"w": np.ones((1, 4), F4), "p": constant([0, 0, 0, 1 << 25])},
        ),
        "Pad 'c': its result is constant",
    ),
    "product of constants": (
        lambda: model(
            [
                filled("a", "s"),
                filled("b", "s"),
                helper.make_node("MatMul", ["a", "b"], ["c"], "c"),
                node("Gemm", "x", "c"),
            ],
            {"s": constant([1000, 1000])},
            (1, 1000),
        ),
        "MatMul 'c': its result is constant and takes",
    ),
    "convolution of constants": (
        lambda: model(
            [
                filled("a", "s"),
                filled("b", "t"),
                helper.make_node("Conv", ["a", "b"], ["c"], "c"),
                node("Add", "x", "c"),
            ],
            {"s": constant([1, 8, 300, 300]), "t": constant([2, 8, 90, 90])},
            (1, 2, 211, 211),
        ),
        "Conv 'c': its result is constant and takes",
    ),
    "output channels": (
        lambda: model([filled("w", "s"), node("Gemm", "x", "w")], {"s": constant([1, 1 << 22])}, (1, 1)),
        "Gemm 'it': 4,194,304 channels, 1,048,576 are supported",
    ),
}
"""Models of a few hundred bytes that state gigabytes, and what is said of them."""


@pytest.mark.parametrize(("build", "message"), HUGE.values(), ids=HUGE.keys())
def test_what_a_small_file_states_is_refused_before_it_is_allocated(build: Build, message: str) -> None:
    data = build().SerializeToString()
    assert len(data) < 200_000
    import_onnx(model([node("Relu", "x")]).SerializeToString())  # what is imported on first use is not counted
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as caught:
            import_onnx(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (reason,) = (r for r in caught.value.reasons if not r.startswith("1 operator stands between"))
    assert message in reason
    assert peak < ALLOCATED


def test_the_limit_can_be_raised() -> None:
    data = model([node("Relu", "x")], shape=(1, 1 << 27)).SerializeToString()
    with pytest.raises(UserError, match=LIMIT):
        import_onnx(data)
    assert "tensor<1x134217728xf32>" in str(import_onnx(data, max_elements=1 << 27))


def test_equal_elements_are_not_allocated() -> None:
    """A constant of one number, moved and cut, is still one number."""
    nodes = [
        filled("c", "s", 0.5),
        helper.make_node("Transpose", ["c"], ["t"], "t"),
        helper.make_node("Reshape", ["t", "flat"], ["r"], "r"),
        node("Add", "x", "r"),
    ]
    lists = {"s": constant([1 << 12, 1 << 12]), "flat": constant([1, 1 << 24])}
    module = import_onnx(model(nodes, lists, (1, 1 << 24)).SerializeToString())
    held = [op.value for op in module.walk() if isinstance(op, dialect.ConstantOp)]
    assert [stored_elements(value) for value in held] == [1]
    assert to_numpy(held[0])[0, 12345] == 0.5


def test_the_same_computation_is_done_once() -> None:
    """Steps that share weights share what is made of them."""
    nodes = [helper.make_node("Gemm", [f"v{i}" if i else "x", "w"], [f"v{i + 1}"], f"v{i + 1}") for i in range(50)]
    module = import_onnx(model([*nodes, node("Relu", "v50")], {"w": np.eye(4, dtype=F4)}).SerializeToString())
    assert sum(isinstance(op, dialect.ConstantOp) for op in module.walk()) == 1


def test_a_budget_is_used_up() -> None:
    budget = Budget(1 << 10)
    budget.take_value((32, 32), "it")
    with pytest.raises(TooLarge, match="it has 1,056 elements in shape"):
        budget.take_value((32, 33), "it")
    for _ in range(3):
        budget.take_value((1024,), "it")
    with pytest.raises(Exhausted):
        budget.take_value((1,), "it")
    with pytest.raises(Unlimited):
        budget.check((1,) * 33, "it")


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ([-1], "a size in shape [-1] is negative"),
        ([3], "the data is damaged"),
        ([1 << 40, 0], "holds no numbers"),
        ([1 << 32, 1 << 32], "has 18,446,744,073,709,551,616 elements"),
        ([1] * 65, "has 65 dimensions"),
    ],
)
def test_dimensions_of_a_weight_are_those_of_its_data(dims: list[int], message: str) -> None:
    proto = model([node("Add", "x", "w")], {"w": np.ones(4, F4)})
    del proto.graph.initializer[0].dims[:]
    proto.graph.initializer[0].dims.extend(dims)
    with pytest.raises(UserError) as caught:
        import_onnx(proto.SerializeToString())
    assert len(caught.value.reasons) == 1
    assert message in caught.value.reasons[0]


def test_a_constant_node_does_not_read_other_files() -> None:
    """Also where the tensor is an attribute."""
    proto = model([filled("c", "s"), node("Add", "x", "c")], {"s": constant([4])})
    tensor = proto.graph.node[0].attribute[0].t
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(UserError, match="the data is in another file"):
        import_onnx(proto.SerializeToString())


@pytest.mark.parametrize("seed", range(50))
def test_taps_inside(seed: int) -> None:
    """The same as looking at each tap."""
    random = np.random.default_rng(seed)
    positions, kernel, stride, dilation, pad, low, size = random.integers((1, 1, 1, 1, 0, 0, 0), 8).tolist()
    taps = np.arange(positions)[:, None] * stride - pad + np.arange(kernel) * dilation
    expected = ((taps >= low) & (taps < low + size)).sum(axis=1)
    found = taps_inside(positions, kernel, stride, dilation, pad, range(low, low + size))
    np.testing.assert_array_equal(found, expected)


def test_splat() -> None:
    value = splat(np.array([[7, 8]], np.int8), (1000, 1000))
    assert (stored_elements(value), to_numpy(value).shape, int(to_numpy(value).max())) == (1, (1000, 1000), 7)
