"""The `hls` dialect: what high-level synthesis is asked to do that C cannot say, and streams between processes.

All but streams leave the meaning of a program alone: `regions` speak of loops and functions, `memories` of arrays and
ports, `operators` of what computes a value. They stand at the loops level, on memrefs, and in emitc, on arrays and
pointers.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .memories import ArrayPartitionOp, ArrayReshapeOp, BindStorageOp, InterfaceOp
from .operators import BindOpOp
from .regions import DataflowOp, InlineOp, PipelineOp, UnrollOp
from .streams import ReadOp, StreamOp, StreamType, WriteOp

Hls = Dialect(
    "hls",
    [
        PipelineOp,
        UnrollOp,
        DataflowOp,
        InlineOp,
        ArrayPartitionOp,
        ArrayReshapeOp,
        BindStorageOp,
        BindOpOp,
        InterfaceOp,
        StreamOp,
        ReadOp,
        WriteOp,
    ],
    [StreamType],
)
