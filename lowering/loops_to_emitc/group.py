"""Group operators into expressions: what is used once goes into the statement that uses it.

A read of memory moves only over statements that cannot change what it reads; where one stands between, the value keeps
a variable of its own. What the result reads in C is then `acc += (int32_t)x[i] * (int32_t)w[j];`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue

from ...dialects import emitc
from ...dialects.emitc.operators import ExpressionMember

MAX_DEPTH = 50
"""Operators above each other in one expression; what lies deeper gets a variable."""

IsConstant = Callable[[SSAValue], bool]
"""Tells whether an array or pointer is never written."""


def group_expressions(block: Block, is_constant: IsConstant) -> None:
    """Group the operators of a block and of the blocks inside; drop what is not used."""
    for op in block.ops:
        for region in op.regions:
            for inner in region.blocks:
                group_expressions(inner, is_constant)
    Grouping(block, is_constant).run()


def is_silent(op: Operation) -> bool:
    """True for ops that have no effect where they stand."""
    return isinstance(op, ExpressionMember | emitc.SubscriptOp | emitc.GetGlobalOp)


def erase_unused(block: Block) -> None:
    """Drop what has no effect and no use."""
    for op in reversed(list(block.ops)):
        if is_silent(op) and not op.results[0].uses:
            block.erase_op(op)


class Writes:
    """Where a block changes its variables and memory: positions, in order."""

    def __init__(self, ops: list[Operation], is_constant: IsConstant):
        self._is_constant = is_constant
        self._memory: list[int] = []
        self._variables: dict[SSAValue, list[int]] = {}
        for position, op in enumerate(ops):
            if not is_silent(op):
                for inner in op.walk():
                    self._record(inner, position)

    def _record(self, op: Operation, position: int) -> None:
        if isinstance(op, emitc.AssignOp) and isinstance(op.var.owner, emitc.VariableOp):
            self._variables.setdefault(op.var, []).append(position)
        elif isinstance(op, emitc.AssignOp | emitc.CallOp | emitc.CallOpaqueOp):
            self._memory.append(position)

    def between(self, place: SSAValue, start: int, end: int) -> bool:
        """True when something after `start` and before `end` may change what a place holds."""
        if isinstance(place.owner, emitc.SubscriptOp):
            positions = [] if self._is_constant(place.owner.value) else self._memory
        else:
            positions = self._variables.get(place, [])
        first = bisect_right(positions, start)
        return first < len(positions) and positions[first] < end


def split_reads(block: Block, is_constant: IsConstant) -> None:
    """Give each use of a variable's value a read of its own, where no assignment stands before the last of them.

    A variable has a name already; a second one for its value would only be longer to read.
    """
    ops = list(block.ops)
    position = {op: place for place, op in enumerate(ops)}
    writes = Writes(ops, is_constant)
    for op in ops:
        if not isinstance(op, emitc.LoadOp) or not isinstance(op.operand.owner, emitc.VariableOp):
            continue
        uses = list(op.result.uses)
        if any(u.operation.parent is not block for u in uses):
            continue
        last = max(position[u.operation] for u in uses)
        if not writes.between(op.operand, position[op], last):
            for use in uses[1:]:
                read = op.clone()
                block.insert_op_after(read, op)
                use.operation.operands[use.index] = read.result


class Grouping:
    """The work on one block. `position` is where each op stood before."""

    def __init__(self, block: Block, is_constant: IsConstant):
        self.block = block
        erase_unused(block)
        split_reads(block, is_constant)
        self.ops = list(block.ops)
        self.used_once = {op for op in self.ops if is_silent(op) and op.results[0].has_one_use()}
        self.position = {op: place for place, op in enumerate(self.ops)}
        self.moved: set[Operation] = set()
        self.too_deep: set[Operation] = set()
        self.writes = Writes(self.ops, is_constant)

    def run(self) -> None:
        """From the last op to the first: users before what they use."""
        for op in reversed(self.ops):
            if op in self.moved or isinstance(op, emitc.ConstantOp | emitc.GetGlobalOp):
                continue
            if isinstance(op, ExpressionMember):
                at = op.next_op
                assert at is not None, "verified: a block ends in a terminator"
                self.express(op, at, self.position[op])
            else:
                self.gather(op, self.position[op])
        erase_unused(self.block)

    def gather(self, statement: Operation, end: int, at: Operation | None = None) -> None:
        """Put what a statement or subscript uses in front of it; `end` is where it is evaluated."""
        for index, operand in enumerate(statement.operands):
            if not isinstance(statement, emitc.ForOp) or index == 0 or isinstance(operand.owner, emitc.ConstantOp):
                statement.operands[index] = self.settle(operand, at or statement, end)

    def settle(self, value: SSAValue, at: Operation, end: int) -> SSAValue:
        """Move what makes a value in front of `at`, where it can be evaluated at `end`; the value to use there."""
        op = value.owner
        if not isinstance(op, Operation) or not self.can_move(op, end):
            return value
        if isinstance(op, emitc.ConstantOp):
            return self.copy(op, lambda new: self.block.insert_op_before(new, at))
        if isinstance(op, ExpressionMember):
            return self.express(op, at, end)
        self.moved.add(op)
        op.detach()
        self.block.insert_op_before(op, at)
        self.gather(op, end)
        return value

    def can_move(self, op: Operation, end: int) -> bool:
        """True when an op can be evaluated at `end`, for its one user."""
        if op not in self.position or op in self.moved or isinstance(op, emitc.GetGlobalOp) or not is_silent(op):
            return False
        if isinstance(op, emitc.ConstantOp):
            return True
        if op not in self.used_once or op in self.too_deep:
            return False
        return not isinstance(op, emitc.LoadOp) or not self.writes.between(op.operand, self.position[op], end)

    def copy(self, op: emitc.ConstantOp, insert: Callable[[Operation], None]) -> SSAValue:
        """A constant of its own for one use."""
        new = op.clone()
        insert(new)
        return new.result

    def express(self, root: Operation, at: Operation, end: int) -> SSAValue:
        """Turn an operator, with those that can go with it, into an expression in front of `at`."""
        body = Block()
        leaves: dict[SSAValue, BlockArgument] = {}

        def member(op: Operation, depth: int) -> None:
            for index, operand in enumerate(op.operands):
                owner = operand.owner
                if isinstance(owner, emitc.ConstantOp):
                    op.operands[index] = self.copy(owner, body.add_op)
                elif isinstance(owner, ExpressionMember) and self.can_move(owner, end) and depth < MAX_DEPTH:
                    member(owner, depth + 1)
                else:
                    op.operands[index] = leaf(operand)
            self.moved.add(op)
            op.detach()
            body.add_op(op)

        def leaf(operand: SSAValue) -> SSAValue:
            if isinstance(operand.owner, ExpressionMember) and self.can_move(operand.owner, end):
                self.too_deep.add(operand.owner)
            value = self.settle(operand, at, end)
            if value not in leaves:
                leaves[value] = body.insert_arg(value.type, len(body.args))
            return leaves[value]

        member(root, 1)
        result = root.results[0]
        expression = emitc.ExpressionOp(list(leaves), Region(body), result.type, root in self.too_deep)
        expression.result.name_hint = result.name_hint
        result.replace_all_uses_with(expression.result)
        body.add_op(emitc.YieldOp(result))
        self.block.insert_op_before(expression, at)
        return expression.result
