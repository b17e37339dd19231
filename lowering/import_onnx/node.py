"""An ONNX node with its operands looked up, as the translations see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue

from ...dialects import onnx
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import element_of
from ...dialects.onnx.budget import MAX_LIST, Budget
from ...dialects.onnx.weights import is_weight, numbers_of, weight_reals


class Unsupported(Exception):
    """Why a node cannot be taken, and what to do."""


@dataclass(frozen=True)
class Node:
    """An ONNX node with its operands looked up: None where an optional input is left out.

    `outputs` counts its results; a translation asks the `budget` before it makes large constants.
    """

    op_type: str
    name: str
    operands: tuple[SSAValue | None, ...]
    attributes: dict[str, Any]
    budget: Budget
    opset: int
    outputs: int = 1

    def operand(self, index: int) -> SSAValue:
        """A required operand."""
        if index >= len(self.operands) or (value := self.operands[index]) is None:
            raise Unsupported(f"input {index} is missing")
        return value

    def optional(self, index: int) -> SSAValue | None:
        """An operand that may be left out."""
        return self.operands[index] if index < len(self.operands) else None

    def constant(self, index: int, what: str, mask: bool = False) -> NDArray[Any]:
        """The value of an operand that must be known now; that of a quantized one in float32.

        Of several numbers only those of a `mask` may be minus infinity.
        """
        value = self.operand(index)
        if not is_weight(value):
            raise Unsupported(f"{what} must be a constant; fold constants before exporting")
        if isinstance(value.owner, onnx.ConstantOp):
            numbers = numbers_of(value.owner)
            if not mask and numbers.size > 1 and not np.isfinite(numbers).all():
                raise Unsupported(f"{what} holds infinite numbers; train or export the model again")
            return numbers
        return weight_reals(value).astype(np.float32)

    def number(self, index: int, what: str) -> float:
        """The value of an operand that must be one number, known now."""
        array = self.constant(index, what)
        if array.size != 1:
            raise Unsupported(f"{what} must be one number, not {array.size}; export the model again")
        return float(array.reshape(()))

    def listed(self, index: int, what: str) -> list[int]:
        """The value of an operand that must be a list of integers, known now."""
        array = self.constant(index, what)
        if array.dtype.kind not in "iu" or array.ndim > 1 or array.size > MAX_LIST:
            shape = list(array.shape)
            raise Unsupported(f"{what} must be a list of integers, not {array.dtype} of shape {shape}; export it again")
        return array.reshape(-1).tolist()

    def integers(self, index: int, name: str) -> list[int] | None:
        """What newer versions of an operator take as an input and older ones as an attribute; None where left out."""
        if self.optional(index) is not None:
            return self.listed(index, f"the input of {name}")
        return self.attributes.get(name)

    def axis(self, default: int, rank: int) -> int:
        """The attribute `axis` of a tensor with `rank` dimensions, counted from the first."""
        axis = self.attributes.get("axis", default)
        return from_first(axis, rank)

    def refuse(self, **allowed: Any) -> None:
        """Raise where an attribute is given with a value other than the one that means nothing."""
        for key, value in allowed.items():
            if key in self.attributes and self.attributes[key] != value:
                raise Unsupported(
                    f"attribute {key} = {in_terminal(repr(self.attributes[key]))} is not supported, only {value!r}"
                )


def from_first(axis: int, rank: int) -> int:
    """An axis counted from the first. Raises Unsupported where there is no such dimension."""
    if not -rank <= axis < rank:
        raise Unsupported(f"axis {axis} of a tensor with {rank} dimensions")
    return axis % rank


def axes_from_first(axes: Sequence[int], rank: int) -> list[int]:
    """Different axes counted from the first. Raises Unsupported where one is listed twice, or is not there."""
    result = [from_first(axis, rank) for axis in axes]
    if len(set(result)) != len(result):
        raise Unsupported(f"axes {list(axes)} of a tensor with {rank} dimensions are not different")
    return result


Translation = Callable[[Node], onnx.OnnxOp | list[onnx.OnnxOp]]
"""The op of a node, or one for each of its results."""


def like(value: SSAValue, shape: Sequence[int], element: Attribute | None = None) -> TensorType[Any]:
    """A tensor type with the element type of a value."""
    return TensorType(element_of(value) if element is None else element, shape)
