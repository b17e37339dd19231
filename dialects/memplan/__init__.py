"""The `memplan` dialect: where every byte lives and when it dies.

At this level the structured forms write into memrefs. A buffer is first only a size and a lifetime (`memplan.buffer`);
placement turns it into a view of an arena at a byte offset (`memplan.view`), and `memplan.retire` marks the end of its
life, after which its bytes may hold anything. An alias is the same bytes under another type.

Row streaming: `memplan.stream` runs the forms of a chain slice by slice instead of one after the other, and a buffer
whose `rows` are placed one by one (`memplan.rows`) keeps no more of them than are still to be read. Recurrence:
`memplan.loop` runs its forms once a round.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .buffers import AliasOp, ArenaOp, BufferOp, RetireOp, RowsOp, ViewOp
from .inputs import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS, caller_form, pushed_loop
from .loops import LAST, WHOLE, LoopOp, all_dims, forms_of, loops_around, outermost, round_dims
from .sizes import FLASH, element_bytes, row_bytes, row_count, row_dimension, size_in_bytes
from .steps import TIMES, OpaqueOp, StreamOp, accumulates

__all__ = [
    "FLASH",
    "INPUT_ARENA",
    "INPUT_ROWS",
    "INPUT_STEPS",
    "LAST",
    "TIMES",
    "WHOLE",
    "AliasOp",
    "ArenaOp",
    "BufferOp",
    "LoopOp",
    "Memplan",
    "OpaqueOp",
    "RetireOp",
    "RowsOp",
    "StreamOp",
    "ViewOp",
    "accumulates",
    "all_dims",
    "caller_form",
    "element_bytes",
    "forms_of",
    "loops_around",
    "outermost",
    "round_dims",
    "pushed_loop",
    "row_bytes",
    "row_count",
    "row_dimension",
    "size_in_bytes",
]

Memplan = Dialect("memplan", [ArenaOp, BufferOp, ViewOp, RowsOp, AliasOp, RetireOp, OpaqueOp, StreamOp, LoopOp], [])
