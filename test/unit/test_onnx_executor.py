"""The float executor against the node tests that the onnx package carries, and on its models."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx import import_onnx
from tinyml_opt.targets.executors.onnx import OnnxExecutor

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
CASES = "onnx.backend.test.case.node"
OPERATORS = (
    "add argmax averagepool batch_normalization clip conv dequantizelinear flatten gemm globalaveragepool identity "
    "matmul maxpool quantizelinear relu reshape sigmoid softmax squeeze tanh transpose"
).split()


def node_tests() -> list[Any]:
    """The cases of the operators, without importing those of all two hundred."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for operator in OPERATORS:
            import_module(f"{CASES}.{operator}")
        cases = import_module(CASES)._NodeTestCases
    return sorted(cases, key=lambda case: case.name)


NODE_TESTS = node_tests()


def taken(case: Any) -> OnnxExecutor | None:
    """The model with every input but the first as an initializer (weights); None where it is refused with reasons."""
    model, (values, _) = onnx.ModelProto.FromString(case.model.SerializeToString()), case.data_sets[0]
    for info, value in list(zip(model.graph.input, values, strict=True))[1:]:
        tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value, info.name)
        tensor.name = info.name
        model.graph.initializer.append(tensor)
    try:
        return OnnxExecutor(import_onnx(model.SerializeToString()))
    except UserError as error:
        assert error.reasons
        return None


@pytest.mark.parametrize("case", NODE_TESTS, ids=lambda case: case.name)
def test_node(case: Any) -> None:
    """The expected numbers, where the importer takes the model."""
    executor = taken(case)
    if executor is None:
        return
    inputs, (expected, *_) = case.data_sets[0]
    (name,) = executor.inputs
    result = executor.run({name: inputs[0][np.newaxis]}).outputs[executor.outputs[0]][0]
    assert result.shape == expected.shape
    np.testing.assert_allclose(result.astype(np.float64), expected.astype(np.float64), rtol=1e-3, atol=1e-5)


def test_what_is_taken() -> None:
    names = {case.name for case in NODE_TESTS if taken(case) is not None}
    wanted = {
        "test_add",
        "test_argmax_default_axis_example",
        "test_averagepool_2d_pads_count_include_pad",
        "test_averagepool_2d_same_lower",
        "test_basic_conv_with_padding",
        "test_batchnorm_epsilon",
        "test_clip_example",
        "test_conv_with_strides_and_asymmetric_padding",
        "test_dequantizelinear",
        "test_flatten_axis1",
        "test_gemm_alpha",
        "test_globalaveragepool",
        "test_matmul_2d",
        "test_maxpool_2d_ceil",
        "test_quantizelinear",
        "test_relu",
        "test_reshape_zero_dim",
        "test_sigmoid",
        "test_softmax_axis_1",
        "test_squeeze",
        "test_tanh",
        "test_transpose_all_permutations_3",
    }
    assert wanted <= names
    assert len(names) >= 60


@pytest.mark.parametrize("path", sorted((DATA / "light").glob("*.onnx")), ids=lambda path: path.stem)
def test_light_models(path: Path) -> None:
    """A whole network is taken, or refused with its unsupported operators by name."""
    try:
        import_onnx(path).verify()
    except UserError as error:
        assert all("'" in reason for reason in error.reasons)
