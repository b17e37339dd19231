"""Which values have the type of which variable, and how each weight is stored at each of its levels."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue

from ...dialects.fixed.settings import Setting
from ...passes.fixed.assign_types import Assignment
from ...targets.core import Core
from .constants import Stored, stored
from .variables import Key, Variable, reassigned, type_of

Grade = tuple[int | None, str | None, str | None]
"""Width, granularity and scheme: what of a setting has a cost."""


def grade(setting: Setting) -> Grade:
    """What of a setting has a cost."""
    return setting.bits, setting.per, setting.scheme


def followers(assignment: Assignment, variables: Sequence[Variable]) -> dict[Key, list[SSAValue]]:
    """The values whose width changes with each variable that is no weight: found by changing it."""
    typed = values_of(assignment.function)
    narrow = bits_of(reassigned(assignment, variables, {}), typed)
    found: dict[Key, list[SSAValue]] = {}
    for variable in variables:
        if not variable.is_weight:
            other = Setting(bits=8 if assignment.ranges.bits > 8 else 16)
            changed = bits_of(reassigned(assignment, variables, {variable.key: other}), typed)
            found[variable.key] = [
                v for v, before, after in zip(typed, narrow, changed, strict=True) if before != after
            ]
    return found


def bits_of(assignment: Assignment, values: Sequence[SSAValue]) -> list[int | None]:
    """The widths of values."""
    types = (type_of(assignment, value) for value in values)
    return [None if type is None else type.bits for type in types]


def values_of(function: FuncOp) -> list[SSAValue | BlockArgument]:
    """Arguments and results."""
    return [*function.body.block.args, *(result for op in function.walk() for result in op.results)]


def stored_weights(
    assignment: Assignment, variables: Sequence[Variable], core: Core
) -> dict[tuple[SSAValue, Grade], Stored]:
    """How each weight is stored at each of its levels."""
    weights = [v for v in variables if v.is_weight]
    found: dict[tuple[SSAValue, Grade], Stored] = {}
    for number in range(max((len(v.levels) for v in weights), default=0)):
        choice = {v.key: v.levels[min(number, len(v.levels) - 1)] for v in weights}
        types = reassigned(assignment, variables, choice)
        for variable in weights:
            for value in variable.values:
                type = type_of(types, value)
                assert type is not None, "variables have types"
                found.setdefault((value, grade(choice[variable.key])), stored(value, type, core))
    return found
