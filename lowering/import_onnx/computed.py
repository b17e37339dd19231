"""Nodes whose inputs are constants, computed at import by ONNX's reference evaluator, whatever the operator.

Exporters leave the arithmetic of shapes in the graph: `x.view(x.size(0), -1)` is Shape, Gather, Unsqueeze, Concat. The
shape of a value is known, so Shape and Size are constants as well. The size of a result is bounded before it is
computed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from math import ceil, isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import is_weight, numbers_of, weight_reals
from .node import Node, Unsupported
from .tensors import array_of, finite

Arrays = Sequence[NDArray[Any] | None]
"""The inputs of a node: None where one is left out."""

OF_SHAPES = ("Shape", "Size")
"""Operators that look at the shape of their input only."""


def broadcast(node: Node, inputs: Arrays) -> int:
    """Element by element, with broadcasting."""
    return prod(np.broadcast_shapes(*(x.shape for x in inputs if x is not None)))


def rearranged(node: Node, inputs: Arrays) -> int:
    """No more elements than all inputs together, or one per dimension."""
    return sum(max(x.size, x.ndim) for x in inputs if x is not None) + 1


def stated(node: Node, inputs: Arrays) -> int:
    """ConstantOfShape"""
    return prod(node.listed(0, "the shape"))


def expanded(node: Node, inputs: Arrays) -> int:
    """Expand"""
    return prod(np.broadcast_shapes(shape_of(node.operand(0)), tuple(node.listed(1, "the shape"))))


def tiled(node: Node, inputs: Arrays) -> int:
    """Tile"""
    return prod(shape_of(node.operand(0))) * prod(node.listed(1, "the repeats"))


def counted(node: Node, inputs: Arrays) -> int:
    """Range"""
    start, limit, step = (node.number(index, "a bound") for index in range(3))
    count = (limit - start) / step if step else np.inf
    if not isfinite(count):
        raise Unsupported(f"from {start:g} to {limit:g} in steps of {step:g} there is no range; export the model again")
    return max(0, ceil(count))


def gathered(node: Node, inputs: Arrays) -> int:
    """Gather"""
    shape, indices = shape_of(node.operand(0)), shape_of(node.operand(1))
    axis = node.axis(0, len(shape))
    return prod(indices) * prod(shape[:axis]) * prod(shape[axis + 1 :])


def one_per_dimension(node: Node, inputs: Arrays) -> int:
    """NonZero"""
    return prod(shape_of(node.operand(0))) * max(1, len(shape_of(node.operand(0))))


ELEMENTWISE = """
    Abs Add And BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Clip Cos Div Equal Erf Exp Floor Greater GreaterOrEqual
    IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod Mul Neg Not Or Pow Reciprocal Relu Round Sigmoid Sign Sin Sqrt Sub
    Sum Tanh Where Xor
"""

REARRANGED = """
    ArgMax ArgMin Cast CastLike Compress Concat CumSum EyeLike Flatten GatherElements Identity ReduceL1 ReduceL2
    ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape
    ScatterElements ScatterND Shape Size Slice Split Squeeze TopK Transpose Trilu Unsqueeze
"""

BOUNDS: dict[str, Callable[[Node, Arrays], int]] = {
    **dict.fromkeys(ELEMENTWISE.split(), broadcast),
    **dict.fromkeys(REARRANGED.split(), rearranged),
    "ConstantOfShape": stated,
    "Expand": expanded,
    "Gather": gathered,
    "NonZero": one_per_dimension,
    "Range": counted,
    "Tile": tiled,
}
"""The operators that are computed, and how many elements their results have at most."""


def is_constant(node: Node) -> bool:
    """Whether a node can be computed now."""
    given = [operand for operand in node.operands if operand is not None]
    return node.op_type in BOUNDS and bool(given) and (node.op_type in OF_SHAPES or all(map(is_weight, given)))


def compute(node: Node) -> list[NDArray[Any]]:
    """The results of a node on constants, one for each of its outputs.

    Raises Unsupported for what cannot be computed, and what the budget raises.
    """
    inputs = [None if operand is None else array(operand) for operand in node.operands]
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        node.budget.take_computed(BOUNDS[node.op_type](node, inputs))
        results = [finite(np.asarray(result)) for result in evaluated(node, inputs)]
    for result in results:
        node.budget.take_value(result.shape, "the result")
    return results


def array(value: SSAValue) -> NDArray[Any]:
    """The numbers of a weight; of any other value, for which only its shape matters, zeros that take no memory."""
    if not is_weight(value):
        return np.broadcast_to(np.float32(0), shape_of(value))
    if not isinstance(value.owner, onnx.ConstantOp):
        return weight_reals(value).astype(np.float32)
    return numbers_of(value.owner)


def evaluated(node: Node, inputs: Arrays) -> list[Any]:
    """What ONNX's reference evaluator says."""
    from onnx import TensorProto, TypeProto, helper
    from onnx.reference import ReferenceEvaluator

    for value in node.attributes.values():
        if isinstance(value, TensorProto):
            array_of(value, node.budget)
        elif not isinstance(value, int | float | str | list):
            raise Unsupported("it has an attribute of an unknown kind; export the model again")
    given = {f"i{index}": x for index, x in enumerate(inputs) if x is not None}
    names = ["" if x is None else f"i{index}" for index, x in enumerate(inputs)]
    outputs = [f"o{index}" for index in range(node.outputs)]
    proto = helper.make_node(node.op_type, names, outputs, **node.attributes)
    ports = {name: helper.make_value_info(name, TypeProto()) for name in (*given, *outputs)}
    graph = helper.make_graph([proto], "constants", [ports[n] for n in given], [ports[n] for n in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", node.opset)])
    try:
        return list(ReferenceEvaluator(model).run(None, given))
    except MemoryError:
        raise
    except Exception as error:  # numpy's and the evaluator's, which raises what it likes
        text = in_terminal((str(error).splitlines() or [""])[0])
        raise Unsupported(f"it cannot be computed from its constants ({text}); export the model again") from None
