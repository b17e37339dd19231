"""A computation that is repeated over time: `fixed.scan`, as ONNX's Scan, at the level `fixed`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Region, SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def
from xdsl.utils.exceptions import VerifyException

from .rounds import FORMAT_HEAD, RoundEndOp, RoundsOp
from .types import QType


@irdl_op_definition
class NextOp(RoundEndOp):
    """End a round: the states of the next one, and this round's slice of each stacked output.

    ```mlir
    fixed.next states(%s2 : tensor<1x32x!q>) outs(%y : tensor<1x32x!q>)
    ```
    """

    name = "fixed.next"
    SCAN: ClassVar[str] = "fixed.scan"


@irdl_op_definition
class ScanOp(RoundsOp):
    """Run the body `rounds` times, with carried states (`RoundsOp`). Elements have one scale per tensor.

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
    NEXT: ClassVar[type[RoundEndOp]] = NextOp
    node = opt_prop_def(StringAttr)
    assembly_format = FORMAT_HEAD + "(`node` $node^)? attr-dict-with-keyword $body `->` type($outs)"

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
        name = None if node is None else StringAttr(node)
        axes, is_reversed = (in_axes, out_axes), (in_reversed, out_reversed)
        self.build_rounds(rounds, states, ins, body, results, axes, is_reversed, node=name)

    def verify_element(self, element: Attribute, what: str) -> None:
        if isinstance(element, QType) and element.axis.data >= 0:
            raise VerifyException(f"{what} has one scale for all elements")
