"""How much work the ops of a model are, in all rounds, and what stands in flash beside weights."""

from __future__ import annotations

from math import prod

from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import is_weight, weight_reals
from ...targets.executors.rounds import rounds_around
from .constants import is_one_number

SEGMENTS_BYTES = 600
"""About what tables of a function of 16 bits take."""

PRODUCTS = (onnx.GemmOp, onnx.ConvOp, onnx.ConvTransposeOp, onnx.MatMulOp, onnx.SquaredDistanceOp)


def elements(op: object) -> int:
    """The elements of an op's result, in all rounds; none of what is no op."""
    return rounds_around(op) * prod(shape_of(op.results[0])) if isinstance(op, Operation) else 0


def outputs(value: SSAValue) -> int:
    """The results of the layers that read a weight."""
    return sum(elements(use.operation) for use in value.uses if isinstance(use.operation, PRODUCTS))


def macs(op: Operation) -> int:
    """The multiply-accumulates of a product, in all rounds."""
    elements, w = prod(shape_of(op.results[0])), shape_of(op.operands[1])
    if isinstance(op, onnx.SquaredDistanceOp):
        return rounds_around(op) * prod(op.whole)
    if isinstance(op, onnx.MatMulOp):
        return rounds_around(op) * elements * shape_of(op.operands[0])[-1]
    if isinstance(op, onnx.ConvTransposeOp):
        elements = prod(shape_of(op.operands[0]))
    return rounds_around(op) * elements * prod(w[1:])


def walks(value: SSAValue) -> float:
    """How often all elements of a layer's weights are run through."""
    reads = [use.operation for use in value.uses if isinstance(use.operation, PRODUCTS)]
    return sum(macs(op) for op in reads) / max(1, prod(shape_of(value)))


def table_bytes(op: Operation, width: int) -> float:
    """The bytes of a function's tables, by the width of its operand; those of lines are none."""
    if not isinstance(op, onnx.FunctionOp) or op.pieces is not None:
        return 0.0
    return 2.0**width if width <= 8 else SEGMENTS_BYTES


def untyped_constants(function: FuncOp) -> list[SSAValue]:
    """Biases, and the numbers of BatchNormalizations: 32 bits each."""
    found: list[SSAValue] = []
    for op in function.walk():
        first = 2 if isinstance(op, (onnx.GemmOp, onnx.ConvOp, onnx.ConvTransposeOp)) else None
        first = 1 if isinstance(op, onnx.BatchNormalizationOp) else first
        if first is not None:
            found += [v for v in op.operands[first : first + 2] if is_weight(v) and not is_one_number(weight_reals(v))]
    return found
