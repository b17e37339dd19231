"""`loops-share-functions`: steps that do the same become one function, called with the addresses of each.

Two nodes of a tree, or two rounds that were written out, differ in what they read, and that is passed. So are, where
flash counts more than time, the constants of layers of one shape: their weights, what they add, how far they shift.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.passes import ModulePass

from .sharing.fingerprint import fingerprint
from .sharing.merging import merge_functions


@dataclass(frozen=True)
class ShareFunctionsPass(ModulePass):
    """Replace calls of private functions by calls of the first one with the same body; names of loops do not count.

    With `numbers`, long functions that differ in few constant arrays and words become one, too, which takes these as
    arguments. A shift of `saturate` that differs becomes one by a register: an instruction more for each result.
    """

    name = "loops-share-functions"
    numbers: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        first: dict[Hashable, FuncOp] = {}
        same: dict[str, FuncOp] = {}
        for function in [f for f in op.ops if isinstance(f, FuncOp) and is_private(f)]:
            kept = first.setdefault(fingerprint(function), function)
            if kept is not function:
                same[function.sym_name.data] = kept
                function.detach()
                function.erase()
        for call in [inner for inner in op.walk() if isinstance(inner, CallOp)]:
            kept = same.get(call.callee.string_value())
            if kept is not None:
                call.callee = SymbolRefAttr(kept.sym_name.data)
        if self.numbers:
            merge_functions([f for f in op.ops if isinstance(f, FuncOp) and is_private(f)], op)


def is_private(function: FuncOp) -> bool:
    """True for a function with a body that nothing outside of the module calls."""
    return (
        not function.is_declaration
        and function.sym_visibility is not None
        and (function.sym_visibility.data == "private")
    )
