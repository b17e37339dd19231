"""`fixed-expose-nodes`: every node's value becomes an output, so that compiled code can be compared node by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, FunctionType, ModuleOp, StringAttr, TensorType
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.errors import UserError
from ...dialects.fixed import NextOp, ScanOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ...dialects.fixed.types import IntsAttr, PortAttr
from .calibrate import the_function


@dataclass(frozen=True)
class ExposeNodesPass(ModulePass):
    """Return the result of every named form, in the order of execution, after the model's own outputs.

    What the body of a scan computes is stacked over its rounds.

    A debugging aid: the memory plan of such a program differs from that of the model.
    """

    name = "fixed-expose-nodes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        function = the_function(op)
        block = function.body.block
        terminator = block.last_op
        assert isinstance(terminator, func.ReturnOp)
        results = [(node, value) for node, value in exposed(block) if value not in terminator.operands]
        outputs = function.attributes.get("fixed.outputs")
        if not isinstance(outputs, ArrayAttr):
            raise UserError(f"{self.name}: @{function.sym_name.data} has no fixed.outputs; lower it to `fixed` first")
        ports = [*outputs, *(port(node, value.type) for node, value in results)]
        function.attributes["fixed.outputs"] = ArrayAttr(ports)
        values = [*terminator.operands, *(value for _, value in results)]
        Rewriter.replace_op(terminator, func.ReturnOp(*values))
        function.function_type = FunctionType.from_lists([a.type for a in block.args], [v.type for v in values])
        function.res_attrs = None


def exposed(block: Block) -> list[tuple[StringAttr, SSAValue]]:
    """The results of the named forms of a block; those in the body of a scan stacked over its rounds, along axis 0."""
    found: list[tuple[StringAttr, SSAValue]] = []
    for op in list(block.ops):
        if isinstance(op, StructuredForm) and op.node is not None and op.result is not None:
            found.append((op.node, op.result))
        elif isinstance(op, ScanOp) and (inner := exposed(op.body.block)):
            stacked = with_stacked(op, [value for _, value in inner])
            found += zip((node for node, _ in inner), stacked, strict=True)
    return found


def with_stacked(op: ScanOp, parts: Sequence[SSAValue]) -> Sequence[SSAValue]:
    """Let a scan stack more values of its body; returns what is stacked of these."""
    end = op.end
    Rewriter.replace_op(end, NextOp(end.states, [*end.outs, *parts]))
    wholes = [TensorType(shaped_type(v).element_type, [op.trips, *shaped_type(v).get_shape()]) for v in parts]
    new = ScanOp(
        op.trips,
        op.states,
        op.ins,
        op.detach_region(op.body),
        [*(result.type for result in op.outs), *wholes],
        op.in_axes.data,
        [bool(flag) for flag in op.in_reversed.data],
        [*op.out_axes.data, *(0 for _ in parts)],
        [*(bool(flag) for flag in op.out_reversed.data), *(False for _ in parts)],
        None if op.node is None else op.node.data,
    )
    Rewriter.replace_op(op, new, new.results[: len(op.results)])
    return new.results[len(op.results) :]


def port(node: StringAttr, type: object) -> PortAttr:
    """A port for a value as it is stored."""
    assert isinstance(type, TensorType)
    return PortAttr(node, type, IntsAttr(tuple(range(type.get_num_dims()))))
