"""Counters and addresses in the bits that they need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Operation, SSAValue, Use
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from .indices.advance import constant_of
from .indices.intervals import Interval, Intervals, hull

SAME_TYPE = (arith.AddiOp, arith.SubiOp, arith.MuliOp, arith.AndIOp, arith.MaxSIOp, arith.MinSIOp, arith.CmpiOp)
"""Ops on indices whose operands have one type."""


@dataclass(frozen=True)
class NarrowIndicesPass(ModulePass):
    """Give loop variables, what loops carry along and the arithmetic on them signed integers of the least width.

    Values that meet in an op have one width. Where an access needs an index, `arith.index_cast` makes one. Indices of
    which a bound is not known stay as they are.
    """

    name = "loops-narrow-indices"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and not function.is_declaration:
                narrow(function)


@dataclass(eq=False)
class Group:
    """Values of one type, and the constants that they meet."""

    values: set[SSAValue] = field(default_factory=set[SSAValue])
    numbers: set[int] = field(default_factory=set[int])


def narrow(function: func.FuncOp) -> None:
    """Narrow the indices of a function."""
    intervals, made = Intervals(), dict[tuple[int, IntegerType], SSAValue]()
    for group in groups_of(function):
        known = [intervals.of(value) for value in group.values]
        ends = [end for end in known if end is not None]
        if len(ends) == len(known):
            retype(function, group, type_of([*ends, *((n, n) for n in group.numbers)]), made)


def type_of(ends: Iterable[Interval]) -> IntegerType:
    """The least signed type that holds all."""
    low, high = hull(*ends)
    return IntegerType(1 + max((-low - 1).bit_length() if low < 0 else 0, high.bit_length() if high > 0 else 0))


def groups_of(function: func.FuncOp) -> list[Group]:
    """The index values of a function, together with those that they meet."""
    groups: dict[SSAValue, Group] = {}
    for op in function.walk():
        if isinstance(op, scf.ForOp):
            variable = op.body.block.args[0]
            if isinstance(variable.type, IndexType):
                merge(groups, [op.lb, op.ub, op.step, variable])
            last = op.body.block.last_op
            assert last is not None
            carried = zip(op.iter_args, op.body.block.args[1:], last.operands, op.results, strict=True)
            for values in carried:
                if isinstance(values[0].type, IndexType):
                    merge(groups, values)
        elif isinstance(op, SAME_TYPE) and isinstance(op.operands[0].type, IndexType):
            merge(groups, [*op.operands, *(r for r in op.results if isinstance(r.type, IndexType))])
    return list(dict.fromkeys(groups.values()))


def merge(groups: dict[SSAValue, Group], values: Iterable[SSAValue]) -> None:
    """Put values into one group; constants do not tie groups together."""
    group = Group()
    for value in values:
        number = constant_of(value)
        if number is not None:
            group.numbers.add(number)
            continue
        other = groups.get(value)
        if other is None:
            group.values.add(value)
        elif other is not group:
            group.values |= other.values
            group.numbers |= other.numbers
    for value in group.values:
        groups[value] = group


def retype(
    function: func.FuncOp, group: Group, type: IntegerType, made: dict[tuple[int, IntegerType], SSAValue]
) -> None:
    """Give a group its type: constants beside it are written in it, other users get what they want."""
    values = sorted_values(function, group)
    owners = dict.fromkeys(op for value in values for op in meeting(value))
    slots = [
        (op, number, known)
        for op in owners
        for number, operand in enumerate(op.operands)
        if (known := constant_of(operand)) is not None
        and isinstance(operand.type, IndexType)
        and belongs(op, number, group)
    ]
    for value in values:
        for use in list(value.uses):
            if not is_inside(use):
                adapt(use, value, type)
        Rewriter.replace_value_with_new_type(value, type)
    for op, number, known in slots:
        op.operands[number] = constant(function, known, type, made)


def meeting(value: SSAValue) -> list[Operation]:
    """The ops whose other operands have the type of a value: its users, and what makes it; of a loop also its yield."""
    op = value.owner if isinstance(value.owner, Operation) else value.owner.parent_op()
    assert op is not None
    last = op.body.block.last_op if isinstance(op, scf.ForOp) else None
    return [op, *([] if last is None else [last]), *(use.operation for use in value.uses if is_inside(use))]


def belongs(op: Operation, number: int, group: Group) -> bool:
    """True where an operand has the type of a group."""
    if isinstance(op, SAME_TYPE):
        return True
    if isinstance(op, scf.YieldOp):
        loop = op.parent_op()
        return isinstance(loop, scf.ForOp) and loop.body.block.args[number + 1] in group.values
    if isinstance(op, scf.ForOp):
        return op.body.block.args[max(0, number - 2)] in group.values
    return False


def sorted_values(function: func.FuncOp, group: Group) -> list[SSAValue]:
    """The values of a group in the order of the program."""
    found: list[SSAValue] = []
    for op in function.walk():
        arguments = [a for region in op.regions for block in region.blocks for a in block.args]
        found += [value for value in (*op.results, *arguments) if value in group.values]
    return found


def is_inside(use: Use) -> bool:
    """True for a use that takes the type of the group."""
    return isinstance(use.operation, (*SAME_TYPE, scf.ForOp, scf.YieldOp))


def adapt(use: Use, value: SSAValue, type: IntegerType) -> None:
    """What a use outside of the group takes: an index, or the integer that it was cast to."""
    op = use.operation
    if isinstance(op, arith.IndexCastOp) and isinstance(op.result.type, IntegerType):
        before, after = type.width.data, op.result.type.width.data
        if before == after:
            op.result.replace_all_uses_with(value)
            Rewriter.erase_op(op)
            return
        cast = (arith.ExtSIOp if before < after else arith.TruncIOp)(value, op.result.type)
        Rewriter.replace_op(op, cast)
        return
    cast = arith.IndexCastOp(value, IndexType())
    Rewriter.insert_op(cast, InsertPoint.before(op))
    op.operands[use.index] = cast.result


def constant(
    function: func.FuncOp, number: int, type: IntegerType, made: dict[tuple[int, IntegerType], SSAValue]
) -> SSAValue:
    """A constant at the top of the function."""
    key = (number, type)
    if key not in made:
        op = arith.ConstantOp(IntegerAttr(number, type))
        op.result.name_hint = f"c{number}" if number >= 0 else f"cm{-number}"
        first = function.body.block.first_op
        assert first is not None
        Rewriter.insert_op(op, InsertPoint.before(first))
        made[key] = op.result
    return made[key]
