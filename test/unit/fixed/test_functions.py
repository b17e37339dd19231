"""Functions of 16-bit numbers: the error that the IR states holds for every integer, and is small."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import i8, i16

from tinyml_opt.dialects import onnx
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.forms import MapOp
from tinyml_opt.dialects.fixed.structured import MAX_ERROR
from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.dialects.onnx.function_table import erf
from tinyml_opt.lowering.onnx_to_fixed import ConvertOnnxToFixedPass
from tinyml_opt.lowering.onnx_to_fixed.grids import values_of
from tinyml_opt.passes.fixed.intervals.analysis import Analysis
from tinyml_opt.passes.fixed.legalize_bitwidths import LegalizeBitwidthsPass
from tinyml_opt.targets.executors.fixed import FixedExecutor

ALL = np.arange(-(1 << 15), 1 << 15)

TEXT = """
func.func @f(%x: tensor<1x65536xf32>) -> tensor<1x65536xf32>
    attributes {{fixed.input_types = [!fixed.q<i16, {x} : {zero}>]}} {{
  %y = onnx.{name} %x {{fixed.type = !fixed.q<{storage}, {y}>{parameters}}} : tensor<1x65536xf32> -> tensor<1x65536xf32>
  func.return %y : tensor<1x65536xf32>
}}
"""


def compiled(name: str, x: float, y: float, storage: str = "i16", zero: int = 0, bits: int = 64) -> tuple[MapOp, float]:
    """The map of a function, and its greatest distance from the function, found by running the program."""
    op = onnx.FUNCTIONS[name]
    given = "".join(
        f', {k} = "{v}"' if isinstance(v, str) else f", {k} = {v} : f64" for k, v in op.definition().defaults.items()
    )
    module = parse(TEXT.format(name=name, x=repr(x), y=repr(y), storage=storage, zero=zero, parameters=given))
    function = next(f for f in module.walk() if isinstance(f, op))
    with np.errstate(all="ignore"):
        wanted = function.evaluate((ALL - zero) * x) / y
    ConvertOnnxToFixedPass().apply(Context(), module)
    LegalizeBitwidthsPass(bits).apply(Context(), module)
    (form,) = [f for f in module.walk() if isinstance(f, MapOp)]
    run = FixedExecutor(module).run({"input0": ALL.astype(np.int16).reshape(1, 1, -1)})
    (result,) = run.outputs.values()
    limits = np.iinfo(result.dtype)
    known = ~np.isnan(wanted)
    error = np.abs(result.reshape(-1) - np.clip(wanted, limits.min, limits.max))[known].max()
    assert not [f for function in module.ops for f in Analysis(function).findings]  # pyright: ignore
    return form, float(error)


def stated(form: MapOp) -> float:
    """The error in the IR."""
    return form.attributes[MAX_ERROR].value.data  # pyright: ignore


@pytest.mark.parametrize("name", [n for n, op in onnx.FUNCTIONS.items() if op.definition().pieces is None])
def test_curves_are_within_a_step(name: str) -> None:
    """Inputs between -4 and 4, results as far as the function goes there, at most 8."""
    with np.errstate(all="ignore"):
        values = (
            onnx.FUNCTIONS[name]
            .definition()
            .compute(  # pyright: ignore
                ALL * 2.0**-13, **onnx.FUNCTIONS[name].definition().defaults
            )
        )
    reach = min(8.0, float(np.abs(values[np.isfinite(values)]).max()))
    form, error = compiled(name, 2.0**-13, reach / (1 << 14))
    assert error <= stated(form) <= 1.0


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["Sigmoid", "Exp", "Log", "Sqrt", "Gelu", "Elu", "Reciprocal", "LeakyRelu", "Floor", "Softsign"]),
    st.floats(-15, -10),
    st.floats(-15, -10),
    st.integers(-3000, 3000),
    st.sampled_from(["i16", "i8"]),
    st.sampled_from([32, 64]),
)
def test_stated_error_holds(name: str, x: float, y: float, zero: int, storage: str, bits: int) -> None:
    """For any scales: what is stated is not less than what a run shows, and stays small."""
    step = 2.0**y * (256 if storage == "i8" else 1)
    form, error = compiled(name, 2.0**x, step, storage, zero, bits)
    assert error <= stated(form) <= 32


def test_too_fast() -> None:
    with pytest.raises(UserError, match="onnx.Tan '.*' *: .* changes so fast that tables of 4,096 bytes"):
        compiled("Tan", 1.0, 2.0**-14)


def test_reciprocal_of_zero_is_the_greatest_number() -> None:
    form, _ = compiled("Reciprocal", 2.0**-10, 2.0**-10)
    assert stated(form) == 0.5


def test_error_function() -> None:
    x = np.linspace(-8, 8, 1001)
    np.testing.assert_allclose(erf(x), [math.erf(v) for v in x], rtol=0, atol=4e-15)


def test_outside_of_its_domain() -> None:
    """A number that rounding moves over the edge has the value at the edge."""
    below = np.floor(1 / 6.1e-4)
    values = values_of(np.arccosh, QType(i16, 6.1e-4))
    assert values[int(below) + (1 << 15)] == 0 == values[0]
    values = values_of(np.arcsin, QType(i16, 2.0**-14))
    assert (values[0], values[-1]) == (-np.pi / 2, np.pi / 2)
    assert values_of(np.sqrt, QType(i8, 0.01, 127)).tolist() == [0] * 256
