"""What is repeated: one type for a state before, in and after each round; slices have that of the whole tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping

from xdsl.dialects.builtin import ArrayAttr, Float32Type, FloatAttr, IntegerType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType, integer_type
from ....dialects.onnx.base import element_of
from ....dialects.onnx.scan import enclosing_scan
from ....dialects.onnx.weights import is_weight, weight_reals
from .directions import beside, joined, state_in, widened
from .ranges import RangeTypes

STATE_TYPES = "fixed.state_types"
"""The attribute of a scan that lists the type of each state."""

Types = MutableMapping[SSAValue, QType]

Range = tuple[float, float]

RangesOf = Callable[[SSAValue], RangeTypes]
"""The types of ranges of a value."""


def seen_range(value: SSAValue) -> Range | None:
    """The calibrated range of a value anywhere in a function; of a state all that it is in any round."""
    found: list[Range] = []
    for source in all_sources([value]):
        if not passed_on(source):
            known = own_range(source)
            if known is None:
                return None
            found.append(known)
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def all_sources(values: Iterable[SSAValue]) -> set[SSAValue]:
    """Values, and all that they are in some round."""
    waiting = list(values)
    found: set[SSAValue] = set()
    while waiting:
        value = waiting.pop()
        if value not in found:
            found.add(value)
            waiting += passed_on(value)
    return found


def passed_on(value: SSAValue) -> list[SSAValue]:
    """The values that one is in some round, where it is a state, a slice or a result of a scan."""
    owner = value.owner
    if isinstance(owner, onnx.ScanOp):
        number = owner.results.index(value)
        if number < len(owner.states):
            return [owner.states[number], owner.end.states[number]]
        return [owner.end.outs[number - len(owner.states)]]
    scan = enclosing_scan(value)
    if scan is None:
        return []
    assert isinstance(value, BlockArgument)
    if value.index < len(scan.states):
        return [scan.states[value.index], scan.end.states[value.index]]
    return [scan.ins[value.index - len(scan.states)]]


def own_range(value: SSAValue) -> Range | None:
    """The range that is stated for a value itself: of a constant, an argument of the function, the result of an op."""
    if is_weight(value):
        reals = weight_reals(value)
        return float(reals.min()), float(reals.max())
    if isinstance(value, BlockArgument):
        function = value.block.parent_op()
        ranges = function.attributes.get("fixed.input_ranges") if isinstance(function, FuncOp) else None
        attribute = ranges.data[value.index] if isinstance(ranges, ArrayAttr) else None
    else:
        attribute = value.owner.attributes.get("fixed.range") if isinstance(value.owner, Operation) else None
    if not isinstance(attribute, ArrayAttr):
        return None
    low, high = (limit.value.data for limit in attribute if isinstance(limit, FloatAttr))
    return low, high


def pin_states(scans: list[onnx.ScanOp], types: Types, ranges_of: RangesOf) -> list[SSAValue]:
    """Give each state one type, and what becomes of it next, where that is made by an op of the body.

    It is the type that the model states for one of them, else that of the range over all rounds, as it is set for what
    becomes of the state next; integers are themselves. States of which the range is not known stay without a type.
    Returns the values for which something may be set: next states whose type the model leaves open.
    """
    own: list[SSAValue] = []
    for scan in scans:
        states = zip(scan.states, scan.state_arguments, scan.end.states, scan.last_states, strict=True)
        for first, inner, following, last in states:
            type = type_of_state(first, inner, following, types, ranges_of)
            if type is None:
                continue
            types[inner] = types[last] = type
            owner = following.owner
            if isinstance(owner, Operation) and owner.parent is scan.body.block and not isinstance(owner, onnx.ScanOp):
                if following not in types and isinstance(element_of(following), Float32Type):
                    own.append(following)
                types.setdefault(following, type)
            if isinstance(first.owner, Operation) and not isinstance(first.owner, onnx.ScanOp):
                is_own = is_weight(first) or first.has_one_use()
                if is_own and not (is_weight(first) and not isinstance(first.owner, onnx.ConstantOp)):
                    types.setdefault(first, type)
    for scan in scans:
        pin_concatenations(scan, types)
    return own


def pin_integers(scan: onnx.ScanOp, types: Types) -> None:
    """Integers of a state stand for themselves: they are read so in every round, whatever they are made of."""
    for inner, last in zip(scan.state_arguments, scan.last_states, strict=True):
        storage = element_of(inner)
        if isinstance(storage, IntegerType):
            types[inner] = types[last] = integer_type(storage)


def type_of_state(
    first: SSAValue, inner: SSAValue, following: SSAValue, types: Types, ranges_of: RangesOf
) -> QType | None:
    """The type of one state."""
    if inner in types:
        return types[inner]
    stated = types.get(following) or types.get(first)
    if stated is not None:
        return stated
    seen = range_beside_others(inner)
    return None if seen is None else ranges_of(following).of_range(*seen)


def range_beside_others(state: SSAValue) -> Range | None:
    """The range of a state, or of all states that a concatenation puts beside it."""
    own, scan = seen_range(state), enclosing_scan(state)
    assert scan is not None, "a state is an argument of a scan's body"
    others = [seen_range(other) for other in beside(state, scan)]
    known = [other for other in others if other is not None]
    if own is None or len(known) != len(others):
        return own
    return widened(own, (min(low for low, _ in known), max(high for _, high in known)))


def pin_concatenations(scan: onnx.ScanOp, types: Types) -> None:
    """What puts states of one type beside each other has that type."""
    for state in scan.state_arguments:
        for concat in joined(state, scan):
            kinds = {types.get(inner) for part in concat.parts if (inner := state_in(part)) is not None}
            if len(kinds) == 1 and (type := kinds.pop()) is not None:
                types.setdefault(concat.result, type)


def assign_slices(scan: onnx.ScanOp, types: Types) -> None:
    """A slice is stored as the tensor that it is a part of."""
    for whole, part in zip(scan.ins, scan.slice_arguments, strict=True):
        if whole in types:
            types[part] = types[whole]


def assign_stacked(scan: onnx.ScanOp, types: Types) -> None:
    """What is stacked is stored as the slices that it consists of."""
    for whole, part in zip(scan.stacked, scan.end.outs, strict=True):
        if part in types:
            types[whole] = types[part]


def state_types(scan: onnx.ScanOp, types: Types) -> ArrayAttr[Attribute]:
    """The types of a scan's states as an attribute."""
    return ArrayAttr([types[argument] for argument in scan.state_arguments])
