"""Transposes at the ends of a model: the port says how its tensor is stored, and no data moves."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, BlockArgument, Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from ....dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from ....dialects.fixed.types import IntsAttr, PortAttr
from .transposes import Permutation, compose, inverse, permutation_of, permuted_type, transpose


class FoldIntoInput(RewritePattern):
    """T(p, argument) -> argument, stored in that order, where what computes on it prefers it so."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FuncOp, rewriter: PatternRewriter) -> None:
        ports = op.attributes.get("fixed.inputs")
        if not isinstance(ports, ArrayAttr):
            return
        for argument in op.args:
            permutation = preferred_layout(argument)
            if permutation is not None:
                store_as(argument, permutation, rewriter)
                op.attributes["fixed.inputs"] = with_layout(op.attributes["fixed.inputs"], argument.index, permutation)
                op.update_function_type()


def store_as(argument: BlockArgument, permutation: Permutation, rewriter: PatternRewriter) -> None:
    """Give an argument the type of its transpose; users by that transpose take it as it is, others transposed back."""
    matching = [use.operation for use in argument.uses if permutation_of(use.operation) == permutation]
    block = argument.block
    stored = rewriter.replace_value_with_new_type(argument, permuted_type(argument.type, permutation))
    if any(use.operation not in matching for use in stored.uses):
        back = rewriter.insert(transpose(stored, inverse(permutation)), InsertPoint.at_start(block))
        rewriter.replace_uses_with_if(
            stored, back.results[0], lambda use: use.operation is not back and use.operation not in matching
        )
    for op in matching:
        rewriter.replace(op, [], [stored])


def preferred_layout(argument: BlockArgument) -> Permutation | None:
    """The permutation under which the strongest user reads an argument, None where it is the stored one."""
    best, strength = None, strongest([use.operation for use in argument.uses if permutation_of(use.operation) is None])
    for use in argument.uses:
        permutation = permutation_of(use.operation)
        if permutation is not None:
            stronger = strongest([user.operation for user in use.operation.results[0].uses])
            if stronger > strength:
                best, strength = permutation, stronger
    return best


def strongest(users: list[Operation]) -> int:
    """How much an order of dimensions matters to a value's users: most to forms that go through windows."""
    return max((2 if isinstance(user, ContractOp | ReduceOp) else 1 for user in users), default=0)


def with_layout(ports: Attribute, index: int, permutation: Permutation) -> ArrayAttr[Attribute]:
    """The ports, the one at `index` stored transposed by `permutation` from how it was."""
    assert isinstance(ports, ArrayAttr)
    entries: list[Attribute] = list(ports.data)
    port = entries[index]
    assert isinstance(port, PortAttr)
    entries[index] = PortAttr(
        port.label, port.type, IntsAttr(compose(port.permutation.data, permutation)), port.holds.data
    )
    return ArrayAttr(entries)


class FoldIntoOutput(RewritePattern):
    """return T(p, x) -> return x, and the port says how it is stored"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReturnOp, rewriter: PatternRewriter) -> None:
        function = op.parent_op()
        if not isinstance(function, FuncOp) or "fixed.outputs" not in function.attributes:
            return
        for index, value in enumerate(op.operands):
            permutation = permutation_of(value.owner)
            if permutation is not None and isinstance(value.owner, MapOp):
                op.operands[index] = value.owner.ins[0]
                ports = function.attributes["fixed.outputs"]
                function.attributes["fixed.outputs"] = with_layout(ports, index, inverse(permutation))
                function.update_function_type()
                rewriter.notify_op_modified(value.owner)
