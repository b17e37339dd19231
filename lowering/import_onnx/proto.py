"""What a NodeProto says, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...dialects.harmless import in_terminal

if TYPE_CHECKING:
    import onnx

DEFAULT_DOMAINS = ("", "ai.onnx")
"""How ONNX's own operators name their domain."""


def operator_of(proto: onnx.NodeProto) -> str:
    """The operator with its domain, in a message."""
    return f"{in_terminal(proto.domain or 'ai.onnx')}.{in_terminal(proto.op_type)}"


def at_run_time(proto: onnx.NodeProto) -> str:
    """The reason against a node whose operator is computed by the importer only."""
    return (
        f"operator {operator_of(proto)} is supported on constants only, and this is computed at run time; "
        "`tinyml supported-ops` lists what can be"
    )


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes as Python values."""
    from onnx import helper

    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode(errors="replace") if isinstance(v, bytes) else v for k, v in values.items()}


def graphs_of(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs inside a node: the branches of an If, the body of a Loop."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def read_by(node: onnx.NodeProto) -> set[str]:
    """The values that a node reads, those of the graphs inside it included, but for what these compute themselves."""
    return set(node.input).union(*(read_from_outside(graph) for graph in graphs_of(node)))


def read_from_outside(graph: onnx.GraphProto) -> set[str]:
    """The values that a graph inside a node reads of what is around it; a name of its own hides one outside."""
    names = {output.name for output in graph.output}.union(*(read_by(node) for node in graph.node))
    own = {value.name for value in (*graph.input, *graph.initializer)}
    return names - own.union(*(node.output for node in graph.node))
