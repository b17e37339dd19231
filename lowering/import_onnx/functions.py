"""Model-local functions: each call is replaced by the function's nodes, once it is known how many there will be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from .proto import graphs_of

if TYPE_CHECKING:
    import onnx

MAX_NODES = 1 << 16
"""The most nodes of a model once its functions are inlined: some that call each other twice would make 2^n of one."""

Key = tuple[str, str, str]
"""Domain, name and overload of a function, as its calls have them."""


def inlined(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The model with the bodies of its functions in place of the calls.

    Raises UserError for functions that call themselves, and for more nodes than MAX_NODES.
    """
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    if not any(key_of(node) in functions for node in nodes_in(model.graph.node)):
        return model
    if total_nodes(model, functions, where) > MAX_NODES:
        raise UserError(
            f"{where}: with its functions inlined it has more than {MAX_NODES:,} nodes; export a smaller model"
        )
    from onnx.inliner import inline_local_functions

    try:
        return inline_local_functions(model)
    except Exception as error:  # the inliner is C++ and raises what it likes
        text = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"{where}: its functions cannot be inlined ({in_quotes(text)}); export it without functions"
        ) from None


def key_of(node: onnx.NodeProto) -> Key:
    """What a node calls."""
    return node.domain, node.op_type, node.overload


def nodes_in(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes and those of the graphs inside them (the branches of an If)."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        for graph in graphs_of(node):
            waiting += graph.node


def total_nodes(model: onnx.ModelProto, functions: dict[Key, onnx.FunctionProto], where: str) -> int:
    """The nodes of the model once every call is inlined. Raises UserError for functions that call themselves."""
    calls = {key: [key_of(node) for node in nodes_in(f.node)] for key, f in functions.items()}
    sizes: dict[Key, int] = {}
    open_calls: set[Key] = set()
    waiting = [key for node in nodes_in(model.graph.node) if (key := key_of(node)) in functions]
    while waiting:
        key = waiting[-1]
        missing = [] if key in sizes else [k for k in calls[key] if k in functions and k not in sizes]
        if missing:
            open_calls.add(key)
            if again := [k for k in missing if k in open_calls]:
                raise UserError(f"{where}: function {in_quotes(again[0][1])} calls itself; export the model again")
            waiting += set(missing)
            continue
        waiting.pop()
        open_calls.discard(key)
        sizes[key] = sum(sizes.get(k, 1) for k in calls[key])
    return sum(sizes.get(key_of(node), 1) for node in nodes_in(model.graph.node))
