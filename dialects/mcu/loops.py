"""Loops as machines run them: names for reports, lanes of hardware, iterations that overlap."""

from __future__ import annotations

from xdsl.dialects.builtin import I64, DenseArrayBase, IntegerAttr, StringAttr, i64
from xdsl.ir import Operation
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from ..fixed.forms import StructuredForm

LABEL = "mcu.label"
"""The attribute of a loop that holds its name, unique in its function and a valid C label."""

LANES = "hls.lanes"
"""The attribute that says how many iterations of a loop, or points along each dimension of a form, run at once."""

MULTIPLIERS = "hls.multipliers"
"""The attribute of a form, or of its function, that says what makes its products: `shared` where those of narrow
numbers with a common factor take one multiplier of a device for two, `logic` where adders make them."""

SHARED, LOGIC = "shared", "logic"

KEEP = "mcu.keep"
"""The attribute of a function that compilers shall not move into its caller."""


def form_lanes(form: StructuredForm) -> tuple[int, ...]:
    """How many points along each dimension of a form hardware computes at once."""
    lanes = form.attributes.get(LANES)
    return tuple(lanes.get_values()) if isinstance(lanes, DenseArrayBase) else (1,) * len(form.sizes)


def multipliers_of(op: Operation) -> str:
    """What makes the products of a form, or its function; nothing where each has a multiplier."""
    kind = op.attributes.get(MULTIPLIERS)
    return kind.data if isinstance(kind, StringAttr) else ""


def lanes_of(loop: Operation) -> int:
    """How many iterations of a loop hardware runs at once."""
    lanes = loop.attributes.get(LANES)
    return lanes.value.data if isinstance(lanes, IntegerAttr) else 1


@irdl_op_definition
class PipelineOp(IRDLOperation):
    """Start an iteration of the enclosing loop every `ii` cycles (the initiation interval); first op of the body.

    HLS prints it as a pragma; on a microcontroller it does nothing.

    ```mlir
    scf.for %i = %c0 to %c8 step %c1 {
      mcu.pipeline ii 1
    }
    ```
    """

    name = "mcu.pipeline"
    ii = prop_def(IntegerAttr[I64])
    assembly_format = "`ii` $ii attr-dict"

    def __init__(self, ii: int = 1):
        super().__init__(properties={"ii": IntegerAttr(ii, i64)})

    def verify_(self) -> None:
        if self.ii.value.data < 1:
            raise VerifyException(f"an initiation interval is at least 1 cycle, got {self.ii.value.data}")
