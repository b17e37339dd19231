"""`loops-strip-annotations`: a module of loops in the words of `func`, `scf`, `arith` and `memref` alone.

What is left out says where and how, never what: pragmas, labels, nodes' names, the memories that arrays lie in. Tools
on upstream MLIR take the result as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, FunctionType, MemRefType, ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.diagnostics import OpError
from ...dialects.hls import PipelineOp, UnrollOp

OWN = ("fixed.", "hls.", "mcu.", "memplan.", "onnx.")
"""How names of this project's attributes begin."""

UPSTREAM = ("arith", "builtin", "func", "memref", "scf")
"""The dialects of the result."""


@dataclass(frozen=True)
class StripAnnotationsPass(ModulePass):
    """Remove this project's attributes, pragmas and memory spaces; machine operations are refused.

    Raises OpError for an op of another dialect: plans without machine operations (board `host`) have none.
    """

    name = "loops-strip-annotations"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            if isinstance(inner, PipelineOp | UnrollOp):
                Rewriter.erase_op(inner)
            elif inner.name.partition(".")[0] not in UPSTREAM:
                raise OpError(inner, "upstream has no such op; plan for a board without machine operations, as `host`")
            else:
                strip(inner)


def strip(op: Operation) -> None:
    """Remove attributes and memory spaces of an op, its results and its blocks."""
    op.attributes = {name: value for name, value in op.attributes.items() if not name.startswith(OWN)}
    op.properties = {name: plain(value) for name, value in op.properties.items() if not name.startswith(OWN)}
    values = [*op.results, *(argument for region in op.regions for block in region.blocks for argument in block.args)]
    for value in values:
        Rewriter.replace_value_with_new_type(value, plain(value.type))


def plain(attribute: Attribute) -> Attribute:
    """An attribute without memory spaces in its types, and without attributes of this project on arguments."""
    match attribute:
        case MemRefType():
            return MemRefType(attribute.element_type, attribute.shape, attribute.layout)
        case FunctionType():
            return FunctionType.from_lists(list(map(plain, attribute.inputs)), list(map(plain, attribute.outputs)))
        case ArrayAttr():
            return ArrayAttr([plain(part) for part in attribute])
        case _:
            return attribute
