"""Importing Einsum: a matrix product between transposes and reshapes, or sums and a transpose of one operand."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import broadcast_shape, shape_of
from .joins import same
from .node import Node, Unsupported, like
from .products import reshaped

Labels = list[str]
"""A name per dimension; those of an ellipsis are numbers, counted from the last."""


def einsum(node: Node) -> onnx.OnnxOp:
    """One operand summed and transposed, or a product of two, each first summed over what only it has."""
    equation = node.attributes.get("equation")
    if not isinstance(equation, str):
        raise Unsupported("attribute equation must hold text; export the model again")
    operands = [node.operand(index) for index in range(len(node.operands))]
    inputs, output = labels_of(equation.replace(" ", ""), [len(shape_of(operand)) for operand in operands])
    for labels in [*inputs, output]:
        if len(set(labels)) != len(labels):
            raise Unsupported("a dimension is named twice in one operand, which is a diagonal: this is not supported")
    if len(operands) == 1:
        return last(node, summed(operands[0], inputs[0], set(output), node.name), output)
    if len(operands) != 2:
        raise Unsupported(f"{len(operands)} operands are not supported, only one and two; split it into several")
    x, xs = summed(operands[0], inputs[0], {*output, *inputs[1]}, f"{node.name}_a")
    w, ws = summed(operands[1], inputs[1], {*output, *xs}, f"{node.name}_b")
    return last(node, product(x, xs, w, ws, output, node.name), output)


def labels_of(equation: str, ranks: Sequence[int]) -> tuple[list[Labels], Labels]:
    """The names of all operands' dimensions and of the result's."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    shown = in_terminal(repr(equation))
    if len(terms) != len(ranks) or any(t.count("...") > 1 for t in (*terms, right)):
        raise Unsupported(f"equation {shown} does not fit {len(ranks)} operands; export the model again")
    inputs = [expanded(term, rank, shown) for term, rank in zip(terms, ranks, strict=True)]
    hidden = max((rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)), default=0)
    if arrow:
        output = expanded(right, len(right.replace("...", "")) + (hidden if "..." in right else 0), shown)
    else:
        every = [label for labels in inputs for label in labels]
        named = sorted({label for label in every if label.isalpha() and every.count(label) == 1})
        output = [str(n) for n in reversed(range(hidden))] + named
    if not set(output) <= {label for labels in inputs for label in labels}:
        raise Unsupported(f"equation {shown} has a result that no operand has; export the model again")
    return inputs, output


def expanded(term: str, rank: int, shown: str) -> Labels:
    """The names of one term."""
    before, dots, behind = term.partition("...")
    hidden = rank - len(before) - len(behind)
    if not (before + behind).isalpha() and before + behind or hidden < 0 or (hidden and not dots):
        raise Unsupported(f"equation {shown} does not fit its operands; export the model again")
    return [*before, *(str(n) for n in reversed(range(hidden))), *behind]


def summed(x: SSAValue, labels: Labels, kept: set[str], name: str) -> tuple[SSAValue, Labels]:
    """The sum over dimensions that nothing else has."""
    axes = [axis for axis, label in enumerate(labels) if label not in kept]
    if not axes:
        return x, labels
    shape = [n for axis, n in enumerate(shape_of(x)) if axis not in axes]
    result = onnx.ReduceSumOp(x, axes, like(x, shape), f"{name}_sum").result
    return result, [label for label in labels if label in kept]


def product(x: SSAValue, xs: Labels, w: SSAValue, ws: Labels, output: Labels, name: str) -> tuple[SSAValue, Labels]:
    """Dimensions of both operands and the result are a stack; the others of both are contracted."""
    stack = [label for label in output if label in xs and label in ws]
    inner = [label for label in xs if label in ws and label not in output]
    rows, columns = [a for a in xs if a not in ws], [b for b in ws if b not in xs]
    sizes = {**dict(zip(xs, shape_of(x), strict=True)), **dict(zip(ws, shape_of(w), strict=True))}
    left = arranged(x, xs, [stack, rows, inner], f"{name}_left")
    right = arranged(w, ws, [stack, inner, columns], f"{name}_right")
    outer = broadcast_shape(shape_of(left)[:-2], shape_of(right)[:-2])
    type = like(x, (*outer, shape_of(left)[-2], shape_of(right)[-1]))
    result = onnx.MatMulOp(left, right, type, f"{name}_product").result
    shape = (*outer, *(sizes[label] for label in (*rows, *columns)))
    return reshaped(result, shape, f"{name}_shape"), [*stack, *rows, *columns]


def arranged(x: SSAValue, labels: Labels, groups: Sequence[Labels], name: str) -> SSAValue:
    """Dimensions in the order of the groups; the last two groups become one dimension each."""
    order = [label for group in groups for label in group]
    moved = transposed(x, labels, order, f"{name}_order")
    sizes = dict(zip(order, shape_of(moved), strict=True))
    stack, *others = groups
    shape = (*(sizes[label] for label in stack), *(prod(sizes[label] for label in group) for group in others))
    return moved if shape == shape_of(moved) else reshaped(moved, shape, f"{name}_matrix")


def transposed(x: SSAValue, labels: Labels, order: Labels, name: str) -> SSAValue:
    """Dimensions in another order."""
    if labels == order:
        return x
    permutation = [labels.index(label) for label in order]
    return onnx.TransposeOp(x, permutation, like(x, [shape_of(x)[a] for a in permutation]), name).result


def last(node: Node, value: tuple[SSAValue, Labels], output: Labels) -> onnx.OnnxOp:
    """The op of the node's result, with its name."""
    result, labels = value
    if labels != output:
        permutation = [labels.index(label) for label in output]
        return onnx.TransposeOp(
            result, permutation, like(result, [shape_of(result)[a] for a in permutation]), node.name
        )
    if result is node.operand(0):
        return same(node)
    return onnx.IdentityOp(result, like(result, shape_of(result)), node.name)
