"""Functions of emitc as C text: declarations, loops, and names for values."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from textwrap import wrap

from xdsl.dialects.builtin import IntegerType, StringAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ...dialects import emitc, hls
from ...dialects.emitc.operators import ExpressionMember
from ...dialects.emitc.types import COMPUTES, NODE
from ...dialects.errors import UserError
from ...dialects.harmless import in_c_comment
from ...dialects.mcu import KEEP
from ...dialects.names import Names
from .expressions import ExpressionPrinter, integer
from .inline import Inlining
from .spelling import Spelling

INDENT = "  "
WIDTH = 120


class FunctionPrinter:
    """Spells one function, line by line."""

    def __init__(self, spelling: Spelling, names: Names):
        self.spelling, self.names = spelling, names
        self.expressions = ExpressionPrinter(spelling)
        self.inlining = Inlining()
        self.lines: list[str] = []
        self.depth = 0

    def function(self, op: emitc.FuncOp) -> list[str]:
        """The definition of a function."""
        with self.names.scope():
            self.lines = [*described(op), f"{self.signature(op)} {{"]
            unused = [argument for argument in op.body.block.args if not argument.uses]
            self.lines += [f"{INDENT}(void){self.expressions.names[argument]};" for argument in unused]
            self.body(op.body.block)
        return [*self.lines, "}"]

    def signature(self, op: emitc.FuncOp) -> str:
        """`static void f(const int8_t *in0, int8_t *out)`; its arguments get their names."""
        parameters: list[str] = []
        for index, argument in enumerate(op.body.block.args):
            name = self.name(argument)
            parameters.append(self.spelling.parameter(argument.type, name, op.argument_attributes(index)))
        outputs = op.function_type.outputs.data
        result = "void" if not outputs else self.spelling.type(outputs[0]) if op.is_static else "int"
        kept = self.spelling.kept if KEEP in op.attributes else ""
        head = f"{'static ' if op.is_static else ''}{kept}{result} {op.sym_name.data}("
        line = f"{head}{', '.join(parameters) or 'void'})"
        return line if len(line) < WIDTH - 2 else head + f",\n{INDENT * 2}".join(parameters) + ")"

    def line(self, text: str) -> None:
        """Add a line at the present depth, broken where it is too long."""
        margin = INDENT * self.depth
        first, rest = margin, margin + INDENT * 2
        self.lines += wrap(
            text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
        )

    def name(self, value: SSAValue) -> str:
        """A new name for a value."""
        name = self.expressions.names[value] = self.names.new(value.name_hint)
        return name

    def body(self, block: Block) -> None:
        """The statements of a block, one step to the right."""
        self.depth += 1
        self.inlining.prepare(block)
        merged: Operation | None = None
        for op in block.ops:
            if op is not merged:
                merged = self.statement(op) or merged
        self.depth -= 1

    @contextmanager
    def braces(self, head: str) -> Generator[None]:
        """A scope of its own between `head {` and `}`."""
        self.line(f"{head} {{")
        with self.names.scope():
            yield
        self.line("}")

    def statement(self, op: Operation) -> Operation | None:
        """One op. Returns a later op where it was spelled along with this one."""
        text = self.expressions.value
        match op:
            case (
                emitc.ConstantOp() | emitc.GetGlobalOp() | emitc.MemberOfPtrOp() | emitc.SubscriptOp() | emitc.YieldOp()
            ):
                return None
            case emitc.ExpressionOp() | ExpressionMember():
                if not self.inlining.is_inlined(op):
                    self.declare(op)
            case emitc.VariableOp():
                return self.variable(op)
            case emitc.AssignOp():
                self.assign(op)
            case emitc.ForOp():
                self.loop(op)
            case emitc.IfOp():
                with self.braces(f"if ({text(op.condition).text})"):
                    self.body(op.then_region.block)
                if op.else_region.blocks:
                    self.lines.pop()
                    with self.braces("} else"):
                        self.body(op.else_region.block)
            case emitc.SwitchOp():
                self.switch(op)
            case emitc.CallOp():
                call = f"{op.callee.string_value()}({', '.join(map(self.stored, op.arguments))});"
                if op.result is not None and op.result.uses:
                    call = f"{self.spelling.type(op.result.type)} {self.name(op.result)} = {call}"
                self.line(call)
            case emitc.CallOpaqueOp():
                call = f"{op.callee.data}({', '.join(map(self.stored, op.arguments))});"
                if op.result is not None:
                    call = f"{self.spelling.type(op.result.type)} {self.name(op.result)} = {call}"
                self.line(call)
            case emitc.VerbatimOp():
                self.lines.append(INDENT * self.depth + op.value.data)
            case hls.StreamOp():
                self.lines += [INDENT * self.depth + line for line in self.spelling.stream(op, self.name(op.result))]
            case hls.ReadOp():
                type = self.spelling.type(op.result.type)
                self.line(f"{type} {self.name(op.result)} = {text(op.stream).text}.read();")
            case hls.WriteOp():
                self.line(f"{text(op.stream).text}.write({self.stored(op.value)});")
            case _ if op.dialect_name() == hls.Hls.name:
                margin = INDENT * self.depth
                self.lines += [margin + line for line in self.spelling.directive(op, lambda v: text(v).text)]
            case emitc.ReturnOp():
                if op.operand is not None:
                    self.line(f"return {self.stored(op.operand)};")
            case _:
                raise UserError(f"`{op.name}` is no statement: it stands at the top of a module")
        return None

    def stored(self, value: SSAValue) -> str:
        """A value as it goes into a variable, an element, an argument or a result of its type."""
        return self.spelling.stored(self.expressions.value(value), value.type)

    def declare(self, op: Operation) -> None:
        """A value with a name of its own."""
        result = op.results[0]
        text = self.stored(result)
        if isinstance(result.type, emitc.PointerType):
            type = self.spelling.pointer(result.type, pointer_attributes(op))
        else:
            type = f"{self.spelling.type(result.type)} "
        self.line(f"{type}{self.name(result)} = {text};")

    def variable(self, op: emitc.VariableOp) -> Operation | None:
        """A variable, with its first value where the next statement gives it one."""
        type = op.result.type
        if isinstance(type, emitc.ArrayType):
            self.line(f"{self.spelling.type(type.element_type)} {self.name(op.result)}[{type.size}];")
            return None
        assert isinstance(type, emitc.LValueType)
        if not isinstance(op.value, emitc.OpaqueAttr):
            assert isinstance(op.value.type, IntegerType)
            first = self.spelling.literal(op.value.value.data, op.value.type).text
            self.line(f"{self.spelling.type(type.value_type)} {self.name(op.result)} = {first};")
            return None
        following = self.inlining.next_statement(op)
        if isinstance(following, emitc.AssignOp) and following.var is op.result:
            first = self.stored(following.value)
            self.line(f"{self.spelling.type(type.value_type)} {self.name(op.result)} = {first};")
            return following
        self.line(f"{self.spelling.type(type.value_type)} {self.name(op.result)};")
        return None

    def assign(self, op: emitc.AssignOp) -> None:
        """`place = value;` or `place += value;`"""
        place = self.expressions.value(op.var).text
        expression = op.value.owner
        if isinstance(expression, emitc.ExpressionOp) and self.inlining.is_inlined(expression):
            operator = expression.value.owner
            if isinstance(operator, emitc.AddOp | emitc.SubOp) and reads(operator.lhs, op.var, expression):
                self.expressions.expression(expression)
                addend = self.stored(operator.rhs)
                self.line(f"{place} {'+=' if isinstance(operator, emitc.AddOp) else '-='} {addend};")
                return
        self.line(f"{place} = {self.stored(op.value)};")

    def loop(self, op: emitc.ForOp) -> None:
        """A loop with its label."""
        text = self.expressions.value
        lower, upper = text(op.lower).text, text(op.upper).text
        type = op.body.block.args[0].type
        assert isinstance(type, IntegerType)
        with self.names.scope():
            i = self.name(op.body.block.args[0])
            step = op.step.owner
            is_one = isinstance(step, emitc.ConstantOp) and step.value.value.data == 1
            advance = f"{i}++" if is_one else f"{i} += {text(op.step).text}"
            head = (
                f"{self.spelling.label(op)}for ({self.spelling.counter(type)} {i} = {lower}; {i} < {upper}; {advance})"
            )
            with self.braces(head):
                self.body(op.body.block)

    def switch(self, op: emitc.SwitchOp) -> None:
        """`switch (v) { case 0: { ... break; } default: break; }`"""
        value = self.spelling.switched(self.expressions.exact(op.arg), integer(op.arg))
        labels = [f"case {self.spelling.literal(value, integer(op.arg)).text}" for value in op.values]
        with self.braces(f"switch ({value.text})"):
            self.depth += 1
            for label, region in zip((*labels, "default"), (*op.case_regions, op.default_region), strict=True):
                self.case(label, region.block)
            self.depth -= 1

    def case(self, label: str, block: Block) -> None:
        """One case with its `break`."""
        if isinstance(block.first_op, emitc.YieldOp):
            self.line(f"{label}: break;")
            return
        with self.braces(f"{label}:"):
            self.body(block)
            self.lines.append(f"{INDENT * (self.depth + 1)}break;")


def described(op: emitc.FuncOp) -> list[str]:
    """The comment of a function that computes a node: its name in the model, shape and type of what it writes."""
    node, computes = op.attributes.get(NODE), op.attributes.get(COMPUTES)
    if not isinstance(node, StringAttr):
        return []
    what = f": {computes.data}" if isinstance(computes, StringAttr) else ""
    return [f"/* {in_c_comment(node.data)}{in_c_comment(what)} */"]


def pointer_attributes(op: Operation) -> dict[str, Attribute]:
    """The attributes of the op that makes a pointer."""
    maker = op.value.owner if isinstance(op, emitc.ExpressionOp) else op
    return dict(maker.attributes) if isinstance(maker, Operation) else {}


def reads(value: SSAValue, place: SSAValue, expression: emitc.ExpressionOp) -> bool:
    """True when a value in an expression is what a place outside holds."""
    load = value.owner
    if not isinstance(load, emitc.LoadOp):
        return False
    return any(
        d is place for a, d in zip(expression.body.block.args, expression.defs, strict=True) if a is load.operand
    )
