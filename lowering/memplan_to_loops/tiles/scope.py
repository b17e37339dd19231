"""What kernels share: loops, affine indices, loads and stores of operands, and the body of a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, i32
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.access import Linear, full_box, linear_map
from ....dialects.fixed.structured import scalar_type, shaped_type
from ....dialects.mcu import Address
from ....dialects.mcu.bytes import STARTS
from ....dialects.mcu.vectors import CopyBlockOp
from ....dialects.mcu.words import AtOp, LoadWordOp, MachineOp
from ....passes.fixed.fold_zero_points import added_bias
from ....passes.memplan.tiling.channels import channel_table, packed_params
from ....passes.memplan.tiling.lifts import Lift, lifted
from ....passes.memplan.tiling.roles import Roles
from ..emit import Emitter, Index, signless
from ..index import Guard
from ..labels import dimension_names
from ..nest import Operands
from ..rows import Rows, one_row
from ..scalars import Values, inline_body

Constant = Callable[[str, NDArray[Any]], SSAValue]
"""The memref of a constant with a name and these elements."""

Point = Mapping[int, Index]
"""A value for each dimension of the domain; 0 for those that are not there."""


class Scope:
    """A form while its kernel is written. Dimensions that the point of a call does not name are 0."""

    def __init__(
        self,
        roles: Roles,
        memory: Operands,
        emit: Emitter,
        constant: Constant,
        from_bias: bool = True,
        shift: int = 0,
        with_table: bool = True,
        starts: Callable[[int | None], NDArray[np.int32]] | None = None,
        lifts: bool = False,
    ):
        self.form, self.memory, self.emit, self.constant = roles.form, memory, emit, constant
        self.bias = added_bias(self.form) if from_bias else None
        """The param that the body adds first, where sums begin with it."""
        self.zero = self.form.zero_points.data[0]
        """The zero point of the data, which padding holds."""
        self.node = self.form.name.rpartition(".")[2] if self.form.node is None else self.form.node.data
        self.lift = Lift.of(roles) if lifts else None
        """What shifts sums, where packed weights and what sums begin with are shifted instead."""
        self.packed = packed_params(roles, self.bias)
        """The params that lie in the table of channels."""
        self.channels: SSAValue | None = None
        """The table of channels, if there is one."""
        self.held: tuple[SSAValue, int] | None = None
        """Where it was copied to, if it was."""
        self.flat: dict[SSAValue, SSAValue] = {}
        """Operands whose elements are numbered in row-major order, as memory of one dimension."""
        if with_table and (starts or self.lift or self.zero + shift or (self.bias is not None and self.packed)):
            begin = roles.start(self.bias, shift) if starts is None else starts(self.bias)
            begin = begin if self.lift is None else lifted(begin.astype(np.int64), self.lift.amounts).astype(np.int32)
            self.channels = constant(f"{self.node}_channels", channel_table(roles, begin, self.packed))
        (self.channel,) = roles.channels or roles.both
        self.names = dimension_names(self.form)

    @property
    def amounts(self) -> NDArray[np.int64] | None:
        """How far packed weights of each channel are shifted, if they are."""
        return None if self.lift is None else self.lift.amounts

    @property
    def bits(self) -> int:
        """The width of packed weights."""
        assert self.form.tile is not None, "kernels are those of tiles"
        return self.form.tile.bits.data

    def index(self, expression: Linear, point: Point) -> Index:
        """The value of an affine expression."""
        total: Index = expression.offset
        for dim, coefficient in enumerate(expression.coefficients):
            if coefficient and dim in point:
                total = self.emit.sum(total, self.emit.scale(point[dim], coefficient))
        return total

    def memref(self, operand: SSAValue) -> SSAValue | Rows:
        """Where an operand is. The data, the output and params with many elements are in memory."""
        storage = self.memory[operand]
        assert isinstance(storage, SSAValue | Rows), "only weights have layouts, and only params are numbers"
        return storage

    def place(self, operand: SSAValue, access: AffineMap, point: Point) -> tuple[SSAValue, list[SSAValue]]:
        """The memref of an operand, or of one of its rows, and the indices of an element there."""
        if operand in self.flat:
            number = flat_index(access, shaped_type(operand).get_shape())
            return self.flat[operand], [self.emit.index(self.index(number, point))]
        storage = self.memref(operand)
        indices = [self.emit.index(self.index(result, point)) for result in linear_map(access)]
        if not isinstance(storage, Rows):
            return storage, indices
        row = storage.view(self.emit, indices[storage.dim])
        indices[storage.dim] = self.emit.index(0)
        return row, indices

    def starts(self, data: Rows, tap: int, taps: tuple[Index, Index], point: Point) -> SSAValue:
        """Write where the rows begin that some taps of a dimension read, from one on so many: a list on the stack."""
        starts, emit = local(self.emit, self.form.sizes[tap], "starts", STARTS), self.emit
        index = linear_map(self.form.in_maps[0])[data.dim]

        def write(number: Index) -> None:
            row = self.index(index, {**point, tap: emit.sum(taps[0], number)})
            self.store(emit.do(arith.IndexCastOp(data.start(emit, row), STARTS)), starts, number)

        self.loop_to(taps[1], self.names[tap], write)
        return starts

    def in_row(self, data: Rows, point: Point) -> Address:
        """An element of the data in the first row of those in the arena."""
        access = flat_index(self.form.in_maps[0], one_row(data.type).get_shape(), data.dim)
        return data.arena, [self.emit.index(self.index(access, point))]

    def flatten(self) -> None:
        """Number the elements of the data, of the output and of the table of channels: no type has their sizes then."""
        for operand in (self.form.ins[0], self.form.target):
            memory = self.memref(operand)
            assert isinstance(memory, SSAValue), "asked: neither lies in rows"
            self.flat[operand] = self.flat_view(memory)
        if self.channels is not None:
            self.held = self.flat_view(self.channels), 0

    def flat_view(self, memory: SSAValue) -> SSAValue:
        """A memref as one of one dimension."""
        assert isinstance(memory.type, MemRefType)
        shape = memory.type.get_shape()
        return self.at(memory, [self.emit.index(0)] * len(shape), prod(shape))

    def load_input(self, point: Point) -> SSAValue:
        """An element of the data as a word."""
        place, indices = self.place(self.form.ins[0], self.form.in_maps[0], point)
        loaded = self.emit.do(memref.LoadOp.get(place, indices))
        return self.emit.convert(loaded, scalar_type(shaped_type(self.form.ins[0]).element_type), i32)

    def load_word(self, point: Point) -> SSAValue:
        """Four bytes of the data."""
        place, indices = self.place(self.form.ins[0], self.form.in_maps[0], point)
        return self.emit.do(LoadWordOp(place, indices), "word")

    def load_param(self, number: int, point: Point) -> SSAValue:
        """An element of a param."""
        if self.channels is not None and number in self.packed:
            return self._of_channel(point, 1 + self.packed.index(number))
        param = self.form.params[number]
        known = self.memory[param]
        if isinstance(known, int):
            return self.emit.constant(known, signless(scalar_type(shaped_type(param).element_type)))
        place, indices = self.place(self.form.params[number], self.form.param_maps[number], point)
        return self.emit.do(memref.LoadOp.get(place, indices))

    def _of_channel(self, point: Point, number: int) -> SSAValue:
        """An entry of the table of channels."""
        assert self.channels is not None
        table, place = self.of_channel(point[self.channel], number)
        return self.emit.do(memref.LoadOp.get(table, place))

    @property
    def channel_words(self) -> int:
        """Words of a row of the table of channels."""
        return 1 + len(self.packed)

    def of_channel(self, channel: Index, number: int) -> Address:
        """Where an entry of the table of channels is."""
        assert self.channels is not None
        if self.held is None:
            return self.channels, [self.emit.index(channel), self.emit.index(number)]
        memory, start = self.held
        return memory, [self.emit.index(self.emit.sum(self.emit.scale(channel, self.channel_words), start + number))]

    def hold_channels(self, memory: SSAValue, start: int) -> None:
        """Copy the table of channels to words of some memory, where it is read from now on."""
        if self.channels is None:
            return
        words, zero = self.form.sizes[self.channel] * self.channel_words, self.emit.index(0)
        target = self.at(memory, [self.emit.index(start)], words)
        self.emit.block.add_op(CopyBlockOp((self.channels, [zero, zero]), [], target, [words]))
        self.held = memory, start

    def start(self, point: Point) -> SSAValue:
        """What a sum begins with: the bias that the body adds, or 0; less what the zero point, as data, adds."""
        if self.channels is not None:
            return self._of_channel(point, 0)
        return self.word(0) if self.bias is None else self.load_param(self.bias, point)

    def finish(self, total: SSAValue, point: Point, near: tuple[SSAValue, int] | None = None) -> None:
        """Apply the body to a sum that began with `start`, and store the result: there, or so far behind a place."""
        emit, body = self.emit, self.form.body.block
        begun = {self.bias, None if self.lift is None else self.lift.param}
        numbers = [n for n in range(len(self.form.params)) if n not in begun]
        values: Values = {body.args[1 + n]: self.load_param(n, point) for n in numbers}
        tables = [table for table in map(self.memref, self.form.tables) if not isinstance(table, Rows)]
        values.update(zip(body.args[1 + len(self.form.params) :], tables, strict=True))
        first = body.first_op
        assert first is not None, "verified: a body yields"
        done = [*([] if self.bias is None else [first]), *([] if self.lift is None else self.lift.ops)]
        values[done[-1].results[0] if done else body.args[0]] = total
        result = inline_body(emit, body, values, done)
        place, indices = self.place(self.form.target, self.form.out_map, point) if near is None else (near[0], [])
        emit.block.add_op(memref.StoreOp.get(result, place, indices or [emit.index(near[1] if near else 0)]))

    def output_at(self, point: Point, counts: Mapping[int, int]) -> tuple[SSAValue, dict[int, int]] | None:
        """The output from a point on, and how far apart neighbours along some dimensions are, so many of them.

        None where they lie in different rows, or backwards.
        """
        storage, sizes = self.memref(self.form.target), shaped_type(self.form.target).get_shape()
        steps = dict.fromkeys(counts, 0)
        for axis, index in enumerate(linear_map(self.form.out_map)):
            for dim in counts:
                if index.coefficients[dim] and isinstance(storage, Rows) and storage.dim == axis:
                    return None
                steps[dim] += index.coefficients[dim] * prod(sizes[axis + 1 :])
        if min(steps.values()) < 0:
            return None
        place, indices = self.place(self.form.target, self.form.out_map, point)
        length = 1 + sum(steps[dim] * (count - 1) for dim, count in counts.items())
        return self.at(place, indices, length), steps

    def at(self, place: SSAValue, indices: Sequence[SSAValue], length: int) -> SSAValue:
        """A memref from an element on."""
        return self.emit.do(AtOp(place, indices, length), "at")

    def word(self, value: int) -> SSAValue:
        """A constant word, as a signed number."""
        return self.emit.constant(value, i32)

    def machine(self, meaning: Callable[..., int], *words: SSAValue, immediates: Sequence[int] = ()) -> SSAValue:
        """A machine operation."""
        return self.emit.do(MachineOp(meaning.__name__, words, immediates))

    def loop(self, count: int, name: str, body: Callable[[Index], None], step: int = 1) -> None:
        """Write a loop from 0 to `count` in steps; only the body where there is one iteration."""
        if count <= step:
            body(0)
            return
        self.loop_to(count, name, body, step)

    def loop_to(self, count: Index, name: str, body: Callable[[Index], None], step: int = 1) -> None:
        """Write a loop from 0 to a number that may be known at run time only."""
        block = Block(arg_types=[IndexType()])
        block.args[0].name_hint = name
        emit = self.emit
        emit.block.add_op(scf.ForOp(emit.index(0), emit.index(count), emit.index(step), [], block))
        with emit.inside(block):
            body(block.args[0])
            block.add_op(scf.YieldOp())

    def loops(self, dims: Sequence[int], names: Sequence[str], body: Callable[[dict[int, Index]], None]) -> None:
        """Loops over some dimensions of the domain."""
        if not dims:
            body({})
            return

        def inner(at: Index) -> None:
            self.loops(dims[1:], names, lambda rest: body({dims[0]: at, **rest}))

        self.loop(self.form.sizes[dims[0]], names[dims[0]], inner)

    def split(self, flat: Index, dims: Sequence[int]) -> dict[int, Index]:
        """The values of dimensions whose row-major number is `flat`."""
        point: dict[int, Index] = {}
        for dim in reversed(dims[1:]):
            size = self.form.sizes[dim]
            point[dim] = self.remainder(flat, size)
            flat = self.emit.divide(flat, size)
        if dims:
            point[dims[0]] = flat
        return point

    def remainder(self, value: Index, size: int) -> Index:
        """`value % size`, of a value that is not negative."""
        if isinstance(value, int):
            return value % size
        return self.emit.do(arith.RemSIOp(value, self.emit.index(size)))

    def guards(self, dims: Sequence[int]) -> list[Guard]:
        """The indices of the data that one of the dimensions moves and that leave the data somewhere."""
        box = full_box(self.form.sizes)
        found: list[Guard] = []
        for result, size in zip(
            linear_map(self.form.in_maps[0]), shaped_type(self.form.ins[0]).get_shape(), strict=True
        ):
            low, high = result.interval(box)
            if (low < 0 or high >= size) and any(result.coefficients[dim] for dim in dims):
                found.append(Guard(result, size, (low, high)))
        return found

    def inside(self, guards: Sequence[Guard], point: Point) -> SSAValue | None:
        """The condition that all these indices are inside the data; None where there is none."""
        found: SSAValue | None = None
        for guard in guards:
            for condition in guard.inside(self.emit, self.index(guard.expression, point)):
                found = condition if found is None else self.emit.do(arith.AndIOp(found, condition))
        return found

    def inside_between(self, guards: Sequence[Guard], ends: Sequence[Point], dims: Sequence[int]) -> SSAValue | None:
        """The condition that all these indices are inside from one point to another, which differ in these dimensions.

        An index that grows with all of them is tested for being too small at the first point, too large at the last.
        """
        found: SSAValue | None = None
        for guard in guards:
            grows = all(guard.expression.coefficients[dim] >= 0 for dim in dims)
            for end, (low, high) in zip(ends, ((True, not grows), (not grows, True)), strict=True):
                for condition in guard.inside(self.emit, self.index(guard.expression, end), low, high):
                    found = condition if found is None else self.emit.do(arith.AndIOp(found, condition))
        return found

    def choose(self, condition: SSAValue | None, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Write a conditional; only the first branch where there is no condition."""
        if condition is None:
            then()
            return
        blocks = [Block(), Block()]
        for block, body in zip(blocks, (then, otherwise), strict=True):
            with self.emit.inside(block):
                body()
                block.add_op(scf.YieldOp())
        self.emit.block.add_op(scf.IfOp(condition, [], Region(blocks[0]), Region(blocks[1])))

    def value_or(self, other: int, condition: SSAValue | None, value: Callable[[], SSAValue]) -> SSAValue:
        """A word where the condition holds, else another, known one."""
        if condition is None:
            return value()
        blocks = [Block(), Block()]
        for block, body in zip(blocks, (value, lambda: self.word(other)), strict=True):
            with self.emit.inside(block):
                block.add_op(scf.YieldOp(body()))
        choice = scf.IfOp(condition, [i32], Region(blocks[0]), Region(blocks[1]))
        self.emit.block.add_op(choice)
        return choice.results[0]

    def store(self, value: SSAValue, memory: SSAValue, index: Index) -> None:
        """Store into memory of one dimension."""
        self.emit.block.add_op(memref.StoreOp.get(value, memory, [self.emit.index(index)]))


def flat_index(access: AffineMap, shape: Sequence[int], row: int | None = None) -> Linear:
    """The row-major number of the element that a point of the domain accesses; in a `row` along an axis, its own."""
    strides = [0 if axis == row else prod(shape[axis + 1 :]) for axis in range(len(shape))]
    results = linear_map(access)
    steps = [
        sum(r.coefficients[dim] * by for r, by in zip(results, strides, strict=True)) for dim in range(access.num_dims)
    ]
    return Linear(tuple(steps), sum(r.offset * by for r, by in zip(results, strides, strict=True)))


def local(emit: Emitter, count: int, name: str, type: IntegerType = i32) -> SSAValue:
    """Some words, or other integers, on the stack."""
    return emit.do(memref.AllocaOp.get(type, shape=[count]), name)
