"""The `onnx` dialect: the model as it was trained, on tensors of f32, or with QuantizeLinear and DequantizeLinear.

Ops are named as in the ONNX operator specification; attributes are explicit (no `auto_pad`, no defaults), so an op
means the same wherever it came from. `layers` holds layers, `scalar` elementwise ops, `several` functions of several
tensors, `integers` those on integers and truth values, `function_table` lists the real functions of one number;
`reductions`, `distances` and `axes` have what runs along dimensions, `normalization` what divides by it, `shapes` what
only moves numbers, `moves` what takes them from elsewhere, `joins` what puts them beside others, `scan` what is
repeated over time.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .axes import ArgMinOp, CumSumOp, HardmaxOp, LogSoftmaxOp
from .base import OnnxOp
from .conv_transpose import ConvTransposeOp
from .distances import SquaredDistanceOp
from .function_table import FUNCTIONS
from .functions import FunctionOp
from .integers import CastOp, CompareOp, IntegerBinaryOp, IntegerUnaryOp, NotFiniteOp, WhereOp
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
from .moves import GatherOp, TakeOp
from .normalization import LayerNormalizationOp, LpNormalizationOp, LRNOp, RMSNormalizationOp
from .reductions import (
    ReduceL1Op,
    ReduceL2Op,
    ReduceLogSumExpOp,
    ReduceLogSumOp,
    ReduceMaxOp,
    ReduceMeanOp,
    ReduceMinOp,
    ReduceSumOp,
    ReduceSumSquareOp,
)
from .resize import ResizeOp
from .scalar import (
    AddOp,
    ArgMaxOp,
    ClipOp,
    DequantizeLinearOp,
    DivOp,
    MaskedSoftmaxOp,
    MulOp,
    QuantizeLinearOp,
    ReluOp,
    SoftmaxOp,
    SubOp,
)
from .scan import NextOp, ScanOp
from .several import MaxOp, MeanOp, MinOp, ModOp, PowOp, PReluOp
from .shapes import ConstantOp, FlattenOp, IdentityOp, ReshapeOp, SqueezeOp, TransposeOp, UnsqueezeOp

__all__ = [
    "FUNCTIONS",
    "AddOp",
    "ArgMaxOp",
    "ArgMinOp",
    "AveragePoolOp",
    "BatchNormalizationOp",
    "CastOp",
    "ClipOp",
    "CompareOp",
    "ConcatOp",
    "ConstantOp",
    "ConvOp",
    "CumSumOp",
    "ConvTransposeOp",
    "DequantizeLinearOp",
    "DivOp",
    "FlattenOp",
    "FunctionOp",
    "GatherOp",
    "GemmOp",
    "GlobalAveragePoolOp",
    "HardmaxOp",
    "IdentityOp",
    "IntegerBinaryOp",
    "IntegerUnaryOp",
    "LRNOp",
    "LayerNormalizationOp",
    "LogSoftmaxOp",
    "LpNormalizationOp",
    "MatMulOp",
    "MaxOp",
    "MaxPoolOp",
    "MeanOp",
    "MinOp",
    "ModOp",
    "MulOp",
    "NextOp",
    "NotFiniteOp",
    "Onnx",
    "OnnxOp",
    "PReluOp",
    "PadOp",
    "PowOp",
    "QuantizeLinearOp",
    "RMSNormalizationOp",
    "ReduceL1Op",
    "ReduceL2Op",
    "ReduceLogSumExpOp",
    "ReduceLogSumOp",
    "ReduceMaxOp",
    "ReduceMeanOp",
    "ReduceMinOp",
    "ReduceSumOp",
    "ReduceSumSquareOp",
    "ReluOp",
    "ReshapeOp",
    "ResizeOp",
    "ScanOp",
    "SliceOp",
    "MaskedSoftmaxOp",
    "SoftmaxOp",
    "SquaredDistanceOp",
    "SqueezeOp",
    "SubOp",
    "TakeOp",
    "TransposeOp",
    "UnsqueezeOp",
    "WhereOp",
]

Onnx = Dialect(
    "onnx",
    [
        AddOp,
        ArgMaxOp,
        ArgMinOp,
        AveragePoolOp,
        BatchNormalizationOp,
        CastOp,
        ClipOp,
        CompareOp,
        ConcatOp,
        ConstantOp,
        ConvOp,
        CumSumOp,
        ConvTransposeOp,
        DequantizeLinearOp,
        DivOp,
        FlattenOp,
        GatherOp,
        GemmOp,
        GlobalAveragePoolOp,
        HardmaxOp,
        IdentityOp,
        IntegerBinaryOp,
        IntegerUnaryOp,
        LRNOp,
        LayerNormalizationOp,
        LogSoftmaxOp,
        LpNormalizationOp,
        MatMulOp,
        MaxOp,
        MaxPoolOp,
        MeanOp,
        MinOp,
        ModOp,
        MulOp,
        NextOp,
        NotFiniteOp,
        PReluOp,
        PadOp,
        PowOp,
        QuantizeLinearOp,
        RMSNormalizationOp,
        ReduceL1Op,
        ReduceL2Op,
        ReduceLogSumExpOp,
        ReduceLogSumOp,
        ReduceMaxOp,
        ReduceMeanOp,
        ReduceMinOp,
        ReduceSumOp,
        ReduceSumSquareOp,
        ReluOp,
        ReshapeOp,
        ResizeOp,
        ScanOp,
        SliceOp,
        MaskedSoftmaxOp,
        SoftmaxOp,
        SquaredDistanceOp,
        SqueezeOp,
        SubOp,
        TakeOp,
        TransposeOp,
        UnsqueezeOp,
        *FUNCTIONS.values(),
        WhereOp,
    ],
    [],
)
