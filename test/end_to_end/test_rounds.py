"""Loops over time at every level from `fixed` to compiled code: states, directions, stacks, loops in loops, layers."""

from __future__ import annotations

import pytest
from support.recurrent import MODELS, rnn
from support.scans import compile_text, random_inputs, require_equal_levels

from tinyml_opt.dialects import rtl
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.estimating.design import design_of
from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.rtl import RtlExecutor
from tinyml_opt.targets.family import load_family
from tinyml_opt.targets.ports import input_ports, output_ports
from tinyml_opt.tools.verifying.levels import compare_runs


@pytest.mark.parametrize("name", MODELS)
def test_all_levels_agree(name: str) -> None:
    compilation = compile_text(MODELS[name](6))
    require_equal_levels(compilation, HostExecutor(compilation.generated(), sanitize=True))


@pytest.mark.parametrize("name", MODELS)
def test_streams_and_tight_memory(name: str) -> None:
    for options in ({"stream": True}, {"ram": 1}):
        require_equal_levels(compile_text(MODELS[name](6), **options))


@pytest.mark.parametrize("name", ["rnn", "lstm", "nested"])
def test_one_round(name: str) -> None:
    require_equal_levels(compile_text(MODELS[name](1)))


def test_a_thousand_rounds() -> None:
    compilation = compile_text(rnn(1000, reverse=True))
    require_equal_levels(compilation, HostExecutor(compilation.generated(), sanitize=True), rows=1)


@pytest.mark.parametrize("name", ["gru", "nested"])
def test_on_the_uno(name: str) -> None:
    compilation = compile_text(MODELS[name](4), board="uno")
    require_equal_levels(compilation, AvrExecutor(compilation.generated(), load_board("uno")), rows=1)


@pytest.mark.parametrize("lanes", [1, 0])
@pytest.mark.parametrize("name", MODELS)
def test_forms_of_a_round_beside_each_other_in_hardware(name: str, lanes: int) -> None:
    """The integers of `fixed`, in the cycles that are counted."""
    compilation = compile_text(MODELS[name](4), board="arty-a7-35t", lanes=lanes)
    module = compilation.rtl()
    assert any(isinstance(op, rtl.OverlapOp) and isinstance(op.parent_op(), rtl.RepeatOp) for op in module.walk())
    ports = input_ports(compilation.function), output_ports(compilation.function)
    stored = random_inputs(compilation, 2)
    run = RtlExecutor(module, *ports).run(stored)
    assert compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run).difference is None
    assert run.measurement.cycles == design_of(load_family("xc7"), module.ops).cycles


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "layers", "two_layers"])
def test_rounds_take_rows(name: str) -> None:
    compilation = compile_text(MODELS[name](6), input="rows")
    require_equal_levels(compilation, HostExecutor(compilation.generated(), sanitize=True))
    assert compilation.generated().input_rows == 6


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm_in_order", "two_layers"])
def test_steps_without_end(name: str) -> None:
    compilation = compile_text(MODELS[name](6), input="steps")
    model = compilation.generated()
    require_equal_levels(compilation, HostExecutor(model, sanitize=True))
    assert model.entry == "net_step"
    assert model.output_rows == {"rnn": (1,), "gru": (1, 6), "two_layers": (1,), "lstm_in_order": (1, 1, 1, 6, 6)}[name]


@pytest.mark.parametrize("name", ["lstm", "bidirectional", "nested", "layers", "delayed"])
def test_what_does_not_run_without_end(name: str) -> None:
    with pytest.raises(UserError, match="cannot come in steps|has 2 inputs"):
        compile_text(MODELS[name](6), input="steps")
