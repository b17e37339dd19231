"""`fixed.scan` to `memplan.loop`: where states, slices and stacked outputs lie, and what copies them.

A state has one buffer, which holds it from its start to the last round. The form that computes its next value writes
there at once where nothing reads the old value later and the form itself has read each element before it overwrites it;
else the next value is copied there at the end of the round. Slices are read where they lie, and a round's part of a
stacked output is written where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, Operation, Region, SSAValue

from ...dialects.dense import from_numpy, to_numpy
from ...dialects.fixed import ConcatOp, ConstantOp, NextOp, ReshapeOp, ScanOp, SliceOp
from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan import FLASH, WHOLE, BufferOp, LoopOp, forms_of, size_in_bytes
from ...dialects.memplan.liveness import root_of
from ...passes.memplan.lifetimes.distance import safe_distance
from .joined_places import base_of, is_written, join
from .places import Place, Turn, whole

if TYPE_CHECKING:
    from .convert import Conversion


class Rounds:
    """The conversion of one scan, inside that of its function."""

    def __init__(self, scan: ScanOp, conversion: Conversion):
        self.scan, self.conversion = scan, conversion
        self.level = len(conversion.trips)
        self.name = scan.node.data if scan.node is not None else "scan"
        self.block = Block()
        self.states = [self._state(number) for number in range(len(scan.states))]
        self.stacks = {number: self._stack(number) for number, value in enumerate(scan.stacked) if value.first_use}

    def convert(self) -> None:
        """Append the loop, and what fills the states before it."""
        scan, conversion = self.scan, self.conversion
        for value, argument, state in zip(scan.states, scan.state_arguments, self.states, strict=True):
            self._start(value, state)
            conversion.places[argument] = state
        for number, (value, argument) in enumerate(zip(scan.ins, scan.slice_arguments, strict=True)):
            turn = self._turn(scan.in_reversed.data[number])
            conversion.places[argument] = conversion.places[value].slice(scan.in_axes.data[number], turn)
        with conversion.within(scan.body.block, self.block, scan.trips):
            self._round()
        along = [self._along(form) for form in every_form(self.block)]
        if along:
            node = None if scan.node is None else scan.node.data
            conversion.steps.add_op(LoopOp(scan.trips, along, Region(self.block), node))
        for value, state in zip(scan.last_states, self.states, strict=True):
            conversion.places[value] = state

    def _round(self) -> None:
        """Convert the body, and copy what the next round and the stacked outputs still need."""
        scan, conversion, end = self.scan, self.conversion, self.scan.end
        for value, state in zip(end.states, self.states, strict=True):
            if (
                is_computed_in(value, scan)
                and base_of(value) not in conversion.in_place
                and not self._is_read_late(value)
            ):
                conversion.in_place[base_of(value)] = state
                self._use_between(value, state)
        shifted = {value: state for value, state in zip(end.states, self.states, strict=True) if self._is_shift(value)}
        for value, state in shifted.items():
            conversion.in_place.setdefault(value, state)
        for number, stack in self.stacks.items():
            value = end.outs[number]
            base = base_of(value)
            taken = base in conversion.in_place or base in conversion.destinations
            if is_made_in(value, scan) and not taken and (base is value or stack.is_stack):
                conversion.destinations[base] = stack
        taken = {*conversion.destinations, *conversion.in_place}
        parts = join(scan.body.block, taken)
        conversion.parts.update({value: part for value, part in parts.items() if part.whole.result not in shifted})
        for op in scan.body.block.ops:
            if not isinstance(op, NextOp):
                conversion.convert_op(op)
        for number, stack in self.stacks.items():
            value = end.outs[number]
            if not lies_in(conversion.places[value], stack):
                conversion.copy(conversion.places[value], stack, f"{self.name}.out{number}")
        self._copy_states()

    def _copy_states(self) -> None:
        """Copy the next states that were not written where they belong; none is overwritten before it is copied."""
        conversion = self.conversion
        pairs = zip(self.scan.end.states, self.states, strict=True)
        waiting = [(conversion.places[value], state) for value, state in pairs]
        waiting = [(source, state) for source, state in waiting if not lies_in(source, state)]
        while waiting:
            free = [pair for pair in waiting if all(not same_root(source, pair[1]) for source, _ in waiting)]
            source, state = free[0] if free else waiting[0]
            node = f"{self.name}.next{self.states.index(state)}"
            waiting.remove((source, state))
            conversion.copy(source, state, node) if free else waiting.append((self._aside(source, node), state))

    def _aside(self, source: Place, node: str) -> Place:
        """A copy of a state that others are about to overwrite."""
        type = MemRefType(source.type.element_type, source.shape)
        buffer = whole(self.conversion.define(BufferOp(type, f"{node}.aside")))
        self.conversion.copy(source, buffer, f"{node}.aside")
        return buffer

    def _is_read_late(self, value: SSAValue) -> bool:
        """Whether a later op of the body reads the state whose next value this is, or hands it on."""
        state = self.scan.state_arguments[list(self.scan.end.states).index(value)]
        old = set(views_of(state, self.scan))
        owner = base_of(value).owner
        assert isinstance(owner, Operation)
        following = owner.next_op
        while following is not None:
            if any(used in old and following not in moves_of(old) for used in operands_of(following)):
                return True
            following = following.next_op
        return False

    def _is_shift(self, value: SSAValue) -> bool:
        """Whether a next state is a delay line: the end of the old one, and behind it what nothing old is part of.

        Its parts are copied in their order, so that each element moves to a lower address before others take its place.
        """
        concat, end = value.owner, self.scan.end
        if not isinstance(concat, ConcatOp) or concat.parent is not self.scan.body.block:
            return False
        state = self.scan.state_arguments[list(end.states).index(value)]
        old = set(views_of(state, self.scan))
        first, *rest = concat.parts
        moved = isinstance(first.owner, SliceOp) and first.owner.source is state
        only = len([other for other in end.states if other is value]) == 1
        return moved and only and not old.intersection(rest) and not self._is_read_late(value)

    def _use_between(self, value: SSAValue, state: Place) -> None:
        """Let the last reader of the old state write over it, too, where its result is gone with the next state."""
        scan, conversion = self.scan, self.conversion
        old = set(views_of(scan.state_arguments[self.states.index(state)], scan))
        writer = base_of(value).owner
        assert isinstance(writer, Operation)
        reader = writer.prev_op if not old.intersection(operands_of(writer)) else None
        while reader is not None and not old.intersection(operands_of(reader)):
            reader = reader.prev_op
        if not isinstance(reader, StructuredForm) or reader.result is None:
            return
        result = reader.result
        users = [use.operation for use in result.uses]
        same = size_in_bytes(conversion.memref_of(result)) == size_in_bytes(state.type)
        near = all(user.parent is writer.parent and not writer.is_before_in_block(user) for user in users)
        if same and near and all(isinstance(user, StructuredForm) for user in users):
            conversion.in_place.setdefault(result, state)

    def _start(self, value: SSAValue, state: Place) -> None:
        """Fill a state. A constant of equal elements takes the flash of one."""
        node = f"{self.name}.init{self.states.index(state)}"
        place, constant = self.conversion.places[value], value.owner
        if lies_in(place, state):
            return
        if isinstance(constant, ConstantOp):
            elements = to_numpy(constant.value)
            if elements.size > 1 and (elements == elements.flat[0]).all():
                one = from_numpy(elements.reshape(-1)[:1].reshape((1,) * elements.ndim))
                type = MemRefType(state.type.element_type, (1,) * elements.ndim, memory_space=FLASH)
                if isinstance(place.memref.owner, ConstantOp):
                    self.conversion.spare.add(place.memref.owner)
                place = whole(self.conversion.define(ConstantOp(one, type)))
        self.conversion.copy(place, state, node)

    def _along(self, form: StructuredForm) -> int:
        """The dimension of a form that this loop holds."""
        levels = self.conversion.levels[form]
        return levels.index(self.level) if self.level in levels else WHOLE

    def _turn(self, is_reversed: int) -> Turn:
        return Turn(self.level, self.scan.trips - 1, -1) if is_reversed else Turn(self.level, 0, 1)

    def _stack(self, number: int) -> Place:
        """Where a round writes its part of a stacked output."""
        scan = self.scan
        place = self.conversion.destination(scan.stacked[number], scan.node)
        return place.slice(scan.out_axes.data[number], self._turn(scan.out_reversed.data[number]))

    def _state(self, number: int) -> Place:
        """The buffer of a state: the one that its first value was written into, where nothing else uses that."""
        conversion, value = self.conversion, self.scan.states[number]
        place = conversion.places[value]
        alone = len(list(value.uses)) == 1 and is_written(value) and value not in conversion.parts
        here = isinstance(value.owner, Operation) and value.owner.parent is self.scan.parent
        if alone and here and place.is_whole and isinstance(place.memref.owner, BufferOp):
            return place
        return whole(conversion.define(BufferOp(conversion.memref_of(value), f"{self.name}_state")))


def is_settled(form: StructuredForm, state: Place, levels: Sequence[int]) -> bool:
    """Whether a form that writes a state has read each of its elements before that.

    Rounds hold the first dimensions of its domain, one for each of `levels`.
    """
    root = root_of(state.memref)
    if any(root_of(table) is root for table in form.tables):
        return False
    reads = [number for number, value in enumerate((*form.ins, *form.params, *form.indices)) if root_of(value) is root]
    if len(levels) > 1 and reads:
        return False
    return all(safe_distance(form, number, 0 if levels else None) == 0 for number in reads)


def lies_in(source: Place, target: Place) -> bool:
    """True where what a place holds is in the other place already, in the same order."""
    if not same_root(source, target):
        return False
    turns = [[turn for _, turn in place.turns] for place in (source, target)]
    return source == target or (turns[0] == turns[1] and source.is_stack and target.is_stack)


def same_root(one: Place, other: Place) -> bool:
    """True for places in the same storage."""
    return root_of(one.memref) is root_of(other.memref)


def is_made_in(value: SSAValue, scan: ScanOp) -> bool:
    """True for what a form or a concatenation in the body of a scan computes."""
    owner = base_of(value).owner
    return isinstance(owner, StructuredForm | ConcatOp) and owner.parent is scan.body.block


def is_computed_in(value: SSAValue, scan: ScanOp) -> bool:
    """True for what a form in the body of a scan computes."""
    owner = base_of(value).owner
    return isinstance(owner, StructuredForm) and owner.parent is scan.body.block


def views_of(state: SSAValue, scan: ScanOp) -> Iterator[SSAValue]:
    """A state of a scan, and what is read where it lies: reshapes and slices of it."""
    waiting = [state]
    while waiting:
        value = waiting.pop()
        yield value
        users = [use.operation for use in value.uses]
        waiting += [user.result for user in users if isinstance(user, ReshapeOp | SliceOp)]


def moves_of(values: set[SSAValue]) -> set[Operation]:
    """The ops that make such views: they read nothing."""
    return {value.owner for value in values if isinstance(value.owner, ReshapeOp | SliceOp)}


def operands_of(op: Operation) -> Iterator[SSAValue]:
    """What an op reads, in its region too."""
    yield from op.operands
    if isinstance(op, ScanOp):
        yield from op.captured


def every_form(block: Block) -> Iterator[StructuredForm]:
    """The forms in the block of a loop and in the loops inside, in the order of the text."""
    for op in block.ops:
        if isinstance(op, StructuredForm):
            yield op
        elif isinstance(op, LoopOp):
            yield from forms_of(op)
