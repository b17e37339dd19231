"""The ops of `hls` as pragmas and types of C++."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xdsl.ir import Operation, SSAValue

from ..dialects import hls

if TYPE_CHECKING:
    from .printing.spelling import Spelling


def pragmas(op: Operation, name: Callable[[SSAValue], str]) -> list[str]:
    """What stands behind `#pragma HLS`; one op may take two lines."""
    match op:
        case hls.PipelineOp():
            return [f"PIPELINE II={op.ii.value.data}"]
        case hls.UnrollOp():
            return ["UNROLL" if op.factor is None else f"UNROLL factor={op.factor.value.data}"]
        case hls.DataflowOp():
            return ["DATAFLOW"]
        case hls.InlineOp():
            return ["INLINE off"]
        case hls.ArrayPartitionOp() | hls.ArrayReshapeOp():
            what = "PARTITION" if isinstance(op, hls.ArrayPartitionOp) else "RESHAPE"
            factor = f" factor={op.banks}" if op.banks is not None else ""
            return [f"ARRAY_{what} variable={name(op.array)} type={op.kind.data}{factor} dim=1"]
        case hls.BindStorageOp():
            return [f"BIND_STORAGE variable={name(op.array)} type={op.storage.data} impl={op.implementation.data}"]
        case hls.BindOpOp():
            return [f"BIND_OP variable={name(op.value)} op={op.kind.data} impl={op.implementation.data}"]
        case hls.InterfaceOp():
            return [interface(op, name)]
        case _:
            raise AssertionError(f"{op.name} is no pragma")


def interface(op: hls.InterfaceOp, name: Callable[[SSAValue], str]) -> str:
    """The protocol of a port."""
    port = "return" if op.port is None else name(op.port)
    offset = f" offset=slave bundle={port}" if op.mode.data == "m_axi" else ""
    return f"INTERFACE mode={op.mode.data} port={port}{offset}"


def stream_pragma(op: hls.StreamOp, name: str) -> str:
    """The depth of a stream."""
    return f"#pragma HLS STREAM variable={name} depth={op.depth.value.data}"


def stream_type(spelling: Spelling, type: hls.StreamType) -> str:
    """`hls::stream<ap_int<8> >`"""
    return f"hls::stream<{spelling.type(type.element_type)} >"
