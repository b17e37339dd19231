"""The `mcu` dialect: what the machine is asked to do with a loop that `scf` cannot say.

Two things stand at the loops level and below. A loop may carry the discardable attribute `mcu.label` (a string; HLS
reports name loops by it). `mcu.pipeline` asks HLS to overlap iterations. Both leave the meaning of the program alone.
"""

from __future__ import annotations

from xdsl.dialects.builtin import I64, IntegerAttr, i64
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

LABEL = "mcu.label"
"""The attribute of a loop that holds its name, unique in its function and a valid C label."""

KEEP = "mcu.keep"
"""The attribute of a function that compilers shall not move into its caller."""


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


Mcu = Dialect("mcu", [PipelineOp], [])
