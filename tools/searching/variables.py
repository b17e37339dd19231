"""What a search may choose: how each value is stored whose type is its own, and each weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects.builtin import Float32Type
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.fixed.settings import Setting, put, setting_of
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.weights import weight_reals
from ...passes.fixed.assign_types import Assignment
from ...passes.fixed.scales.named_values import named_values
from ...passes.fixed.scales.set_in_vain import LAYERS

Key = tuple[str, str]
"""A table of a file of types, and a name in it."""

Choice = Mapping[Key, Setting]
"""What is set of each variable."""

VALUE_LEVELS = (Setting(bits=8, scheme="pow2"), Setting(bits=8), Setting(bits=16))
"""Widths in which C stores what it computes; where it has 8 bits, shifts take the place of products."""

FEW_BITS = 7
"""Weights of fewer bits begin with what clips them best: to judge them by their greatest would wrong them."""

CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Variable:
    """Values of one name, which are set together; `levels` from the cheapest to the dearest.

    `elements` counts those of all values. `symmetric` ones have no zero point unless a level says so.
    """

    key: Key
    values: tuple[SSAValue, ...]
    levels: tuple[Setting, ...]
    elements: int
    symmetric: bool = False

    @property
    def is_weight(self) -> bool:
        """Whether it is constant."""
        return self.key[0] == "weights"


def variables(assignment: Assignment, weight_widths: Sequence[int]) -> list[Variable]:
    """The variables of a function whose types were assigned once; none of what the model states or somebody has set."""
    own = set(assignment.own)
    found: list[Variable] = []
    for key, values in named_values(assignment.function).items():
        is_weight = key[0] == "weights"
        free = all(is_free_weight(v) if is_weight else v in own for v in values)
        if free and not any(map(setting_of, values)):
            symmetric = not is_weight and assignment.ranges_of(values[0]).symmetric
            levels = weight_levels(values, weight_widths) if is_weight else list(VALUE_LEVELS)
            if symmetric:
                levels.insert(2, Setting(bits=8, scheme="affine"))
            if assignment.ranges.pow2:
                levels = [level for level in levels if level.scheme is None]
            elements = sum(prod(shape_of(v)) for v in values)
            found.append(Variable(key, tuple(values), tuple(levels), elements, symmetric))
    return found


def weight_levels(values: Sequence[SSAValue], widths: Sequence[int]) -> list[Setting]:
    """Each width; of a layer's weights of up to 8 bits with a scale 2^k, with one for the tensor, with one per row."""
    layer = all(isinstance(use.operation, LAYERS) for v in values for use in v.uses)
    found: list[Setting] = []
    for bits in sorted(widths):
        for per in ("tensor", None) if layer and bits <= 8 else (None,):
            clip = best_clip(values[0], bits, per is not None or not layer) if bits < FEW_BITS else None
            if per is not None:
                found.append(Setting(bits=bits, scheme="pow2"))
            found.append(Setting(bits=bits, per=per, clip=clip))
    return found


def best_clip(value: SSAValue, bits: int, whole: bool) -> float | None:
    """The share of the greatest magnitude, of all or of a row, at which the squared error of a constant is least."""
    reals = weight_reals(value).reshape(1 if whole else shape_of(value)[0], -1)
    greatest = np.maximum(np.abs(reals).max(axis=1, keepdims=True), 1e-30)
    errors: list[float] = []
    for clip in CLIPS:
        scale = clip * greatest / ((1 << (bits - 1)) - 1)
        limit = (1 << (bits - 1)) - 1
        errors.append(float(np.square(np.clip(np.rint(reals / scale), -limit, limit) * scale - reals).sum()))
    clip = CLIPS[int(np.argmin(errors))]
    return None if clip == 1.0 else clip


def is_free_weight(value: SSAValue) -> bool:
    """Whether a constant holds reals and is stored in a type of its own."""
    op = value.owner
    typed = isinstance(op, onnx.ConstantOp) and isinstance(op.attributes.get("fixed.type"), QType)
    reads = [use.operation for use in value.uses]
    follows = any(isinstance(r, onnx.ConcatOp | onnx.SquaredDistanceOp | onnx.ScanOp | onnx.NextOp) for r in reads)
    return typed and isinstance(element_of(value), Float32Type) and not follows


def uniform(variables: Sequence[Variable], bits: int) -> dict[Key, Setting]:
    """All variables at this width, in the way of the defaults."""

    def level(variable: Variable) -> Setting:
        levels = (s for s in reversed(variable.levels) if s.bits == bits and s.scheme is None)
        return next(levels, variable.levels[-1])

    return {v.key: level(v) for v in variables}


def apply(variables: Sequence[Variable], choice: Choice) -> None:
    """Leave a choice on the ops; a variable that it does not name keeps the defaults."""
    for variable in variables:
        for value in variable.values:
            put(value, choice.get(variable.key, Setting()))


def reassigned(assignment: Assignment, variables: Sequence[Variable], choice: Choice) -> Assignment:
    """Types anew, as a choice and the options of `assignment` have them."""
    apply(variables, choice)
    return assignment.again()


def type_of(assignment: Assignment, value: SSAValue) -> QType | None:
    """The type that was assigned to a value; None where it holds no reals."""
    found = assignment.types.get(value)
    if found is None and isinstance(value.owner, Operation):
        attribute = value.owner.attributes.get("fixed.type")
        found = attribute if isinstance(attribute, QType) else None
    return found
