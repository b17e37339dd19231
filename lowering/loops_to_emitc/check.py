"""What `convert-loops-to-emitc` asks first: what it must refuse, and which arguments a function only reads."""

from __future__ import annotations

from math import prod

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntAttr, IntegerType, MemRefType, ModuleOp, NoneAttr, StridedLayoutAttr, i1
from xdsl.ir import Attribute, Operation, SSAValue

from ...dialects.errors import UserError
from ...dialects.hls import StreamType
from ...dialects.mcu import BlockOp
from ...dialects.mcu.bytes import SparseBlockOp
from ...dialects.mcu.words import AtOp, LoadWordOp, MachineOp
from ...dialects.memplan import size_in_bytes
from .arith import RULES
from .hls import ARRAYS, HLS_OPS
from .memory import is_flash

SAME_START = (memref.ReinterpretCastOp, memref.CollapseShapeOp, memref.ExpandShapeOp, memref.CastOp)
"""Another type for the same memory; an offset stands in the type's layout."""

TAKEN = (
    arith.ConstantOp,
    arith.CmpiOp,
    func.CallOp,
    func.FuncOp,
    func.ReturnOp,
    memref.GlobalOp,
    memref.GetGlobalOp,
    memref.LoadOp,
    memref.StoreOp,
    memref.ViewOp,
    scf.ForOp,
    scf.IfOp,
    scf.IndexSwitchOp,
    scf.YieldOp,
    *HLS_OPS,
    AtOp,
    BlockOp,
    SparseBlockOp,
    LoadWordOp,
    MachineOp,
    memref.AllocaOp,
    *SAME_START,
    *RULES,
)
"""Every op that the lowering knows."""

NOT_ON_CONDITIONS = (
    arith.DivSIOp,
    arith.DivUIOp,
    arith.RemSIOp,
    arith.RemUIOp,
    arith.FloorDivSIOp,
    arith.CeilDivSIOp,
    arith.CeilDivUIOp,
    arith.ShLIOp,
    arith.ShRUIOp,
    arith.ShRSIOp,
)


def check(module: ModuleOp, index_bits: int) -> None:
    """Raise UserError with everything in the module that cannot become C."""
    reasons: dict[str, None] = {}
    for op in module.body.block.walk():
        reasons.update(dict.fromkeys(refusals(op, index_bits)))
    if reasons:
        raise UserError(*(f"convert-loops-to-emitc: {reason}" for reason in reasons))


def refusals(op: Operation, index_bits: int) -> list[str]:
    """Why this op cannot become C; empty where it can."""
    if not isinstance(op, TAKEN):
        return [f"`{op.name}` has no C here; lower it to func, scf, arith and memref first"]
    types = [
        value.type for value in (*op.operands, *op.results, *(a for r in op.regions for b in r.blocks for a in b.args))
    ]
    if isinstance(op, memref.GlobalOp):
        types.append(op.type)
    reasons = [f"`{op.name}` uses {type}: {reason}" for type in types for reason in type_refusals(type)]
    if reasons:
        return reasons
    if isinstance(op, NOT_ON_CONDITIONS) and op.results[0].type == i1:
        reasons.append(f"`{op.name}` on i1 has no use; extend it first")
    if isinstance(op, memref.GlobalOp | func.FuncOp) and not isinstance(op.parent_op(), ModuleOp):
        reasons.append(f"@{op.sym_name.data} must stand at the top of the module")
    if isinstance(op, memref.GlobalOp):
        reasons += size_refusals(op, index_bits)
    if isinstance(op, func.FuncOp) and (op.is_declaration or len(op.body.blocks) != 1):
        reasons.append(f"@{op.sym_name.data} needs a body of one block")
    if isinstance(op, func.ReturnOp) and len(op.arguments) > 1:
        reasons.append("a function of C has one result at most: let it store the others to a memref")
    if isinstance(op, scf.IndexSwitchOp):
        reasons += switch_refusals(op, index_bits)
    if isinstance(op, memref.ViewOp):
        reasons += view_refusals(op)
    return reasons


def switch_refusals(op: scf.IndexSwitchOp, index_bits: int) -> list[str]:
    """Why a switch is none of C."""
    reasons: list[str] = []
    if op.results:
        reasons.append("`scf.index_switch` with results has no C here: let each case store to a memref")
    limit = 1 << (index_bits - 1)
    for value in op.cases.iter_values():
        if not -limit <= value < limit:
            reasons.append(f"case {value} of `scf.index_switch` is no index of {index_bits} bits")
    return reasons


def view_refusals(op: memref.ViewOp) -> list[str]:
    """Why a view is no address of C."""
    source, result = op.source.type, op.result.type
    if isinstance(source, MemRefType) and is_flash(source) and source.element_type != result.element_type:
        return ["cannot read the bytes of a constant as another type: give the constant the type that is read"]
    return []


def type_refusals(type: Attribute) -> list[str]:
    """Why C has no such type."""
    match type:
        case IndexType() | IntegerType() | StreamType():
            return []
        case MemRefType() if not isinstance(type.element_type, IntegerType):
            return ["only memrefs of integers become C"]
        case MemRefType() if any(size < 0 for size in type.get_shape()) and type.get_num_dims() > 1:
            return ["sizes must be constants where there are several dimensions"]
        case MemRefType(layout=StridedLayoutAttr() as layout):
            static = all(isinstance(part, IntAttr) for part in (*layout.strides, layout.offset))
            return [] if static else ["strides and offset must be constants"]
        case MemRefType():
            return [] if isinstance(type.layout, NoneAttr) else ["only strided layouts become C"]
        case _:
            return ["only integers, index, memrefs and streams become C"]


def size_refusals(op: memref.GlobalOp, index_bits: int) -> list[str]:
    """An array that an index of this width cannot reach."""
    limit = (1 << (index_bits - 1)) - 1
    size = size_in_bytes(op.type) if op.constant is not None else prod(op.type.get_shape())
    if size <= limit:
        return []
    what = (
        f"constant @{op.sym_name.data} has {size} bytes" if op.constant else f"@{op.sym_name.data} has {size} elements"
    )
    return [
        f"{what}; with {index_bits}-bit indices one array has at most {limit}: split it, make the layer smaller, "
        "or use a board with 32-bit pointers"
    ]


class ReadOnly:
    """Which memref arguments of a function are never written, neither there nor by the functions that it calls."""

    def __init__(self, functions: dict[str, func.FuncOp]):
        self._functions = functions
        self._known: dict[tuple[str, int], bool] = {}

    def argument(self, function: str, index: int) -> bool:
        """True when the function does not write through this argument. Functions do not call themselves."""
        key = (function, index)
        if key not in self._known:
            self._known[key] = self._value(self._functions[function].args[index])
        return self._known[key]

    def _value(self, value: SSAValue) -> bool:
        return all(self._use(use.operation, use.index) for use in value.uses)

    def _use(self, op: Operation, operand: int) -> bool:
        match op:
            case memref.LoadOp() | LoadWordOp() | SparseBlockOp():
                return True
            case BlockOp():
                return operand < len(op.operands) - 1
            case func.CallOp():
                return self.argument(op.callee.string_value(), operand)
            case _ if isinstance(op, ARRAYS):
                return True
            case _ if isinstance(op, (memref.ViewOp, AtOp, *SAME_START)):
                return self._value(op.results[0])
            case _:
                return False
