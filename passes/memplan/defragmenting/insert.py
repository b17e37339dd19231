"""Moves in the text: a copy of a buffer after a step, and its uses after that, through aliases, on the copy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.access import linear_map
from ....dialects.memplan import AliasOp, BufferOp, OpaqueOp, element_bytes, outermost, size_in_bytes
from ....dialects.memplan.liveness import Life, Liveness, StepOp, destinations, root_of
from ...fixed.layouts.transposes import copy_into
from ..lifetimes.distance import alias_offset


def is_opaque(liveness: Liveness) -> bool:
    """True for a function with steps that mean nothing: its moves mean nothing either."""
    return any(isinstance(step.op, OpaqueOp) for step in liveness.steps)


def gaps_of(liveness: Liveness, lives: Sequence[Life]) -> tuple[tuple[int, ...], ...]:
    """For each life, the steps after which it may move: it is written in full, still used, and no stream is under way.

    Rows and arguments never move, nor what is never written in full.
    """
    steps = liveness.steps
    written = {root_of(value): time for time, step in enumerate(steps) for value in destinations(step.op)}
    between = [outermost(now.op) is not outermost(then.op) for now, then in pairwise(steps)]
    gaps: list[tuple[int, ...]] = []
    for life in lives:
        stays = life.row is not None or not isinstance(life.root.owner, BufferOp)
        times = () if stays or not is_filled(life.root, liveness) else range(written[life.root], life.last)
        gaps.append(tuple(time for time in times if between[time]))
    return tuple(gaps)


def is_filled(root: SSAValue, liveness: Liveness) -> bool:
    """True where the steps together write every byte."""
    assert isinstance(root.type, MemRefType)
    written = np.zeros(size_in_bytes(root.type), np.bool_)
    for op in dict.fromkeys(step.op for step in liveness.steps):
        for value in destinations(op):
            if root_of(value) is root:
                written[bytes_written(op, value)] = True
    return bool(written.all())


def bytes_written(op: StepOp, value: SSAValue) -> NDArray[np.int64]:
    """The bytes of its root that an op writes through one of its destinations."""
    assert isinstance(value.type, MemRefType)
    start, width = alias_offset(value), element_bytes(value.type)
    if isinstance(op, OpaqueOp):
        return start + np.arange(size_in_bytes(value.type))
    steps, stride = np.zeros(len(op.sizes), np.int64), width
    for index, size in zip(reversed(linear_map(op.out_map)), reversed(value.type.get_shape()), strict=True):
        start += index.offset * stride
        steps += np.array(index.coefficients, np.int64) * stride
        stride *= size
    written = np.array([start])
    for step, size in zip(steps, op.sizes, strict=True):
        if step:
            written = np.add.outer(written, np.arange(size) * step)
    return np.add.outer(written, np.arange(width)).reshape(-1)


class Mover:
    """Inserts moves into a function, in order of execution; the liveness is that of the function before the first."""

    def __init__(self, liveness: Liveness):
        self.steps = liveness.steps
        self.opaque = is_opaque(liveness)
        self.places: dict[SSAValue, SSAValue] = {}
        """Where the bytes of a moved buffer lie now."""
        self.ends: dict[int, Operation] = {}
        """The op after which the next move after a step comes, if it is not the step itself."""
        nodes = (op.properties.get("node") for op in liveness.function.walk())
        self.names = {node.data for node in nodes if isinstance(node, StringAttr)}

    def move(self, life: Life, after: int) -> None:
        """Copy a buffer after a step; what comes later uses the copy."""
        source = self.places.get(life.root, life.root)
        node = self._unique(f"{life.name}.move")
        assert isinstance(source.type, MemRefType)
        buffer = BufferOp(source.type, node)
        buffer.result.name_hint = f"{source.name_hint or 'buffer'}_moved"
        copy = copy_of(source, buffer.result, node, self.opaque)
        last = self.ends.get(after) or outermost(self.steps[after].op)
        Rewriter.insert_op([buffer, copy], InsertPoint.after(last))
        self.ends[after] = copy
        later: set[Operation] = {step.op for step in self.steps[after + 1 :]}
        self.ends[after] = redirect(source, buffer.result, later, copy)
        self.places[life.root] = buffer.result

    def _unique(self, name: str) -> str:
        """The name, with a number if it is taken."""
        number, unique = 1, name
        while unique in self.names:
            number += 1
            unique = f"{name}{number}"
        self.names.add(unique)
        return unique


def copy_of(source: SSAValue, target: SSAValue, node: str, opaque: bool) -> Operation:
    """The step that copies a memref into another of its type."""
    return OpaqueOp([source], [target], node) if opaque else copy_into(source, target, node)


def redirect(source: SSAValue, target: SSAValue, later: set[Operation], end: Operation) -> Operation:
    """Let the later steps use the target for the source, through copies of its aliases, which are put after `end`.

    Returns the last op that was inserted, else `end`.
    """
    for use in list(source.uses):
        user = use.operation
        if user in later:
            user.operands[use.index] = target
        elif isinstance(user, AliasOp) and feeds(user, later):
            alias = AliasOp(target, user.offset.value.data, user.result.type, user.node)
            alias.result.name_hint = user.result.name_hint
            Rewriter.insert_op(alias, InsertPoint.after(end))
            end = redirect(user.result, alias.result, later, alias)
            if not user.result.first_use:
                Rewriter.erase_op(user)
    return end


def feeds(alias: AliasOp, steps: set[Operation]) -> bool:
    """True where one of the steps uses an alias, or an alias of it."""
    users = [use.operation for use in alias.result.uses]
    return any(user in steps or (isinstance(user, AliasOp) and feeds(user, steps)) for user in users)
