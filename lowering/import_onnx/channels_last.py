"""QONNX's layers whose channels are the last dimension: ONNX's between transposes, which cost nothing once laid out.

The data of `Conv`, `MaxPool` and `BatchNormalization` is `[batch, size..., channels]`, a Conv's weights are
`[outputs, window..., channels]`; everything else is as in ONNX.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import is_weight, transposed_weight
from .node import Node, Translation, Unsupported, like

DOMAINS = ("qonnx.custom_op.channels_last", "finn.custom_op.channels_last")
"""Where exporters have put these operators, the newest first."""

OPERATORS = ("BatchNormalization", "Conv", "MaxPool")


def channels_last(translation: Translation) -> Translation:
    """The operator of ONNX behind a translation, on data with the channels last."""

    def translate(node: Node) -> onnx.OnnxOp:
        x = node.operand(0)
        rank = len(shape_of(x))
        if rank < 3:
            raise Unsupported(f"data of shape {list(shape_of(x))} has no channels behind its size; export it again")
        first, last = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)
        operands: list[SSAValue | None] = [moved(x, first, f"{node.name}_channels_first"), *node.operands[1:]]
        if node.op_type == "Conv":
            operands[1] = moved_weights(node.operand(1), first)
        real = translation(replace(node, operands=tuple(operands)))
        assert isinstance(real, onnx.OnnxOp), "one result"
        return transposition(real.results[0], last, f"{node.name}_channels_last")

    return translate


def transposition(x: SSAValue, order: tuple[int, ...], name: str) -> onnx.TransposeOp:
    """A value with its dimensions in another order."""
    return onnx.TransposeOp(x, order, like(x, [shape_of(x)[axis] for axis in order]), name)


def moved(x: SSAValue, order: tuple[int, ...], name: str) -> SSAValue:
    """The result of a transposition."""
    return transposition(x, order, name).result


def moved_weights(w: SSAValue, order: tuple[int, ...]) -> SSAValue:
    """Constant weights in another order."""
    if not is_weight(w) or len(shape_of(w)) != len(order):
        raise Unsupported(f"weights must be constants with as many dimensions as the data, not {list(shape_of(w))}")
    return transposed_weight(w, order)[-1].results[0]


def translations(known: Mapping[str, Translation]) -> dict[str, Translation]:
    """The operators of this file by their full names."""
    wrapped = {name: channels_last(known[name]) for name in OPERATORS}
    return {f"{domain}.{name}": function for domain in DOMAINS for name, function in wrapped.items()}
