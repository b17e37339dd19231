"""Every way of rounding at every level: numpy at `fixed` and `memplan`, interval analysis, compiled C, and HLS C++."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import Network, compile_network, require_equal
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from tinyml_opt.dialects.fixed.types import Rounding
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.passes.fixed.intervals.analysis import Analysis
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.interface import Executor
from tinyml_opt.targets.executors.memplan import MemplanExecutor
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes
from tinyml_opt.tools.registry import DIALECTS, load
from tinyml_opt.tools.verifying.levels import hls_executor

COUNT = 64
TENSOR = f"tensor<{COUNT}xi32>"
BODY = """
  %y{n} = fixed.map ins(%x : {t}) domain <{count}> maps [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>] node "m{n}" {{
  ^bb0(%e: i32):
    %m = arith.constant {multiplier} : i32
    %0 = fixed.rescale %e {by}shift {shift} {mode} in {product} : i32{of} -> {product}
    %1 = fixed.saturate %0 to [-2147483648, 2147483647] : {product} -> i32
    fixed.yield %1 : i32
  }} -> {t}"""

Rescale = tuple[Rounding, int, int | None]
"""A mode, a shift, and a multiplier of a 64-bit product, or none: then the shift is one of 32 bits."""


def program(rescales: list[Rescale]) -> ModuleOp:
    """A function with one input and an output per rescale."""
    bodies, ports = list[str](), list[str]()
    for n, (mode, shift, multiplier) in enumerate(rescales):
        wide = multiplier is not None
        words: dict[str, Any] = {"by": "by %m ", "of": ", i32", "product": "i64"} if wide else {"by": "", "of": ""}
        words = {"product": "i32", **words, "multiplier": multiplier or 0, "shift": shift, "mode": mode}
        bodies.append(BODY.format(n=n, t=TENSOR, count=COUNT, **words))
        ports.append(f'#fixed.port<"y{n}", {TENSOR}, permutation <0>>')
    values, types = ", ".join(f"%y{n}" for n in range(len(rescales))), ", ".join([TENSOR] * len(rescales))
    text = f"""func.func @rounding(%x: {TENSOR}) -> ({types}) attributes {{
      fixed.inputs = [#fixed.port<"x", {TENSOR}, permutation <0>>], fixed.outputs = [{", ".join(ports)}]}} {{
      {"".join(bodies)}
      func.return {values} : {types}
    }}"""
    context = Context()
    for name, path in DIALECTS.items():
        context.register_dialect(name, lambda path=path: load(path))
    module = Parser(context, text).parse_module()
    module.verify()
    return module


@pytest.fixture(scope="module")
def any_model(tmp_path_factory: pytest.TempPathFactory) -> Compilation:
    """A compilation whose program is replaced."""
    net = Network((1, 2))
    net.result(net.node("Relu", "x", name="y"))
    return compile_network(net.model(), tmp_path_factory.mktemp("model"), net.rows(2))


def compare(any_model: Compilation, rescales: list[Rescale], xs: list[int], with_hls: bool = False) -> None:
    """Run the values through every level, and ask whether the analysis foresaw what comes out."""
    module = program(rescales)
    plan = module.clone()
    run_passes(plan, pipeline("fixed-to-memplan"), Timing())
    compilation = replace(any_model, fixed=module, memplan=plan)
    inputs = {"x": np.resize(np.array(xs, np.int32), (1, COUNT))}
    expected = FixedExecutor(module).run(inputs, trace=True)
    require_equal("memplan", expected, MemplanExecutor(plan).run(inputs, trace=True))
    others: list[Executor] = [HostExecutor(compilation.generated(), sanitize=True)]
    others += [hls_executor(compilation)] if with_hls else []
    for executor in others:
        require_equal(executor.level, expected, executor.run(inputs))
    function = the_function(module)
    last = function.body.block.last_op
    assert last is not None
    ranges = Analysis(function).tensors
    for value, output in zip(last.operands, expected.outputs.values(), strict=True):
        assert ranges[value].least <= output.min() and output.max() <= ranges[value].greatest


def rescale(mode: Rounding, shift: int, multiplier: int) -> Rescale:
    """A rescale that is legal for any input: of 64 bits, or for values of 29 bits a shift of 32 bits."""
    if mode is Rounding.TFLITE:
        return mode, 31 + shift % 31, max(multiplier, 1 << 30)
    return (mode, shift, multiplier) if multiplier % 3 else (mode, shift % 29, None)


VALUES = st.lists(st.integers(-(1 << 29), 1 << 29) | st.integers(-9, 9), min_size=1, max_size=COUNT)


@settings(max_examples=max(2, settings().max_examples // 20), deadline=None)
@given(xs=VALUES, shifts=st.lists(st.integers(0, 61), min_size=6, max_size=6), multiplier=st.integers(1, (1 << 31) - 1))
def test_all_levels_round_alike(any_model: Compilation, xs: list[int], shifts: list[int], multiplier: int):
    modes = list(Rounding)
    compare(any_model, [rescale(m, s, multiplier + i) for i, (m, s) in enumerate(zip(modes, shifts, strict=True))], xs)


def test_ties_and_signs(any_model: Compilation):
    """Quarters around 0 and around the ends of what a shift takes, in every mode, also in HLS C++."""
    xs = [*range(-16, 16), *range(-(1 << 29), -(1 << 29) + 8), *range((1 << 29) - 8, (1 << 29) + 1)]
    plain = [
        (mode, shift, None) for mode, shift in itertools.product(Rounding, (0, 1, 2)) if mode is not Rounding.TFLITE
    ]
    doubled: list[Rescale] = [(Rounding.TFLITE, shift, 1 << 30) for shift in (31, 32, 33)]
    compare(any_model, [*plain, *doubled], xs, with_hls=True)
