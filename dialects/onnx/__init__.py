"""The `onnx` dialect: the model as it was trained, on tensors of f32, or with QuantizeLinear and DequantizeLinear.

Ops are named as in the ONNX operator specification; attributes are explicit (no `auto_pad`, no defaults), so an op
means the same wherever it came from. `layers` holds layers, `scalar` elementwise ops, `reductions`
means, `shapes` what only moves numbers, `moves` what takes them from elsewhere, `joins` what puts them beside others;
`function_table` lists the real functions of one number, `several` has functions of several tensors.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .base import OnnxOp
from .function_table import FUNCTIONS
from .functions import FunctionOp
from .joins import ConcatOp, PadOp, SliceOp
from .layers import (
    AveragePoolOp,
    BatchNormalizationOp,
    ConvOp,
    GemmOp,
    GlobalAveragePoolOp,
    MatMulOp,
    MaxPoolOp,
)
from .moves import GatherOp
from .reductions import ReduceMeanOp
from .scalar import (
    AddOp,
    ArgMaxOp,
    ClipOp,
    DequantizeLinearOp,
    DivOp,
    MulOp,
    QuantizeLinearOp,
    ReluOp,
    SoftmaxOp,
    SubOp,
)
from .several import MaxOp, MeanOp, MinOp, ModOp, PowOp, PReluOp
from .shapes import ConstantOp, FlattenOp, IdentityOp, ReshapeOp, SqueezeOp, TransposeOp, UnsqueezeOp

__all__ = [
    "FUNCTIONS",
    "AddOp",
    "ArgMaxOp",
    "AveragePoolOp",
    "BatchNormalizationOp",
    "ClipOp",
    "ConcatOp",
    "ConstantOp",
    "ConvOp",
    "DequantizeLinearOp",
    "DivOp",
    "FlattenOp",
    "FunctionOp",
    "GatherOp",
    "GemmOp",
    "GlobalAveragePoolOp",
    "IdentityOp",
    "MatMulOp",
    "MaxOp",
    "MaxPoolOp",
    "MeanOp",
    "MinOp",
    "ModOp",
    "MulOp",
    "Onnx",
    "OnnxOp",
    "PReluOp",
    "PadOp",
    "PowOp",
    "QuantizeLinearOp",
    "ReduceMeanOp",
    "ReluOp",
    "ReshapeOp",
    "SliceOp",
    "SoftmaxOp",
    "SqueezeOp",
    "SubOp",
    "TransposeOp",
    "UnsqueezeOp",
]

Onnx = Dialect(
    "onnx",
    [
        AddOp,
        ArgMaxOp,
        AveragePoolOp,
        BatchNormalizationOp,
        ClipOp,
        ConcatOp,
        ConstantOp,
        ConvOp,
        DequantizeLinearOp,
        DivOp,
        FlattenOp,
        GatherOp,
        GemmOp,
        GlobalAveragePoolOp,
        IdentityOp,
        MatMulOp,
        MaxOp,
        MaxPoolOp,
        MeanOp,
        MinOp,
        ModOp,
        MulOp,
        PReluOp,
        PadOp,
        PowOp,
        QuantizeLinearOp,
        ReduceMeanOp,
        ReluOp,
        ReshapeOp,
        SliceOp,
        SoftmaxOp,
        SqueezeOp,
        SubOp,
        TransposeOp,
        UnsqueezeOp,
        *FUNCTIONS.values(),
    ],
    [],
)
