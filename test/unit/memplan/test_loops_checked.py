"""Plans with loops whose views were moved: the checker refuses them, or what they compute is right."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from support.recurrent import MODELS
from support.scans import compile_text, random_inputs
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.utils.exceptions import DiagnosticException

from tinyml_opt.dialects.memplan import ArenaOp, ViewOp, size_in_bytes
from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.memplan import MemplanExecutor


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "nested", "delayed"])
def test_moved_views(name: str) -> None:
    compilation, random = compile_text(MODELS[name](7)), Random(name)
    stored = random_inputs(compilation, 2)
    expected = FixedExecutor(compilation.fixed).run(stored).outputs
    verdicts: list[bool] = []
    for _ in range(12):
        plan = compilation.memplan.clone()
        views = [op for op in plan.walk() if isinstance(op, ViewOp)]
        view = random.choice(views)
        assert isinstance(view.arena.owner, ArenaOp)
        room = view.arena.owner.size.value.data - size_in_bytes(view.result.type)
        view.offset = IntegerAttr(random.randint(0, room), i64)
        try:
            CheckPass().apply(Context(), plan)
        except DiagnosticException:
            verdicts.append(False)
            continue
        verdicts.append(True)
        actual = MemplanExecutor(plan).run(stored).outputs
        for label, value in expected.items():
            np.testing.assert_array_equal(actual[label], value, f"{view.node} at {view.offset}")
    assert not all(verdicts)
