"""What the nodes of an unrolled model read: equal constants, rows of one tensor, values of their own round.

Found on the list of nodes, before anything is imported: the importer would fold the first step with its constant state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import prod
from typing import TYPE_CHECKING

from ..proto import graphs_of
from ..refusals import REFUSALS

if TYPE_CHECKING:
    import onnx

FEWEST = 3
"""Rounds of a repetition, and rows that are taken of a tensor."""

MOST = 1 << 12
"""The most integers of a constant that is looked into."""

CARRYING = ("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Operators on a row that belong to the round which reads it, wherever the file has them."""


@dataclass(frozen=True)
class Row:
    """Row `number` of a tensor along an axis; `keeps` the axis as 1. `chain` are the nodes that it went through."""

    source: str
    axis: int
    number: int
    keeps: bool
    chain: tuple[str, ...] = ()
    """Labels of these nodes: what they are apart from the names of values."""


@dataclass
class Steps:
    """A model's nodes apart from constants and rows, in order, and what is known of the values that they read."""

    nodes: list[onnx.NodeProto]
    tensors: dict[str, onnx.TensorProto]
    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    carriers: dict[str, onnx.NodeProto] = field(default_factory=dict[str, "onnx.NodeProto"])
    """The node by which a row goes on, by its output."""
    rest: list[onnx.NodeProto] = field(default_factory=list["onnx.NodeProto"])
    """Nodes in question."""
    labels: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])
    made: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Which of the nodes in question makes a value, and as which result."""
    _keys: dict[str, str] = field(default_factory=dict[str, str])

    @staticmethod
    def of(nodes: Sequence[onnx.NodeProto], initializers: Sequence[onnx.TensorProto]) -> Steps:
        """The steps of a graph whose nodes are in topological order."""
        tensors = {t.name: t for t in initializers}
        for node in nodes:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
                tensors |= dict.fromkeys(node.output[:1], node.attribute[0].t)
        steps = Steps(list(nodes), tensors)
        steps.find_rows()
        steps.rest = [n for n in nodes if n.op_type != "Constant" and not all(o in steps.rows for o in n.output if o)]
        steps.labels = [label(node) for node in steps.rest]
        steps.made = {o: (at, number) for at, n in enumerate(steps.rest) for number, o in enumerate(n.output) if o}
        return steps

    def find_rows(self) -> None:
        """Rows of which a tensor has some, and what they become where nothing else is read."""
        found: dict[str, Row] = {}
        for node in self.nodes:
            found |= self.rows_of(node)
        taken: dict[tuple[str, int], set[int]] = defaultdict(set)
        for row in found.values():
            taken[row.source, row.axis].add(row.number)
        self.rows = {name: row for name, row in found.items() if len(taken[row.source, row.axis]) >= FEWEST}
        for node in self.nodes:
            row = self.rows.get(node.input[0]) if node.input else None
            others = all(i in self.tensors for i in node.input[1:] if i)
            if row is None or node.op_type not in CARRYING or node.domain or len(node.output) != 1 or not others:
                continue
            keys = [self.key(i) for i in node.input[1:]]
            chain = (*row.chain, f"{label(node)} {keys}")
            self.rows[node.output[0]] = Row(row.source, row.axis, row.number, row.keeps, chain)
            self.carriers[node.output[0]] = node

    def rows_of(self, node: onnx.NodeProto) -> dict[str, Row]:
        """The rows that a node takes of a tensor: Split into ones, Gather of a number, Slice of one element."""
        if node.domain or not node.input or not all(node.output) or not node.output:
            return {}
        source, attributes = node.input[0], {a.name: a for a in node.attribute}
        axis = attributes["axis"].i if "axis" in attributes else 0
        if node.op_type == "Split":
            sizes = self.integers(node.input[1]) if len(node.input) > 1 else None
            sizes = list(attributes["split"].ints) if sizes is None and "split" in attributes else sizes
            if sizes is not None and sizes == [1] * len(node.output):
                return {name: Row(source, axis, number, True) for number, name in enumerate(node.output) if name}
        if (
            node.op_type == "Gather"
            and len(node.input) == 2
            and (indices := self.integers(node.input[1])) is not None
            and len(indices) == 1
        ):
            return {node.output[0]: Row(source, axis, indices[0], bool(self.tensors[node.input[1]].dims))}
        if node.op_type == "Slice" and 4 <= len(node.input) <= 5:
            bounds = [self.integers(name) for name in node.input[1:]]
            if bounds[3:] in ([], [[1]]) and all(b is not None and len(b) == 1 for b in bounds[:3]):
                (begin,), (end,), (along,) = (b for b in bounds[:3] if b is not None)
                if end == begin + 1:
                    return {node.output[0]: Row(source, along, begin, True)}
        return {}

    def integers(self, name: str) -> list[int] | None:
        """The value of a small constant of integers; None for anything else."""
        from onnx import TensorProto, numpy_helper

        tensor = self.tensors.get(name)
        if tensor is None or tensor.data_type not in (TensorProto.INT64, TensorProto.INT32):
            return None
        if min(tensor.dims, default=1) < 0 or prod(tensor.dims) > MOST or tensor.data_location == TensorProto.EXTERNAL:
            return None
        try:
            return numpy_helper.to_array(tensor).reshape(-1).tolist()
        except REFUSALS:  # the importer says what is wrong with it
            return None

    def key(self, name: str) -> str:
        """The same for equal constants, whatever their names."""
        if name not in self.tensors:
            return f"value {name}"
        if name not in self._keys:
            import onnx

            tensor = onnx.TensorProto()
            tensor.CopyFrom(self.tensors[name])
            tensor.name, tensor.doc_string = "", ""
            self._keys[name] = sha256(tensor.SerializeToString(deterministic=True)).hexdigest()
        return self._keys[name]


def label(node: onnx.NodeProto) -> tuple[object, ...]:
    """What a node is apart from the names of values; a node with graphs in it is like no other."""
    attributes = tuple(sorted(a.SerializeToString(deterministic=True) for a in node.attribute))
    unlike = tuple(node.output) if any(graphs_of(node)) else ()
    return node.op_type, node.domain, attributes, tuple(map(bool, node.input)), len(node.output), unlike
