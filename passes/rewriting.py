"""Rewrites until nothing changes, for patterns about forms: what stands in bodies of forms is passed over.

Bodies hold some four fifths of all ops; a walk through them costs more than what such patterns do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region
from xdsl.pattern_rewriter import GreedyRewritePatternApplier, PatternRewriteWalker, RewritePattern

from ..dialects.fixed.structured import StructuredForm


def rewrite_forms(module: ModuleOp, patterns: Sequence[type[RewritePattern]]) -> None:
    """Apply patterns to all ops of a module but those in bodies of forms, until nothing changes."""
    FormWalker(GreedyRewritePatternApplier([pattern() for pattern in patterns])).rewrite_module(module)


@dataclass(eq=False, repr=False)
class FormWalker(PatternRewriteWalker):
    """A walker that does not enter the bodies of forms."""

    def _populate_worklist(self, op: Operation | Region | Block) -> None:
        for found in [*outside_of_forms(op)][::-1]:
            self._worklist.push(found)


def outside_of_forms(inside: Operation | Region | Block) -> Iterator[Operation]:
    """The ops inside of one, itself first, in their order, but for those in bodies of forms."""
    if isinstance(inside, Block):
        for op in inside.ops:
            yield from outside_of_forms(op)
    elif isinstance(inside, Region):
        for block in inside.blocks:
            yield from outside_of_forms(block)
    else:
        yield inside
        for region in () if isinstance(inside, StructuredForm) else inside.regions:
            yield from outside_of_forms(region)
