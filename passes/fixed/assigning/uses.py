"""Types that follow from what reads a value: a backward walk."""

from __future__ import annotations

import math

from xdsl.dialects.builtin import Float32Type, i1, i32
from xdsl.ir import BlockArgument, Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.settings import setting_of
from ....dialects.fixed.types import QType, integer_type
from ....dialects.onnx.base import element_of
from ..calibrate import is_real
from ..scales.compared import BITS as COMPARED_BITS
from ..scales.compared import is_compared
from ..scales.distances import range_beside
from ..scales.ranges import RangeTypes, common_type, limits_in_reals, whole_bytes
from ..scales.turns import only_turns
from .kinds import CLAMPS, is_whole_product, numbers, preserves
from .state import Known

SHARED_STEPS = 2.0
"""A value with other readers takes the type of a concatenation that it is part of, or in which it is quantized, where
its own steps are at least as long as those, divided by this."""


def from_uses(known: Known, value: SSAValue) -> None:
    """The type that the users of a real value fix: a QuantizeLinear, a clamp of it, an op that preserves it."""
    if value in known.types or not isinstance(element_of(value), Float32Type):
        return
    users = [use.operation for use in value.uses]
    found = [known.types[u.results[0]] for u in users if isinstance(u, onnx.QuantizeLinearOp)]
    found = [unclipped(known, value, found)] if 0 < len(found) < len(users) else found
    if not found and (beside := range_beside(value, users, known.range_of)) is not None:
        found = [known.ranges_of(value).of_range(*beside)]
        known.own.append(value)
    elif not found and setting_of(value):
        return
    if not found and len(users) == 1 and (preserves(users[0]) or isinstance(users[0], CLAMPS)):
        found = through(known, users[0], value)
    if not found and (whole := in_whole_steps(known, value, users)) is not None:
        found = [whole]
    seen = known.range_of(value)
    if not found and seen is not None and (is_compared(value) or only_turns(value, *seen)):
        found = [RangeTypes(COMPARED_BITS, known.ranges.pow2).of_range(*seen)]
    if found:
        known.types[value] = whole_bytes(common_type(found)) if isinstance(value, BlockArgument) else common_type(found)
        return
    wholes = [type for user in users if (type := joined_type(known, user)) is not None]
    fitting = [type for type in wholes if shares(known, value, type, len(users) == 1)]
    if fitting:
        known.types[value] = fitting[0]
        known.joined.add(value)


def unclipped(known: Known, value: SSAValue, found: list[QType]) -> QType:
    """The type of a value that is quantized and read as it is besides.

    16 bits where it goes further than what it is quantized to, or that has longer steps than others would.
    """
    type, seen = common_type(found), known.range_of(value)
    finest = math.inf if seen is None else known.ranges_of(value).of_range(*seen).scale
    if seen is None and isinstance(value.owner, onnx.ConcatOp):
        parts = [known.types[part] for part in value.owner.operands if part in known.types]
        if len(parts) < len(value.owner.operands):
            return type
        ends = [limits_in_reals(part) for part in parts]
        seen = min(low for low, _ in ends), max(high for _, high in ends)
        finest = min(part.scale for part in parts)
    if seen is None:
        return type
    least, greatest = limits_in_reals(type)
    covered = least - type.scale <= seen[0] and seen[1] <= greatest + type.scale
    if covered and type.scale <= SHARED_STEPS * finest:
        return type
    return RangeTypes(16, known.ranges.pow2).of_range(*seen)


def through(known: Known, user: Operation, value: SSAValue) -> list[QType]:
    """The type of the result of an op that a value has as its one user; the model's input is no part of a whole."""
    result = user.results[0]
    if result in known.joined:
        if isinstance(value, BlockArgument):
            return []
        known.joined.add(value)
    if result in known.types:
        return [known.types[result]]
    return [known.from_range(user)] if isinstance(user, CLAMPS) and "fixed.range" in user.attributes else []


def joined_type(known: Known, user: Operation) -> QType | None:
    """The type of a Concat, which its parts take so that they can be written where they belong."""
    if not isinstance(user, onnx.ConcatOp):
        return None
    type = known.types.get(user.results[0])
    return known.from_range(user) if type is None and "fixed.range" in user.attributes else type


def shares(known: Known, value: SSAValue, whole: QType, alone: bool) -> bool:
    """Whether a part of a concatenation is stored in the type of the whole, else it is copied there.

    What nothing else reads is; with other readers, where these lose no more than a bit. The model's input keeps a
    type of its own.
    """
    if isinstance(value, BlockArgument):
        return False
    if alone:
        return True
    if not isinstance(value.owner, Operation) or "fixed.range" not in value.owner.attributes:
        return False
    low, high = numbers(value.owner.attributes["fixed.range"])
    least, greatest = limits_in_reals(whole)
    covered = least - whole.scale <= low and high <= greatest + whole.scale
    return covered and whole.scale <= SHARED_STEPS * known.ranges.of_range(low, high).scale


def in_whole_steps(known: Known, value: SSAValue, users: list[Operation]) -> QType | None:
    """The type of a value of which somebody takes the whole part: a scale 2^k, so that integers are on its grid.

    In 16 bits where 8 do not reach as far; None where nobody does.
    """
    if is_whole_product(value) and all(isinstance(u, onnx.CastOp) and not is_real(u) for u in users):
        return integer_type(i32)
    seen = known.range_of(value)
    if seen is None or not any(isinstance(u, onnx.CastOp) and element_of(u.result) != i1 for u in users):
        return None
    types = (RangeTypes(bits, pow2=True).of_range(*seen) for bits in (known.ranges.bits, 16))
    return next((type for type in types if type.scale <= 1), None)
