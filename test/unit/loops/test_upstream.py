"""Upstream MLIR accepts what the lowering to loops writes."""

from __future__ import annotations

import os
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from support.emitc import tool
from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import Builtin
from xdsl.parser import Parser
from xdsl.printer import Printer

from tinyml_opt.dialects.fixed import Fixed
from tinyml_opt.dialects.mcu import Mcu
from tinyml_opt.dialects.memplan import Memplan
from tinyml_opt.lowering.memplan_to_loops.convert import ConvertMemplanToLoopsPass
from tinyml_opt.passes.loops.pipeline import PipelinePass

PLANS = sorted((Path(__file__).parents[2] / "lowering" / "memplan_to_loops").glob("*.mlir"))


def test_there_are_plans():
    assert len(PLANS) >= 5


@pytest.mark.parametrize("padding", ["clip", "guard"])
@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_upstream_accepts_the_loops(plan: Path, padding: str):
    opt = tool("mlir-opt-22", "mlir-22-tools")
    ctx = Context()
    for dialect in (Fixed, Memplan, Mcu, arith.Arith, func.Func, scf.Scf, memref.MemRef, Builtin):
        ctx.load_dialect(dialect)
    for part in plan.read_text().split("// -----"):
        module = Parser(ctx, part).parse_module()
        ConvertMemplanToLoopsPass(padding=padding).apply(ctx, module)
        PipelinePass().apply(ctx, module)
        text = StringIO()
        Printer(text, print_generic_format=True).print_op(module)
        command = [opt, "--allow-unregistered-dialect", "-o", os.devnull]
        checked = subprocess.run(command, input=text.getvalue(), capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
