"""The ranges of all values of a function at the level `fixed`, and what in it may leave its type.

Abstract interpretation with intervals (Cousot and Cousot, POPL 1977), per channel and with the actual constants. Sound:
what is not reported cannot happen for any input of the ports' types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, SSAValue

from ....dialects.dense import to_numpy
from ....dialects.fixed import ConcatOp, ConstantOp, NextOp, ReshapeOp, ScanOp, SliceOp
from ....dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from ....dialects.fixed.scalar import LookupOp, YieldOp
from ....dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ....dialects.fixed.types import Reduction
from .combine import Combined, contraction, reduction
from .extremes import argument_of, extreme_over
from .ranges import Array, Range
from .reads import LIMIT, chosen, limited, read, tensor_range, uniform, written
from .scalars import SCALARS, Leaves, limits, looked_up
from .scans import scan_ranges


@dataclass(frozen=True)
class Finding:
    """An op of a form that may leave its type: the node, what may happen, and the range that does it."""

    form: StructuredForm
    op: Operation
    message: str
    range: Range
    reads_outside: bool = False

    def __str__(self) -> str:
        node = self.form.name if self.form.node is None else self.form.node.data
        return f"'{node}', {self.op.name}: {self.message}, values in [{self.range.least}, {self.range.greatest}]"


@dataclass
class FormRanges:
    """The combined value of a form (none for maps), and every value of its body, over its parallel domain."""

    combined: Combined | None = None
    values: dict[SSAValue, Range] = field(default_factory=dict[SSAValue, Range])


class Analysis:
    """The ranges of one function's values.

    `tensors` has a range per tensor, `forms` those inside each form, `findings` what is not proven to fit.
    """

    def __init__(self, function: FuncOp):
        self.tensors: dict[SSAValue, Range] = {}
        self.forms: dict[StructuredForm, FormRanges] = {}
        self.findings: list[Finding] = []
        self._attained: dict[SSAValue, tuple[ReduceOp, Range]] = {}
        for argument in function.body.block.args:
            self.tensors[argument] = self._any(argument)
        self._run(function.body.block)

    def _run(self, block: Block) -> None:
        for op in block.ops:
            if isinstance(op, ScanOp):
                self._scan(op)
            elif not isinstance(op, ReturnOp | NextOp):
                self.tensors[op.results[0]] = self._result(op)

    def _scan(self, op: ScanOp) -> None:
        before = len(self.findings)

        def run_body() -> None:
            del self.findings[before:]
            self._run(op.body.block)

        self.tensors.update(zip(op.results, scan_ranges(op, self.tensors, run_body), strict=True))

    def _any(self, value: SSAValue) -> Range:
        type = shaped_type(value)
        return uniform(Range.of_type(scalar_type(type.element_type)), type.get_num_dims())

    def _result(self, op: Operation) -> Range:
        ranges = [self.tensors[operand] for operand in op.operands]
        match op:
            case ConstantOp():
                return tensor_range(to_numpy(op.value))
            case ReshapeOp():
                return reshaped(ranges[0], shaped_type(op.source).get_shape(), shaped_type(op.result).get_shape())
            case ConcatOp():
                return joined(ranges, [shaped_type(o).get_shape()[op.axis_index] for o in op.operands], op.axis_index)
            case SliceOp():
                return sliced(ranges[0], op.offsets.data, shaped_type(op.result).get_shape())
            case StructuredForm():
                return self._form(op)
            case _:
                return self._any(op.results[0])

    def _form(self, form: StructuredForm) -> Range:
        self.forms[form] = ranges = FormRanges()
        ins = [self.tensors[value] for value in form.ins]
        parallel = len(form.domain.parallel.data)
        self._indices(form)
        if isinstance(form, ContractOp):
            ranges.combined = contraction(form, *ins)
        elif isinstance(form, ReduceOp):
            ranges.combined = self._reduction(form, ins[0])
        if isinstance(form, ContractOp | ReduceOp):
            assert ranges.combined is not None
            least, greatest = limits(form.acc)
            if not ranges.combined.partial.within(least, greatest):
                self._find(form, form, f"the accumulator leaves {form.acc}", ranges.combined.partial)
            arguments = [ranges.combined.value.clipped(least, greatest)]
        else:
            pairs = zip(ins, form.in_maps, strict=True)
            arguments = [read(chosen(range, form, access), access, form.trips) for range, access in pairs]
        for value, access in zip(form.params, form.param_maps, strict=True):
            range = chosen(self.tensors[value], form, access)
            arguments.append(on_parallel(read(range, access, form.trips), parallel))
        arguments = [Range.of(a.low, a.high) for a in not_too_many(arguments)]
        result = self._body(form, arguments, ranges)
        shape = shaped_type(form.target).get_shape()
        return written(spread(result, parallel), form.out_map, form.trips, shape)

    def _indices(self, form: StructuredForm) -> None:
        """Find the indices that may leave the dimension which a form holds there."""
        for dim, value, access in zip(form.held_dims, form.indices, form.held_maps, strict=True):
            index = read(self.tensors[value], access, form.trips)
            if not index.within(0, form.sizes[dim] - 1):
                message = f"the index of dimension {dim} leaves [0, {form.sizes[dim] - 1}]"
                self.findings.append(Finding(form, form, message, index, True))

    def _reduction(self, form: ReduceOp, x: Range) -> Combined:
        """A sum over a window in which some element is attained: that one, the others at their least and greatest."""
        combined = reduction(form, x)
        source, known = self._attained.get(form.ins[0], (None, None))
        if source is None or known is None or form.kind.data is not Reduction.SUM or form.zero_point.data != (0,):
            return combined
        if form.held_dims:
            return combined
        if source.domain != form.domain or source.in_maps[0] != form.in_maps[0]:
            return combined
        others = int(np.prod(form.domain.reduction.data)) - 1
        low, high = known.least + others * x.least, known.greatest + others * x.greatest
        return Combined(combined.value.clipped(low, high), combined.partial)

    def _body(self, form: StructuredForm, arguments: list[Range], ranges: FormRanges) -> Range:
        block = form.body.block
        last = block.args[len(block.args) - len(form.tables) :]
        tables: dict[SSAValue, SSAValue] = dict(zip(last, form.tables, strict=True))
        ranges.values.update(zip(block.args, arguments, strict=False))
        extreme: ReduceOp | None = None
        for op in block.ops:
            if isinstance(op, YieldOp):
                break
            found = self._extreme(form, op)
            ranges.values[op.results[0]] = self._scalar(form, op, ranges.values, tables, found is not None)
            extreme = extreme or found
        result = ranges.values[yielded(form)]
        if extreme is not None and form.result is not None and form.in_maps[0] == form.out_map:
            self._attained[form.result] = (extreme, self._at_extreme(form, arguments, tables))
        return result

    def _extreme(self, form: StructuredForm, op: Operation) -> ReduceOp | None:
        """The maximum or minimum from which a difference is taken that is then never negative."""
        if not isinstance(form, MapOp) or not isinstance(op, arith.SubiOp):
            return None
        left, right = argument_of(op.lhs), argument_of(op.rhs)
        return extreme_over(form, left, right, Reduction.MAX) or extreme_over(form, right, left, Reduction.MIN)

    def _at_extreme(self, form: StructuredForm, arguments: list[Range], tables: dict[SSAValue, SSAValue]) -> Range:
        """What a map yields where the element is the extreme itself."""
        values: dict[SSAValue, Range] = dict(zip(form.body.block.args, arguments, strict=False))
        findings = len(self.findings)
        for op in form.body.block.ops:
            if not isinstance(op, YieldOp):
                zero = self._extreme(form, op) is not None
                values[op.results[0]] = Range.of(0, 0) if zero else self._scalar(form, op, values, tables, False)
        del self.findings[findings:]
        return values[yielded(form)]

    def _scalar(
        self,
        form: StructuredForm,
        op: Operation,
        values: dict[SSAValue, Range],
        tables: dict[SSAValue, SSAValue],
        never_negative: bool,
    ) -> Range:
        least, greatest = limits(op.results[0].type)
        try:
            if isinstance(op, LookupOp):
                table = tables[op.table].owner
                index = values[op.index]
                entries = to_numpy(table.value).reshape(-1) if isinstance(table, ConstantOp) else None
                value = Range.of(least, greatest) if entries is None else looked_up(entries, op, index)
            else:
                value = SCALARS[type(op)](op, [values[operand] for operand in op.operands])
        except Leaves as leaves:
            self._find(form, op, str(leaves), leaves.value)
            value = leaves.value
        except KeyError:
            return Range.of(least, greatest)
        if never_negative:
            value = value.clipped(0, greatest)
        if not value.within(least, greatest):
            self._find(form, op, f"a result leaves {op.results[0].type}", value)
        return value.clipped(least, greatest)

    def _find(self, form: StructuredForm, op: Operation, message: str, range: Range) -> None:
        self.findings.append(Finding(form, op, message, range))


def yielded(form: StructuredForm) -> SSAValue:
    """The value that a form's body yields."""
    last = form.body.block.last_op
    assert isinstance(last, YieldOp)
    return last.values[0]


def on_parallel(range: Range, parallel: int) -> Range:
    """A range over the whole domain that uses no reduction dimension, over the parallel domain."""
    return Range(*(end.reshape(end.shape[:parallel]) for end in (range.low, range.high)))


def not_too_many(ranges: list[Range]) -> list[Range]:
    """Ranges that are combined elementwise; their hulls where together they have too many intervals."""
    together = np.broadcast_shapes(*(end.shape for r in ranges for end in (r.low, r.high)))
    return ranges if prod(together) <= LIMIT else [uniform(r, r.low.ndim) for r in ranges]


def spread(range: Range, rank: int) -> Range:
    """The same with both ends of one shape, of this rank."""
    shape = np.broadcast_shapes(range.low.shape, range.high.shape, (1,) * rank)
    return Range(np.broadcast_to(range.low, shape), np.broadcast_to(range.high, shape))


def reshaped(range: Range, old: tuple[int, ...], new: tuple[int, ...]) -> Range:
    """Under another shape: interval by interval where there are not too many, else the hull."""
    if range.low.size == 1 or prod(old) > LIMIT:
        return uniform(range, len(new))
    return Range(*(np.broadcast_to(end, old).reshape(new) for end in (range.low, range.high)))


def joined(ranges: list[Range], sizes: list[int], axis: int) -> Range:
    """Side by side along an axis: interval by interval where there are not too many, else the hull."""
    shapes = [(*r.low.shape[:axis], size, *r.low.shape[axis + 1 :]) for r, size in zip(ranges, sizes, strict=True)]
    if sum(prod(shape) for shape in shapes) > LIMIT:
        least, greatest = min(r.least for r in ranges), max(r.greatest for r in ranges)
        return uniform(Range.of(least, greatest), len(shapes[0]))
    ends: list[Array] = []
    for parts in ([r.low for r in ranges], [r.high for r in ranges]):
        stretched = [
            np.broadcast_to(part, (*part.shape[:axis], size, *part.shape[axis + 1 :]))
            for part, size in zip(parts, sizes, strict=True)
        ]
        others = np.broadcast_shapes(*((*p.shape[:axis], 1, *p.shape[axis + 1 :]) for p in stretched))
        whole = [np.broadcast_to(p, (*others[:axis], p.shape[axis], *others[axis + 1 :])) for p in stretched]
        ends.append(np.concatenate(whole, axis))
    return limited(Range(*ends), ends[0].ndim)


def sliced(range: Range, offsets: tuple[int, ...], sizes: tuple[int, ...]) -> Range:
    """The part of it that begins at the offsets."""
    places = zip(offsets, sizes, range.low.shape, strict=True)
    box = tuple(slice(None) if whole == 1 else slice(start, start + size) for start, size, whole in places)
    return Range(range.low[box], range.high[box])


def is_tensor_function(function: FuncOp) -> bool:
    """True for a function of the level `fixed`: it has ports, and its values are tensors."""
    return "fixed.inputs" in function.attributes and all(
        isinstance(argument.type, TensorType) for argument in function.body.block.args
    )
