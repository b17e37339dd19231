"""Translations of casts between real types, all of which are float32 here."""

from __future__ import annotations

from xdsl.dialects.builtin import Float32Type

from ...dialects import onnx
from ...dialects.onnx.base import element_of
from .joins import same
from .node import Node, Unsupported

REALS = (1, 10, 11, 16)
"""onnx.TensorProto's float, float16, double and bfloat16."""


def cast(node: Node) -> onnx.OnnxOp:
    refuse_integers(node, node.attributes["to"] in REALS)
    return same(node)


def cast_like(node: Node) -> onnx.OnnxOp:
    refuse_integers(node, isinstance(element_of(node.operand(1)), Float32Type))
    return same(node)


def refuse_integers(node: Node, is_to_real: bool) -> None:
    """Raise Unsupported unless both types are real."""
    if not is_to_real or not isinstance(element_of(node.operand(0)), Float32Type):
        raise Unsupported(
            "a cast of what is computed at run time is supported between real types only; leave it out of the model"
        )
