"""`hls-check`: a lint of what synthesis refuses, or makes slow."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import memref
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.passes import ModulePass

from ...dialects.dataflow import ring_of
from ...dialects.diagnostics import OpError
from ...dialects.hls import StreamOp, StreamType
from .rules.ports import ports
from .rules.streams import dataflow_arrays, stream_ends, stream_tokens
from .rules.structure import heap, pointer_casts, recursion, trip_counts

RULES = (recursion, heap, trip_counts, pointer_casts, ports, stream_ends, stream_tokens, dataflow_arrays)


@dataclass(frozen=True)
class CheckPass(ModulePass):
    """Raise OpError for the first op that breaks a rule (`rules/`), with what to do about it.

    Refused are recursion, the heap, casts of pointers; loops of unknown trip counts in
    pipelines; more accesses of a bank in a cycle than it has ports; streams with two ends on a side, or read or written
    twice in an iteration; arrays between processes with two producers or consumers. With `memory_bits`, the block RAM
    of a part, arrays that are larger together are refused, too.
    """

    name = "hls-check"
    memory_bits: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for rule in RULES:
            for broken, reason in rule(op):
                raise OpError(broken, reason)
        if self.memory_bits:
            self._fit(op)

    def _fit(self, module: ModuleOp) -> None:
        """Raise OpError, at the largest array, where all together are more than the part has."""
        sizes = {op: bits_of(op.type) for op in module.walk() if isinstance(op, memref.GlobalOp)}
        locals = {op: bits_of(op.memref.type, ring_of(op)) for op in module.walk() if isinstance(op, memref.AllocaOp)}
        streams = {op: bits_of_stream(op) for op in module.walk() if isinstance(op, StreamOp)}
        arrays = {**sizes, **locals, **streams}
        total = sum(arrays.values())
        if total > self.memory_bits:
            largest, bits = max(arrays.items(), key=lambda item: item[1])
            raise OpError(
                largest,
                f"constants and buffers take {total:,} bits, the part has {self.memory_bits:,} of block RAM; this one "
                f"is the largest with {bits:,}: fewer --bits, a smaller model, or a larger part",
            )


def bits_of_stream(op: StreamOp) -> int:
    """The bits of all tokens that a stream holds."""
    assert isinstance(op.result.type, StreamType)
    return op.depth.value.data * op.result.type.element_type.width.data


def bits_of(type: object, kept: int | None = None) -> int:
    """The bits of a memref, of which maybe so many elements are kept."""
    assert isinstance(type, MemRefType) and isinstance(type.element_type, IntegerType)
    return (kept or prod(type.get_shape())) * type.element_type.width.data
