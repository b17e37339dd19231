"""Modules that run beside each other: rows that one counts, rows that another waits for."""

from __future__ import annotations

from xdsl.dialects.builtin import I64, FlatSymbolRefAttrConstr, IntegerAttr, IntegerType, SymbolRefAttr, i1, i64
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException


@irdl_op_definition
class SignalOp(IRDLOperation):
    """Counts rows from the module's start on: `by` more behind each clock in which the flag is 1, `rows` in all.

    ```mlir
    rtl.signal 25 by 1 when %row
    ```
    """

    name = "rtl.signal"
    rows = prop_def(IntegerAttr[I64])
    by = prop_def(IntegerAttr[I64])
    flag = operand_def(i1)
    assembly_format = "$rows `by` $by `when` $flag attr-dict"

    def __init__(self, rows: int, by: int, flag: SSAValue):
        super().__init__(operands=[flag], properties={"rows": IntegerAttr(rows, i64), "by": IntegerAttr(by, i64)})

    def verify_(self) -> None:
        if self.by.value.data < 1 or self.rows.value.data < self.by.value.data:
            raise VerifyException("rows are counted by at least one, up to all of them")


@irdl_op_definition
class AwaitOp(IRDLOperation):
    """1 where a module that runs beside this one has counted as many rows as this one needs (`rtl.need`).

    ```mlir
    %ready = rtl.await @layer : i1
    ```
    """

    name = "rtl.await"
    module = prop_def(FlatSymbolRefAttrConstr)
    result = result_def(i1)
    assembly_format = "$module attr-dict `:` type($result)"

    def __init__(self, module: str):
        super().__init__(properties={"module": SymbolRefAttr(module)}, result_types=[i1])


@irdl_op_definition
class NeedOp(IRDLOperation):
    """How many rows an `rtl.await` asks for; it is 0 for a clock after those in which `moves` is 1.

    ```mlir
    rtl.need %ready, %rows when %next : i6
    ```
    """

    name = "rtl.need"
    ready = operand_def(i1)
    rows = operand_def(IntegerType)
    moves = operand_def(i1)
    assembly_format = "$ready `,` $rows `when` $moves attr-dict `:` type($rows)"

    def __init__(self, ready: SSAValue, rows: SSAValue, moves: SSAValue):
        super().__init__(operands=[ready, rows, moves])

    def verify_(self) -> None:
        if not isinstance(self.ready.owner, AwaitOp):
            raise VerifyException("the first operand is an `rtl.await`")


@irdl_op_definition
class OverlapOp(IRDLOperation):
    """Run modules beside each other, until all are done.

    ```mlir
    rtl.overlap { rtl.start @a rtl.start @b }
    ```
    """

    name = "rtl.overlap"
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "$body attr-dict"

    def __init__(self, body: Block):
        super().__init__(regions=[Region(body)])
