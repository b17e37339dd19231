"""Computations that are repeated over time: a loop of rounds, and which dimension a round holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from xdsl.dialects.builtin import I64, IntegerAttr, StringAttr, i64
from xdsl.ir import Operation, Region
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, region_def, traits_def
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException

from ..fixed.structured import StructuredForm
from ..fixed.types import IntsAttr
from .buffers import RetireOp

WHOLE = -1
"""The entry of `along` for a form that runs as a whole in every round."""


LAST = "memplan.last"
"""The attribute of a form in a loop that computes in each round what is wanted of the last one alone: no stack."""


@irdl_op_definition
class LoopOp(IRDLOperation):
    """Run the ops of the region `rounds` times, in their order.

    `along` has a number for each form, those in loops inside included, in the order of the text: the parallel dimension
    of its domain that round t holds at t, or -1 where each round runs all of the form. What a form finds in memory in a
    round is what the round before has left there. A `memplan.retire` ends a life in every round; the next write begins
    another one.

    ```mlir
    memplan.loop 16 along <0, -1> node "rnn" {
      fixed.contract ins(%x, %w : memref<16x8x!q>, memref<4x8x!q, "flash">) outs(%a : memref<4x!q>) ...
      fixed.map ins(%a, %h : memref<4x!q>, memref<4x!q>) outs(%h : memref<4x!q>) ...
      memplan.retire %a : memref<4x!q>
    }
    ```
    """

    name = "memplan.loop"
    rounds = prop_def(IntegerAttr[I64])
    along = prop_def(IntsAttr)
    node = opt_prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "$rounds `along` $along (`node` $node^)? attr-dict-with-keyword $body"

    def __init__(self, rounds: int, along: Sequence[int], body: Region, node: str | None = None):
        super().__init__(
            properties={
                "rounds": IntegerAttr(rounds, i64),
                "along": IntsAttr(tuple(along)),
                "node": None if node is None else StringAttr(node),
            },
            regions=[body],
        )

    @property
    def trips(self) -> int:
        """The number of rounds."""
        return self.rounds.value.data

    @property
    def forms(self) -> tuple[StructuredForm, ...]:
        """The forms that `along` speaks of, those in loops inside included."""
        return tuple(forms_of(self))

    @property
    def dims(self) -> dict[StructuredForm, int]:
        """The dimension that a round holds of each form that it does not run as a whole."""
        pairs = zip(self.forms, self.along.data, strict=True)
        return {form: dim for form, dim in pairs if dim != WHOLE}

    def verify_(self) -> None:
        if self.trips < 1:
            raise VerifyException(f"memplan.loop runs one round or more, not {self.trips}")
        if any(not isinstance(op, StructuredForm | RetireOp | LoopOp) for op in self.body.block.ops):
            raise VerifyException("a loop holds structured forms, memplan.retire and loops, and nothing else")
        forms, dims = self.forms, self.along.data
        if not forms or any(form.outs is None for form in forms):
            raise VerifyException("a loop holds structured forms on memrefs")
        if len(dims) != len(forms):
            raise VerifyException(f"`along` names {len(dims)} dimensions for {len(forms)} forms")
        for form, dim in zip(forms, dims, strict=True):
            parallel = form.domain.parallel.data
            if dim != WHOLE and not (0 <= dim < len(parallel) and parallel[dim] == self.trips):
                raise VerifyException(f"a form has no parallel dimension {dim} of {self.trips} rounds")
        for inner in self.body.block.ops:
            if isinstance(inner, LoopOp) and any(self.dims.get(form) == dim for form, dim in all_dims(inner)):
                raise VerifyException("two loops hold the same dimension of a form")


def forms_of(loop: LoopOp) -> Iterator[StructuredForm]:
    """The forms of a loop in the order of the text, those in loops inside included."""
    for op in loop.body.block.ops:
        if isinstance(op, StructuredForm):
            yield op
        elif isinstance(op, LoopOp):
            yield from forms_of(op)


def all_dims(loop: LoopOp) -> Iterator[tuple[StructuredForm, int]]:
    """The forms of a loop and of the loops inside, each with the dimensions that these hold."""
    yield from loop.dims.items()
    for op in loop.body.block.ops:
        if isinstance(op, LoopOp):
            yield from all_dims(op)


def loops_around(op: Operation) -> tuple[LoopOp, ...]:
    """The loops that an op stands in, the outermost first."""
    found: list[LoopOp] = []
    parent = op.parent_op()
    while isinstance(parent, LoopOp):
        found.append(parent)
        parent = parent.parent_op()
    return tuple(reversed(found))


def rounds_of(form: StructuredForm) -> int:
    """How often a form runs as a whole: the rounds of the loops around, but of those that run a slice of it."""
    return prod(loop.trips for loop in loops_around(form) if form not in loop.dims)


def outermost(op: Operation) -> Operation:
    """The op of the function's block that an op of a plan belongs to: a stream, a loop, or itself."""
    parent = op.parent_op()
    while parent is not None and parent.parent_op() is not None and parent.name in ("memplan.loop", "memplan.stream"):
        op, parent = parent, parent.parent_op()
    return op


def round_dims(form: StructuredForm, loops: Sequence[LoopOp] | None = None) -> set[int]:
    """The dimensions of a form that rounds hold, of these loops or of all around it."""
    return {loop.dims[form] for loop in (loops_around(form) if loops is None else loops) if form in loop.dims}
