"""The `hls` dialect: what high-level synthesis is asked to do that C cannot say, and streams between processes.

All but streams leave the meaning of a program alone: `regions` speak of loops and functions, `memories` of arrays and
ports. They stand at the loops level, on memrefs, and in emitc, on arrays and pointers.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .memories import ArrayPartitionOp, ArrayReshapeOp, BindStorageOp, InterfaceOp
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
        InterfaceOp,
        StreamOp,
        ReadOp,
        WriteOp,
    ],
    [StreamType],
)
