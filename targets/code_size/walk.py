"""A walk over a function of emitc that counts what compilers leave of it.

What was computed before in the same place is not computed again; sums become linear forms, of which only what is
needed is counted; an address counts once for all elements at constant distances; conditions that are decided, or known
from an enclosing branch, are not asked.
"""

from __future__ import annotations

from collections import Counter

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import emitc
from ..machine.blocks import instructions
from ..machine.spelling import PREFIX, spellings
from .counting import bits
from .expressions import Expressions
from .values import constant, number_of

LASTING = ("address", "offset", "scaled", "terms", "form", "number", "global")
"""What holds behind a branch where the same condition is asked again: compilers join such branches."""


class Walk(Expressions):
    """One function."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: dict[tuple[int, int], set[object]] = {}
        self.depth = 0

    def function(self, function: emitc.FuncOp) -> Counter[str]:
        """The features of a function."""
        self.found["function"] = 1
        self.found["argument"] = len(function.body.block.args)
        self.block(function.body.block)
        self.found["first_global"] = len(self.globals)
        return self.found

    def block(self, block: Block) -> None:
        """All statements, in order; then nothing of what they computed is known any more."""
        mark = self.scope.mark()
        for op in block.ops:
            self.statement(op)
        self.scope.forget(mark)

    def statement(self, op: Operation) -> None:
        """One statement."""
        match op:
            case emitc.AssignOp():
                self.assign(op)
            case emitc.ForOp():
                self.loop(op)
            case emitc.IfOp():
                self.branch(op)
            case emitc.SwitchOp():
                self.found["case"] += len(op.regions)
                self.need(self.form(op.arg), op.arg)
                self.apart([region.block for region in op.regions])
            case emitc.CallOp():
                self.found["call"] += 1
                self.found["call_argument"] += len(op.arguments)
                for argument in op.arguments:
                    self.pass_on(argument)
                self.memory += 1
            case emitc.CallOpaqueOp():
                self.call(op)
            case emitc.ExpressionOp():
                self.form(op.result)
            case _:
                pass

    def assign(self, op: emitc.AssignOp) -> None:
        """A write of an element or a variable."""
        self.need(self.form(op.value), op.value)
        if isinstance(op.var.owner, emitc.SubscriptOp):
            self.access("store", op.var.owner, bits(op.value))
            self.memory += 1
        else:
            self.found[f"assign_{bits(op.value)}"] += 1
            self.versions[op.var] = self.versions.get(op.var, 0) + 1

    def loop(self, op: emitc.ForOp) -> None:
        """A loop, or its body where that runs once."""
        lower, upper, step = (number_of(self.form(bound)) for bound in op.operands)
        variable = op.body.block.args[0]
        if lower is not None and upper is not None and step is not None:
            rounds = -(-(upper - lower) // step)
            if rounds <= 0:
                return
            if rounds == 1:
                self.forms[variable] = constant(lower)
                self.block(op.body.block)
                return
            self.forms[variable] = self.atoms.form(("loop", variable), (lower, lower + (rounds - 1) * step))
        else:
            self.found["variable_bound"] += 1
            for bound in op.operands:
                self.need(self.form(bound), bound)
            self.forms[variable] = self.atoms.form(("loop", variable))
        self.found["loop"] += 1
        self.found["inner_loop"] += self.depth > 0
        self.change(op)
        self.depth += 1
        self.block(op.body.block)
        self.depth -= 1
        self.change(op)

    def change(self, op: Operation) -> None:
        """What an op with regions writes has values of its own before, inside and behind it."""
        self.memory += 1
        for inner in op.walk():
            if isinstance(inner, emitc.AssignOp) and not isinstance(inner.var.owner, emitc.SubscriptOp):
                self.versions[inner.var] = self.versions.get(inner.var, 0) + 1

    def branch(self, op: emitc.IfOp) -> None:
        """A branch, or the side that is known to be taken."""
        condition = self.form(op.condition)
        sides = [op.then_region.block, *(op.else_region.blocks)]
        if (taken := self.settled(condition)) is not None:
            for side in sides[:1] if taken else sides[1:]:
                self.block(side)
            return
        atom = condition[1][0][0]
        again = not self.scope.learn(("asked", atom))
        self.found["branch_again" if again else "branch"] += 1
        self.found["else"] += len(sides) - 1
        self.apart(sides, atom)

    def apart(self, sides: list[Block], atom: int | None = None) -> None:
        """Blocks of which one runs; in the first the condition holds."""
        for index, side in enumerate(sides):
            mark = self.scope.mark()
            if atom is not None:
                self.suppose(atom, index == 0)
                for key in self.inside.get((atom, index), ()):
                    self.scope.learn(key)
            for inner in side.ops:
                self.statement(inner)
            if atom is not None:
                self.inside.setdefault((atom, index), set()).update(self.scope.since(mark, LASTING))
            self.scope.forget(mark)
        for side in sides:
            for op in side.ops:
                self.change(op)

    def suppose(self, atom: int, holds: bool) -> None:
        """A condition is known from here on; of a conjunction that holds, both parts are."""
        self.scope.learn(("fact", atom), holds)
        parts = self.scope.get(("parts", atom))
        if isinstance(parts, tuple) and parts[0] == holds:
            for part in parts[1:]:
                self.suppose(part, holds)

    def call(self, op: emitc.CallOpaqueOp) -> None:
        """A block, a machine operation that is a statement, or a hook."""
        name = op.callee.data.removeprefix(PREFIX)
        for argument in op.arguments:
            self.pass_on(argument)
        if name == op.callee.data:
            self.found["call"] += 1
        elif name in spellings():
            self.found[f"machine_{name}"] += 1
        else:
            self.found["block"] += 1
            self.found["block_instruction"] += instructions(name)
        self.memory += 1

    def pass_on(self, argument: SSAValue) -> None:
        """An argument of a call."""
        if isinstance(argument.type, IntegerType):
            self.need(self.form(argument), argument)
            return
        self.form(argument)
