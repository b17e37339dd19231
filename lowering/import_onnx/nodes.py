"""The nodes of a graph, one after the other: translated, or computed where they are constant, or refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import onnx as dialect
from ...dialects.harmless import in_quotes, in_terminal
from ...dialects.onnx.budget import Budget, Exhausted, TooLarge, Unlimited
from ...passes.onnx.folding.folder import Folder
from .check import check_attributes, check_op
from .computed import BOUNDS, compute, is_constant
from .naming import node_name
from .node import Node, Unsupported
from .proto import at_run_time, attributes_of, operator_of
from .quantized_operators import full_name, translations, way_out
from .refusals import REFUSALS, reason_of
from .values import Values

if TYPE_CHECKING:
    import onnx

CONSTANT_TYPES: dict[str, type[np.generic]] = {
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
"""Element types of a Constant node's numbers and lists, by attribute."""


class NodeImporter(Values):
    """Appends the ops of nodes to the block."""

    def __init__(self, block: Block, opset: int, budget: Budget, folder: Path | None, used: set[str]):
        super().__init__(block, budget, folder)
        self.opset = opset
        self.used = used
        self.constants = Folder(budget)
        self.translations = translations()
        self.exhausted = False

    def add(self, proto: onnx.NodeProto) -> None:
        """Translate a node, or record why not; one without a result means nothing."""
        if not any(proto.output):
            return
        name = self.name_of(proto)
        if name is None:
            return
        kind = full_name(proto.domain, proto.op_type)
        if kind == "Constant":
            self.add_constant_node(proto, name)
            return
        defined = self.is_defined(proto)
        if kind not in self.translations and kind not in BOUNDS and not defined:
            self.refuse(proto, name, f"operator {operator_of(proto)} is not supported; {way_out(kind)}")
            return
        if any(i in self.unknown for i in proto.input):
            if kind not in self.translations and not defined and self.is_at_run_time(proto):
                self.refuse(proto, name, at_run_time(proto))
            else:
                self.pass_over(proto)
            return
        try:
            results = self.results(proto, kind, name)
        except REFUSALS as error:
            reason: str | None = reason_of(error)
            if defined and isinstance(error, Unsupported):
                written = self.write_out(proto, name)
                reason = reason if written and kind in self.translations else written
            if reason is not None:
                self.refuse(proto, name, reason, isinstance(error, Exhausted))
            return
        self.values.update((output, value) for output, value in zip(proto.output, results, strict=False) if output)
        others = [o for o in proto.output[len(results) :] if o]
        for output in others:
            if output in self.used:
                reason = f"only its first result is supported, but {in_quotes(output)} is used"
                self.refusals.add_node(proto.op_type, name, reason)
        self.unknown.update(others)

    def name_of(self, proto: onnx.NodeProto) -> str | None:
        """The name of a node in the module; None where its results are those of another node, which is refused."""
        name = self.names.unique(node_name(proto))
        again = [o for o in proto.output if o and (o in self.values or o in self.unknown)]
        if not again:
            return name
        reason = f"{in_quotes(again[0])} is already computed by another node; export the model again"
        self.refusals.add_node(proto.op_type, name, reason)
        return None

    def is_defined(self, proto: onnx.NodeProto) -> bool:
        """Whether there are other nodes that a node stands for (expanding.py)."""
        return False

    def write_out(self, proto: onnx.NodeProto, name: str) -> str | None:
        """Add the nodes that a node stands for; returns why not, None where all were taken."""
        return "no others stand for it"

    def results(self, proto: onnx.NodeProto, kind: str, name: str) -> list[SSAValue]:
        """The values of a node: as its translation says, else computed where it is constant. Raises REFUSALS."""
        operands = tuple(self.lookup(i) for i in proto.input)
        node = Node(proto.op_type, name, operands, attributes_of(proto), self.budget, self.opset, len(proto.output))
        check_attributes(node.attributes)
        try:
            if kind not in self.translations:
                raise Unsupported(at_run_time(proto))
            return [self.insert(op, index, name) for index, op in enumerate(listed(self.translations[kind](node)))]
        except (TooLarge, Unlimited):
            raise
        except REFUSALS:
            if kind not in BOUNDS or not is_constant(node):
                raise
        return [self.constant(name, array) for array in compute(node)]

    def refuse(self, proto: onnx.NodeProto, name: str, reason: str, exhausted: bool = False) -> None:
        """Record why a node's values are not computed; what is computed from them is then passed over.

        Once the budget is exhausted it is so for all that follows: this is said once.
        """
        if not (exhausted and self.exhausted):
            self.refusals.add_node(proto.op_type, name, reason)
        self.exhausted |= exhausted
        self.pass_over(proto)

    def insert(self, op: dialect.OnnxOp, index: int, name: str) -> SSAValue:
        """Append a node's op, and before it what its translation made for it; the value of its result number `index`.

        Each is checked, counted, and computed now where its operands are constants. The last one that bears the node's
        name keeps it.
        """
        value = op.results[0]
        steps = translated_together(op)
        namesake = next((step for step in reversed(steps) if step.label == name), op)
        for step in steps:
            value = step.results[0]
            step.verify_()
            check_op(step)
            self.budget.take_op(step)
            if isinstance(step, dialect.ConstantOp):
                self.budget.take_constant(step)
            else:
                folded = self.constants.fold(step, self.add_folded)
                if folded is not None:
                    value.replace_all_uses_with(folded)
                    step.erase()
                    value = folded
                    continue
                if step.node is not None and (index or step is not namesake):
                    step.node = StringAttr(self.names.unique(f"{step.node.data}_{index}" if index else step.node.data))
            self.home(step).add_op(step)
        return value

    def home(self, op: dialect.OnnxOp) -> Block:
        """The block that an op is added to."""
        return self.top if isinstance(op, dialect.ConstantOp) else self.block

    def add_folded(self, op: Operation) -> None:
        """Append what folding made; of quantized weights that is a DequantizeLinear, in the name of a node."""
        if isinstance(op, dialect.DequantizeLinearOp) and op.node is not None:
            op.node = StringAttr(self.names.unique(op.node.data))
        self.top.add_op(op)

    def add_constant_node(self, proto: onnx.NodeProto, name: str) -> None:
        """A Constant node: a tensor, a number or a list."""
        from onnx import TensorProto

        try:
            key, value = next(iter(attributes_of(proto).items()), ("no value", None))
            if key == "value" and isinstance(value, TensorProto):
                array = self.numbers(value)
            elif key in CONSTANT_TYPES and not isinstance(value, str):
                array = self.stored(np.asarray(value, CONSTANT_TYPES[key]))
            else:
                raise Unsupported(f"{in_terminal(key)} is not supported; use a tensor of numbers")
        except REFUSALS as error:
            self.refuse(proto, name, reason_of(error), isinstance(error, Exhausted))
            return
        self.pass_over(proto)
        if proto.output[0]:
            self.unknown.discard(proto.output[0])
            self.values[proto.output[0]] = self.constant(name, array)


def listed(translated: dialect.OnnxOp | list[dialect.OnnxOp]) -> Iterable[dialect.OnnxOp]:
    """The ops of a node's results."""
    return translated if isinstance(translated, list) else [translated]


def translated_together(op: dialect.OnnxOp) -> list[dialect.OnnxOp]:
    """An op and those below it that are in no block yet, operands before their users."""
    found: list[dialect.OnnxOp] = []
    waiting: list[SSAValue] = [op.results[0]]
    while waiting:
        owner = waiting.pop().owner
        if isinstance(owner, dialect.OnnxOp) and owner.parent is None:
            found.append(owner)
            waiting += owner.operands
    return list(dict.fromkeys(reversed(found)))
