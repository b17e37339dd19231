"""Importing real functions of one number: every one of them by what `dialects/onnx/function_table.py` says of it."""

from __future__ import annotations

from ...dialects import onnx
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import shape_of
from .check import check_real
from .node import Node, Translation, Unsupported, like


def real_functions(domain: str) -> dict[str, Translation]:
    """The translation of each function of a domain by its name; ONNX's own domain is ""."""
    return {name: function(op) for name, op in onnx.FUNCTIONS.items() if op.definition().domain == domain}


def function(cls: type[onnx.FunctionOp]) -> Translation:
    """The op with the node's attributes, and ONNX's defaults for those that are left out."""

    def translate(node: Node) -> onnx.OnnxOp:
        x = node.operand(0)
        check_real(x, 0)
        stated = {key: parameter(node, cls, key) for key in cls.definition().defaults}
        return cls(x, like(x, shape_of(x)), node.name, **stated)

    return translate


def parameter(node: Node, cls: type[onnx.FunctionOp], key: str) -> float | str:
    """An attribute of a function. Raises Unsupported for one that is no number, or not one of the words."""
    default = cls.definition().defaults[key]
    value = node.attributes.get(key, default)
    if isinstance(default, str) and value in cls.definition().words:
        return str(value)
    if isinstance(default, float) and isinstance(value, int | float):
        return float(value)
    expected = " or ".join(cls.definition().words) if isinstance(default, str) else "a number"
    raise Unsupported(f"attribute {key} = {in_terminal(repr(value))} must be {expected}; export the model again")
