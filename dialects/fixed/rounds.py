"""What ops share that repeat their body a known number of times, at whatever level: ONNX's Scan.

The rounds run one after the other; each takes the states that the round before left and its slice of what is scanned.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I64, IntegerAttr, TensorType, i64
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from .types import IntsAttr

FORMAT_HEAD = (
    "$rounds (`states` `(` $states^ `:` type($states) `)`)? (`ins` `(` $ins^ `:` type($ins) `)`)? "
    "`along` $in_axes `reversed` $in_reversed `stacks` `along` $out_axes `reversed` $out_reversed "
)


class RoundEndOp(IRDLOperation, ABC):
    """End a round: the states of the next one, and this round's slice of each stacked output."""

    SCAN: ClassVar[str]
    """The name of the op whose body it ends."""

    states = var_operand_def(TensorType)
    outs = var_operand_def(TensorType)
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    traits = traits_def(IsTerminator())
    assembly_format = (
        "(`states` `(` $states^ `:` type($states) `)`)? (`outs` `(` $outs^ `:` type($outs) `)`)? attr-dict"
    )

    def __init__(self, states: Sequence[SSAValue], outs: Sequence[SSAValue] = ()):
        super().__init__(operands=[states, outs])

    def verify_(self) -> None:
        parent = self.parent_op()
        if parent is None or parent.name != self.SCAN:
            raise VerifyException(f"{self.name} ends the body of {self.SCAN}")


class RoundsOp(IRDLOperation, ABC):
    """Run the body `rounds` times; in round t with the states of round t - 1 and slice t of every scanned tensor.

    `states` are those of round 0. `in_axes` names the dimension of each scanned tensor that counts the rounds, which a
    slice does not have; where `in_reversed` is 1, round t takes the slice `rounds - 1 - t`. Results are the states
    after the last round, then the stacked outputs: `out_axes` is the dimension of each that counts the rounds,
    `out_reversed` its direction. The body may use values from outside.
    """

    NEXT: ClassVar[type[RoundEndOp]]
    """The terminator of the body."""

    rounds = prop_def(IntegerAttr[I64])
    states = var_operand_def(TensorType)
    ins = var_operand_def(TensorType)
    in_axes = prop_def(IntsAttr)
    in_reversed = prop_def(IntsAttr)
    out_axes = prop_def(IntsAttr)
    out_reversed = prop_def(IntsAttr)
    body = region_def("single_block")
    outs = var_result_def(TensorType)
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    traits = traits_def(Pure())

    def build_rounds(
        self,
        rounds: int,
        states: Sequence[SSAValue],
        ins: Sequence[SSAValue],
        body: Region,
        results: Sequence[Attribute],
        axes: tuple[Sequence[int], Sequence[int]],
        is_reversed: tuple[Sequence[bool], Sequence[bool]],
        **properties: Attribute | None,
    ) -> None:
        """Initialize the op; `axes` and `is_reversed` are those of scanned tensors and of stacked outputs."""
        IRDLOperation.__init__(
            self,
            operands=[states, ins],
            properties={
                "rounds": IntegerAttr(rounds, i64),
                "in_axes": IntsAttr(tuple(axes[0])),
                "in_reversed": IntsAttr(tuple(map(int, is_reversed[0]))),
                "out_axes": IntsAttr(tuple(axes[1])),
                "out_reversed": IntsAttr(tuple(map(int, is_reversed[1]))),
                **properties,
            },
            result_types=[results],
            regions=[body],
        )

    @property
    def trips(self) -> int:
        """The number of rounds."""
        return self.rounds.value.data

    @property
    def last_states(self) -> Sequence[SSAValue]:
        """The results that are the states after the last round."""
        return tuple(self.outs)[: len(self.states)]

    @property
    def stacked(self) -> Sequence[SSAValue]:
        """The results that hold a slice of every round."""
        return tuple(self.outs)[len(self.states) :]

    @property
    def state_arguments(self) -> Sequence[SSAValue]:
        """The states as the body sees them."""
        return tuple(self.body.block.args)[: len(self.states)]

    @property
    def slice_arguments(self) -> Sequence[SSAValue]:
        """The slices of the scanned tensors as the body sees them."""
        return tuple(self.body.block.args)[len(self.states) :]

    @property
    def end(self) -> RoundEndOp:
        """The terminator of the body."""
        last = self.body.block.last_op
        assert isinstance(last, self.NEXT), "verified: a body ends in its terminator"
        return last

    @property
    def captured(self) -> Sequence[SSAValue]:
        """What the body uses of values from outside, each once, in order of first use."""
        return tuple(dict.fromkeys(value for value in used_in(self.body) if not is_inside(value, self)))

    def verify_element(self, element: Attribute, what: str) -> None:
        """Raise VerifyException where tensors of such elements, `what`, have no slices at this level."""

    def verify_(self) -> None:
        if self.trips < 1:
            raise VerifyException(f"{self.name} runs one round or more, not {self.trips}")
        end, args = self.body.block.last_op, self.body.block.args
        if not isinstance(end, self.NEXT):
            raise VerifyException(f"the body of {self.name} ends in {self.NEXT.name}")
        if len(args) != len(self.states) + len(self.ins):
            raise VerifyException(
                f"the body takes {len(self.states)} states and {len(self.ins)} slices, not {len(args)} arguments"
            )
        if len(end.states) != len(self.states) or len(self.outs) != len(self.states) + len(end.outs):
            raise VerifyException(f"results and {end.name} have each state once, then one for each stacked output")
        states = zip(self.states, self.state_arguments, end.states, self.last_states, strict=True)
        for number, values in enumerate(states):
            if len({value.type for value in values}) != 1:
                kinds = ", ".join(str(value.type) for value in values)
                raise VerifyException(f"state {number} is of one type before, in, and after each round, not of {kinds}")
        ins = list(zip(self.ins, self.slice_arguments, strict=True))
        self._verify_slices("scanned tensor", ins, self.in_axes.data, self.in_reversed.data)
        stacked = list(zip(self.stacked, end.outs, strict=True))
        self._verify_slices("stacked output", stacked, self.out_axes.data, self.out_reversed.data)

    def _verify_slices(
        self, name: str, pairs: Sequence[tuple[SSAValue, SSAValue]], axes: Sequence[int], flags: Sequence[int]
    ) -> None:
        if len(axes) != len(pairs) or len(flags) != len(pairs) or any(flag not in (0, 1) for flag in flags):
            raise VerifyException(f"each {name} has an axis, and 1 for reversed or 0")
        for number, ((whole, part), axis) in enumerate(zip(pairs, axes, strict=True)):
            type = whole.type
            assert isinstance(type, TensorType)
            shape, element = type.get_shape(), type.get_element_type()
            if not 0 <= axis < len(shape) or shape[axis] != self.trips:
                raise VerifyException(f"{name} {number}, {type}, has no dimension {axis} of {self.trips} rounds")
            self.verify_element(element, f"{name} {number}")
            if part.type != TensorType(element, [*shape[:axis], *shape[axis + 1 :]]):
                raise VerifyException(f"the body has {part.type} for a slice of {name} {number}, {type}, along {axis}")


def used_in(region: Region) -> Iterator[SSAValue]:
    """The operands of all ops in a region, in order."""
    for op in region.walk():
        yield from op.operands


def is_inside(value: SSAValue, op: Operation) -> bool:
    """True for what is defined in a region of an op."""
    block = value.owner if not isinstance(value.owner, Operation) else value.owner.parent
    while block is not None:
        parent = block.parent_op()
        if parent is op:
            return True
        block = None if parent is None else parent.parent
    return False
