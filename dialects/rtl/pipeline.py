"""What a module of `rtl` does beside computing: step through a domain, read and write memories, keep sums."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    FlatSymbolRefAttrConstr,
    IntegerAttr,
    IntegerType,
    SymbolRefAttr,
    i1,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .values import amount_of, begin, wire_type


@irdl_op_definition
class RunOp(IRDLOperation):
    """1 from the clock after the module's start until the one in which its `rtl.stop` is 1.

    ```mlir
    %valid = rtl.run : i1
    ```
    """

    name = "rtl.run"
    result = result_def(i1)
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self):
        super().__init__(result_types=[i1])


@irdl_op_definition
class StopOp(IRDLOperation):
    """Ends `rtl.run` behind the clock in which the flag is 1.

    ```mlir
    rtl.stop %last
    ```
    """

    name = "rtl.stop"
    flag = operand_def(i1)
    assembly_format = "$flag attr-dict"

    def __init__(self, flag: SSAValue):
        super().__init__(operands=[flag])


@irdl_op_definition
class DoneOp(IRDLOperation):
    """The module is done in the clock in which the flag is 1.

    ```mlir
    rtl.done %written
    ```
    """

    name = "rtl.done"
    flag = operand_def(i1)
    assembly_format = "$flag attr-dict"

    def __init__(self, flag: SSAValue):
        super().__init__(operands=[flag])


@irdl_op_definition
class RoundOp(IRDLOperation):
    """The number of a loop around the modules, of which it is the `number`-th from outside; it holds while one runs.

    ```mlir
    %t = rtl.round 0 : i5
    ```
    """

    name = "rtl.round"
    number = prop_def(IntegerAttr[I64])
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$number attr-dict `:` type($result)"

    def __init__(self, number: int, bits: int):
        super().__init__(properties={"number": IntegerAttr(number, i64)}, result_types=[IntegerType(bits)])


@irdl_op_definition
class CounterOp(IRDLOperation):
    """Counts 0 .. trips - 1 and begins anew, a step in each clock in which `step` is 1; `end` is 1 at the last.

    ```mlir
    %i, %end = rtl.counter 64 when %step : i7
    ```
    """

    name = "rtl.counter"
    trips = prop_def(IntegerAttr[I64])
    step = operand_def(i1)
    value = result_def(IntegerType)
    end = result_def(i1)
    assembly_format = "$trips `when` $step attr-dict `:` type($value) `,` type($end)"

    def __init__(self, trips: int, step: SSAValue):
        types = [wire_type((trips - 1).bit_length() + 1), i1]
        Operation.__init__(self, operands=[step], properties={"trips": amount_of(trips)}, result_types=types)

    def verify_(self) -> None:
        if self.trips.value.data < 2:
            raise VerifyException(f"a counter counts at least 2 steps, got {self.trips.value.data}")


@irdl_op_definition
class RunningOp(IRDLOperation):
    """A register that starts at `base`; where the last flag is 1, it moves by the delta of the first flag that is 1.

    ```mlir
    %address = rtl.running 0 by [-63, 1] when %end, %step : i7
    ```
    """

    name = "rtl.running"
    base = prop_def(IntegerAttr[I64])
    deltas = prop_def(DenseArrayBase.constr(i64))
    flags = var_operand_def(i1)
    result = result_def(IntegerType)
    assembly_format = "$base `by` $deltas `when` $flags attr-dict `:` type($result)"

    def __init__(self, base: int, deltas: Sequence[int], flags: Sequence[SSAValue], bits: int):
        begin(self, flags, {"base": amount_of(base), "deltas": DenseArrayBase.from_list(i64, deltas)}, wire_type(bits))

    def verify_(self) -> None:
        if len(self.deltas.get_values()) != len(self.flags):
            raise VerifyException("one delta for each flag")


@irdl_op_definition
class HeldOp(IRDLOperation):
    """A bit that becomes another one in each clock in which `step` is 1; 0 after a reset.

    ```mlir
    %last = rtl.held %next when %step : i1
    ```
    """

    name = "rtl.held"
    value = operand_def(i1)
    step = operand_def(i1)
    result = result_def(i1)
    assembly_format = "$value `when` $step attr-dict `:` type($result)"

    def __init__(self, value: SSAValue, step: SSAValue):
        begin(self, (value, step), {}, i1)


@irdl_op_definition
class CarriedOp(IRDLOperation):
    """What a reduction has so far: `initial` where `first` is 1, else what its `rtl.next` was at the last `step`.

    ```mlir
    %acc, %kept = rtl.carried %zero when %first step %valid : i20
    ```
    `kept` is the register: one clock behind a step, the value that this step has made.
    """

    name = "rtl.carried"
    initial = operand_def(IntegerType)
    first = operand_def(i1)
    step = operand_def(i1)
    result = result_def(IntegerType)
    kept = result_def(IntegerType)
    assembly_format = (
        "$initial `when` $first `step` $step attr-dict `:` type($initial) `->` type($result) `,` type($kept)"
    )

    def __init__(self, initial: SSAValue, first: SSAValue, step: SSAValue, bits: int):
        Operation.__init__(self, operands=[initial, first, step], result_types=[wire_type(bits)] * 2)


@irdl_op_definition
class NextOp(IRDLOperation):
    """What an `rtl.carried` becomes in a step.

    ```mlir
    rtl.next %acc, %sum : i20
    ```
    """

    name = "rtl.next"
    carried = operand_def(IntegerType)
    value = operand_def(IntegerType)
    assembly_format = "$carried `,` $value attr-dict `:` type($carried) `,` type($value)"

    def __init__(self, carried: SSAValue, value: SSAValue):
        Operation.__init__(self, operands=[carried, value])

    def verify_(self) -> None:
        if not isinstance(self.carried.owner, CarriedOp) or self.carried.type != self.value.type:
            raise VerifyException("a value of the width of what an `rtl.carried` holds")


@irdl_op_definition
class ReadOp(IRDLOperation):
    """The word of a memory whose number was the address one clock ago.

    ```mlir
    %word = rtl.read @weights port 0 [%address] : (i7) -> i64
    ```
    """

    name = "rtl.read"
    memory = prop_def(FlatSymbolRefAttrConstr)
    port = prop_def(IntegerAttr[I64])
    address = operand_def(IntegerType)
    result = result_def(IntegerType)
    assembly_format = "$memory `port` $port `[` $address `]` attr-dict `:` `(` type($address) `)` `->` type($result)"

    def __init__(self, memory: str, port: int, address: SSAValue, bits: int):
        begin(self, (address,), {"memory": SymbolRefAttr(memory), "port": amount_of(port)}, wire_type(bits))


@irdl_op_definition
class WriteOp(IRDLOperation):
    """Writes those elements of a word whose bit of the mask is 1.

    ```mlir
    rtl.write @out[%address], %word mask %m : i7, i64, i8
    ```
    """

    name = "rtl.write"
    memory = prop_def(FlatSymbolRefAttrConstr)
    address = operand_def(IntegerType)
    data = operand_def(IntegerType)
    mask = operand_def(IntegerType)
    assembly_format = (
        "$memory `[` $address `]` `,` $data `mask` $mask attr-dict `:` type($address) `,` type($data) `,` type($mask)"
    )

    def __init__(self, memory: str, address: SSAValue, data: SSAValue, mask: SSAValue):
        super().__init__(operands=[address, data, mask], properties={"memory": SymbolRefAttr(memory)})


@irdl_op_definition
class SerializeOp(IRDLOperation):
    """Takes all values where `load` is 1, and hands them on in groups: one in the next clock, the others behind it.

    ```mlir
    %step, %v = rtl.serialize %load(%a, %b, %c, %d) every 4 : (i20, i20, i20, i20) -> (i1, i20)
    ```
    The number of results behind `step` is the size of a group; they come so many clocks apart (by default one). The
    next load comes when the last group has had its clocks.
    """

    name = "rtl.serialize"
    load = operand_def(i1)
    values = var_operand_def(IntegerType)
    step = result_def(i1)
    group = var_result_def(IntegerType)
    every = opt_prop_def(IntegerAttr[I64])
    assembly_format = "$load `(` $values `)` (`every` $every^)? attr-dict `:` functional-type($values, results)"

    def __init__(self, load: SSAValue, values: Sequence[SSAValue], size: int, clocks: int = 1):
        super().__init__(
            operands=[load, values],
            result_types=[i1, [v.type for v in values[:size]]],
            properties={"every": IntegerAttr(clocks, i64) if clocks > 1 else None},
        )

    @property
    def clocks(self) -> int:
        """The clocks from a group to the next one."""
        return 1 if self.every is None else self.every.value.data

    def verify_(self) -> None:
        if self.clocks < 1:
            raise VerifyException("groups are at least a clock apart")
        if not self.group or len(self.values) % len(self.group):
            raise VerifyException(f"{len(self.values)} values are not groups of {len(self.group)}")
