"""`hls-partition`: memories as wide, and in as many banks, as the lanes that read and write them."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm, prod

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.dataflow import RING, ring_of
from ...dialects.diagnostics import OpError
from ...dialects.hls import ArrayPartitionOp, ArrayReshapeOp, BindStorageOp
from .nests.lanes import MOST_BANKS, Access, accesses_of, address_of, banks_for, offsets_of, root_of
from .nests.packing import Packing


@dataclass(frozen=True)
class PartitionPass(ModulePass):
    """Cut arrays so that all lanes find their elements in a cycle.

    A constant that lanes read becomes words of as many elements, laid out in the order in which they are read where
    that is another one. A buffer becomes banks: as many as keep the elements of all lanes apart, of all functions that
    it is passed to; a ring is one only where these are a power of two, too. `block_bits` are the bits from which on a
    bank is a block RAM instead of LUTs.
    Raises OpError where more banks were needed than synthesis handles.
    """

    name = "hls-partition"
    block_bits: int = 1024

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = {f.sym_name.data: f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration}
        packing = Packing(op)
        needs: dict[SSAValue, int] = {}
        for function in functions.values():
            for access in accesses_of(function):
                self._read(access, packing, needs)
        packing.drop_unused()
        for caller in functions.values():
            for call in [o for o in caller.body.block.walk() if isinstance(o, func.CallOp)]:
                callee = functions[call.callee.string_value()]
                for argument, value in zip(callee.args, call.arguments, strict=True):
                    if argument in needs:
                        root = root_of(value)
                        needs[root] = lcm(needs[argument], needs.get(root, 1))
        for root, banks in needs.items():
            self._cut(root, banks)
        for function in functions.values():
            self._bind(function)

    def _read(self, op: Access, packing: Packing, needs: dict[SSAValue, int]) -> None:
        """What an access asks of its memory."""
        address, root = address_of(op), root_of(op.memref)
        offsets = offsets_of(op, address)
        if len(offsets) == 1 or (isinstance(root.owner, memref.AllocaOp) and is_complete(root)):
            return
        if isinstance(op, memref.LoadOp) and packing.constant(root) is not None and not any(address.factors.values()):
            packed = packing.pack(op, address, offsets)
            if packed is not None:
                add_after(packed, ArrayReshapeOp(packed, "cyclic", len(offsets)))
                return
        banks = banks_for(offsets)
        if banks is None:
            raise OpError(op, f"{len(offsets)} lanes need more than {MOST_BANKS:,} banks of this memory: take fewer")
        needs[root] = lcm(banks, needs.get(root, 1))

    def _cut(self, root: SSAValue, banks: int) -> None:
        """Cut a buffer, where it is made."""
        if banks > MOST_BANKS:
            at = root.owner if isinstance(root.owner, Operation) else root.owner.parent_op()
            assert at is not None
            raise OpError(at, f"lanes need {banks:,} banks of this memory, at most {MOST_BANKS:,} can be: take fewer")
        if isinstance(root.owner, Operation):
            if banks & (banks - 1):
                root.owner.attributes.pop(RING, None)
            small = prod(root.type.get_shape()) <= banks  # pyright: ignore
            cut = ArrayPartitionOp(root, "complete") if small else ArrayPartitionOp(root, "cyclic", banks)
            add_after(root, cut)

    def _bind(self, function: func.FuncOp) -> None:
        """What the arrays that are made in a function are built of."""
        for op in list(function.body.block.ops):
            if not isinstance(op, memref.GetGlobalOp | memref.AllocaOp) or is_complete(op.results[0]):
                continue
            type = op.results[0].type
            assert isinstance(type, MemRefType) and isinstance(type.element_type, IntegerType)
            uses = [use.operation for use in op.results[0].uses]
            banks = next((cut.banks or 1 for cut in uses if isinstance(cut, ArrayPartitionOp)), 1)
            elements = ring_of(op) or prod(type.get_shape())
            bits = elements * type.element_type.width.data // banks
            constant = str(type.memory_space) == '"flash"'
            built = "bram" if bits >= self.block_bits else "lutram"
            add_after(op.results[0], BindStorageOp(op.results[0], "rom_1p" if constant else "ram_2p", built))


def add_after(value: SSAValue, op: Operation) -> None:
    """Write an op behind what makes a value."""
    owner = value.owner
    assert isinstance(owner, Operation) and owner.parent is not None
    owner.parent.insert_op_after(op, owner)


def is_complete(root: SSAValue) -> bool:
    """True where each element of an array is a register of its own, or there is only one."""
    type = root.type
    assert isinstance(type, MemRefType)
    cuts = [use.operation for use in root.uses if isinstance(use.operation, ArrayPartitionOp)]
    return prod(type.get_shape()) == 1 or any(cut.kind.data == "complete" for cut in cuts)
