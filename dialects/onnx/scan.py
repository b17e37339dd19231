"""A computation that is repeated over time: ONNX's Scan, and whatever else repeats a constant number of times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.ir import Attribute, BlockArgument, Region, SSAValue
from xdsl.irdl import irdl_op_definition

from ..fixed.rounds import FORMAT_HEAD, RoundEndOp, RoundsOp
from .base import OnnxOp, node_attribute


@irdl_op_definition
class NextOp(RoundEndOp):
    """End a round: the states of the next one, and this round's slice of each stacked output.

    ```mlir
    onnx.Next states(%s2 : tensor<1x32xf32>) outs(%y : tensor<1x32xf32>)
    ```
    """

    name = "onnx.Next"
    SCAN: ClassVar[str] = "onnx.Scan"


@irdl_op_definition
class ScanOp(RoundsOp, OnnxOp):
    """Run the body `rounds` times, with carried states (`RoundsOp`).

    ```mlir
    %h, %ys = onnx.Scan 16 states(%h0 : tensor<1x32xf32>) ins(%x : tensor<16x8xf32>) along <0> reversed <0>
        stacks along <1> reversed <0> {node = "rnn"} do {
    ^bb0(%s: tensor<1x32xf32>, %xt: tensor<8xf32>):
      ...
      onnx.Next states(%s2 : tensor<1x32xf32>) outs(%s2 : tensor<1x32xf32>)
    } -> tensor<1x32xf32>, tensor<1x16x32xf32>
    ```
    """

    name = "onnx.Scan"
    NEXT: ClassVar[type[RoundEndOp]] = NextOp
    assembly_format = FORMAT_HEAD + "attr-dict `do` $body `->` type($outs)"

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
        axes, is_reversed = (in_axes, out_axes), (in_reversed, out_reversed)
        self.build_rounds(rounds, states, ins, body, results, axes, is_reversed, **node_attribute(node))


def enclosing_scan(value: SSAValue) -> ScanOp | None:
    """The scan whose state or slice a value is, as its body sees it; None for other values."""
    parent = value.block.parent_op() if isinstance(value, BlockArgument) else None
    return parent if isinstance(parent, ScanOp) else None
