"""Gather: elements from constant places, as maps whose access maps count through them."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed import ConcatOp, SliceOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.types import DomainAttr, QType
from ...dialects.onnx.progressions import MAX_PARTS, Progression, parts, progression
from ...passes.fixed.layouts.transposes import identity_body
from .builder import TYPE, FixedBuilder, access, dimensions, element_of, shape_of
from .elementwise import in_type, name_of


def lower_gather(builder: FixedBuilder, op: onnx.GatherOp) -> SSAValue:
    """One map along all dimensions whose indices are progressions; along others, parts beside each other.

    What shrinks comes first.
    """
    name, value = name_of(op), builder.value(op.x)
    whole = {axis: progression(indices) for axis, indices in op.lists.items()}
    even = {axis: found for axis, found in whole.items() if found is not None}
    shape = shape_of(op.x)
    grows = prod(found.count for found in even.values()) > prod(shape[axis] for axis in even)
    uneven = sorted(whole.keys() - even.keys())
    if not grows:
        value = taken(builder, value, even, f"{name}_even" if uneven else name)
    for axis in uneven:
        label = name if axis == uneven[-1] and not grows else f"{name}_{axis}"
        value = joined(builder, value, axis, parts(op.lists[axis]), label)
    if grows:
        value = taken(builder, value, even, name)
    type = op.attributes.get(TYPE)
    return in_type(builder, value, type, name) if isinstance(type, QType) else value


def joined(builder: FixedBuilder, source: SSAValue, axis: int, found: list[Progression], name: str) -> SSAValue:
    """Parts of a value beside each other. Raises UserError where they are too many."""
    if len(found) > MAX_PARTS:
        raise UserError(f"onnx.Gather '{name}': its indices along dimension {axis} are more than {MAX_PARTS} runs")
    pieces = [taken(builder, source, {axis: part}, f"{name}_part{number}") for number, part in enumerate(found)]
    return builder.emit(ConcatOp(pieces, axis, name))


def taken(builder: FixedBuilder, source: SSAValue, even: Mapping[int, Progression], name: str) -> SSAValue:
    """The elements at progressions of indices: a slice where these are neighbours, itself where they are all."""
    before = shape_of(source)
    shape = [even[axis].count if axis in even else size for axis, size in enumerate(before)]
    if all(found.is_contiguous for found in even.values()):
        if tuple(shape) == before:
            return source
        starts = [even[axis].offset if axis in even else 0 for axis in range(len(shape))]
        return builder.emit(SliceOp(source, starts, shape, name))
    counted = [even[a] if a in even else Progression(0, (size,), (1,)) for a, size in enumerate(before)]
    sizes = [size for found in counted for size in found.sizes]
    d = iter(dimensions(len(sizes)))
    reads, writes = list[AffineExpr | int](), list[AffineExpr | int]()
    for found in counted:
        digits = [next(d) for _ in found.sizes]
        reads.append(total(found.offset, found.coefficients, digits))
        strides = [prod(found.sizes[number + 1 :]) for number in range(len(digits))]
        writes.append(total(0, strides, digits))
    element = element_of(source)
    maps = [access(len(sizes), *reads), access(len(sizes), *writes)]
    type = TensorType(element, shape)
    return builder.emit(MapOp([source], type, DomainAttr(sizes), maps, identity_body(element), node=name))


def total(offset: int, coefficients: tuple[int, ...] | list[int], digits: list[AffineExpr]) -> AffineExpr:
    """`offset + sum(coefficients * digits)`"""
    terms = [digit * c if c != 1 else digit for c, digit in zip(coefficients, digits, strict=True) if c]
    result = sum(terms[1:], terms[0]) if terms else AffineExpr.constant(offset)
    return result + offset if terms and offset else result
