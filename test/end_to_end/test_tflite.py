"""TFLite files, operator by operator and as a network, against LiteRT's reference kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from support.litert import integers, keeps_images, litert, random_inputs, reals
from support.tflite_models import TfliteFile
from support.tflite_operators import FLOATS, FUNCTIONS, LAYERS, MOVES, Case, conv, fully_connected, p_relu, unary

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_model import read_model
from tinyml_opt.lowering.import_onnx.sizes import Sizes
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options

EIGHT_BITS = {**LAYERS, **FUNCTIONS, **MOVES}

WIDE = (
    *("conv same", "depthwise", "fully_connected", "fully_connected no bias", "add", "sub", "mul", "concatenation"),
    *("leaky_relu", "transpose_conv"),
)
"""Cases of 16-bit values with weights of 8."""

ROWS = 12


def assert_equal(data: bytes, rows: int = ROWS) -> None:
    """TFLite's arithmetic gives LiteRT's integers; the exact one is at most 2 steps from them."""
    inputs = random_inputs(data, rows)
    expected = litert(data, inputs)
    for mine, theirs in zip(integers(data, inputs, "tflite"), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(integers(data, inputs, "exact"), expected, strict=True):
        assert np.abs(mine.astype(np.int64) - theirs).max() <= 2


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_int8(name: str):
    assert_equal(EIGHT_BITS[name]("int8"))


@pytest.mark.parametrize("name", [n for n in LAYERS if n != "mean channels"])
def test_images_stay_as_they_are(name: str):
    assert keeps_images(LAYERS[name]("int8"))


@pytest.mark.parametrize("name", [n for n in EIGHT_BITS if not n.startswith("transpose_conv valid")])
def test_uint8(name: str):
    assert_equal(EIGHT_BITS[name]("uint8"))


@pytest.mark.parametrize("name", WIDE)
def test_int16(name: str):
    assert_equal(EIGHT_BITS[name]("int16"))


def softmax_to_int16() -> bytes:
    """Bits that later layers may want of a softmax of 8."""
    c = Case("int8", (2, 60), 0.05)
    y = c.tensor((2, 60), "int16", 1 / 65536, -32768)
    c.operator("SOFTMAX", [c.x], [y], "SoftmaxOptions", Beta=1.0)
    return c.finish([y])


def test_softmax_to_int16():
    data = softmax_to_int16()
    inputs = random_inputs(data, ROWS)
    np.testing.assert_array_equal(integers(data, inputs, "tflite")[0], litert(data, inputs)[0])


def test_integers_of_32_bits_are_refused_where_they_stand_for_reals():
    c = Case("int8", (2, 6), 0.05)
    y = c.tensor((2, 6), "int32", 0.001, 0)
    c.operator("QUANTIZE", [c.x], [y], "QuantizeOptions")
    assert "values of int32" in "".join(refusals(c.finish([y])))


@pytest.mark.parametrize("data", [p_relu("int8"), fully_connected("int8", channels=True)], ids=["prelu", "per channel"])
def test_more_of_int8(data: bytes):
    assert_equal(data)


@pytest.mark.parametrize("name", [n for n in {**EIGHT_BITS, **FLOATS} if n != "leaky_relu"])
def test_float(name: str):
    data = {**EIGHT_BITS, **FLOATS}[name]("float32")
    inputs = random_inputs(data, 2)
    for mine, theirs in zip(reals(data, inputs), litert(data, inputs), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4, rtol=1e-4)


def network() -> bytes:
    """A residual block, a mean, a layer and a softmax, with an open batch."""
    c = Case("int8", (1, 8, 8, 3), 0.04)
    c.tensors[c.x].signature = (-1, 8, 8, 3)
    first, scales = c.weights((8, 3, 3, 3), 0)
    a = c.tensor((1, 8, 8, 8), scale=0.03, zero_point=-128)
    options = {"StrideW": 1, "StrideH": 1, "DilationWFactor": 1, "DilationHFactor": 1, "Padding": 0}
    inputs = [c.x, first, c.bias(8, scales)]
    c.operator("CONV_2D", inputs, [a], "Conv2DOptions", **options, FusedActivationFunction=1)
    c.x, x = a, c.x
    second, scales = c.weights((1, 3, 3, 8), 3)
    b = c.tensor((1, 8, 8, 8), scale=0.05, zero_point=4)
    inputs = [a, second, c.bias(8, scales)]
    c.operator("DEPTHWISE_CONV_2D", inputs, [b], "DepthwiseConv2DOptions", **options, DepthMultiplier=1)
    d, e, f, g, h = (
        c.tensor((1, 8, 8, 8), scale=0.06, zero_point=-20),
        c.tensor((1, 1, 1, 8), scale=0.06, zero_point=-20),
        c.tensor((1, 8), scale=0.06, zero_point=-20),
        c.tensor((1, 5), scale=0.1, zero_point=9),
        c.tensor((1, 5), scale=1 / 256, zero_point=-128),
    )
    c.operator("ADD", [a, b], [d], "AddOptions")
    window = {"FilterWidth": 8, "FilterHeight": 8, "StrideW": 8, "StrideH": 8, "Padding": 1}
    c.operator("AVERAGE_POOL_2D", [d], [e], "Pool2DOptions", **window)
    c.operator("RESHAPE", [e, c.constant(np.array([-1, 8], np.int32))], [f])
    c.x = f
    third, scales = c.weights((5, 8), None)
    c.operator("FULLY_CONNECTED", [f, third, c.bias(5, scales)], [g], "FullyConnectedOptions")
    c.operator("SOFTMAX", [g], [h], "SoftmaxOptions", Beta=1.0)
    return c.build([x], [h])


@pytest.mark.parametrize("board", ["stm32f746", "uno"])
def test_a_network_in_c(tmp_path: Path, board: str):
    path = tmp_path / "net.tflite"
    path.write_bytes(network())
    inputs = random_inputs(network(), 20)
    compilation = compile_model(Options(path, board, arithmetic="tflite"))
    (output,) = HostExecutor(compilation.generated()).run({"t0": inputs[0]}).outputs.values()
    np.testing.assert_array_equal(output, litert(network(), inputs)[0])


def test_batches_and_names():
    module = read_model(network(), sizes=Sizes(batch=3)).module
    assert "tensor<3x8x8x3xi8>" in str(the_function(module).function_type)


def refusals(data: bytes) -> list[str]:
    with pytest.raises(UserError) as raised:
        read_model(data)
    return str(raised.value).splitlines()


def test_hybrid_layers_are_refused_together():
    c = Case("float32", (1, 40))
    w = c.constant(np.ones((7, 40), np.int8), 0.01)
    a, b = c.value((1, 7), 1), c.value((1, 7), 1)
    for y in (a, b):
        c.operator("FULLY_CONNECTED", [c.x, w, -1], [y], "FullyConnectedOptions")
    lines = refusals(c.build([c.x], [a, b]))
    assert lines[0].startswith("1 operator stands between") and "hybrid" in lines[1] and "2 nodes" in lines[1]


def test_operators_without_a_translation_are_named():
    f = TfliteFile()
    x, y = f.tensor((1, 4), "float32"), f.tensor((1, 4), "float32")
    f.operator("HASHTABLE_LOOKUP", [x], [y])
    assert "HASHTABLE_LOOKUP" in refusals(f.build([x], [y]))[0]


def test_what_tflite_computes_in_no_known_way_is_refused():
    with pytest.raises(UserError, match="--arithmetic exact"):
        integers(unary("EXP", "int8", (0.05, 3)), [], "tflite")


@pytest.mark.parametrize("cut", [8, 40, 300, -200])
def test_truncated_files(cut: int):
    data = conv("int8", Padding=0)
    assert len(refusals(data[:cut])) >= 1


def test_constants_that_share_a_buffer_do_not_outgrow_the_file():
    f = TfliteFile()
    x = f.tensor((1, 1 << 20), "float32")
    w = f.constant(np.ones((1, 1 << 20), np.float32))
    y = x
    for _ in range(12):
        y = f.tensor((1, 1), "float32")
        f.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions")
    assert "more memory than the file" in "".join(refusals(f.build([x], [y])))
