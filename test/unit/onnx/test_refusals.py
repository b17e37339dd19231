"""The importer refuses what it cannot take with every reason, and never with a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.onnx_models import model, node, quantizer

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx.importer import import_onnx


def reasons(source: onnx.ModelProto | bytes) -> tuple[str, ...]:
    """Why a model is refused, without the line that counts operators."""
    with pytest.raises(UserError) as caught:
        import_onnx(source if isinstance(source, bytes) else source.SerializeToString())
    found = caught.value.reasons
    return found[1:] if "between the model and its C" in found[0] else found


RELU = node("Relu", "x")


@pytest.mark.parametrize("data", [b"", b"not a model", RELU.SerializeToString()[:3]])
def test_no_model(data: bytes) -> None:
    (reason,) = reasons(data)
    assert "not an ONNX" in reason


def test_truncated_file(tmp_path: Path) -> None:
    weights = {"w": np.ones((64, 4), np.float32)}
    data = model([node("Gemm", "x", "w", transB=1)], weights).SerializeToString()
    path = tmp_path / "half.onnx"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"half\.onnx: .*truncated"):
        import_onnx(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        import_onnx(tmp_path / "none.onnx")


F4 = np.float32
IMAGE = (1, 1, 8, 8)
W42, W24 = np.ones((4, 2), F4), np.ones((2, 4), F4)
KERNEL = np.ones((1, 1, 3, 3), F4)

REFUSED = {
    "unsupported operator": (model([node("Det", "x")]), "Det 'it': operator ai.onnx.Det"),
    "other domain": (model([node("Relu", "x", domain="com.acme")]), "operator com.acme.Relu is not supported"),
    "scales found at run time": (
        model([helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"], name="it")]),
        "quantize_static (QuantFormat.QDQ)",
    ),
    "products of reals": (model([node("MatMulInteger", "x", "x")]), "f32"),
    "channels last": (
        model(
            [node("QLinearAveragePool", *"xszsz", domain="com.microsoft", channels_last=1, kernel_shape=[2, 2])],
            {"s": np.ones((), F4), "z": np.zeros((), np.int8)},
            (1, 4, 4, 1),
            TensorProto.INT8,
        ),
        "channels_last = 1 is not supported",
    ),
    "float bias of integers": (
        model(
            [node("QLinearConv", *"xszwszszb")],
            {
                "s": np.ones((), F4),
                "z": np.zeros((), np.int8),
                "w": np.ones((1, 1, 3, 3), np.int8),
                "b": np.ones(1, F4),
            },
            (1, 1, 8, 8),
            TensorProto.INT8,
        ),
        "the bias holds float32, not int32",
    ),
    "scale of two dimensions": (
        model(
            [node("QLinearMatMul", *"xszwtzsz")],
            {"s": np.ones((), F4), "z": np.zeros((), np.int8), "w": np.ones((4, 2), np.int8), "t": np.ones((1, 2), F4)},
            (1, 4),
            TensorProto.INT8,
        ),
        "scales of shape [1, 2] are not supported",
    ),
    "other integers than the zero point's": (
        model(
            [node("QLinearConv", *"xsuwszsz")],
            {
                "s": np.ones((), F4),
                "z": np.zeros((), np.int8),
                "u": np.zeros((), np.uint8),
                "w": np.ones((1, 1, 3, 3), np.int8),
            },
            (1, 1, 8, 8),
            TensorProto.INT8,
        ),
        "the zero point holds ui8, not i8",
    ),
    "operands missing": (
        model(
            [node("QLinearAdd", *"xsz", domain="com.microsoft")],
            {"s": np.ones((), F4), "z": np.zeros((), np.int8)},
            (1, 4),
            TensorProto.INT8,
        ),
        "input 3 is missing",
    ),
    "dynamic size": (
        model([RELU], shape=(1, "width")),
        "input 'x': the shape [1,width] is dynamic; add `--dim width=1`",
    ),
    "dynamic size without a name": (model([RELU], shape=("N", "?", 4)), "add `--shape x=1x1x4`"),
    "no shape": (model([RELU], shape=None), "input 'x': the model does not state its shape"),
    "element type": (model([node("Sigmoid", "x")], element=TensorProto.INT32), "put a Cast before it"),
    "complex input": (model([RELU], element=TensorProto.COMPLEX64), "only float32, bool, int8 to int64 and uint8 to"),
    "old operators": (model([RELU], opset=6), "opset 6 is too old"),
    "NaN": (model([node("Gemm", "x", "w")], {"w": W42 * F4(np.nan)}), "initializer 'w': 8 of 8 weights are NaN"),
    "one NaN": (model([node("Add", "x", "w")], {"w": np.array(np.nan, F4)}), "initializer 'w': 1 of 1 weights are NaN"),
    "one infinite weight": (model([node("Add", "x", "w")], {"w": np.array(np.inf, F4)}), "a weight is infinite"),
    "too large for float32": (
        model([node("Gemm", "x", "w")], {"w": np.full((4, 2), 1e300)}),
        "8 of 8 weights are NaN or infinite",
    ),
    "text as weights": (model([node("Add", "x", "w")], {"w": np.array(["a", "b"])}), "element type object"),
    "complex weights": (model([node("Add", "x", "w")], {"w": np.ones(4, np.complex64)}), "element type complex64"),
    "NaN in a Constant": (
        model([helper.make_node("Constant", [], ["c"], name="c", value_floats=[1.0, np.nan]), node("Add", "x", "c")]),
        "Constant 'c': 1 of 2 weights are NaN",
    ),
    "Constant of text": (
        model([helper.make_node("Constant", [], ["c"], name="c", value_string="a"), node("Add", "x", "c")]),
        "Constant 'c': value_string is not supported",
    ),
    "Constant of nothing": (
        model([helper.make_node("Constant", [], ["c"], name="c"), node("Add", "x", "c")]),
        "Constant 'c': no value is not supported",
    ),
    "MatMul of other sizes": (model([node("MatMul", "x", "w")], {"w": W24}), "do not go together"),
    "Gemm of a vector": (model([node("Gemm", "x", "w")], {"w": W42}, (4,)), "only matrices"),
    "infinite alpha": (model([node("Gemm", "x", "w", alpha=np.inf)], {"w": W42}), "alpha = inf must be finite"),
    "Conv with computed weights": (model([node("Conv", "x", "x")], shape=IMAGE), "weights and bias must be constants"),
    "wrong channels": (model([node("Conv", "x", "w")], {"w": KERNEL}, (1, 2, 8, 8)), "do not fit weights [1, 1, 3, 3]"),
    "wrong kernel": (
        model([node("Conv", "x", "w", kernel_shape=[5, 5])], {"w": KERNEL}, IMAGE),
        "kernel_shape [5, 5] is not that of weights",
    ),
    "wrong pads": (model([node("Conv", "x", "w", pads=[1, 1])], {"w": KERNEL}, IMAGE), "do not fit 2 dimensions"),
    "window larger than the input": (model([node("Conv", "x", "w")], {"w": KERNEL}, (1, 1, 2, 2)), "is empty"),
    "no stride": (
        model([node("Conv", "x", "w", strides=[0, 1])], {"w": KERNEL}, IMAGE),
        "attribute strides = [0, 1] must be positive",
    ),
    "stride of another kind": (
        model([node("Conv", "x", "w", strides=1.5)], {"w": KERNEL}, IMAGE),
        "attribute strides must hold integers, not 1.5",
    ),
    "auto_pad": (model([node("Conv", "x", "w", auto_pad="SAME")], {"w": KERNEL}, IMAGE), "'SAME' is none of ONNX's"),
    "negative pads": (
        model([node("MaxPool", "x", kernel_shape=[2, 2], pads=[-1, 0, 0, 0])], shape=IMAGE),
        "negative pads",
    ),
    "window in the padding": (
        model([node("MaxPool", "x", kernel_shape=[2, 2], pads=[2, 0, 0, 0])], shape=IMAGE),
        "lie in the padding only",
    ),
    "taps around the input": (
        model([node("MaxPool", "x", kernel_shape=[2], dilations=[2], pads=[1, 1])], shape=(1, 1, 1)),
        "lie in the padding only",
    ),
    "3-D convolution": (
        model([node("Conv", "x", "w")], {"w": np.ones((1, 1, 2, 2, 2), F4)}, (1, 1, 8, 8, 8)),
        "only 1-D and 2-D",
    ),
    "window of a matrix": (model([node("MaxPool", "x", kernel_shape=[2, 2])]), "only 1-D and 2-D and 3-D"),
    "missing attribute": (model([node("MaxPool", "x")], shape=IMAGE), "attribute 'kernel_shape' is missing"),
    "training": (
        model([node("BatchNormalization", "x", *"wwww", training_mode=1)], {"w": np.ones(4, F4)}),
        "training_mode = 1 is not supported",
    ),
    "normalization per element": (
        model([node("BatchNormalization", "x", *"wwww", spatial=0)], {"w": np.ones(4, F4)}, opset=7),
        "spatial = 0 is not supported",
    ),
    "computed normalization": (model([node("BatchNormalization", *"xxxxx")]), "a parameter must be a constant"),
    "Dropout in training": (
        model([node("Dropout", "x", "", "t")], {"t": np.array(True)}),
        "training_mode = true is not supported",
    ),
    "axis": (model([node("Softmax", "x", axis=2)]), "axis 2 of a tensor with 2 dimensions"),
    "axis of a scalar": (model([node("ArgMax", "x")], shape=()), "axis 0 of a tensor with 0 dimensions"),
    "computed shape": (model([node("Reshape", "x", "x")]), "the shape must be a constant"),
    "wrong reshape": (
        model([node("Reshape", "x", "s")], {"s": np.array([3, 2])}),
        "cannot turn shape [1, 4] into [3, 2]",
    ),
    "two open sizes": (model([node("Reshape", "x", "s")], {"s": np.array([-1, -1])}), "cannot turn shape"),
    "uneven rest": (model([node("Reshape", "x", "s")], {"s": np.array([3, -1])}), "cannot turn shape"),
    "Flatten": (model([node("Flatten", "x", axis=3)]), "axis 3 of a tensor with 2 dimensions"),
    "Squeeze": (model([node("Squeeze", "x", "a")], {"a": np.array([1])}), "only dimensions of size 1 can go"),
    "Squeeze of no dimension": (model([node("Squeeze", "x", "a")], {"a": np.array([5])}), "axis 5 of a tensor with 2"),
    "Transpose": (model([node("Transpose", "x", perm=[0, 0])]), "is not a permutation of 2 dimensions"),
    "shapes of an Add": (model([node("Add", "x", "w")], {"w": np.ones(3, F4)}), "broadcast"),
    "Clip": (
        model([node("Clip", "x", "l", "h")], {"l": np.array(2, F4), "h": np.array(1, F4)}),
        "the bounds [2.0, 1.0] are not ordered",
    ),
    "Sigmoid of integers": (model([node("Sigmoid", "x")], element=TensorProto.INT8), "input 0 holds i8, only float32"),
    "And of integers": (model([node("And", "x", "x")], element=TensorProto.INT8), "it takes truth values, not i8"),
    "Add of truth values": (model([node("Add", "x", "x")], element=TensorProto.BOOL), "it takes integers, not i1"),
    "Add of types": (
        model([node("Add", "x", "w")], {"w": np.ones(4, np.int64)}, element=TensorProto.INT32),
        "operands hold i32 and i64; put a Cast before one of them",
    ),
    "a power too high": (
        model([node("Pow", "x", "w")], {"w": np.array(65)}, element=TensorProto.INT32),
        "integers are raised to whole numbers from 0 to 64",
    ),
    "a cast to text": (model([node("Cast", "x", to=TensorProto.STRING)]), "a cast to element type number 8"),
    "an input of uint64": (model([RELU], element=TensorProto.UINT64), "only float32, bool, int8 to int64 and uint8"),
    "missing input": (model([node("Add", "x")]), "input 1 is missing"),
    "nothing computes it": (model([node("Relu", "z")]), "input 'z' is not computed"),
    "two results": (
        model([helper.make_node("MaxPool", ["x"], ["p", "y"], name="it", kernel_shape=[2, 2])], shape=IMAGE),
        "MaxPool 'it': only its first result is supported, but 'y' is used",
    ),
    "computed twice": (model([RELU, node("Tanh", "x")]), "Tanh 'it_2': 'y' is already computed"),
    "zero scale": (quantizer("QuantizeLinear", 0.0), "every scale must be positive and finite"),
    "negative scale": (quantizer("QuantizeLinear", -1.0), "every scale must be positive and finite"),
    "infinite scale": (quantizer("DequantizeLinear", np.inf), "every scale must be positive and finite"),
    "negative scale of -128": (
        model(
            [helper.make_node("DequantizeLinear", ["q", "s"], ["w"]), node("Gemm", "x", "w")],
            {"q": np.full((4, 2), -128, np.int8), "s": np.array(-1, F4)},
        ),
        "a negative scale needs weights above -128",
    ),
    "padding of another kind": (
        model([node("Pad", "x", "p", mode="mirror")], {"p": np.array([0, 1, 0, 0])}),
        "mode 'mirror' is none of ONNX's",
    ),
    "padding that leaves nothing": (
        model([node("Pad", "x", "p")], {"p": np.array([0, -9, 0, 0])}),
        "pads [0, -9, 0, 0] leave nothing of shape [1, 4]",
    ),
    "index at run time": (model([node("Gather", "w", "x")], {"w": np.zeros((9, 2), F4)}), "indices must be integers"),
    "indices of many runs": (
        model([node("Gather", "x", "i", axis=1)], {"i": np.random.default_rng(0).permutation(200)}, (1, 200)),
        "consist of more than 64 runs",
    ),
    "padding of three": (model([node("Pad", "x", "p")], {"p": np.array([0, 1, 0])}), "pads [0, 1, 0] do not fit"),
    "unsqueeze without axes": (model([node("Unsqueeze", "x")]), "the axes are missing"),
    "zero scale of an activation": (
        quantizer("DequantizeLinear", 0.0),
        "a scale of 0 or below is supported for constants",
    ),
    "scale per channel": (quantizer("QuantizeLinear", [1.0] * 4), "for constant weights only"),
    "zero points": (quantizer("QuantizeLinear", 1.0, np.zeros(4, np.int8)), "1 scales and 4 zero points"),
    "zero point type": (quantizer("DequantizeLinear", 1.0, np.uint8(0)), "the zero point holds ui8, not i8"),
    "blocks": (quantizer("QuantizeLinear", np.ones((1, 2)), block_size=2), "block_size = 2 is not supported"),
    "scales of two dimensions": (quantizer("QuantizeLinear", np.ones((1, 4))), "scales of shape [1, 4]"),
    "quantized to float8": (quantizer("QuantizeLinear", 1.0, output_dtype=TensorProto.FLOAT8E5M2), "output_dtype = 19"),
    "quantized to another type": (
        quantizer("QuantizeLinear", 1.0, np.int8(0), output_dtype=TensorProto.UINT8),
        "output_dtype = 2 is not the type of the zero point, i8",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    proto, expected = REFUSED[case]
    found = reasons(proto)
    assert len(found) == 1
    assert expected in found[0]


def test_external_data() -> None:
    proto = model([node("Gemm", "x", "w")], {"w": W42})
    proto.graph.initializer[0].data_location = TensorProto.EXTERNAL
    assert "another file" in reasons(proto)[0]


def test_sparse_weights() -> None:
    proto = model([node("Gemm", "x", "w")])
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4, 2]))
    assert reasons(proto) == ("initializer 'w': sparse weights are not supported; save them dense",)


def test_damaged_weights() -> None:
    proto = model([node("Gemm", "x", "w")], {"w": W42})
    proto.graph.initializer[0].raw_data = b"1234567"
    assert reasons(proto) == ("initializer 'w': the data is damaged; export the model again",)


def test_damaged_text() -> None:
    data = model([node("MaxPool", "x", kernel_shape=[2, 2], auto_pad="12345")], shape=IMAGE).SerializeToString()
    (reason,) = reasons(data.replace(b"12345", b"\xff\xff\xff\xff\xff"))
    assert "is none of ONNX's" in reason


def test_no_graph() -> None:
    assert reasons(onnx.ModelProto(ir_version=8)) == (
        "the model: not an ONNX model: it has no graph; export or download it again",
    )


def test_no_input() -> None:
    proto = model([node("Relu", "w")], {"w": W42})
    del proto.graph.input[:]
    assert "the model has no input" in reasons(proto)[0]


def test_no_opset() -> None:
    proto = model([RELU])
    del proto.opset_import[:]
    assert "opset 1 is too old" in reasons(proto)[0]


def test_output_of_nothing() -> None:
    proto = model([RELU])
    proto.graph.output[0].name = "z"
    assert reasons(proto) == ("output 'z' is not computed by any supported node",)


def test_all_reasons_at_once() -> None:
    nodes = [
        helper.make_node("Det", ["x"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="depends_on_first"),
        helper.make_node("Gemm", ["x", "w"], ["c"], name="depends_on_w", transA=1),
        helper.make_node("NonMaxSuppression", ["x", "v"], ["d"], name="second"),
        helper.make_node("MatMul", ["x", "x"], ["e"], name="third"),
        helper.make_node("Unique", ["b"], ["y"], name="fourth"),
    ]
    proto = model(nodes, {"w": np.array([[np.inf, 1.0]], F4), "v": W24}, opset=6)
    proto.graph.input.append(helper.make_tensor_value_info("t", TensorProto.STRING, [1]))
    assert [reason.split(":")[0].split(" is")[0] for reason in reasons(proto)] == [
        "opset 6",
        "initializer 'w'",
        "input 't'",
        "Det 'first'",
        "NonMaxSuppression 'second'",
        "MatMul 'third'",
        "Unique 'fourth'",
    ]
