"""Slices of a form: the same form on small operands, the boxes of elements that one slice reads and writes.

Slices in the middle of a stream are translations of each other. They share one form whose access maps count from the
start of each box; only the boxes move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, MemRefType
from xdsl.ir import Block, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from ...dialects.access import Linear, from_linear, full_box, linear_map
from ...dialects.fixed.structured import StructuredForm, segments
from ...dialects.fixed.types import DomainAttr
from .memory import Box


@dataclass(frozen=True)
class Slice:
    """A form to evaluate on the boxes `reads` of ins and params; its output has the shape of its parallel domain.

    The output belongs at `results` of the box `written`: an access map of the parallel domain whose indices count from
    the start of the box.
    """

    form: StructuredForm
    reads: Sequence[Box]
    written: Box
    results: Sequence[Linear]


class Reach:
    """What the slices of a form reach of one operand through its access map."""

    def __init__(self, value: SSAValue, access: AffineMap, sizes: Sequence[int], along: Sequence[int]):
        assert isinstance(value.type, MemRefType)
        self.shape = value.type.get_shape()
        self.steps = [[r.coefficients[dim] for dim in along] for r in linear_map(access)]
        self.results = [held_at_0(r, along) for r in linear_map(access)]
        self.intervals = [r.interval(full_box(sizes)) for r in self.results]

    def starts(self, values: Sequence[int]) -> list[int]:
        """By how much each index of a slice lies above that of the slice at 0."""
        return [sum(step * value for step, value in zip(steps, values, strict=True)) for steps in self.steps]

    def box(self, values: Sequence[int]) -> Box:
        """The elements between the first and the last that a slice touches; an edge where it touches only padding."""
        ends = zip(self.intervals, self.starts(values), self.shape, strict=True)
        return [
            range(min(max(low + start, 0), size - 1), min(max(high + start, 0), size - 1) + 1)
            for (low, high), start, size in ends
        ]

    def offsets(self, values: Sequence[int], box: Box) -> tuple[int, ...]:
        """The offset of each index of a slice, counted from the start of its box."""
        each = zip(self.results, self.starts(values), box, strict=True)
        return tuple(r.offset + start - at.start for r, start, at in each)

    def moved(self, offsets: Sequence[int]) -> list[Linear]:
        """The results of the access map with other offsets."""
        return [Linear(r.coefficients, offset) for r, offset in zip(self.results, offsets, strict=True)]


def maps_of(accesses: Sequence[AffineMap]) -> ArrayAttr[AffineMapAttr]:
    """Access maps as an attribute."""
    return ArrayAttr(AffineMapAttr(access) for access in accesses)


class Slices:
    """The slices of a form along dimensions of its domain; without any, the whole form is the one slice."""

    def __init__(self, form: StructuredForm, along: Sequence[int]):
        self.form = form
        sizes = form.sizes
        maps = (*form.in_maps, *form.param_maps, *form.held_maps)
        operands = zip((*form.ins, *form.params, *form.indices), maps, strict=True)
        self.reads = [Reach(value, access, sizes, along) for value, access in operands]
        self.written = Reach(form.target, form.out_map, sizes, along)
        split = len(form.domain.parallel.data)
        one = [1 if dim in along else size for dim, size in enumerate(sizes)]
        self.domain = DomainAttr(one[:split], one[split:])
        self.forms: dict[tuple[object, ...], StructuredForm] = {}

    def at(self, values: Sequence[int]) -> Slice:
        """The slice at a value of each of the dimensions."""
        boxes = [reach.box(values) for reach in self.reads]
        offsets = [reach.offsets(values, box) for reach, box in zip(self.reads, boxes, strict=True)]
        shapes = [tuple(map(len, box)) for box in boxes]
        key = (*offsets, *shapes)
        if key not in self.forms:
            self.forms[key] = self._form(offsets, shapes)
        written, parallel = self.written.box(values), len(self.domain.parallel.data)
        moved = self.written.moved(self.written.offsets(values, written))
        return Slice(self.forms[key], boxes, written, [Linear(r.coefficients[:parallel], r.offset) for r in moved])

    def _form(self, offsets: Sequence[Sequence[int]], shapes: Sequence[Sequence[int]]) -> StructuredForm:
        """The form on operands of these shapes, with these offsets in its access maps."""
        form, parallel = self.form, self.domain.parallel.data
        written = [size if trips > 1 else 1 for size, trips in zip(parallel, form.trips, strict=False)]
        operands = [*form.ins, *form.params, *form.indices, form.target]
        types: list[MemRefType] = []
        for operand, shape in zip(operands, (*shapes, written), strict=True):
            assert isinstance(operand.type, MemRefType)
            types.append(MemRefType(operand.type.element_type, shape))
        block = Block(arg_types=[*types, *(table.type for table in form.tables)])
        ins, params = len(form.ins), len(form.ins) + len(form.params)
        last = params + len(form.indices)
        place = [*block.args[:params], *block.args[len(types) :], block.args[last], *block.args[params:last]]
        copy = form.clone()
        if form.scratch is not None:  # it means nothing: only the machine needs it
            sizes = segments(len(form.ins), len(form.params), len(form.tables), 1, len(form.indices))
            copy.properties["operandSegmentSizes"] = sizes
        copy.operands = place
        assert len(copy.ins) == ins and copy.target is block.args[last]
        moved = [from_linear(r.moved(o), len(form.sizes)) for r, o in zip(self.reads, offsets, strict=True)]
        kept = (AffineExpr.dimension(d) if size > 1 else AffineExpr.constant(0) for d, size in enumerate(written))
        copy.maps = maps_of([*moved[:params], AffineMap(len(form.sizes), 0, tuple(kept))])
        if form.indices:
            copy.index_maps = maps_of(moved[params:])
        copy.domain = self.domain
        return copy


def held_at_0(index: Linear, dims: Sequence[int]) -> Linear:
    """The same where some dimensions are 0."""
    for dim in dims:
        index = index.without(dim)
    return index
