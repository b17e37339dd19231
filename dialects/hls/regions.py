"""What synthesis is asked to do with the loop or the function around an op."""

from __future__ import annotations

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import I64, IntegerAttr, ModuleOp, i64
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from .. import emitc


@irdl_op_definition
class PipelineOp(IRDLOperation):
    """Start an iteration of the enclosing loop every `ii` cycles (the initiation interval); first op of the body.

    Loops inside of it are unrolled.

    ```mlir
    scf.for %i = %c0 to %c8 step %c1 {
      hls.pipeline ii 1
    }
    ```
    """

    name = "hls.pipeline"
    ii = prop_def(IntegerAttr[I64])
    assembly_format = "`ii` $ii attr-dict"

    def __init__(self, ii: int = 1):
        super().__init__(properties={"ii": IntegerAttr(ii, i64)})

    def verify_(self) -> None:
        if self.ii.value.data < 1:
            raise VerifyException(f"an initiation interval is at least 1 cycle, got {self.ii.value.data}")


@irdl_op_definition
class UnrollOp(IRDLOperation):
    """Compute all iterations of the enclosing loop at once, or `factor` of them; first op of the body.

    ```mlir
    scf.for %i = %c0 to %c8 step %c1 {
      hls.unroll factor 4
    }
    ```
    """

    name = "hls.unroll"
    factor = opt_prop_def(IntegerAttr[I64])
    assembly_format = "(`factor` $factor^)? attr-dict"

    def __init__(self, factor: int | None = None):
        super().__init__(properties={"factor": None if factor is None else IntegerAttr(factor, i64)})

    def verify_(self) -> None:
        if self.factor is not None and self.factor.value.data < 2:
            raise VerifyException(f"a factor of unrolling is at least 2, got {self.factor.value.data}")
        if not isinstance(self.parent_op(), scf.ForOp | emitc.ForOp | ModuleOp | None):
            raise VerifyException("only loops are unrolled")


@irdl_op_definition
class DataflowOp(IRDLOperation):
    """Run the calls of the enclosing function side by side, each as soon as it finds what it reads; first op.

    ```mlir
    func.func @net(%x: memref<8xi8>, %y: memref<8xi8>) {
      hls.dataflow
      func.return
    }
    ```
    """

    name = "hls.dataflow"
    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__()

    def verify_(self) -> None:
        if not isinstance(self.parent_op(), func.FuncOp | emitc.FuncOp | ModuleOp | None):
            raise VerifyException("a dataflow region is a whole function")


@irdl_op_definition
class InlineOp(IRDLOperation):
    """Keep the enclosing function a module of its own.

    ```mlir
    hls.inline off
    ```
    """

    name = "hls.inline"
    assembly_format = "`off` attr-dict"

    def __init__(self) -> None:
        super().__init__()
