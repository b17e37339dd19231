"""Constants in an AVR's flash: encoded, beyond the reach of pointers, at every optimization; inputs beyond the RAM."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.dense import from_numpy, to_numpy
from tinyml_opt.dialects.fixed import ConstantOp
from tinyml_opt.dialects.fixed.layout import Encoding, LayoutAttr
from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.firmware import build_firmware, symbols_of
from tinyml_opt.tools.analyze import analyze
from tinyml_opt.tools.compiling.compilation import Compilation


def sparse_network() -> Network:
    """Two layers: of the first 3 weights in 10 are not 0, of the second 1 in 30."""
    net = Network((1, 64), 3)
    for outputs, inputs, share in ((12, 64, 0.3), (40, 12, 0.03)):
        weights = net.random.integers(-127, 128, (outputs, inputs)) * (net.random.random((outputs, inputs)) < share)
        weights[:, 0] = 127
        value = net.constant((weights / 128).astype(np.float32))
        net.node("Gemm", f"gemm{len(net.nodes) - 1}" if net.nodes else "x", value, net.bias(outputs), transB=1)
    net.result(net.nodes[-1].output[0])
    return net


def layouts(compilation: Compilation) -> list[Encoding]:
    """The encodings that were chosen."""
    constants = [op for op in compilation.memplan.walk() if isinstance(op, ConstantOp)]
    return [op.layout.encoding.data for op in constants if op.layout is not None]


@pytest.mark.parametrize("level", ["-Os", "-O2", "-O3"])
def test_every_optimization_gives_the_same_integers(tmp_path: Path, level: str):
    net = sparse_network()
    compilation = compile_network(net.model(), tmp_path, net.rows(50), "uno")
    assert layouts(compilation) == [Encoding.DELTA4, Encoding.DELTA8]
    flags = tuple(level if flag == "-O2" else flag for flag in compilation.board.flags)
    board = replace(compilation.board, flags=flags)
    assert level in board.flags
    equal_levels(compilation, real_inputs(net.rows(5)), [AvrExecutor(compilation.generated(), board)])


@pytest.mark.parametrize("encoding", Encoding)
def test_every_encoding_is_read_right_on_avr(tmp_path: Path, encoding: Encoding):
    net = Network((1, 37), 1)
    weights = np.round(net.random.normal(0, 3, (9, 37))).clip(-8, 7)
    net.result(net.node("Gemm", "x", net.constant((weights / 16).astype(np.float32)), net.bias(9), transB=1))
    compilation = compile_network(net.model(), tmp_path, net.rows(50), "uno")
    for module in (compilation.fixed, compilation.memplan):
        (constant,) = (op for op in module.walk() if isinstance(op, ConstantOp) and len(op.value.get_shape()) == 2)
        small = (to_numpy(constant.value) // 16).astype(np.int8)
        constant.value = from_numpy(small, constant.value.get_element_type())
        constant.layout = LayoutAttr(encoding, 1)
    equal_levels(compilation, real_inputs(net.rows(5)), [AvrExecutor(compilation.generated(), compilation.board)])


def test_constants_beyond_64_kb_are_read_right(tmp_path: Path):
    net = Network((1, 150), 2)
    value = "x"
    for inputs, outputs in ((150, 200), (200, 150), (150, 200), (200, 10)):
        value = net.node("Relu", net.node("Gemm", value, net.weight(outputs, inputs), net.bias(outputs), transB=1))
    net.result(value)
    compilation = compile_network(net.model(), tmp_path, net.rows(20), "mega2560")
    analysis = analyze(compilation)
    assert analysis.constant_bytes > 90_000 and not analysis.misfit
    model = compilation.generated()
    (tmp_path / "build").mkdir()
    symbols = symbols_of(compilation.board, build_firmware(model, compilation.board, tmp_path / "build").elf)
    text = "\n".join(model.texts.values())
    lines = [line.split("[")[0] for line in text.splitlines() if re.match(r"(static )?const .*\[.*= \{", line)]
    arrays = {line.split()[-1]: "_FAR " in line for line in lines}
    assert set(arrays.values()) == {True, False}
    ends = {name: symbols[name].address + symbols[name].size for name in arrays}
    assert all(arrays[name] or end <= 1 << 16 for name, end in ends.items())
    assert max(ends.values()) > 1 << 16
    equal_levels(compilation, real_inputs(net.rows(2)), [AvrExecutor(model, compilation.board)])


def test_an_input_by_rows_may_be_larger_than_the_ram(tmp_path: Path):
    net = Network((1, 1, 64, 48), 4)
    value = net.node("Conv", "x", net.weight(4, 1, 3, 3), net.bias(4), strides=[2, 2])
    value = net.node("Flatten", net.node("GlobalAveragePool", value))
    net.result(net.node("Gemm", value, net.weight(3, 4), net.bias(3), transB=1))
    compilation = compile_network(net.model(), tmp_path, net.rows(10), "uno", input="rows")
    executor = AvrExecutor(compilation.generated(), compilation.board)
    equal_levels(compilation, real_inputs(net.rows(2)), [executor])
