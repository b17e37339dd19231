"""Which values are written straight into the concatenation that they are part of (concat elision).

A concatenation of concatenations is one buffer: what the inner one holds is a box of the outer one's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects.fixed import ConcatOp, ReshapeOp, ScanOp, SliceOp
from ...dialects.fixed.structured import StructuredForm, scalar_type


@dataclass(frozen=True)
class Part:
    """Where a value lies: in the result of a concatenation, from `start` along its axis."""

    whole: ConcatOp
    start: int


Parts = dict[SSAValue, Part]


def base_of(value: SSAValue) -> SSAValue:
    """The value whose elements these are, through reshapes."""
    while isinstance(value.owner, ReshapeOp):
        value = value.owner.source
    return value


def is_written(value: SSAValue) -> bool:
    """True for what ops write element by element: forms, concatenations, the stacked outputs of scans."""
    owner = value.owner
    return isinstance(owner, StructuredForm | ConcatOp) or (isinstance(owner, ScanOp) and value in owner.stacked)


def absolute(part: Part, parts: Mapping[SSAValue, Part]) -> Part:
    """The same place in the largest concatenation along the same axis."""
    outer = parts.get(part.whole.result)
    while outer is not None and outer.whole.axis_index == part.whole.axis_index:
        part = Part(outer.whole, outer.start + part.start)
        outer = parts.get(part.whole.result)
    return part


def join(block: Block, taken: Collection[SSAValue]) -> Parts:
    """The values to be written where they belong; all others are copied there.

    A value has one place: it is part of the largest concatenation that takes it; `taken` have a place already. A
    concatenation whose parts stand in another one in the same order lies there too. A part that would raise the peak of
    the bytes alive, in the order of the block, is copied.
    """
    concats = [op for op in block.ops if isinstance(op, ConcatOp)]
    parts: Parts = {}
    for concat in sorted(reversed(concats), key=lambda op: -bytes_of(op.result)):
        if concat.result not in parts and concat.result not in taken:
            inside = found_inside(concat, parts)
            if inside is not None:
                parts[concat.result] = inside
        for part, start in zip(concat.parts, concat.starts, strict=True):
            value = base_of(part) if is_contiguous(concat, parts) else part
            if is_written(value) and value not in parts and value not in taken:
                parts[value] = Part(concat, start)
    return relieved(block, parts, taken) if parts else parts


def found_inside(concat: ConcatOp, parts: Mapping[SSAValue, Part]) -> Part | None:
    """Where in a larger concatenation the same parts stand beside each other in the same order."""
    places = [parts.get(part) for part in concat.parts]
    first = places[0]
    if first is None or first.whole.axis_index != concat.axis_index:
        return None
    expected = [Part(first.whole, first.start + start) for start in concat.starts]
    return first if places == expected else None


def is_contiguous(concat: ConcatOp, parts: Mapping[SSAValue, Part]) -> bool:
    """True when each part is one block of memory: the axis is the outermost, here and in what this is part of."""
    outer: Part | None = Part(concat, 0)
    while outer is not None:
        concat = outer.whole
        if prod(concat.result.type.get_shape()[: concat.axis_index]) != 1:
            return False
        outer = parts.get(concat.result)
    return True


def bytes_of(value: SSAValue) -> int:
    """Bytes of a tensor."""
    assert isinstance(value.type, TensorType)
    return prod(value.type.get_shape()) * max(1, scalar_type(value.type.element_type).width.data // 8)


def relieved(block: Block, parts: Parts, taken: Collection[SSAValue]) -> Parts:
    """Without the parts for which the whole buffer would be alive where it costs most."""
    peak, step = peak_of(block, parts, taken)
    order = {op: index for index, op in enumerate(block.ops)}
    for value in sorted(parts, key=lambda value: order[owner_of(value)]):
        if order[owner_of(value)] > step:
            break
        without = {key: part for key, part in parts.items() if key is not value}
        lower, at = peak_of(block, without, taken)
        if lower < peak:
            parts, peak, step = without, lower, at
    return parts


def owner_of(value: SSAValue) -> Operation:
    """The op that computes a value."""
    assert isinstance(value.owner, Operation)
    return value.owner


def peak_of(block: Block, parts: Mapping[SSAValue, Part], taken: Collection[SSAValue]) -> tuple[int, int]:
    """The most bytes alive at once where each op waits for the one before, and the first op where they are."""
    spans: dict[SSAValue, tuple[int, int]] = {}
    for index, op in enumerate(block.ops):
        captured = op.captured if isinstance(op, ScanOp) else ()
        for value in (*op.operands, *captured, *op.results):
            root = root_of(value, parts)
            if (
                isinstance(root.owner, StructuredForm | ConcatOp)
                and owner_of(root).parent is block
                and root not in taken
            ):
                first, last = spans.get(root, (index, index))
                spans[root] = min(first, index), max(last, index)
    changes = [0] * (len(block.ops) + 1)
    for root, (first, last) in spans.items():
        changes[first] += bytes_of(root)
        changes[last + 1] -= bytes_of(root)
    alive = list(running_sums(changes))
    peak = max(alive, default=0)
    return peak, alive.index(peak)


def running_sums(numbers: Iterable[int]) -> Iterable[int]:
    """The sum of the numbers up to each."""
    total = 0
    for number in numbers:
        total += number
        yield total


def root_of(value: SSAValue, parts: Mapping[SSAValue, Part]) -> SSAValue:
    """The value whose buffer holds a value."""
    while True:
        value = base_of(value)
        if isinstance(value.owner, SliceOp):
            value = value.owner.source
        elif (part := parts.get(value)) is not None:
            value = part.whole.result
        else:
            return value
