"""What the constants of a plan take in flash, as the generated program stores them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import SSAValue

from ..dialects.dense import to_numpy
from ..dialects.fixed import ConstantOp
from ..dialects.fixed.forms import MapOp
from ..dialects.fixed.layout import encode
from ..dialects.fixed.scalar import ExtendOp, RescaleOp
from ..dialects.fixed.structured import StructuredForm
from ..targets.printing.spelling import THREE_BYTES


def stored_bytes(constant: ConstantOp) -> int:
    """The bytes of a constant's array: none where it is one number that no table is looked up in."""
    values = to_numpy(constant.value)
    is_table = any(
        isinstance(use.operation, StructuredForm) and constant.result in use.operation.tables
        for use in constant.result.uses
    )
    if not is_table and is_one_number(constant):
        return 0
    if constant.layout is not None:
        return len(encode(values, constant.layout).data)
    element = constant.value.get_element_type()
    assert isinstance(element, IntegerType)
    return values.size * (3 if element.width.data == THREE_BYTES else values.dtype.itemsize)


def is_one_number(constant: ConstantOp) -> bool:
    """True where all elements are equal."""
    values = to_numpy(constant.value).reshape(-1)
    return bool(values.size) and bool((values == values[0]).all())


def layout_text(constant: ConstantOp) -> str:
    """`dense`, or the encoding."""
    return "dense" if constant.layout is None else str(constant.layout.encoding.data)


@dataclass(frozen=True)
class Kinds:
    """Bytes of the constants of a plan, each as it is stored: `parameters` with their indices, biases included."""

    parameters: int
    multipliers: int
    tables: int


def constant_kinds(plan: ModuleOp) -> Kinds:
    """What the constants of a plan are; equal ones count once, as they are stored once.

    A multiplier is what a body changes scales by and nothing else; a table what it looks numbers up in.
    """
    found = Counter[str]()
    seen = set[tuple[str, bytes]]()
    for op in plan.walk():
        if isinstance(op, ConstantOp):
            key = (str(op.value.get_element_type()), to_numpy(op.value).tobytes())
            found[kind_of(op)] += 0 if key in seen else stored_bytes(op)
            seen.add(key)
    return Kinds(found["parameter"], found["multiplier"], found["table"])


def kind_of(constant: ConstantOp) -> str:
    """`parameter`, `multiplier` or `table`, by how forms use a constant."""
    uses = [(use.operation, use.index) for use in constant.result.uses]
    forms = [(form, index) for form, index in uses if isinstance(form, StructuredForm)]
    if any(constant.result in form.tables for form, _ in forms):
        return "table"
    return "multiplier" if forms and all(is_multiplier(form, index) for form, index in forms) else "parameter"


def is_multiplier(form: StructuredForm, operand: int) -> bool:
    """True for a param that a body takes as the factor of changes of scale only: as it is, wider, or in halves."""
    if not len(form.ins) <= operand < len(form.ins) + len(form.params):
        return False
    heads = len(form.body.block.args) - len(form.params) - len(form.tables)
    return scales(form.body.block.args[heads + operand - len(form.ins)], not isinstance(form, MapOp))


def scales(value: SSAValue, by_products: bool) -> bool:
    """True where all that becomes of a value are factors of `fixed.rescale`, or with `by_products` of products."""
    users = [use.operation for use in value.uses]
    return bool(users) and all(
        scales(user.results[0], by_products)
        if isinstance(user, ExtendOp | arith.ExtSIOp | arith.ShRSIOp | arith.AndIOp)
        else (isinstance(user, RescaleOp) and user.multiplier is value)
        or (by_products and isinstance(user, arith.MuliOp))
        for user in users
    )
