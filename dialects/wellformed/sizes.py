"""Sizes that a text states are bounded before anyone allocates what they say."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DictionaryAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    TensorType,
)
from xdsl.ir import Attribute, Operation, ParametrizedAttribute
from xdsl.ir.affine import AffineBinaryOpExpr, AffineConstantExpr, AffineExpr

from .. import fixed, onnx
from ..diagnostics import OpError
from ..emitc.types import ArrayType
from ..fixed.types import DomainAttr, IntsAttr
from ..onnx.budget import MAX_RANK

MAX_REDUCTION = 1 << 24
"""The most points of a form's reduction domain."""

MAX_BITS = 64
"""The widest integer that the executors compute with."""

MAX_NUMBER = 1 << 31
"""The limit of coefficients, offsets and zero points: sums of their products with sizes stay within 64 bits."""

MAX_ROUNDS = 1 << 16
"""The most rounds of a scan, those of scans around it included: the executors go through them one by one."""

MAX_TERMS = 100
"""The most operators in one result of an access map."""


def verify_sizes(module: ModuleOp, max_elements: int) -> None:
    """Raise OpError for the first op with a type or an attribute that is too large.

    The parallel domain of a form has no more points than a value may have elements.
    """
    seen: dict[int, Attribute] = {}
    for op in module.walk():
        for attribute in stated(op):
            reason = refusal(attribute, max_elements, seen)
            if reason is not None:
                raise OpError(op, reason)
        if isinstance(op, onnx.ScanOp | fixed.ScanOp) and rounds_of(op) > MAX_ROUNDS:
            raise OpError(op, f"{rounds_of(op):,} rounds are more than {MAX_ROUNDS:,}")


def rounds_of(op: Operation | None) -> int:
    """How often the body of a scan runs; 1 for other ops and none."""
    rounds = 1
    while op is not None:
        rounds *= max(1, op.trips) if isinstance(op, onnx.ScanOp | fixed.ScanOp) else 1
        op = op.parent_op()
    return rounds


def stated(op: Operation) -> list[Attribute]:
    """The types and attributes that an op brings into a module."""
    arguments = [argument.type for region in op.regions for block in region.blocks for argument in block.args]
    return [*(result.type for result in op.results), *arguments, *op.properties.values(), *op.attributes.values()]


def refusal(attribute: Attribute, max_elements: int, seen: dict[int, Attribute]) -> str | None:
    """Why an attribute, or one that it consists of, is too large; None where none is. `seen` are known to be good."""
    waiting = [attribute]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        reason = own_refusal(part, max_elements)
        if reason is not None:
            return reason
        seen[id(part)] = part
        match part:
            case ArrayAttr():
                waiting += part.data
            case DictionaryAttr():
                waiting += part.data.values()
            case ParametrizedAttribute():
                waiting += (parameter for parameter in part.parameters)
            case _:
                pass
    return None


def own_refusal(attribute: Attribute, max_elements: int) -> str | None:
    """Why an attribute itself is too large."""
    match attribute:
        case IntegerType():
            bits = attribute.width.data
            return None if 1 <= bits <= MAX_BITS else f"integers have 1 to {MAX_BITS} bits, not {bits}"
        case TensorType() | MemRefType():
            return shape_refusal(attribute, attribute.get_shape(), max_elements)
        case ArrayType():
            return shape_refusal(attribute, tuple(size.data for size in attribute.shape), max_elements)
        case DomainAttr():
            return domain_refusal(attribute, max_elements)
        case IntsAttr():
            large = [number for number in attribute.data if abs(number) > MAX_NUMBER]
            return f"the number {large[0]} is too large" if large else None
        case AffineMapAttr():
            refused = (expression_refusal(result) for result in attribute.data.results)
            return next((reason for reason in refused if reason), None)
        case _:
            return None


def shape_refusal(type: Attribute, shape: tuple[int, ...], max_elements: int) -> str | None:
    """Why a shape is too large, or none."""
    if len(shape) > MAX_RANK:
        return f"a type has {len(shape)} dimensions, more than {MAX_RANK}"
    if any(size < 1 for size in shape):
        return f"{type}: every size is a number of at least 1"
    if prod(shape) > max_elements:
        return f"{type} has {prod(shape):,} elements, more than {max_elements:,}"
    return None


def domain_refusal(domain: DomainAttr, max_elements: int) -> str | None:
    """Why a domain is too large."""
    parallel, reduction = domain.parallel.data, domain.reduction.data
    if len(domain.sizes) > MAX_RANK:
        return f"the domain has {len(domain.sizes)} dimensions, more than {MAX_RANK}"
    if prod(parallel) > max_elements:
        return f"the domain has {prod(parallel):,} parallel points, more than {max_elements:,}"
    if prod(reduction) > MAX_REDUCTION:
        return f"the domain has {prod(reduction):,} points to reduce over, more than {MAX_REDUCTION:,}"
    return None


def expression_refusal(expression: AffineExpr) -> str | None:
    """Why an affine expression is too large; no recursion, since its depth is what is in question."""
    waiting, terms = [expression], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, AffineConstantExpr) and abs(part.value) > MAX_NUMBER:
            return f"the number {part.value} of an access map is too large"
        if isinstance(part, AffineBinaryOpExpr):
            waiting += (part.lhs, part.rhs)
            terms += 1
        if terms > MAX_TERMS:
            return f"an access map has more than {MAX_TERMS} terms in one result"
    return None
