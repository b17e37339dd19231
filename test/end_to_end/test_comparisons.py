"""Comparisons with numbers that no value reaches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from support.networks import Network, compile_network, equal_levels, errors_in_steps, real_inputs

from tinyml_opt.dialects.fixed.forms import MapOp


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("kind", ["Less", "LessOrEqual", "Greater", "Equal"])
def test_numbers_beyond_all_data_decide_at_once(kind: str, flipped: bool, tmp_path: Path):
    """Compilers warn of comparisons that no number of a type decides otherwise: none is left."""
    net = Network((1, 6), opset=16)
    far = net.constant(np.array(100.0, np.float32))
    flags = net.node(kind, *((far, "x") if flipped else ("x", far)))
    net.result(net.node("Where", flags, "x", net.node("Neg", "x")))
    compilation = compile_network(net.model(), tmp_path, net.rows(50), bits=16)
    assert not any(op.name == "arith.cmpi" and "slt" in str(op) for op in compilation.fixed.walk())
    assert any(isinstance(op, MapOp) for op in compilation.fixed.walk())
    data = real_inputs(net.rows(20))
    errors = errors_in_steps(compilation, data, equal_levels(compilation, data))
    assert max(errors.values()) < 1.5


def test_a_part_of_flags_that_are_constant(tmp_path: Path):
    """A column of them is no block of bytes in flash: it is copied, and its copy seen with fewer dimensions."""
    net = Network((4, 3), opset=20)
    column = net.node("Gather", net.node("IsNaN", "x"), net.constant(np.array(0)), axis=-1)
    net.result(column, TensorProto.BOOL)
    net.result(net.node("Relu", "x"))
    compilation = compile_network(net.model(), tmp_path, net.rows(20))
    run = equal_levels(compilation, real_inputs(net.rows(5)))
    assert not run.outputs[column].any()
