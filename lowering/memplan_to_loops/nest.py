"""The loop nest of a structured form: one builder for all forms.

Parallel loops, then the reduction with its carried values, then the body and the store:

    for each parallel dimension:
      acc = initial
      for each reduction dimension: acc = accumulate(acc, elements)
      store(body(acc, params, tables))

Dimensions of size 1 get no loop. Nor do dimensions that no access uses, except where repeating an
element counts (sums).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, StringAttr, i8, i64
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, linear_map
from ...dialects.errors import UserError
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.layout import Encoding
from ...dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ...dialects.fixed.walks import Walk, walk_of
from ...dialects.machine import multiply_add_24
from ...dialects.mcu import LABEL, LANES, form_lanes
from ...dialects.mcu.bytes import SparseBlockOp
from .combine import Combination, SumOfProducts, combination
from .emit import Emitter, Index, is_unsigned, signless
from .encoded import Encoded, Order, RowWriter, order_of
from .index import Indices, Style, Window, depth, prefix, split_padding
from .labels import dimension_names
from .rows import Rows
from .scalars import inline_body

Carried = list[SSAValue]


Storage = SSAValue | Rows | Encoded | int
"""Where an operand is: a signless memref, rows that lie apart, bytes under a layout; or the number that it is."""

Operands = Mapping[SSAValue, Storage]


def build_nest(
    form: StructuredForm,
    memory: Operands,
    emit: Emitter,
    style: Style,
    label: str,
    held: Mapping[int, SSAValue] | None = None,
) -> None:
    """Write the loops of `form`; `held` are dimensions and the values that they are held at: then one slice is written.

    The slices along a reduction dimension accumulate in the destination.
    """
    Nest(form, memory, emit, style, label, held or {}).build()


class Nest:
    """The state of one nest while it is written."""

    def __init__(
        self,
        form: StructuredForm,
        memory: Operands,
        emit: Emitter,
        style: Style,
        label: str,
        held: Mapping[int, SSAValue],
    ):
        self.form, self.memory, self.emit, self.label, self.held = form, memory, emit, label, held
        self.parallel = len(form.domain.parallel.data)
        self.names = dimension_names(form)
        self.combination = combination(form, emit, style.word_bits)
        self.sizes = self._trip_counts()
        self.lanes = form_lanes(form)
        self.ins = [self._expressions(access) for access in form.in_maps]
        self.params = [self._expressions(access) for access in form.param_maps]
        self.out = self._expressions(form.out_map)
        places = [self._expressions(access) for access in form.held_maps]
        self.at = dict(zip(form.held_dims, zip(form.indices, places, strict=True), strict=True))
        self.position = self._row_major_position()
        self.walk = self._walk(style)
        padded = [
            (expression, size)
            for operand, expressions in zip(form.ins, self.ins, strict=True)
            for expression, size in zip(expressions, shaped_type(operand).get_shape(), strict=True)
        ]
        self.windows, self.guards = split_padding(padded, self.sizes, self.parallel, style.padding)
        self.indices = Indices(
            emit,
            [
                e
                for group in (*self.ins, *self.params, self.out, *places, [self.position], self._first_row())
                for e in group
            ],
        )
        self.rows = self._rows()
        self.views: dict[tuple[SSAValue, Linear], SSAValue] = {}
        self.bounds: dict[Window, tuple[Index, Index]] = {}
        self.inside: SSAValue | None = None

    def _trip_counts(self) -> tuple[int, ...]:
        """Sizes of the loops; 1 where a dimension needs none."""
        accesses = [*(access.data for access in self.form.maps), *self.form.held_maps]
        used = [index.coefficients for access in accesses for index in linear_map(access)]
        counts = isinstance(self.combination, SumOfProducts)
        return tuple(
            size if any(c[dim] for c in used) or (counts and dim >= self.parallel) else 1
            for dim, size in enumerate(self.form.sizes)
        )

    def _expressions(self, access: AffineMap) -> list[Linear]:
        """The indices of an access, over the dimensions that have loops."""
        return [self._without_trivial(index) for index in linear_map(access)]

    def _without_trivial(self, index: Linear) -> Linear:
        pairs = zip(index.coefficients, self.sizes, strict=True)
        return Linear(tuple(c if size > 1 else 0 for c, size in pairs), index.offset)

    def _rows(self) -> list[tuple[SSAValue, Linear]]:
        """The rows that are known to exist as soon as the loops that number them are open: operand and row index."""
        tested = {guard.expression for guard in self.guards}
        accesses = [
            *zip(self.form.ins, self.ins, strict=True),
            *zip(self.form.params, self.params, strict=True),
            (self.form.target, self.out),
        ]
        rows: list[tuple[SSAValue, Linear]] = []
        for operand, indices in accesses:
            storage = self.memory[operand]
            if isinstance(storage, Rows) and indices[storage.dim] not in tested:
                rows.append((operand, indices[storage.dim]))
        return list(dict.fromkeys(rows))

    def _row_major_position(self) -> Linear:
        """The position in the reduction domain, where the combination asks for it (argmax)."""
        strides = [0] * len(self.sizes)
        if self.combination is not None and self.combination.uses_position:
            stride = 1
            for dim in reversed(range(self.parallel, len(self.sizes))):
                strides[dim] = stride
                stride *= self.form.sizes[dim]
        return self._without_trivial(Linear(tuple(strides), 0))

    def _walk(self, style: Style) -> EncodedWalk | None:
        """How the form runs through an operand that is stored under a layout, where there is one.

        Raises UserError where it reads such an operand in another way.
        """
        encoded = [(value, s) for value in self.form.operands if isinstance(s := self.memory.get(value), Encoded)]
        if not encoded:
            return None
        value, storage = encoded[0]
        walk, held = walk_of(self.form, value), {*self.held, *self.at}
        if walk is None or len(encoded) > 1 or walk.dim in held or walk.axis != storage.axis:
            raise UserError(
                f"convert-memplan-to-loops: '{self.label}' does not read its constant of layout {storage.encoding} "
                "from the first element to the last along that axis: remove the layout, or let memplan-choose-layouts "
                "choose it"
            )
        order = order_of(self._without_trivial(walk.row), self.sizes, self.parallel, held)
        block = self._row_block if self._has_row_block(walk, storage, style) else None
        writer = RowWriter(self.emit, storage, self.sizes[walk.dim], self._accumulate_at, block)
        return EncodedWalk(value, walk, order, writer)

    def _first_row(self) -> list[Linear]:
        """The numbers of rows from which a walk starts."""
        return [] if self.walk is None else [self.walk.order.first]

    def build(self) -> None:
        """Write the whole nest."""
        self._settle(0)
        self._parallel(0, [])

    def _settle(self, loops: int) -> None:
        """Compute the bounds and conditions that are known once the first `loops` loops are open."""
        for window in self.windows:
            if depth(window.base) == loops:
                base = self.indices.value(window.base)
                upper = window.upper(self.emit, base, self.sizes[window.dim])
                self.bounds[window] = window.lower(self.emit, base), upper
        for guard in self.guards:
            if depth(guard.expression) == loops:
                self._require(guard.inside(self.emit, self.indices.value(guard.expression)))
        for operand, row in self.rows:
            if depth(row) == loops:
                self.views[operand, row] = self._row(operand, row)

    def _require(self, conditions: Sequence[SSAValue]) -> None:
        """Accumulate only where these hold too."""
        for condition in conditions:
            inside = self.inside
            self.inside = condition if inside is None else self.emit.do(arith.AndIOp(inside, condition))

    def _parallel(self, dim: int, carried: Carried) -> Carried:
        """The parallel loops from `dim` on; they carry the position in an operand that is stored under a layout."""
        if self.walk is not None and dim == self.walk.order.loop:
            carried = [self.walk.writer.start(self.walk.order, self.indices.value)]
        if dim == self.parallel:
            carried = self._element(carried)
        else:
            carried = self._loop(dim, carried, lambda values: self._parallel(dim + 1, values), ("at",))
        return [] if self.walk is not None and dim == self.walk.order.loop else carried

    def _loop(
        self,
        dim: int,
        carried: Carried,
        body: Callable[[Carried], Carried],
        hints: Sequence[str] = ("acc", "at"),
        step: int = 1,
    ) -> Carried:
        """Write a loop over a dimension around what `body` writes; only the body where there is one iteration."""
        if self.sizes[dim] == 1:
            return body(carried)
        if dim in self.at or dim in self.held:
            self.indices.enter(dim, self._index(dim))
            self._settle(dim + 1)
            return body(carried)
        lower, upper = self._loop_bounds(dim)
        block = Block(arg_types=[IndexType(), *(value.type for value in carried)])
        for argument, hint in zip(block.args, (self.names[dim], *hints), strict=False):
            argument.name_hint = hint
        loop = scf.ForOp(self.emit.index(lower), self.emit.index(upper), self.emit.index(step), carried, block)
        loop.attributes[LABEL] = StringAttr(f"{self.label}_{self.names[dim]}")
        if self.lanes[dim] > 1:
            loop.attributes[LANES] = IntegerAttr(self.lanes[dim], i64)
        self.emit.block.add_op(loop)
        with self.emit.inside(block):
            self.indices.enter(dim, block.args[0])
            self._settle(dim + 1)
            block.add_op(scf.YieldOp(*body(list(block.args[1:]))))
        return list(loop.results)

    def _index(self, dim: int) -> SSAValue:
        """The value that a dimension is held at: of the slice, or an element of an index tensor."""
        if dim in self.held:
            return self.held[dim]
        operand, expressions = self.at[dim]
        (value,) = self._load([operand], [expressions])
        storage = scalar_type(shaped_type(operand).element_type)
        if is_unsigned(storage):
            value = self.emit.convert(value, storage, IntegerType(2 * storage.width.data))
        return self.emit.do(arith.IndexCastOp(value, IndexType()), self.names[dim])

    def _loop_bounds(self, dim: int) -> tuple[Index, Index]:
        lower: Index = 0
        upper: Index = self.sizes[dim]
        for window, (first, last) in self.bounds.items():
            if window.dim == dim:
                lower = first if lower == 0 else self.emit.maximum(lower, first)
                upper = last if upper == self.sizes[dim] else self.emit.minimum(upper, last)
        return lower, upper

    def _element(self, position: Carried) -> Carried:
        """One point of the parallel domain: combine, apply the body, store; `position` is that of a walk."""
        if self.combination is None:
            heads = self._load(self.form.ins, self.ins)
        elif self.walk is not None:
            sums, end = self.walk.writer.row(position[0], self._start(self.combination))
            heads, position = [self.combination.result(sums)], [end]
        else:
            heads = [self.combination.result(self._reduce(self.parallel, self._start(self.combination)))]
        params = self._load(self.form.params, self.params)
        tables = [table for table in map(self.memory.__getitem__, self.form.tables) if isinstance(table, SSAValue)]
        body = self.form.body.block
        arguments: list[SSAValue] = [*heads, *params, *tables]
        result = inline_body(self.emit, body, dict(zip(body.args, arguments, strict=True)))
        place, indices = self._place(self.form.target, self.out)
        self.emit.block.add_op(memref.StoreOp.get(result, place, indices))
        return position

    def _start(self, combination: Combination) -> Carried:
        """What the reduction starts with: in slices along a reduction dimension, what the slices before have left."""
        initial = combination.initial()
        slices = [value for dim, value in self.held.items() if dim >= self.parallel]
        if not slices:
            return initial
        place, indices = self._place(self.form.target, self.out)
        (first,) = initial
        is_first = self.emit.do(arith.CmpiOp(slices[0], self.emit.index(0), "eq"))
        return [self.emit.do(arith.SelectOp(is_first, first, self.emit.do(memref.LoadOp.get(place, indices))))]

    def _reduce(self, dim: int, carried: Carried) -> Carried:
        if dim < len(self.sizes):
            if self._goes_in_pairs(dim):
                return self._loop(dim, carried, lambda values: self._accumulate_pair(dim, values), step=2)
            return self._loop(dim, carried, lambda values: self._reduce(dim + 1, values))
        return self._accumulate(carried) if self.inside is None else self._guarded(self.inside, carried)

    def _guarded(self, inside: SSAValue, carried: Carried) -> Carried:
        """Accumulate only where the condition holds."""
        accumulate = Block()
        with self.emit.inside(accumulate):
            accumulate.add_op(scf.YieldOp(*self._accumulate(carried)))
        keep = Region(Block([scf.YieldOp(*carried)]))
        choice = scf.IfOp(inside, [value.type for value in carried], Region(accumulate), keep)
        self.emit.block.add_op(choice)
        return list(choice.results)

    def _accumulate(self, carried: Carried) -> Carried:
        assert self.combination is not None, "only a combination carries values"
        elements = self._load(self.form.ins, self.ins)
        return self.combination.accumulate(elements, self.indices.value(self.position), carried)

    def _goes_in_pairs(self, dim: int) -> bool:
        """Whether two points at a time of an innermost loop are added up: an even number, none of them padding."""
        combination = self.combination
        if not isinstance(combination, SumOfProducts) or not combination.pairs or self.sizes[dim] % 2 or self.guards:
            return False
        if any(size > 1 for size in self.sizes[dim + 1 :]) or dim in self.at or dim in self.held:
            return False
        if any(window.dim == dim for window in self.windows):
            return False
        stores = ((self.memory[v], indices) for v, indices in zip(self.form.ins, self.ins, strict=True))
        return not any(isinstance(s, Rows) and indices[s.dim].coefficients[dim] for s, indices in stores)

    def _accumulate_pair(self, dim: int, carried: Carried) -> Carried:
        """Two points that follow each other along a dimension."""
        assert isinstance(self.combination, SumOfProducts)
        first = self._load(self.form.ins, self.ins)
        second = self._load(
            self.form.ins, self.ins, lambda e: self.emit.add(self.indices.value(e), e.coefficients[dim])
        )
        return self.combination.accumulate_pair(first, second, carried)

    def _accumulate_at(self, k: Index, weight: SSAValue, carried: Carried) -> Carried:
        """Accumulate with the element `weight` of an encoded operand, at `k` along the dimension that it counts."""
        walk, combination = self.walk, self.combination
        assert walk is not None and combination is not None
        dim = walk.walk.dim

        def value(expression: Linear) -> Index:
            before = self.indices.value(prefix(expression, dim))
            step = expression.coefficients[dim]
            return self.emit.sum(before, self.emit.scale(k, step)) if step else before

        others = zip(self.form.ins, self.ins, strict=True)
        elements = [weight if v is walk.value else self._load([v], [index], value)[0] for v, index in others]
        return combination.accumulate(elements, 0, carried)

    def _has_row_block(self, walk: Walk, storage: Encoded, style: Style) -> bool:
        """Whether machine operations sum a row at once: bytes one after the other, and sums of 24 bits."""
        form = self.form
        if not isinstance(form, ContractOp) or form.acc != IntegerType(24) or any(form.zero_points.data):
            return False
        (number,) = {0, 1} - {walk.operand}
        data = form.ins[number]
        place, type = self.memory[data], shaped_type(data)
        shape = type.get_shape()
        strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
        step = sum(e.coefficients[walk.dim] * s for e, s in zip(self.ins[number], strides, strict=True))
        return (
            multiply_add_24.__name__ in style.operations
            and storage.encoding in (Encoding.DELTA4, Encoding.DELTA8)
            and storage.rows.count_bytes == 1
            and (storage.element, scalar_type(type.element_type)) == (i8, i8)
            and isinstance(place, SSAValue)
            and step == 1
        )

    def _row_block(self, at: SSAValue, count: SSAValue, carried: Carried) -> Carried:
        """All entries of a row by one block of machine operations."""
        assert self.walk is not None
        walk, storage = self.walk.walk, self.memory[self.walk.value]
        assert isinstance(storage, Encoded), "checked: a walk is through an encoded operand"
        (number,) = {0, 1} - {walk.operand}
        place = self._place(self.form.ins[number], self.ins[number], lambda e: self.indices.value(prefix(e, walk.dim)))
        return [self.emit.do(SparseBlockOp(str(storage.encoding), storage.data, at, place, count, carried[0]))]

    def _load(
        self,
        operands: Sequence[SSAValue],
        expressions: Sequence[Sequence[Linear]],
        value: Callable[[Linear], Index] | None = None,
    ) -> list[SSAValue]:
        """An element of each operand, at expressions that `value` computes (by default from the loops' variables)."""
        return [
            self._element_of(operand, indices, value or self.indices.value)
            for operand, indices in zip(operands, expressions, strict=True)
        ]

    def _element_of(
        self, operand: SSAValue, expressions: Sequence[Linear], value: Callable[[Linear], Index]
    ) -> SSAValue:
        storage = self.memory[operand]
        if isinstance(storage, int):
            return self.emit.constant(storage, signless(scalar_type(shaped_type(operand).element_type)))
        place, indices = self._place(operand, expressions, value)
        return self.emit.do(memref.LoadOp.get(place, indices))

    def _place(
        self, operand: SSAValue, expressions: Sequence[Linear], value: Callable[[Linear], Index] | None = None
    ) -> tuple[SSAValue, list[SSAValue]]:
        """The memref of an operand, or of one of its rows, and the indices of an element there."""
        storage, value = self.memory[operand], value or self.indices.value
        indices = [self.emit.index(value(expression)) for expression in expressions]
        if isinstance(storage, SSAValue):
            return storage, indices
        assert isinstance(storage, Rows)
        row = expressions[storage.dim]
        view = self.views.get((operand, row))
        indices[storage.dim] = self.emit.index(0)
        return storage.view(self.emit, value(row)) if view is None else view, indices

    def _row(self, operand: SSAValue, row: Linear) -> SSAValue:
        storage = self.memory[operand]
        assert isinstance(storage, Rows)
        return storage.view(self.emit, self.indices.value(row))


@dataclass(frozen=True)
class EncodedWalk:
    """A form's walk through the operand `value`, in an order of its rows."""

    value: SSAValue
    walk: Walk
    order: Order
    writer: RowWriter
