"""Nodes that others stand for: operators by ONNX's definition, an If by the branch that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import i1

from ...dialects.dense import to_numpy
from ...dialects.onnx import ConstantOp
from ...dialects.onnx.base import element_of, shape_of
from .bodies import LOSSES, MAX_DEPTH, MAX_NODES, body_of, has_body
from .node import Unsupported
from .nodes import NodeImporter
from .proto import operator_of, read_by
from .quantized_operators import full_name
from .refusals import REFUSALS, Refusals, reason_of
from .renaming import branch_nodes, branch_of

if TYPE_CHECKING:
    import onnx

OF_WHICH = ", of which one is not: "
"""Before the reason against a node that stands for another, in the reason against that one."""


class ExpandingImporter(NodeImporter):
    """Imports nodes in place of the one that they stand for, which is refused where one of them is."""

    depth = 0
    nodes_added = 0

    def add(self, proto: onnx.NodeProto) -> None:
        """As for any other node; of an If the nodes of its branch."""
        if full_name(proto.domain, proto.op_type) != "If" or not any(proto.output):
            super().add(proto)
            return
        name = self.name_of(proto)
        if name is None:
            return
        if proto.input and proto.input[0] in self.unknown:
            self.pass_over(proto)
            return
        try:
            branch = branch_of(proto, self.condition(proto))
            reason = self.add_all(branch_nodes(branch, proto.output, name), self.opset, proto)
        except REFUSALS as error:
            reason = reason_of(error)
        if reason is not None:
            self.refuse(proto, name, reason)

    def condition(self, proto: onnx.NodeProto) -> bool:
        """The condition of an If. Raises Unsupported where it is not known now."""
        value = self.lookup(proto.input[0]) if proto.input else None
        if value is None or not isinstance(value.owner, ConstantOp):
            raise Unsupported("its condition is computed at run time, only a constant one is supported")
        if element_of(value) != i1 or shape_of(value) not in ((), (1,)):
            raise Unsupported("its condition must be one boolean; export the model again")
        return bool(to_numpy(value.owner.value).reshape(()))

    def is_defined(self, proto: onnx.NodeProto) -> bool:
        """Whether ONNX defines the operator by others."""
        return has_body(proto, self.opset)

    def write_out(self, proto: onnx.NodeProto, name: str) -> str | None:
        """Add the nodes of ONNX's definition in place of a node; returns why not, None where all were taken."""
        try:
            operands = [self.lookup(i) for i in proto.input]
            body = body_of(proto, self.opset, operands, name)
        except REFUSALS as error:
            return reason_of(error)
        if body is None:
            return (
                f"operator {operator_of(proto)} is not supported with these types; `tinyml supported-ops` lists what is"
            )
        reason = self.add_all(body.nodes, body.opset, proto)
        if reason is None:
            return None
        if proto.op_type in LOSSES:
            return f"operator {operator_of(proto)} is a loss, for training; export the model for inference, without it"
        innermost = reason.split(OF_WHICH)[-1]
        return f"operator {operator_of(proto)} is taken as those that define it{OF_WHICH}{innermost}"

    def add_all(self, nodes: Sequence[onnx.NodeProto], opset: int, proto: onnx.NodeProto) -> str | None:
        """Add nodes that stand for one; returns the first reason why one of them is not taken."""
        self.nodes_added += len(nodes)
        if self.nodes_added > MAX_NODES or self.depth >= MAX_DEPTH:
            return f"it stands for too many nodes, more than {MAX_NODES:,} in all; export a smaller model"
        self.used |= {value for node in nodes for value in read_by(node)}
        outer, self.refusals, self.opset = (self.refusals, self.opset), Refusals(), opset
        self.depth += 1
        for node in nodes:
            self.add(node)
        inner, (self.refusals, self.opset) = self.refusals, outer
        self.depth -= 1
        if not inner.lines():
            return None
        for output in proto.output:
            self.values.pop(output, None)
        self.values[""] = None
        return inner.first()
