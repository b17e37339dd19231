"""Which expressions are spelled inside the statement that uses them."""

from __future__ import annotations

from xdsl.ir import Block, Operation, Use

from ...dialects import emitc


class Inlining:
    """Answers for one block at a time; an expression that is not inlined gets a name.

    An expression is inlined where it is used once and nothing but such expressions, constants and places stands between
    it and its user (then no write can come between), and it does not say `noinline`. The bounds of a loop are spelled
    anew in each iteration, so only names stand there.
    """

    def __init__(self) -> None:
        self._inlined: set[Operation] = set()

    def prepare(self, block: Block) -> None:
        """Decide for all expressions of a block, users first."""
        for op in reversed(list(block.ops)):
            if isinstance(op, emitc.ExpressionOp) and op.do_not_inline is None and op.result.has_one_use():
                if self._reaches(op, next(iter(op.result.uses))):
                    self._inlined.add(op)

    def is_inlined(self, op: Operation) -> bool:
        """True for an expression that is spelled where it is used."""
        return op in self._inlined

    def is_spelled_later(self, op: Operation) -> bool:
        """True for an op that is spelled as part of another statement."""
        places = emitc.GetGlobalOp | emitc.MemberOfPtrOp | emitc.SubscriptOp
        return isinstance(op, emitc.ConstantOp | places) or op in self._inlined

    def next_statement(self, op: Operation) -> Operation | None:
        """The op that is spelled next."""
        following = op.next_op
        while following is not None and self.is_spelled_later(following):
            following = following.next_op
        return following

    def _reaches(self, op: Operation, use: Use) -> bool:
        user = use.operation
        if isinstance(user, emitc.ForOp) and use.index > 0:
            return False
        if isinstance(user, emitc.ExpressionOp) and not user.body.block.args[use.index].has_one_use():
            return False
        following = op.next_op
        while following is not None and following is not user and self.is_spelled_later(following):
            following = following.next_op
        if following is not user:
            return False
        if not isinstance(user, emitc.SubscriptOp):
            return True
        return user.result.has_one_use() and self._reaches(user, next(iter(user.result.uses)))
