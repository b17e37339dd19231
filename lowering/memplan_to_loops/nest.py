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

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, StringAttr
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, linear_map
from ...dialects.fixed.forms import StructuredForm, scalar_type, shaped_type
from ...dialects.mcu import LABEL
from .combine import Combination, SumOfProducts, combination
from .emit import Emitter, Index, is_unsigned
from .index import Indices, Style, Window, depth, split_padding
from .labels import dimension_names
from .rows import Rows
from .scalars import inline_body

Carried = list[SSAValue]


Operands = Mapping[SSAValue, SSAValue | Rows]
"""Where the operands of a form are: a signless memref each, or rows that lie apart."""


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
        self.ins = [self._expressions(access) for access in form.in_maps]
        self.params = [self._expressions(access) for access in form.param_maps]
        self.out = self._expressions(form.out_map)
        places = [self._expressions(access) for access in form.held_maps]
        self.at = dict(zip(form.held_dims, zip(form.indices, places, strict=True), strict=True))
        self.position = self._row_major_position()
        padded = [
            (expression, size)
            for operand, expressions in zip(form.ins, self.ins, strict=True)
            for expression, size in zip(expressions, shaped_type(operand).get_shape(), strict=True)
        ]
        self.windows, self.guards = split_padding(padded, self.sizes, self.parallel, style.padding)
        self.indices = Indices(
            emit, [e for group in (*self.ins, *self.params, self.out, *places, [self.position]) for e in group]
        )
        self.rows = self._rows()
        self.views: dict[tuple[SSAValue, Linear], SSAValue] = {}
        self.bounds: dict[Window, tuple[Index, Index]] = {}
        self.inside: SSAValue | None = None

    def _trip_counts(self) -> tuple[int, ...]:
        """Sizes of the loops; 1 where a dimension needs none."""
        used = [index.coefficients for access in self.form.maps for index in linear_map(access.data)]
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

    def build(self) -> None:
        """Write the whole nest."""
        self._settle(0)
        self._parallel(0)

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

    def _parallel(self, dim: int) -> None:
        if dim == self.parallel:
            self._element()
        else:
            self._loop(dim, [], lambda _: self._parallel(dim + 1))

    def _loop(self, dim: int, carried: Carried, body: Callable[[Carried], Carried | None]) -> Carried:
        """Write a loop over a dimension around what `body` writes; only the body where there is one iteration."""
        if self.sizes[dim] == 1:
            return body(carried) or []
        if dim in self.at or dim in self.held:
            self.indices.enter(dim, self._index(dim))
            self._settle(dim + 1)
            return body(carried) or []
        lower, upper = self._loop_bounds(dim)
        block = Block(arg_types=[IndexType(), *(value.type for value in carried)])
        for argument, hint in zip(block.args, (self.names[dim], "acc", "at"), strict=False):
            argument.name_hint = hint
        loop = scf.ForOp(self.emit.index(lower), self.emit.index(upper), self.emit.index(1), carried, block)
        loop.attributes[LABEL] = StringAttr(f"{self.label}_{self.names[dim]}")
        self.emit.block.add_op(loop)
        with self.emit.inside(block):
            self.indices.enter(dim, block.args[0])
            self._settle(dim + 1)
            block.add_op(scf.YieldOp(*(body(list(block.args[1:])) or [])))
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

    def _element(self) -> None:
        """One point of the parallel domain: combine, apply the body, store."""
        if self.combination is None:
            heads = self._load(self.form.ins, self.ins)
        else:
            heads = [self.combination.result(self._reduce(self.parallel, self._start(self.combination)))]
        params = self._load(self.form.params, self.params)
        tables = [table for table in map(self.memory.__getitem__, self.form.tables) if not isinstance(table, Rows)]
        body = self.form.body.block
        arguments: list[SSAValue] = [*heads, *params, *tables]
        result = inline_body(self.emit, body, dict(zip(body.args, arguments, strict=True)))
        place, indices = self._place(self.form.target, self.out)
        self.emit.block.add_op(memref.StoreOp.get(result, place, indices))

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

    def _load(self, operands: Sequence[SSAValue], expressions: Sequence[Sequence[Linear]]) -> list[SSAValue]:
        places = [self._place(operand, indices) for operand, indices in zip(operands, expressions, strict=True)]
        return [self.emit.do(memref.LoadOp.get(place, indices)) for place, indices in places]

    def _place(self, operand: SSAValue, expressions: Sequence[Linear]) -> tuple[SSAValue, list[SSAValue]]:
        """The memref of an operand, or of one of its rows, and the indices of an element there."""
        storage = self.memory[operand]
        indices = [self.emit.index(self.indices.value(expression)) for expression in expressions]
        if not isinstance(storage, Rows):
            return storage, indices
        row = expressions[storage.dim]
        view = self.views.get((operand, row))
        indices[storage.dim] = self.emit.index(0)
        return self._row(operand, row) if view is None else view, indices

    def _row(self, operand: SSAValue, row: Linear) -> SSAValue:
        storage = self.memory[operand]
        assert isinstance(storage, Rows)
        return storage.view(self.emit, self.indices.value(row))
