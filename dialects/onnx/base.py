"""What the ops of the `onnx` dialect share: the node's name, integer-list attributes, checks of shapes."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import I64, ArrayAttr, DenseArrayBase, DictionaryAttr, StringAttr, TensorType, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, ParsePropInAttrDict, operand_def, opt_prop_def, result_def
from xdsl.utils.exceptions import VerifyException

PIECE = 1 << 16
"""How many positions of a window are looked at together."""

Ints = DenseArrayBase[I64]
"""A list of integers, such as strides."""


def ints(values: Sequence[int]) -> Ints:
    """A list of integers as an attribute."""
    return DenseArrayBase.from_list(i64, list(values))


class OnnxOp(IRDLOperation, ABC):
    """An ONNX node. `node` is its name in the model, made unique; discardable attributes hold what passes find out."""

    node = opt_prop_def(StringAttr)
    irdl_options = (ParsePropInAttrDict(),)

    @property
    def label(self) -> str:
        """The node's name, or the op's where it has none."""
        return self.node.data if self.node is not None else self.name


def node_attribute(node: str | None) -> dict[str, Attribute | None]:
    """The properties that every op has."""
    return {"node": None if node is None else StringAttr(node)}


class UnaryOp(OnnxOp, ABC):
    """One tensor in, one tensor out, no attributes."""

    x = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(operands=[x], properties=node_attribute(node), result_types=[result_type])


def port_names(attributes: ArrayAttr[DictionaryAttr] | None, default: str, count: int) -> list[str]:
    """The ONNX names of a function's arguments or results, from its `arg_attrs` or `res_attrs`."""
    names = [a.data.get("onnx.name") for a in attributes] if attributes is not None else [None] * count
    return [n.data if isinstance(n, StringAttr) else f"{default}{i}" for i, n in enumerate(names)]


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor value. Raises VerifyException on anything else."""
    if not isinstance(value.type, TensorType):
        raise VerifyException(f"expected a tensor, got {value.type}")
    return value.type.get_shape()


def element_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value. Raises VerifyException on anything else."""
    if not isinstance(value.type, TensorType):
        raise VerifyException(f"expected a tensor, got {value.type}")
    return value.type.element_type


def require_shape(op: OnnxOp, expected: Sequence[int]) -> None:
    """Raise VerifyException where the first result does not have this shape."""
    actual = shape_of(op.results[0])
    if actual != tuple(expected):
        raise VerifyException(f"the result has shape {list(actual)}, expected {list(expected)}")


def broadcast_shape(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    """The shape that numpy's broadcasting gives. Raises VerifyException where the shapes do not go together."""
    rank = max(len(left), len(right))
    result: list[int] = []
    for a, b in zip((1,) * (rank - len(left)) + tuple(left), (1,) * (rank - len(right)) + tuple(right), strict=True):
        if a != b and 1 not in (a, b):
            raise VerifyException(f"shapes {list(left)} and {list(right)} do not broadcast")
        result.append(b if a == 1 else a)
    return tuple(result)


def window_shape(
    spatial: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int]
) -> tuple[int, ...]:
    """Positions of a window per dimension: `(n + pads - dilation * (k - 1) - 1) // stride + 1` (ONNX Conv)."""
    rank = len(spatial)
    if not len(kernel) == len(strides) == len(dilations) == rank or len(pads) != 2 * rank:
        raise VerifyException(f"kernel, strides and dilations take {rank} numbers and pads {2 * rank}")
    if min((*kernel, *strides, *dilations), default=1) < 1:
        raise VerifyException("kernel, strides and dilations must be positive")
    return tuple(
        (n + pads[a] + pads[a + rank] - dilations[a] * (kernel[a] - 1) - 1) // strides[a] + 1
        for a, n in enumerate(spatial)
    )


def taps_inside(positions: int, kernel: int, stride: int, dilation: int, pad: int, extent: range) -> NDArray[np.int32]:
    """How many taps of a window lie in the indices `extent` of its dimension, at each of its positions.

    Position p has its taps at `p * stride - pad + t * dilation`, t from 0 to kernel - 1.
    """
    result = np.empty(max(0, positions), np.int32)
    for begin in range(0, positions, PIECE):
        end = min(begin + PIECE, positions)
        starts = np.arange(begin, end, dtype=np.int64) * stride - pad
        first = np.maximum(0, -((starts - extent.start) // dilation))
        last = np.minimum(kernel - 1, (extent.stop - 1 - starts) // dilation)
        result[begin:end] = np.maximum(0, last - first + 1)
    return result
