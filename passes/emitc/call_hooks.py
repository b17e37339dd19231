"""Hooks around layers, for cycle counters: the user defines them, the generated code calls them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, i16
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.emitc import CallOp, CallOpaqueOp, ConstantOp, FuncOp
from ...dialects.emitc.types import HOOKS, NODE
from .take_state import model_of


@dataclass(frozen=True)
class CallHooksPass(ModulePass):
    """Call `NAME_layer_begin(i)` before, `NAME_layer_end(i)` behind each layer's function; slices count as their layer.

    The public functions carry the layers' names by number, `mcu.hooks`.
    """

    name = "emitc-call-hooks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [f for f in op.ops if isinstance(f, FuncOp)]
        model = model_of(functions)
        steps = {f.sym_name.data: f.attributes[NODE] for f in functions if f.is_static and NODE in f.attributes}
        numbers = {name: number for number, name in enumerate(steps)}
        for function in functions:
            if not function.is_static:
                function.attributes[HOOKS] = ArrayAttr(steps.values())
            for call in list(function.walk()):
                if isinstance(call, CallOp) and call.callee.string_value() in numbers:
                    surround(call, model, numbers[call.callee.string_value()])


def surround(call: CallOp, model: str, number: int) -> None:
    """Put the hooks around a call."""
    constant = ConstantOp(number, i16)
    before = CallOpaqueOp(f"{model}_layer_begin", [constant.result])
    behind = CallOpaqueOp(f"{model}_layer_end", [constant.result])
    Rewriter.insert_op([constant, before], InsertPoint.before(call))
    Rewriter.insert_op(behind, InsertPoint.after(call))
