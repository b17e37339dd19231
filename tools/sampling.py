"""Large programs, of which the estimate of code needs only one form of each kind: the others cost as much."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ..dialects.fixed import ConstantOp
from ..dialects.fixed.structured import StructuredForm
from ..dialects.memplan import INPUT_ARENA, caller_form
from ..dialects.memplan.sizes import element_bytes
from ..passes.fixed.calibrate import the_function
from .constants import is_one_number

FORMS = 100
"""Programs of no more forms are looked at as a whole."""


@dataclass(frozen=True)
class Sample:
    """A plan with its memory and constants, and some of its forms; `counts`: how many each of them stands for."""

    module: ModuleOp
    counts: tuple[int, ...]


def sample_of(module: ModuleOp, forms: int = FORMS) -> Sample | None:
    """One of each kind of the forms that stand outside streams; None where a plan has no more than `forms` forms.

    All with tiles are there, since each packs weights of its own.
    """
    if sum(isinstance(op, StructuredForm) for op in the_function(module).walk()) <= forms:
        return None
    function = the_function(module)
    given = caller_form(function, INPUT_ARENA)
    first: dict[object, StructuredForm] = {}
    counts: dict[StructuredForm, int] = {}
    for form in [op for op in function.walk() if isinstance(op, StructuredForm) and op is not given]:
        kind = kind_of(form) if form.parent_op() is function and form.tile is None else form
        representative = first.setdefault(kind, form)
        counts[representative] = counts.get(representative, 0) + 1
    dropped = {op for op in function.body.block.ops if isinstance(op, StructuredForm)} - {given, *counts}
    return Sample(ModuleOp([copy_without(function, dropped)], dict(module.attributes)), tuple(counts.values()))


def copy_without(function: FuncOp, dropped: Set[Operation]) -> FuncOp:
    """A copy of a function but for some of its ops, whose results nothing uses."""
    copy, block = function.clone_without_regions(), function.body.block
    kept = Block(arg_types=block.arg_types)
    values: dict[SSAValue, SSAValue] = dict(zip(block.args, kept.args, strict=True))
    kept.add_ops([op.clone(values) for op in block.ops if op not in dropped])
    copy.body.add_block(kept)
    return copy


def kind_of(form: StructuredForm) -> object:
    """What code depends on: all of a form but its node, where its operands lie, and the numbers in its body."""
    properties = tuple((name, value) for name, value in sorted(form.properties.items()) if name != "node")
    operands = tuple((layout(operand.type), stored_as(operand)) for operand in form.operands)
    body = tuple((op.name, *(result.type for result in op.results)) for op in form.body.walk())
    return type(form), properties, operands, body


def stored_as(operand: SSAValue) -> object:
    """How a constant is stored, as far as code depends on it."""
    constant = operand.owner
    if not isinstance(constant, ConstantOp):
        return None
    return constant.layout, is_one_number(constant)


def layout(type: Attribute) -> object:
    """A memref without the meaning of its numbers; a scalar type itself."""
    if isinstance(type, MemRefType):
        return type.get_shape(), element_bytes(type), type.memory_space
    assert isinstance(type, IntegerType)
    return type
