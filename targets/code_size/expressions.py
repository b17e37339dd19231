"""Expressions as linear forms, without what is decided when the program is compiled."""

from __future__ import annotations

import operator

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import emitc
from ...dialects.emitc.operators import PREDICATES, ExpressionMember, LogicalOp
from .counting import Counting, bits, outside
from .values import Form, Range, constant, number_of, total

SIGNS = {emitc.AddOp: 1, emitc.SubOp: -1}

COMPARISONS = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}

KINDS: dict[type[Operation], str] = {
    emitc.BitwiseLeftShiftOp: "shift",
    emitc.BitwiseRightShiftOp: "shift",
    emitc.DivOp: "divide",
    emitc.RemOp: "divide",
    emitc.BitwiseAndOp: "bitwise",
    emitc.BitwiseOrOp: "bitwise",
    emitc.BitwiseXorOp: "bitwise",
}
"""Other operations, by feature."""


class Expressions(Counting):
    """Adds what expressions are."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[SSAValue, Form] = {}
        self.versions: dict[SSAValue, int] = {}
        self.memory = 0

    def form(self, value: SSAValue) -> Form:
        """What a value is; its parts are counted where they are new."""
        if value not in self.forms:
            self.forms[value] = self.computed(value)
        return self.forms[value]

    def computed(self, value: SSAValue) -> Form:
        """A value that is not known yet."""
        op = value.owner
        match op:
            case Block():
                return self.argument(op, value)
            case emitc.ExpressionOp():
                for outer, inner in zip(op.defs, op.body.block.args, strict=True):
                    if isinstance(outer.type, IntegerType):
                        self.forms[inner] = self.form(outer)
                return self.form(op.value)
            case emitc.ConstantOp():
                return constant(op.value.value.data)
            case emitc.AddOp() | emitc.SubOp():
                return total(((self.form(op.lhs), 1), (self.form(op.rhs), SIGNS[type(op)])))
            case emitc.UnaryMinusOp():
                return total(((self.form(op.operand), -1),))
            case emitc.MulOp():
                return self.product(op)
            case emitc.CmpOp():
                return self.comparison(op)
            case LogicalOp():
                return self.logical(op)
            case emitc.ConditionalOp():
                return self.conditional(op)
            case emitc.LoadOp():
                return self.load(op)
            case emitc.CastOp() if isinstance(op.dest.type, IntegerType):
                return self.cast(op)
            case emitc.MachineOp():
                called = "_called" if op.called is not None else ""
                return self.operation(f"machine_{op.operation.data}{called}", op, op.numbers)
            case emitc.AddressOfOp():
                place = outside(op.reference).owner
                if isinstance(place, emitc.SubscriptOp):
                    self.address(place)
                return self.atoms.form(("address", value))
            case emitc.CastOp():
                self.form(op.source)
                return self.atoms.form(("pointer", value))
            case Operation() if isinstance(value.type, IntegerType) and isinstance(op, ExpressionMember):
                return self.operation(f"{KINDS.get(type(op), 'other')}_{bits(value)}", op)
            case _:
                return self.atoms.form(("value", value))

    def argument(self, block: Block, value: SSAValue) -> Form:
        """An argument of a function, or what an argument of an expression stands for."""
        if isinstance(value.type, IntegerType) or outside(value) is value:
            return self.atoms.form(("argument", value))
        return self.form(outside(value))

    def product(self, op: emitc.MulOp) -> Form:
        """A product with a number is a linear form."""
        forms = self.form(op.lhs), self.form(op.rhs)
        for one, other in (forms, forms[::-1]):
            if (number := number_of(other)) is not None:
                return total(((one, number),))
        return self.operation(f"multiply_{bits(op.result)}", op)

    def operation(self, feature: str, op: Operation, more: object = None) -> Form:
        """An operation on operands that are needed, counted where it is new."""
        forms = [self.form(operand) for operand in op.operands]
        for form, operand in zip(forms, op.operands, strict=True):
            self.need(form, operand)
        key = (feature, more, *forms)
        if self.scope.learn(key):
            self.found[feature] += 1
        return self.atoms.form(key)

    def comparison(self, op: emitc.CmpOp) -> Form:
        """A comparison, decided where the bounds of its operands decide it."""
        difference = total(((self.form(op.lhs), 1), (self.form(op.rhs), -1)))
        predicate = PREDICATES[op.predicate.value.data]
        bounds = self.atoms.range_of(difference)
        if bounds is not None:
            if (known := decided(predicate, *bounds)) is not None:
                return constant(int(known))
        key = "compare", predicate, difference
        condition = self.atoms.form(key)
        if (known := self.settled(condition)) is not None:
            return constant(known)
        if self.scope.learn(key):
            left = total(((self.form(op.lhs), 1), (constant(self.form(op.lhs)[0]), -1)))
            right = total(((self.form(op.rhs), 1), (constant(self.form(op.rhs)[0]), -1)))
            self.need(left, op.lhs)
            self.need(right, op.rhs)
            self.number(self.form(op.rhs)[0] - self.form(op.lhs)[0])
            self.found[f"compare_{bits(op.lhs)}"] += 1
        return condition

    def settled(self, condition: Form) -> int | None:
        """1 or 0 for a condition that is decided or known here; None for any other."""
        if (number := number_of(condition)) is not None:
            return number
        fact = self.scope.get(("fact", condition[1][0][0]))
        return int(fact) if isinstance(fact, bool) else None

    def logical(self, op: LogicalOp) -> Form:
        """A conjunction or disjunction, without parts that are decided."""
        forms, is_and = (self.form(op.lhs), self.form(op.rhs)), isinstance(op, emitc.LogicalAndOp)
        left = [form for form in forms if number_of(form) is None]
        if len(left) < 2:
            decided = [number for form in forms if (number := number_of(form)) is not None]
            if any(bool(number) != is_and for number in decided):
                return constant(int(not is_and))
            return left[0] if left else constant(int(is_and))
        key = "logical", is_and, *forms
        condition = self.atoms.form(key)
        atom = condition[1][0][0]
        if (known := self.settled(condition)) is not None:
            return constant(known)
        if self.scope.learn(key):
            self.found["logical"] += 1
        self.scope.learn(("parts", atom), (is_and, forms[0][1][0][0], forms[1][1][0][0]))
        return condition

    def conditional(self, op: emitc.ConditionalOp) -> Form:
        """A choice of two values."""
        condition = self.form(op.condition)
        if (taken := self.settled(condition)) is not None:
            return self.form(op.true_value if taken else op.false_value)
        yes, no = self.form(op.true_value), self.form(op.false_value)
        key = "select", condition, yes, no
        if self.scope.learn(key):
            self.need(yes, op.true_value)
            self.need(no, op.false_value)
            self.found[f"select_{bits(op.result)}"] += 1
        return self.atoms.form(key, hull(self.atoms.range_of(yes), self.atoms.range_of(no)))

    def load(self, op: emitc.LoadOp) -> Form:
        """A read of an element, or of a variable, which is in a register."""
        place = outside(op.operand)
        if not isinstance(place.owner, emitc.SubscriptOp):
            return self.atoms.form(("variable", place, self.versions.get(place, 0)))
        key = "load", place.owner.value, *(self.form(index) for index in place.owner.indices), self.memory
        if self.scope.learn(key):
            self.access("load", place.owner, bits(op.result))
        return self.atoms.form(key)

    def cast(self, op: emitc.CastOp) -> Form:
        """A wider number; a narrower one is free."""
        source = self.form(op.source)
        if bits(op.dest) == bits(op.source) or number_of(source) is not None:
            return source
        if bits(op.dest) > bits(op.source):
            self.need(source, op.source)
            key = "extend", bits(op.dest), source
            if self.scope.learn(key):
                self.found[f"extend_{bits(op.dest)}"] += 1
            return self.atoms.form(key, self.atoms.range_of(source))
        self.need(source, op.source)
        return self.atoms.form(("narrow", bits(op.dest), source))


def decided(predicate: str, low: int, high: int) -> bool | None:
    """Whether a number between these bounds is less than 0 (`lt`), ...; None where only the number says it."""
    if predicate in COMPARISONS:
        ends = {COMPARISONS[predicate](end, 0) for end in (low, high)}
        return ends.pop() if len(ends) == 1 else None
    if low <= 0 <= high and low != high:
        return None
    return (low == high == 0) == (predicate == "eq")


def hull(one: Range | None, other: Range | None) -> Range | None:
    """The range of a number that lies in one of two."""
    return None if one is None or other is None else (min(one[0], other[0]), max(one[1], other[1]))
