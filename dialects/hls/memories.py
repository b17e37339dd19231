"""How arrays and ports become memories."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import I64, IntegerAttr, MemRefType, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from ..emitc.types import ArrayType, PointerType

KINDS = ("complete", "cyclic", "block")
"""Into its elements; element `i` in bank `i % factor`; in `factor` parts one after the other."""

STORAGES = ("rom_1p", "rom_2p", "ram_1p", "ram_2p", "ram_t2p", "ram_s2p")
"""Read-only or not, and the ports: one, two, two that each read and write, one that reads and one that writes."""

IMPLEMENTATIONS = ("bram", "lutram", "uram")

MODES = ("ap_memory", "axis", "m_axi", "s_axilite")
"""Plain ports of a memory, a stream, an address in the caller's memory, a register."""


class ArrayCut(IRDLOperation, ABC):
    """A cut of an array, seen as one of a single dimension in row-major order."""

    array = operand_def(MemRefType | ArrayType | PointerType)
    kind = prop_def(StringAttr)
    factor = opt_prop_def(IntegerAttr[I64])
    assembly_format = "$array $kind (`factor` $factor^)? attr-dict `:` type($array)"

    def __init__(self, array: SSAValue, kind: str, factor: int | None = None):
        properties = {"kind": StringAttr(kind), "factor": None if factor is None else IntegerAttr(factor, i64)}
        super().__init__(operands=[array], properties=properties)

    @property
    def banks(self) -> int | None:
        """How many parts there are; None where each element is one."""
        return None if self.factor is None else self.factor.value.data

    def verify_(self) -> None:
        if self.kind.data not in KINDS:
            raise VerifyException(f"an array is cut {', '.join(KINDS)}, not '{self.kind.data}'")
        if (self.kind.data == "complete") != (self.factor is None):
            raise VerifyException("a factor goes with cyclic and block cuts, and only with these")
        if self.factor is not None and self.factor.value.data < 2:
            raise VerifyException(f"an array is cut into at least 2 parts, got {self.factor.value.data}")


@irdl_op_definition
class ArrayPartitionOp(ArrayCut):
    """Make `factor` memories of an array, each with ports of its own.

    ```mlir
    hls.array_partition %x "cyclic" factor 4 : memref<64xi8>
    ```
    """

    name = "hls.array_partition"


@irdl_op_definition
class ArrayReshapeOp(ArrayCut):
    """Make words of `factor` elements of an array: one memory, which a read takes a word of.

    ```mlir
    hls.array_reshape %w "cyclic" factor 8 : memref<64xi8, "flash">
    ```
    """

    name = "hls.array_reshape"


@irdl_op_definition
class BindStorageOp(IRDLOperation):
    """The kind of memory that an array becomes, and what it is built of.

    ```mlir
    hls.bind_storage %w "rom_1p" "bram" : memref<64xi8, "flash">
    ```
    """

    name = "hls.bind_storage"
    array = operand_def(MemRefType | ArrayType | PointerType)
    storage = prop_def(StringAttr)
    implementation = prop_def(StringAttr)
    assembly_format = "$array $storage $implementation attr-dict `:` type($array)"

    def __init__(self, array: SSAValue, storage: str, implementation: str):
        properties = {"storage": StringAttr(storage), "implementation": StringAttr(implementation)}
        super().__init__(operands=[array], properties=properties)

    def verify_(self) -> None:
        if self.storage.data not in STORAGES:
            raise VerifyException(f"a storage is {', '.join(STORAGES)}, not '{self.storage.data}'")
        if self.implementation.data not in IMPLEMENTATIONS:
            raise VerifyException(
                f"a memory is built of {', '.join(IMPLEMENTATIONS)}, not '{self.implementation.data}'"
            )


@irdl_op_definition
class InterfaceOp(IRDLOperation):
    """The protocol of a port of the top function; without a port, of its start and end.

    ```mlir
    hls.interface "axis" %x : memref<1x64xi8>
    ```
    """

    name = "hls.interface"
    port = opt_operand_def(MemRefType | PointerType)
    mode = prop_def(StringAttr)
    assembly_format = "$mode ($port^ `:` type($port))? attr-dict"

    def __init__(self, port: SSAValue | None, mode: str):
        super().__init__(operands=[port], properties={"mode": StringAttr(mode)})

    def verify_(self) -> None:
        if self.mode.data not in MODES:
            raise VerifyException(f"a port is {', '.join(MODES)}, not '{self.mode.data}'")
