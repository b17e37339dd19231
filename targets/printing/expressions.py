"""Expressions of emitc as C text.

C does arithmetic in `int` or wider, the IR in the bits of its types. Most operators are blind to the difference; those
that are not (shifts to the right, divisions, comparisons, widening) get a cast in front of an operand that may have
more bits. A literal gets one where its `int` could be too narrow.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import emitc
from ...dialects.emitc.operators import PREDICATES, BinaryOp
from .spelling import LEAST_INT, Spelling, c_name
from .text import ADD, AND, ATOM, BIT_AND, BIT_OR, BIT_XOR, CHOICE, EQUAL, MUL, OR, ORDER, SHIFT, UNARY, Text

SUMS: dict[type[Operation], tuple[str, int]] = {
    emitc.AddOp: ("+", ADD),
    emitc.SubOp: ("-", ADD),
    emitc.MulOp: ("*", MUL),
}
"""Low bits of the result depend on low bits of the operands only; the result may have more bits than its type."""

BITS: dict[type[Operation], tuple[str, int]] = {
    emitc.BitwiseAndOp: ("&", BIT_AND),
    emitc.BitwiseOrOp: ("|", BIT_OR),
    emitc.BitwiseXorOp: ("^", BIT_XOR),
}
"""The result is exact where the operands are."""

QUOTIENTS: dict[type[Operation], tuple[str, int]] = {emitc.DivOp: ("/", MUL), emitc.RemOp: ("%", MUL)}
"""Want exact operands, give an exact result."""

COMPARISONS = dict(
    zip(
        PREDICATES,
        (("==", EQUAL), ("!=", EQUAL), ("<", ORDER), ("<=", ORDER), (">", ORDER), (">=", ORDER)),
        strict=True,
    )
)


def integer(value: SSAValue) -> IntegerType:
    """The type of a scalar."""
    assert isinstance(value.type, IntegerType)
    return value.type


class ExpressionPrinter:
    """Spells values. `names` holds those that have a name in C."""

    def __init__(self, spelling: Spelling):
        self.spelling = spelling
        self.names: dict[SSAValue, str] = {}
        self._arguments: dict[SSAValue, SSAValue] = {}

    def value(self, value: SSAValue) -> Text:
        """Any value where it is used."""
        value = self._arguments.get(value, value)
        if value in self.names:
            return Text(self.names[value], declared=self.is_declared(value))
        op = value.owner
        assert isinstance(op, Operation), "an argument without a name"
        match op:
            case emitc.GetGlobalOp():
                return Text(op.name_.string_value())
            case emitc.MemberOfPtrOp():
                return Text(f"{self.value(op.operand).inside(ATOM)}->{c_name(op.member.data)}")
            case emitc.SubscriptOp():
                return self.spelling.element(
                    op, f"{self.value(op.value).inside(ATOM)}[{self.value(op.indices[0]).text}]"
                )
            case emitc.ExpressionOp():
                return self.expression(op)
            case _:
                return self.member(op)

    def is_declared(self, value: SSAValue) -> bool:
        """True for a name of the type that the IR gives it; a loop's variable may have another."""
        type = value.type
        if isinstance(type, IntegerType) and isinstance(value.owner, Block):
            is_counter = isinstance(value.owner.parent_op(), emitc.ForOp)
            return not is_counter or self.spelling.counter(type) == self.spelling.type(type)
        return isinstance(type, IntegerType | emitc.LValueType)

    def expression(self, op: emitc.ExpressionOp) -> Text:
        """An expression; its arguments are what its operands are."""
        for argument, operand in zip(op.body.block.args, op.defs, strict=True):
            self._arguments[argument] = self._arguments.get(operand, operand)
        return self.value(op.value)

    def exact(self, value: SSAValue) -> Text:
        """A value that C must know in full."""
        text = self.value(value)
        return text if text.exact else text.cast(self.spelling.type(value.type))

    def typed(self, text: Text, type: IntegerType) -> Text:
        """The same number in a C type that is wide enough."""
        if text.typed or type.width.data <= LEAST_INT:
            return text
        return text.cast(self.spelling.type(type))

    def member(self, op: Operation) -> Text:
        """An operator with its operands."""
        match op:
            case emitc.ConstantOp():
                return self.spelling.literal(op.value.value.data, integer(op.result))
            case emitc.LoadOp():
                return self.value(op.operand)
            case emitc.CastOp():
                return self.cast(op)
            case emitc.AddressOfOp():
                return Text("&" + self.value(op.reference).inside(UNARY), UNARY)
            case emitc.UnaryMinusOp():
                operand = self.typed(self.value(op.operand), integer(op.result))
                return operand.negated(operand.exact and self.spelling.is_wrapped(integer(op.result)))
            case emitc.BitwiseLeftShiftOp() | emitc.BitwiseRightShiftOp():
                return self.shift(op)
            case emitc.LogicalAndOp() | emitc.LogicalOrOp():
                sign, level = ("&&", AND) if isinstance(op, emitc.LogicalAndOp) else ("||", OR)
                return self.joined(self.value(op.lhs), sign, self.value(op.rhs), level)
            case emitc.CmpOp():
                sign, level = COMPARISONS[PREDICATES[op.predicate.value.data]]
                return self.joined(self.exact(op.lhs), sign, self.exact(op.rhs), level)
            case emitc.MachineOp():
                return self.machine(op)
            case emitc.ConditionalOp():
                return self.conditional(op)
            case BinaryOp():
                return self.binary(op)
            case _:
                raise AssertionError(f"{op.name} is no expression")

    def machine(self, op: emitc.MachineOp) -> Text:
        """A machine operation: a function or macro of the file's head."""
        words = [self.typed(self.exact(word), integer(word)).text for word in op.words]
        name = f"{op.operation.data}_called" if op.called is not None else op.operation.data
        return Text(f"tinyml_{name}({', '.join([*words, *map(str, op.numbers)])})", declared=True)

    def joined(self, lhs: Text, sign: str, rhs: Text, level: int, exact: bool = True) -> Text:
        """`lhs sign rhs`"""
        text = f"{lhs.inside(level)} {sign} {rhs.inside(level, right=True)}"
        return Text(text, level, exact, lhs.typed or rhs.typed)

    def binary(self, op: BinaryOp) -> Text:
        """Arithmetic of two operands."""
        type = integer(op.result)
        if sign := QUOTIENTS.get(op.__class__):
            lhs, rhs, exact = self.exact(op.lhs), self.exact(op.rhs), True
        elif sign := SUMS.get(op.__class__):
            lhs, rhs, exact = self.term(op.lhs), self.term(op.rhs), self.spelling.is_wrapped(type)
        else:
            sign, lhs, rhs = BITS[op.__class__], self.value(op.lhs), self.value(op.rhs)
            exact = lhs.exact and rhs.exact
        if not lhs.typed and not rhs.typed:
            lhs = self.typed(lhs, type)
        return self.joined(lhs, sign[0], rhs, sign[1], exact)

    def term(self, value: SSAValue) -> Text:
        """An operand of a sum or product: as it was before it was widened, where arithmetic keeps all bits."""
        op = value.owner
        if self.spelling.keeps_bits and isinstance(op, emitc.CastOp) and value not in self.names:
            source = op.source.type
            if isinstance(source, IntegerType) and 1 < source.width.data < integer(value).width.data:
                text = self.exact(op.source)
                return text if text.declared else self.value(value)
        return self.value(value)

    def shift(self, op: emitc.BitwiseLeftShiftOp | emitc.BitwiseRightShiftOp) -> Text:
        """A shift; C takes its type from the left operand alone."""
        left = isinstance(op, emitc.BitwiseLeftShiftOp)
        type = integer(op.result)
        operand = self.typed(self.value(op.lhs) if left else self.exact(op.lhs), type)
        exact = not left or self.spelling.is_wrapped(type)
        text = self.joined(operand, "<<" if left else ">>", self.exact(op.rhs), SHIFT, exact)
        return Text(text.text, SHIFT, exact, operand.typed)

    def conditional(self, op: emitc.ConditionalOp) -> Text:
        """`condition ? a : b`"""
        type = integer(op.result)
        condition = self.value(op.condition).inside(CHOICE)
        values = [self.spelling.branch(self.value(v), type) for v in (op.true_value, op.false_value)]
        text = f"{condition} ? {values[0].inside(CHOICE)} : {values[1].inside(CHOICE)}"
        exact, typed = all(v.exact for v in values), any(v.typed for v in values)
        return Text(text, CHOICE, exact, typed, all(v.declared for v in values))

    def cast(self, op: emitc.CastOp) -> Text:
        """A cast of a number, of a pointer, or of an array to a pointer."""
        source, dest = op.source.type, op.dest.type
        if isinstance(dest, emitc.PointerType):
            return self.spelling.pointer_cast(self.value(op.source), source, dest, dict(op.attributes))
        assert isinstance(source, IntegerType) and isinstance(dest, IntegerType)
        widens = dest.width.data > source.width.data
        return (self.exact(op.source) if widens else self.value(op.source)).cast(self.spelling.type(dest))
