"""Modules written as text."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.func import Func
from xdsl.parser import Parser

from tinyml_opt.dialects.fixed import Fixed
from tinyml_opt.dialects.memplan import Memplan
from tinyml_opt.dialects.onnx import Onnx
from tinyml_opt.dialects.rtl import Rtl


def parse(text: str) -> ModuleOp:
    """A verified module of the levels `onnx`, `fixed`, `memplan` or `rtl`."""
    context = Context()
    for dialect in (Builtin, Arith, Func, Onnx, Fixed, Memplan, Rtl):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    module.verify()
    return module
