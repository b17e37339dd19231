"""What the lowering to loops refuses, with a reason that says what to do."""

from __future__ import annotations

import pytest
from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.test import Test
from xdsl.parser import Parser

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed import Fixed
from tinyml_opt.dialects.memplan import Memplan
from tinyml_opt.lowering.memplan_to_loops.convert import ConvertMemplanToLoopsPass
from tinyml_opt.passes.loops.pipeline import PipelinePass


def parse(text: str) -> tuple[Context, ModuleOp]:
    """A module and the context that it was read in."""
    ctx = Context()
    for dialect in (Fixed, Memplan, arith.Arith, func.Func, Test, Builtin):
        ctx.load_dialect(dialect)
    return ctx, Parser(ctx, text).parse_module()


def test_padding_is_clip_or_guard():
    with pytest.raises(UserError, match="padding is `clip` or `guard`, not `skip`"):
        ConvertMemplanToLoopsPass(padding="skip").apply(*parse("builtin.module {}"))


def test_initiation_interval_is_positive():
    with pytest.raises(UserError, match="at least 1 cycle, got 0"):
        PipelinePass(ii=0).apply(*parse("builtin.module {}"))


def test_tensors_are_not_a_plan():
    text = "func.func @net(%x: tensor<4xi8>) -> tensor<4xi8> { func.return %x : tensor<4xi8> }"
    with pytest.raises(UserError, match="`net` takes tensor<4xi8>: run convert-fixed-to-memplan first"):
        ConvertMemplanToLoopsPass().apply(*parse(text))


def test_operations_outside_plans():
    text = 'func.func @net(%x: memref<4xi8>) { "test.op"(%x) : (memref<4xi8>) -> () func.return }'
    with pytest.raises(UserError, match="`test.op` has no meaning in a plan"):
        ConvertMemplanToLoopsPass().apply(*parse(text))


def test_wide_elements_are_not_read_as_bytes():
    text = """
    func.func @net(%x: memref<4xi16>, %y: memref<8xi8>) {
      %a = memplan.alias %x at 0 : memref<4xi16> -> memref<8xi8>
      fixed.map ins(%a : memref<8xi8>) outs(%y : memref<8xi8>) domain <8>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] { ^bb0(%e: i8): fixed.yield %e : i8 }
      func.return
    }"""
    with pytest.raises(UserError, match="place the buffer in the arena"):
        ConvertMemplanToLoopsPass().apply(*parse(text))


def test_bodies_hold_scalars():
    text = """
    func.func @net(%x: memref<8xi8>, %y: memref<8xi8>) {
      fixed.map ins(%x : memref<8xi8>) outs(%y : memref<8xi8>) domain <8>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
      ^bb0(%e: i8):
        %0 = "test.op"(%e) : (i8) -> i8
        fixed.yield %0 : i8
      }
      func.return
    }"""
    with pytest.raises(UserError, match="cannot write `test.op` in a form's body"):
        ConvertMemplanToLoopsPass().apply(*parse(text))
