"""Translations of what is computed along dimensions."""

from __future__ import annotations

from .graph import AS_STATED, NCHW
from .node import Node, Translation, axis_in


def reduction(operator: str) -> Translation:
    """Over the dimensions that the second input lists."""

    def translation(node: Node) -> None:
        from tflite import ReducerOptions

        rank, kept = node.rank(), bool(node.options(ReducerOptions).KeepDims())
        axes = [axis_in(axis, AS_STATED, rank) for axis in node.listed(1, "the axes")]
        spatial = operator == "ReduceMean" and rank == 4 and set(axes) == {1, 2}
        layout = NCHW if spatial else node.layout(0) if kept else AS_STATED
        places = sorted(axis_in(axis, layout, rank) for axis in axes)
        value = node.emit(operator, node.real(0, layout), node.constant(places), keepdims=int(kept))
        node.define(value, layout if kept else AS_STATED)

    return translation


def arg(operator: str) -> Translation:
    """The place of the greatest or least element along a dimension."""

    def translation(node: Node) -> None:
        axis = axis_in(node.listed(1, "the axis")[0], AS_STATED, node.rank())
        node.define_integers(node.emit(operator, node.real(0), axis=axis, keepdims=0))

    return translation


def cum_sum(node: Node) -> None:
    """Sums of all elements before, along a dimension."""
    from tflite import CumsumOptions

    options = node.options(CumsumOptions)
    flags = {"exclusive": int(options.Exclusive()), "reverse": int(options.Reverse())}
    node.define(node.emit("CumSum", node.real(0), node.constant(node.listed(1, "the axis")[0]), **flags))
