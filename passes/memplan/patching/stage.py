"""Stages: runs of consecutive forms that can be computed patch by patch.

A stage starts at the function's first spatial form, one that slides a window over an input. What its forms write, all
but the last, is used only inside; what its last form writes is whole. Which two dimensions of a tensor are rows and
columns is followed from the first window through the access maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from ....dialects.access import Linear, linear_map
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.types import PER_TENSOR, QType
from ....dialects.memplan import BufferOp, loops_around
from ....dialects.memplan.liveness import Liveness, StepOp, destinations, root_of
from .boxes import are_cut


@dataclass(frozen=True)
class Access:
    """A form with its access maps read: reads are those of `ins` and `params`, in the order of `maps`."""

    form: StructuredForm

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of the domain."""
        return self.form.sizes

    @cached_property
    def reads(self) -> tuple[tuple[SSAValue, tuple[Linear, ...]], ...]:
        """What is read element by element, and where."""
        form = self.form
        operands = zip((*form.ins, *form.params), (*form.in_maps, *form.param_maps), strict=True)
        return tuple((value, linear_map(access)) for value, access in operands)

    @cached_property
    def out(self) -> tuple[Linear, ...]:
        """Where the output is written."""
        return linear_map(self.form.out_map)

    @cached_property
    def are_cut(self) -> tuple[bool, ...]:
        """Per index of the output, whether a part of it can be written alone."""
        return are_cut(self.out, self.sizes)

    @cached_property
    def target(self) -> SSAValue:
        """What it writes."""
        return self.form.target

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of the whole form."""
        return self.form.macs

    @cached_property
    def name(self) -> str:
        """The node, for messages."""
        return name_of(self.form)


@dataclass(frozen=True)
class Stage:
    """Steps `first` to `last` of a function. `image` are the dimensions of the output that a grid cuts: rows, columns.

    `inner` are the buffers that patches replace.
    """

    first: int
    last: int
    forms: tuple[Access, ...]
    inner: frozenset[SSAValue]
    image: tuple[int, ...]

    @property
    def name(self) -> str:
        """The node at which the stage ends."""
        return self.forms[-1].name

    @property
    def target(self) -> SSAValue:
        """What the stage's last form writes."""
        return self.forms[-1].form.target


def name_of(op: StepOp) -> str:
    """The node of a step, else the name of its op."""
    return op.name if op.node is None else op.node.data


class Stages:
    """The stages of a function that is not placed yet."""

    def __init__(self, liveness: Liveness):
        self.liveness = liveness
        self.ops = [step.op for step in liveness.steps]
        self.writers: dict[SSAValue, list[int]] = {}
        for step, op in enumerate(self.ops):
            for value in destinations(op):
                self.writers.setdefault(root_of(value), []).append(step)
        self.first = next((step for step, op in enumerate(self.ops) if windows(op) and not loops_around(op)), None)
        """The step of the first spatial form."""
        self.forms = () if self.first is None else tuple(self._chain(self.first))
        self.images = images_of(self.forms)

    def _chain(self, first: int) -> Iterator[Access]:
        """The forms from a step on, up to the first step of another kind."""
        for op in self.ops[first:]:
            if not isinstance(op, StructuredForm) or loops_around(op):
                return
            yield Access(op)

    def all(self) -> list[Stage]:
        """Every stage, in the order of their ends."""
        found = (self.stage(self.first + number) for number in range(len(self.forms))) if self.first is not None else ()
        return [stage for stage in found if isinstance(stage, Stage)]

    def why_none(self) -> str:
        """Why there is no stage at all."""
        if self.first is None:
            return "no form slides a window over an input"
        reason = self.stage(self.first)
        assert isinstance(reason, str), "there is no stage"
        return reason

    def stage(self, last: int) -> Stage | str:
        """The stage that ends at a step, or why there is none."""
        if self.first is None:
            return "no form slides a window over an input"
        if not self.first <= last < self.first + len(self.forms):
            start = name_of(self.ops[self.first])
            return f"a stage holds only forms and starts at `{start}`, it cannot end at `{name_of(self.ops[last])}`"
        forms = self.forms[: last + 1 - self.first]
        end = forms[last - self.first]
        target = end.form.target
        if target not in self.images:
            return f"`{end.name}` keeps no rows and columns"
        if not all(end.are_cut[dim] for dim in self.images[target]):
            return f"`{end.name}` does not write its rows and columns one by one"
        inner = [access.form.target for access in forms if access is not end]
        for value in inner:
            obstacle = self._obstacle(value, last)
            if obstacle is not None:
                return f"{obstacle}, which a stage that ends at `{end.name}` would compute in patches"
        if any(root_of(value) is root_of(target) for access in forms for value in access.form.operands[:-1]):
            return f"the stage that ends at `{end.name}` reads what it writes"
        return Stage(self.first, last, forms, frozenset(inner), self.images[target])

    def _obstacle(self, value: SSAValue, last: int) -> str | None:
        """Why a value is not an intermediate buffer of the stage from `first` to `last`."""
        owner = value.owner
        if not isinstance(owner, BufferOp) or owner.rows is not None:
            return "memory of the caller, an alias or a buffer of rows takes a value"
        life = self.liveness.life_of(value)
        used_whole = any(
            not isinstance(use.operation, StructuredForm) or value in use.operation.tables for use in value.uses
        )
        if used_whole or self.first is None or life.first < self.first or life.last > last:
            return f"`{life.name}` is also used outside or as a whole"
        if len(self.writers[value]) != 1:
            return f"`{life.name}` is written more than once"
        if isinstance(owner.result.type.element_type, QType) and owner.result.type.element_type.axis.data != PER_TENSOR:
            return f"`{life.name}` has a scale per index"
        return None


def windows(op: StepOp) -> list[tuple[SSAValue, tuple[int, ...]]]:
    """The inputs over which a form slides a window, with the dimensions along which it moves.

    There, an index depends on parallel dimensions and on reduction dimensions.
    """
    if not isinstance(op, StructuredForm):
        return []
    parallel = len(op.domain.parallel.data)
    found: list[tuple[SSAValue, tuple[int, ...]]] = []
    for value, access in zip(op.ins, op.in_maps, strict=True):
        results = linear_map(access)
        moving = [i for i, r in enumerate(results) if any(r.coefficients[:parallel]) and any(r.coefficients[parallel:])]
        if moving:
            found.append((value, tuple(moving)))
    return found


def images_of(forms: Sequence[Access]) -> dict[SSAValue, tuple[int, ...]]:
    """Per memref that the forms write, its dimensions that are rows and columns, where both are kept."""
    images: dict[SSAValue, tuple[int, ...]] = {}
    for number, access in enumerate(forms):
        sources = windows(access.form) if number == 0 else []
        sources = [(value, dims[:2]) for value, dims in sources]
        sources += [(value, images[value]) for value, _ in access.reads if value in images]
        found = {follow(access, value, dims) for value, dims in sources}
        image = found.pop() if len(found) == 1 else None
        if image is not None:
            images[access.form.target] = image
    return images


def follow(access: Access, value: SSAValue, dims: Sequence[int]) -> tuple[int, ...] | None:
    """The dimensions of the output that move with these dimensions of an input; None where one of them is lost."""
    parallel = len(access.form.domain.parallel.data)
    results = next(results for read, results in access.reads if read is value)
    found: list[int] = []
    for dim in dims:
        points = {d for d, c in enumerate(results[dim].coefficients[:parallel]) if c}
        places = [i for i, r in enumerate(access.out) if any(r.coefficients[d] for d in points)]
        if len(places) != 1:
            return None
        found.append(places[0])
    return tuple(found) if len(set(found)) == len(found) else None


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a memref."""
    assert isinstance(value.type, MemRefType)
    return value.type.get_shape()
