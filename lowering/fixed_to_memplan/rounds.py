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
from ...dialects.fixed.forms import StructuredForm
from ...dialects.memplan import FLASH, WHOLE, BufferOp, LoopOp, forms_of
from ...dialects.memplan.liveness import root_of
from ...passes.memplan.lifetimes.distance import safe_distance
from .joined_places import base_of, join
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
        self.states = [whole(self._buffer(value, f"{self.name}_state")) for value in scan.states]
        self.stacks = [self._stack(number) for number in range(len(scan.stacked))]

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
        for value, stack in zip(end.outs, self.stacks, strict=True):
            base = base_of(value)
            taken = base in conversion.in_place or base in conversion.destinations
            if is_made_in(value, scan) and not taken and (base is value or stack.is_stack):
                conversion.destinations[base] = stack
        taken = {*conversion.destinations, *conversion.in_place}
        conversion.parts.update(join(scan.body.block, taken))
        for op in scan.body.block.ops:
            if not isinstance(op, NextOp):
                conversion.convert_op(op)
        for number, (value, stack) in enumerate(zip(end.outs, self.stacks, strict=True)):
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

    def _start(self, value: SSAValue, state: Place) -> None:
        """Fill a state. A constant of equal elements takes the flash of one."""
        node = f"{self.name}.init{self.states.index(state)}"
        place, constant = self.conversion.places[value], value.owner
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

    def _buffer(self, value: SSAValue, node: str) -> SSAValue:
        type = self.conversion.memref_of(value)
        return self.conversion.define(BufferOp(type, node))


def is_settled(form: StructuredForm, state: Place, levels: Sequence[int]) -> bool:
    """Whether a form that writes a state has read each of its elements before that.

    Rounds hold the first dimensions of its domain, one for each of `levels`.
    """
    root = root_of(state.memref)
    if any(root_of(table) is root for table in form.tables):
        return False
    reads = [number for number, value in enumerate((*form.ins, *form.params)) if root_of(value) is root]
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
