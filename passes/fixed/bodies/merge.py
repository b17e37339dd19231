"""Two maps as one: the elements of the first are computed where the second reads them, and kept nowhere.

Only where each element is read at one point, so that nothing is computed twice, and where no value has to be kept
longer for it than what it makes superfluous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.access import from_linear, linear_map
from ....dialects.dense import dtype_of
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import MapOp
from ....dialects.fixed.scalar import YieldOp
from ....dialects.fixed.structured import StructuredForm, scalar_type, segments, shaped_type

MOST_INPUTS = 4
"""How many tensors one map reads at most: each has a pointer, of which an 8-bit core holds three in registers."""


@dataclass(frozen=True)
class Read:
    """An operand of a map's body: the value, the element that is read of it, and the argument that holds it."""

    value: SSAValue
    access: AffineMap | None
    argument: SSAValue

    def is_like(self, other: Read, sizes: Sequence[int]) -> bool:
        """True where both are the same element of the same value; a dimension of size 1 makes no difference."""
        return self.value is other.value and places(self.access, sizes) == places(other.access, sizes)


def places(access: AffineMap | None, sizes: Sequence[int]) -> list[tuple[tuple[int, ...], int]]:
    """The coefficients and the offset of each index, without those of dimensions of size 1."""
    if access is None:
        return []
    return [
        (tuple(c if size > 1 else 0 for c, size in zip(r.coefficients, sizes, strict=True)), r.offset)
        for r in linear_map(access)
    ]


def simplified(access: AffineMap) -> AffineMap:
    """The same map in the one form that coefficients and offset print as."""
    return from_linear(linear_map(access), access.num_dims)


def reads_of(form: MapOp, accesses: Sequence[AffineMap], block: Block) -> tuple[list[Read], list[Read], list[Read]]:
    """The inputs, params and tables of a map whose accesses and body are given."""
    count, params = len(form.ins), len(form.ins) + len(form.params)
    reads = [Read(v, a, x) for v, a, x in zip(form.operands[:params], accesses, block.args, strict=False)]
    tables = [Read(v, None, x) for v, x in zip(form.tables, block.args[params:], strict=True)]
    return reads[:count], reads[count:], tables


def merged(producer: MapOp, op: MapOp, moving: Sequence[int], point: Sequence[AffineMap]) -> MapOp:
    """One map over the producer's domain; inputs `moving` of the second are its result, `point` its accesses there."""
    first, second = producer.body.clone().block, op.body.clone().block
    last = first.last_op
    assert isinstance(last, YieldOp) and op.result is not None
    before = reads_of(producer, [simplified(m.data) for m in producer.maps.data[:-1]], first)
    after = reads_of(op, [simplified(m) for m in point[:-1]], second)
    block, groups = Block(), list[list[Read]]()
    moved, values = {after[0][index].argument for index in moving}, dict[SSAValue, SSAValue]()
    for old, new in zip(before, after, strict=True):
        group: list[Read] = []
        for read in (*old, *(r for r in new if r.argument not in moved)):
            same = next((g for g in group if g.is_like(read, producer.sizes)), None)
            if same is None:
                same = Read(read.value, read.access, block.insert_arg(read.argument.type, len(block.args)))
                same.argument.name_hint = read.argument.name_hint
                group.append(same)
            values[read.argument] = same.argument
        groups.append(group)
    yielded = last.values[0]
    values.update(dict.fromkeys(moved, values.get(yielded, yielded)))
    block.add_op(YieldOp())
    end = block.last_op
    assert end is not None
    Rewriter.inline_block(first, InsertPoint.before(end), [values[a] for a in first.args])
    Rewriter.inline_block(second, InsertPoint.before(last), [values[a] for a in second.args])
    Rewriter.erase_op(last)
    Rewriter.erase_op(end)
    return rebuilt(producer, op, groups, simplified(point[-1]), block)


def rebuilt(producer: MapOp, op: MapOp, groups: Sequence[Sequence[Read]], out: AffineMap, block: Block) -> MapOp:
    """The map of these operands and this body, with what else both have said."""
    accesses = [read.access for group in groups for read in group if read.access is not None]
    assert op.result is not None
    return MapOp.create(
        operands=[read.value for group in groups for read in group],
        result_types=[op.result.type],
        properties={
            **producer.properties,
            **op.properties,
            "domain": producer.domain,
            "maps": ArrayAttr(AffineMapAttr(m) for m in (*accesses, out)),
            "operandSegmentSizes": segments(len(groups[0]), len(groups[1]), len(groups[2]), 0),
        },
        attributes={**producer.attributes, **op.attributes},
        regions=[Region(block)],
    )


def mergeable(op: MapOp) -> tuple[MapOp, list[int]] | None:
    """A map whose every element goes into this one alone, and which inputs it is."""
    for value in dict.fromkeys(op.ins):
        producer = value.owner
        moving = [index for index, other in enumerate(op.ins) if other is value]
        if not isinstance(producer, MapOp) or producer.result is None or producer.parent is not op.parent:
            continue
        if producer.held_dims or op.held_dims:
            continue
        if any(use.operation is not op for use in value.uses) or value in (*op.params, *op.tables):
            continue
        if len({op.in_maps[index] for index in moving}) > 1 or not is_elementwise(producer):
            continue
        if is_worth_it(producer, op):
            return producer, moving
    return None


def is_elementwise(form: MapOp) -> bool:
    """True where the result has an element per point of the domain."""
    return prod(form.domain.parallel.data) == prod(shaped_type(form.target).get_shape())


def is_worth_it(producer: MapOp, op: MapOp) -> bool:
    """Whether what the producer reads needs no more bytes than its result, or is needed until then anyway.

    The latter where nothing but maps stands between the two: what these read is there already.
    """
    inputs = {v for v in (*producer.ins, *producer.params) if not isinstance(v.owner, ConstantOp)}
    others = {v for v in op.ins if v is not producer.result and not isinstance(v.owner, ConstantOp)}
    if len(inputs | others) > MOST_INPUTS:
        return False
    more = sum(bytes_of(value) for value in inputs if value not in op.operands)
    if more <= bytes_of(producer.target):
        return True
    between = producer.next_op
    while between is not None and between is not op:
        if isinstance(between, StructuredForm) and not isinstance(between, MapOp):
            return False
        between = between.next_op
    return between is op


def bytes_of(value: SSAValue) -> int:
    """The size of a tensor."""
    type = shaped_type(value)
    return prod(type.get_shape()) * dtype_of(scalar_type(type.element_type)).itemsize
