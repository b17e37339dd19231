"""`fixed-expose-nodes`: every node's value becomes an output, so that compiled code can be compared node by node."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, FunctionType, ModuleOp, StringAttr, TensorType
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.errors import UserError
from ...dialects.fixed.forms import StructuredForm
from ...dialects.fixed.types import IntsAttr, PortAttr
from .calibrate import the_function


@dataclass(frozen=True)
class ExposeNodesPass(ModulePass):
    """Return the result of every named form, in the order of execution, after the model's own outputs.

    A debugging aid: the memory plan of such a program differs from that of the model.
    """

    name = "fixed-expose-nodes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        function = the_function(op)
        block = function.body.block
        terminator = block.last_op
        assert isinstance(terminator, func.ReturnOp)
        returned = set(terminator.operands)
        forms = [f for f in block.ops if isinstance(f, StructuredForm) and f.node is not None]
        results = [(f.node, f.result) for f in forms if f.result is not None and f.result not in returned]
        outputs = function.attributes.get("fixed.outputs")
        if not isinstance(outputs, ArrayAttr):
            raise UserError(f"{self.name}: @{function.sym_name.data} has no fixed.outputs; lower it to `fixed` first")
        ports = [*outputs, *(port(node, value.type) for node, value in results if node is not None)]
        function.attributes["fixed.outputs"] = ArrayAttr(ports)
        values = [*terminator.operands, *(value for _, value in results)]
        Rewriter.replace_op(terminator, func.ReturnOp(*values))
        function.function_type = FunctionType.from_lists([a.type for a in block.args], [v.type for v in values])
        function.res_attrs = None


def port(node: StringAttr, type: object) -> PortAttr:
    """A port for a value as it is stored."""
    assert isinstance(type, TensorType)
    return PortAttr(node, type, IntsAttr(tuple(range(type.get_num_dims()))))
