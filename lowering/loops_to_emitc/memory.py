"""Memrefs as pointers: row-major indices in one number, views as casts of addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from xdsl.dialects.builtin import IntAttr, IntegerAttr, IntegerType, MemRefType, StridedLayoutAttr, UnitAttr, i64
from xdsl.ir import Attribute, SSAValue

from ...dialects import emitc
from ...dialects.emitc.statements import pointee
from ...dialects.emitc.types import ALIAS, CONST, ELEMENTS, FAR, FLASH
from .writer import Writer

ALIASES_ALL = 8
"""Bits of the elements that C lets meet those of any other type: its character types, and `bool` meets no other."""


@dataclass(frozen=True)
class Place:
    """Where a memref lies: `offset` elements of `base` (an array or a pointer) from its start.

    `type` may have other elements than `base`: a view. `attributes` are those of a pointer to it (`mcu.const`, ...).
    """

    base: SSAValue
    type: MemRefType
    offset: int = 0
    const: bool = False
    flash: bool = False
    far: bool = False

    @property
    def element(self) -> IntegerType:
        """What the memref holds."""
        return element_type(self.type)

    @property
    def attributes(self) -> dict[str, Attribute]:
        """The attributes of a pointer to it."""
        return self.attributes_for(self.element)

    def attributes_for(self, element: IntegerType) -> dict[str, Attribute]:
        """The attributes of a pointer into the same memory, to other elements."""
        return pointer_attributes(element, self.const, self.flash, self.far)

    def retyped(self, type: MemRefType) -> Place:
        """The same start under another type."""
        return replace(self, type=type)


def element_type(type: MemRefType) -> IntegerType:
    """The integer type that a memref holds."""
    assert isinstance(type.element_type, IntegerType), "checked: memrefs hold integers"
    return type.element_type


def pointer_attributes(element: IntegerType, const: bool, flash: bool, far: bool = False) -> dict[str, Attribute]:
    """`mcu.const`, `mcu.flash`, `mcu.alias`, where they apply. Constants in flash have the type that is read."""
    flags = {CONST: const, FLASH: flash, FAR: far, ALIAS: element.width.data > ALIASES_ALL and not flash}
    return {name: UnitAttr() for name, holds in flags.items() if holds}


def argument_attributes(type: MemRefType, const: bool) -> dict[str, Attribute]:
    """What is known about a pointer argument: how much it points to, where its type says so, and who writes it."""
    flash, elements = is_flash(type), prod(type.get_shape())
    known: dict[str, Attribute] = {ELEMENTS: IntegerAttr(elements, i64)} if elements >= 0 else {}
    return {**pointer_attributes(element_type(type), const or flash, flash), **known}


def is_flash(type: MemRefType) -> bool:
    """True for the memory space of constants."""
    return str(type.memory_space) == '"flash"'


def strides_and_offset(type: MemRefType) -> tuple[tuple[int, ...], int]:
    """Distance of neighbours along each dimension, and the first element's index, both in elements."""
    if not isinstance(type.layout, StridedLayoutAttr):
        return MemRefType.strides_for_shape(type.get_shape()), 0  # pyright: ignore
    strides = tuple(s.data for s in type.layout.strides if isinstance(s, IntAttr))
    assert isinstance(type.layout.offset, IntAttr), "checked: layouts are static"
    return strides, type.layout.offset.data


def write_index(w: Writer, type: MemRefType, indices: Sequence[SSAValue], offset: int) -> SSAValue:
    """One index for all dimensions: `(h * 28 + w) * 8 + c` for row-major memory, else the sum of index * stride."""
    strides, first = strides_and_offset(type)
    shape = type.get_shape()
    total = w.constant(0, w.index)
    row_major = tuple(prod(shape[dim + 1 :]) for dim in range(len(shape)))
    if strides == row_major:
        for size, index in zip(shape, indices, strict=True):
            if size != 1:
                total = w.add(w.mul(total, w.constant(size, w.index)), index)
    else:
        for stride, index in zip(strides, indices, strict=True):
            total = w.add(total, w.mul(index, w.constant(stride, w.index)))
    return w.add(total, w.constant(first + offset, w.index))


def write_subscript(w: Writer, place: Place, indices: Sequence[SSAValue]) -> SSAValue:
    """The element of a memref as something that can be read or assigned to."""
    if pointee(place.base.type) == place.element:
        return w.do(emitc.SubscriptOp(place.base, write_index(w, place.type, indices, place.offset)))
    return w.do(emitc.SubscriptOp(write_pointer(w, place), write_index(w, place.type, indices, 0)))


def write_pointer(w: Writer, place: Place) -> SSAValue:
    """A pointer to the memref's allocation, with its element type. A strided layout's offset is left to the indices."""
    base, stored = place.base, pointee(place.base.type)
    if place.offset:
        at = w.do(emitc.SubscriptOp(base, w.constant(place.offset, w.index)))
        base = w.do(emitc.AddressOfOp(at, place.attributes_for(stored)))
    elif isinstance(base.type, emitc.ArrayType):
        base = w.do(emitc.CastOp(base, emitc.PointerType(stored), place.attributes_for(stored)))
    if stored != place.element:
        base = w.do(emitc.CastOp(base, emitc.PointerType(place.element), place.attributes))
    return base


def write_view(w: Writer, source: Place, shift: SSAValue, type: MemRefType, name: str | None) -> Place:
    """The memref `type` that starts `shift` bytes into a memref of bytes: a pointer, computed here and now."""
    shifted = w.add(shift, w.constant(source.offset, w.index))
    at = w.do(emitc.SubscriptOp(source.base, shifted))
    stored, element = pointee(source.base.type), element_type(type)
    pointer = w.do(emitc.AddressOfOp(at, source.attributes_for(stored)))
    if stored != element:
        pointer = w.do(emitc.CastOp(pointer, emitc.PointerType(element), source.attributes_for(element)))
    pointer.name_hint = name
    return Place(pointer, type, const=source.const, flash=source.flash, far=source.far)
