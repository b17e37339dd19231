"""Copies of nodes with other names: a function's in place of its call, a branch's in place of its If."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .proto import graphs_of

if TYPE_CHECKING:
    import onnx


def branch_of(proto: onnx.NodeProto, condition: bool) -> onnx.GraphProto:
    """The branch that an If takes. Raises KeyError where it has none."""
    name = "then_branch" if condition else "else_branch"
    return {attribute.name: attribute.g for attribute in proto.attribute}[name]


def branch_nodes(graph: onnx.GraphProto, outputs: Sequence[str], prefix: str) -> list[onnx.NodeProto]:
    """A branch as nodes of the graph around it: its weights are Constants, its results bear the names of the If's."""
    from onnx import helper

    weights = [helper.make_node("Constant", [], [t.name], value=t) for t in graph.initializer]
    results = [helper.make_node("Identity", [o.name], [name]) for o, name in zip(graph.output, outputs, strict=False)]
    own = {output for node in (*weights, *graph.node) for output in node.output if output}
    names = {name: name_within(prefix, name) for name in own}
    inner = [node for node in renamed((*weights, *graph.node), names, prefix, {}, own)]
    for node in results:
        node.input[0] = names.get(node.input[0], node.input[0])
    return [*inner, *(node for node in results if node.output[0])]


def name_within(prefix: str, name: str) -> str:
    """A value's name inside a body."""
    return f"{prefix}//{name}"


def renamed(
    nodes: Iterable[onnx.NodeProto],
    names: Mapping[str, str],
    prefix: str,
    attributes: Mapping[str, onnx.AttributeProto],
    own: set[str] | None = None,
) -> list[onnx.NodeProto]:
    """Copies of nodes: values as `names` say, others in the name of `prefix` (of `own` only, where given).

    An attribute that refers to one of the function gets its value, and is left out where there is none.
    """
    import onnx

    def name(old: str) -> str:
        if not old or old in names:
            return names.get(old, "")
        return old if own is not None and old not in own else name_within(prefix, old)

    def copied(node: onnx.NodeProto) -> onnx.NodeProto:
        kept = [a for a in map(resolved, node.attribute) if a is not None]
        copy = onnx.NodeProto(op_type=node.op_type, domain=node.domain, overload=node.overload)
        copy.name = f"{prefix}_{node.name or node.op_type}"
        copy.input.extend(map(name, node.input))
        copy.output.extend(map(name, node.output))
        copy.attribute.extend(kept)
        for graph in graphs_of(copy):
            rename_graph(graph)
        return copy

    def resolved(attribute: onnx.AttributeProto) -> onnx.AttributeProto | None:
        if not attribute.ref_attr_name:
            return attribute
        value = attributes.get(attribute.ref_attr_name)
        if value is None:
            return None
        copy = onnx.AttributeProto()
        copy.CopyFrom(value)
        copy.name = attribute.name
        return copy

    def rename_graph(graph: onnx.GraphProto) -> None:
        nodes = [copied(node) for node in graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
        for value in (*graph.input, *graph.output, *graph.initializer):
            value.name = name(value.name)

    return [copied(node) for node in nodes]
