"""The `emitc` dialect: C as IR, with the op names and the custom syntax of LLVM 22.

Upstream's `mlir-opt` and `mlir-translate` read it where integers have C's widths; here any width stands (HLS).
`types` holds types and attribute names, `operators` arithmetic, `expressions` the leaves of
expressions and their grouping, `statements`, `switch` and `declarations` the rest.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .declarations import (
    CallOp,
    CallOpaqueOp,
    FuncOp,
    GetGlobalOp,
    GlobalOp,
    IncludeOp,
    MemberOfPtrOp,
    ReturnOp,
    VerbatimOp,
)
from .expressions import AddressOfOp, CastOp, ConstantOp, ExpressionOp, LoadOp, YieldOp
from .operators import (
    AddOp,
    BitwiseAndOp,
    BitwiseLeftShiftOp,
    BitwiseOrOp,
    BitwiseRightShiftOp,
    BitwiseXorOp,
    CmpOp,
    ConditionalOp,
    DivOp,
    LogicalAndOp,
    LogicalOrOp,
    MachineOp,
    MulOp,
    RemOp,
    SubOp,
    UnaryMinusOp,
)
from .statements import AssignOp, ForOp, IfOp, SubscriptOp, VariableOp
from .switch import SwitchOp
from .types import ArrayType, LValueType, OpaqueAttr, PointerType

EmitC = Dialect(
    "emitc",
    [
        AddOp,
        SubOp,
        MulOp,
        DivOp,
        RemOp,
        BitwiseAndOp,
        BitwiseOrOp,
        BitwiseXorOp,
        BitwiseLeftShiftOp,
        BitwiseRightShiftOp,
        LogicalAndOp,
        LogicalOrOp,
        UnaryMinusOp,
        CmpOp,
        ConditionalOp,
        CastOp,
        AddressOfOp,
        LoadOp,
        ConstantOp,
        ExpressionOp,
        YieldOp,
        VariableOp,
        AssignOp,
        SubscriptOp,
        ForOp,
        IfOp,
        SwitchOp,
        IncludeOp,
        VerbatimOp,
        GlobalOp,
        GetGlobalOp,
        MemberOfPtrOp,
        FuncOp,
        CallOp,
        CallOpaqueOp,
        MachineOp,
        ReturnOp,
    ],
    [ArrayType, LValueType, PointerType, OpaqueAttr],
)
