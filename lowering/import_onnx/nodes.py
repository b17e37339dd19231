"""The nodes of a graph, one after the other: translated, or computed where they are constant, or refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, SSAValue

from ...dialects import onnx as dialect
from ...dialects.dense import from_numpy
from ...dialects.harmless import in_quotes, in_terminal
from ...dialects.onnx.budget import Budget, Exhausted, TooLarge, TooManyDimensions
from ...passes.onnx.folding.folder import Folder
from .check import check_attributes, check_op
from .computed import BOUNDS, compute, is_constant
from .naming import Names, node_name
from .node import Node, Unsupported
from .operators import TRANSLATIONS
from .refusals import REFUSALS, Refusals, reason_of
from .tensors import array_of, finite

if TYPE_CHECKING:
    import onnx

CONSTANT_TYPES: dict[str, type[np.generic]] = {
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
"""Element types of a Constant node's numbers and lists, by attribute."""

DOMAINS = ("", "ai.onnx")
"""The domain of ONNX's own operators."""


class NodeImporter:
    """Appends ops to `block`. `values` holds what is known by its ONNX name, `unknown` what was refused."""

    def __init__(
        self, block: Block, opset: int, budget: Budget, folder: Path | None, used: set[str], refusals: Refusals
    ):
        self.block = block
        self.opset = opset
        self.budget = budget
        self.folder = folder
        self.used = used
        self.refusals = refusals
        self.folder_of_constants = Folder(budget)
        self.names = Names()
        self.values: dict[str, SSAValue | None] = {"": None}
        self.unknown: set[str] = set()
        self.exhausted = False

    def add(self, proto: onnx.NodeProto) -> None:
        """Translate a node, or record why not; one without a result means nothing."""
        if not any(proto.output):
            return
        name = self.names.unique(node_name(proto))
        if proto.op_type == "Constant" and proto.domain in DOMAINS:
            self.add_constant_node(proto, name)
            return
        again = [o for o in proto.output if o and (o in self.values or o in self.unknown)]
        if again:
            reason = f"{in_quotes(again[0])} is already computed by another node; export the model again"
            self.refusals.add_node(proto.op_type, name, reason)
            return
        if not is_supported(proto):
            operator = f"{in_terminal(proto.domain or 'ai.onnx')}.{in_terminal(proto.op_type)}"
            reason = f"operator {operator} is not supported; `tinyml supported-ops` lists what is"
            self.refuse(proto, name, reason)
            return
        if any(i in self.unknown for i in proto.input):
            self.unknown.update(proto.output)
            return
        try:
            results = self.results(proto, name)
        except REFUSALS as error:
            self.refuse(proto, name, reason_of(error), isinstance(error, Exhausted))
            return
        self.values.update((output, value) for output, value in zip(proto.output, results, strict=False) if output)
        others = [o for o in proto.output[len(results) :] if o]
        for output in others:
            if output in self.used:
                reason = f"only its first result is supported, but {in_quotes(output)} is used"
                self.refusals.add_node(proto.op_type, name, reason)
        self.unknown.update(others)

    def results(self, proto: onnx.NodeProto, name: str) -> list[SSAValue]:
        """The values of a node: as its translation says, else computed where it is constant. Raises REFUSALS."""
        operands = tuple(self.lookup(i) for i in proto.input)
        node = Node(proto.op_type, name, operands, attributes_of(proto), self.budget, self.opset, len(proto.output))
        check_attributes(node.attributes)
        try:
            if proto.op_type not in TRANSLATIONS:
                raise Unsupported(
                    "computed at run time, but it is supported on constants only; export the model with fixed sizes, or "
                    "simplify it"
                )
            return [self.insert(op, index) for index, op in enumerate(listed(TRANSLATIONS[proto.op_type](node)))]
        except (TooLarge, TooManyDimensions):
            raise
        except REFUSALS:
            if not is_constant(node):
                raise
        return [self.constant(name, array) for array in compute(node)]

    def refuse(self, proto: onnx.NodeProto, name: str, reason: str, exhausted: bool = False) -> None:
        """Record why a node's values are not computed; what is computed from them is then passed over.

        Once the budget is exhausted it is so for all that follows: this is said once.
        """
        if not (exhausted and self.exhausted):
            self.refusals.add_node(proto.op_type, name, reason)
        self.exhausted |= exhausted
        self.unknown.update(output for output in proto.output if output)

    def insert(self, op: dialect.OnnxOp, index: int) -> SSAValue:
        """Append a node's op, and before it what its translation made for it; the value of its result number `index`.

        Each is checked, counted, and computed now where its operands are constants.
        """
        value = op.results[0]
        for step in translated_together(op):
            value = step.results[0]
            step.verify_()
            check_op(step)
            self.budget.take_op(step)
            if isinstance(step, dialect.ConstantOp):
                self.budget.take_constant(step)
            else:
                folded = self.folder_of_constants.fold(step, self.block.add_op)
                if folded is not None:
                    value.replace_all_uses_with(folded)
                    step.erase()
                    value = folded
                    continue
                if step.node is not None and (index or step is not op):
                    step.node = StringAttr(self.names.unique(f"{step.node.data}_{index}" if index else step.node.data))
            self.block.add_op(step)
        return value

    def add_weights(self, name: str, tensor: onnx.TensorProto) -> None:
        """An initializer as a constant, or why not."""
        try:
            array = self.numbers(tensor)
        except (Unsupported, TooLarge, TooManyDimensions) as error:
            self.refusals.add(f"initializer {in_quotes(name)}: {reason_of(error)}")
            self.unknown.add(name)
            return
        self.values[name] = self.constant(self.names.unique(name), array)

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
        self.values[proto.output[0]] = self.constant(name, array)

    def numbers(self, tensor: onnx.TensorProto) -> NDArray[Any]:
        """The numbers of a tensor of the file."""
        return self.stored(array_of(tensor, self.budget, self.folder))

    def stored(self, array: NDArray[Any]) -> NDArray[Any]:
        """Numbers of the file, for which the budget grows."""
        self.budget.store(array.size)
        return finite(array)

    def constant(self, name: str, array: NDArray[Any]) -> SSAValue:
        """The value of a new constant."""
        op = dialect.ConstantOp(from_numpy(array), name)
        self.block.add_op(op)
        return op.result

    def lookup(self, name: str) -> SSAValue | None:
        """The value of an ONNX name; None for an input left out. Raises Unsupported where nothing computes it."""
        if name not in self.values:
            raise Unsupported(f"input {in_quotes(name)} is not computed by any node; export the model again")
        return self.values[name]


def is_supported(proto: onnx.NodeProto) -> bool:
    """Whether some nodes of this operator are taken."""
    return proto.domain in DOMAINS and (proto.op_type in TRANSLATIONS or proto.op_type in BOUNDS)


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


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes as Python values."""
    from onnx import helper

    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode(errors="replace") if isinstance(v, bytes) else v for k, v in values.items()}
