"""Translations of casts: between reals, which are all float32 here, integers, and truth values."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, Signedness, f32, i1
from xdsl.ir import Attribute

from ...dialects import onnx
from ...dialects.onnx.base import element_of, shape_of
from .integer_products import whole_real
from .joins import same
from .node import Node, Unsupported, like

REALS = (1, 10, 11, 16)
"""onnx.TensorProto's float, float16, double and bfloat16."""

TYPES: dict[int, Attribute] = {
    **dict.fromkeys(REALS, f32),
    **{2: IntegerType(8, Signedness.UNSIGNED), 3: IntegerType(8)},
    **{4: IntegerType(16, Signedness.UNSIGNED), 5: IntegerType(16)},
    **{12: IntegerType(32, Signedness.UNSIGNED), 6: IntegerType(32), 7: IntegerType(64), 9: i1},
}
"""Element types of values, by onnx.TensorProto's numbers."""


def cast(node: Node) -> onnx.OnnxOp:
    to = node.attributes.get("to")
    if to not in TYPES:
        raise Unsupported(f"a cast to element type number {to} is not supported, only to float, bool, int and uint32")
    return cast_to(node, TYPES[to])


def cast_like(node: Node) -> onnx.OnnxOp:
    return cast_to(node, element_of(node.operand(1)))


def cast_to(node: Node, element: Attribute) -> onnx.OnnxOp:
    """The operand in another type; itself where it has that type."""
    x = node.operand(0)
    if element not in TYPES.values() or element_of(x) not in TYPES.values():
        raise Unsupported(f"a cast from {element_of(x)} to {element} is not supported; export the model again")
    if element == element_of(x):
        return same(node)
    if element == f32 and (product := whole_real(x)) is not None:
        return onnx.IdentityOp(product, like(product, shape_of(product)), node.name)
    return onnx.CastOp(x, like(x, shape_of(x), element), node.name)
