"""Every value is made before it is used, where the op that uses it can see it (MLIR's dominance, without jumps)."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, Region, SSAValue
from xdsl.traits import IsolatedFromAbove

from ..diagnostics import OpError
from ..fixed.structured import StructuredForm


def verify_dominance(module: ModuleOp) -> None:
    """Raise OpError where an operand is made later, or in a region that the op is not in."""
    visit(module, set())


def visit(op: Operation, visible: set[SSAValue]) -> None:
    """Verify what stands in the regions of an op that sees these values."""
    isolated = isinstance(op, StructuredForm) or op.has_trait(IsolatedFromAbove)
    for region in op.regions:
        inside = set[SSAValue]() if isolated else visible
        made = values_of_blocks(region) if len(region.blocks) > 1 else []
        inside.update(made)
        for block in region.blocks:
            inside.update(block.args)
            made += block.args
            for inner in block.ops:
                for number, operand in enumerate(inner.operands):
                    if operand not in inside:
                        raise OpError(inner, f"operand {number} is not defined before this op, or not visible here")
                visit(inner, inside)
                inside.update(inner.results)
                made += inner.results
        inside.difference_update(made)


def values_of_blocks(region: Region) -> list[SSAValue]:
    """The values of a region of several blocks: which of them comes before which is not asked here."""
    values: list[SSAValue] = []
    for block in region.blocks:
        values += block.args
        values += (result for op in block.ops for result in op.results)
    return values
