"""Which constants a pointer of 16 bits does not reach: they are read by addresses of 24 bits.

On an AVR with more than 64 KB of flash, `__flash` reads the first 64 KB in three cycles a byte, and `__memx` all of it
in some twenty. The smallest constants come first: tables, biases and the weights of convolutions are read many times,
large matrices once.
"""

from __future__ import annotations

from xdsl.dialects import memref
from xdsl.dialects.builtin import ModuleOp, UnitAttr

from ...dialects import emitc
from ...dialects.emitc.types import FAR, FLASH, NEAR
from ...dialects.memplan import size_in_bytes
from .memory import is_flash


def far_constants(module: ModuleOp, near_bytes: int) -> frozenset[str]:
    """The symbols of the constants that do not find a place in the first `near_bytes` bytes; 0 means that all do."""
    constants = [op for op in module.ops if isinstance(op, memref.GlobalOp) and is_flash(op.type)]
    sizes = {op.sym_name.data: size_in_bytes(op.type) for op in constants}
    left, far = near_bytes or sum(sizes.values()), list[str]()
    for name in sorted(sizes, key=lambda name: sizes[name]):
        left -= sizes[name]
        far += [name] if left < 0 else []
    return frozenset(far)


def mark_reach(globals: list[emitc.GlobalOp], far: frozenset[str]) -> None:
    """Say of each constant whether it is far, or must lie in front of those that are."""
    for op in globals:
        if far and FLASH in op.attributes:
            op.attributes[FAR if op.sym_name.data in far else NEAR] = UnitAttr()
