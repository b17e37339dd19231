"""A computation that is repeated over time: `fixed.scan`, as ONNX's Scan, at the level `fixed`.

The rounds run one after the other; each takes the states that the round before left and its slice of what is scanned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects.builtin import I64, IntegerAttr, StringAttr, TensorType, i64
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from .forms import shaped_type
from .types import IntsAttr, QType


@irdl_op_definition
class NextOp(IRDLOperation):
    """End a round: the states of the next one, and this round's slice of each stacked output.

    ```mlir
    fixed.next states(%s2 : tensor<1x32x!q>) outs(%y : tensor<1x32x!q>)
    ```
    """

    name = "fixed.next"
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
        if not isinstance(self.parent_op(), ScanOp):
            raise VerifyException("fixed.next ends the body of fixed.scan")


@irdl_op_definition
class ScanOp(IRDLOperation):
    """Run the body `rounds` times; in round t with the states of round t - 1 and slice t of every scanned tensor.

    `states` are those of round 0. `in_axes` names the dimension of each scanned tensor that counts the rounds, which a
    slice does not have; where `in_reversed` is 1, round t takes the slice `rounds - 1 - t`. Results are the states
    after the last round, then the stacked outputs: `out_axes` is the dimension of each that counts the rounds,
    `out_reversed` its direction. The body may use values from outside. Elements have one scale per tensor.

    ```mlir
    %h, %ys = fixed.scan 16 states(%h0 : tensor<1x32x!q>) ins(%x : tensor<16x8x!q>) along <0> reversed <0>
        stacks along <1> reversed <0> node "rnn" {
    ^bb0(%s: tensor<1x32x!q>, %xt: tensor<8x!q>):
      ...
      fixed.next states(%s2 : tensor<1x32x!q>) outs(%s2 : tensor<1x32x!q>)
    } -> tensor<1x32x!q>, tensor<1x16x32x!q>
    ```
    """

    name = "fixed.scan"
    rounds = prop_def(IntegerAttr[I64])
    states = var_operand_def(TensorType)
    ins = var_operand_def(TensorType)
    in_axes = prop_def(IntsAttr)
    in_reversed = prop_def(IntsAttr)
    out_axes = prop_def(IntsAttr)
    out_reversed = prop_def(IntsAttr)
    node = opt_prop_def(StringAttr)
    body = region_def("single_block")
    outs = var_result_def(TensorType)
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    traits = traits_def(Pure())
    assembly_format = (
        "$rounds (`states` `(` $states^ `:` type($states) `)`)? (`ins` `(` $ins^ `:` type($ins) `)`)? "
        "`along` $in_axes `reversed` $in_reversed `stacks` `along` $out_axes `reversed` $out_reversed "
        "(`node` $node^)? attr-dict-with-keyword $body `->` type($outs)"
    )

    def __init__(
        self,
        rounds: int,
        states: Sequence[SSAValue],
        ins: Sequence[SSAValue],
        body: Region,
        results: Sequence[Attribute],
        in_axes: Sequence[int],
        in_reversed: Sequence[bool],
        out_axes: Sequence[int] = (),
        out_reversed: Sequence[bool] = (),
        node: str | None = None,
    ):
        super().__init__(
            operands=[states, ins],
            properties={
                "rounds": IntegerAttr(rounds, i64),
                "in_axes": IntsAttr(tuple(in_axes)),
                "in_reversed": IntsAttr(tuple(int(flag) for flag in in_reversed)),
                "out_axes": IntsAttr(tuple(out_axes)),
                "out_reversed": IntsAttr(tuple(int(flag) for flag in out_reversed)),
                "node": None if node is None else StringAttr(node),
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
    def end(self) -> NextOp:
        """The terminator of the body."""
        last = self.body.block.last_op
        assert isinstance(last, NextOp), "verified: a body ends in fixed.next"
        return last

    @property
    def captured(self) -> Sequence[SSAValue]:
        """What the body uses of values from outside, each once, in order of first use."""
        return tuple(dict.fromkeys(value for value in used_in(self.body) if not is_inside(value, self)))

    def slice_index(self, operand: int, turn: int) -> int:
        """The index along its axis that scanned tensor `operand` is read at in a round."""
        return self.trips - 1 - turn if self.in_reversed.data[operand] else turn

    def stack_index(self, output: int, turn: int) -> int:
        """The index along its axis that stacked output `output` is written at in a round."""
        return self.trips - 1 - turn if self.out_reversed.data[output] else turn

    def verify_(self) -> None:
        if self.trips < 1:
            raise VerifyException(f"fixed.scan runs one round or more, not {self.trips}")
        end, args = self.body.block.last_op, self.body.block.args
        if not isinstance(end, NextOp):
            raise VerifyException("the body of fixed.scan ends in fixed.next")
        if len(args) != len(self.states) + len(self.ins):
            raise VerifyException(
                f"the body takes {len(self.states)} states and {len(self.ins)} slices, not {len(args)} arguments"
            )
        if len(end.states) != len(self.states) or len(self.outs) != len(self.states) + len(end.outs):
            raise VerifyException("results and fixed.next have each state once, then one for each stacked output")
        states = zip(self.states, self.state_arguments, end.states, self.last_states, strict=True)
        for number, values in enumerate(states):
            if len({value.type for value in values}) != 1:
                kinds = ", ".join(str(value.type) for value in values)
                raise VerifyException(f"state {number} is of one type before, in, and after each round, not of {kinds}")
        ins = zip(self.ins, self.slice_arguments, strict=True)
        self._verify_slices("scanned tensor", list(ins), self.in_axes.data, self.in_reversed.data)
        stacked = zip(self.stacked, end.outs, strict=True)
        self._verify_slices("stacked output", list(stacked), self.out_axes.data, self.out_reversed.data)

    def _verify_slices(
        self,
        name: str,
        pairs: Sequence[tuple[SSAValue, SSAValue]],
        axes: Sequence[int],
        flags: Sequence[int],
    ) -> None:
        if len(axes) != len(pairs) or len(flags) != len(pairs) or any(flag not in (0, 1) for flag in flags):
            raise VerifyException(f"each {name} has an axis, and 1 for reversed or 0")
        for number, ((whole, part), axis) in enumerate(zip(pairs, axes, strict=True)):
            type = shaped_type(whole)
            shape, element = type.get_shape(), type.element_type
            if not 0 <= axis < len(shape) or shape[axis] != self.trips:
                raise VerifyException(f"{name} {number}, {type}, has no dimension {axis} of {self.trips} rounds")
            if isinstance(element, QType) and element.axis.data >= 0:
                raise VerifyException(f"{name} {number} has one scale for all elements")
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
