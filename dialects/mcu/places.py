"""What memrefs must be where machine operations read or write them."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException


def element_bits(memref: SSAValue) -> int | None:
    """The width of a memref's elements; None where they are no integers."""
    element = memref.type.element_type if isinstance(memref.type, MemRefType) else None
    return element.width.data if isinstance(element, IntegerType) else None


def verify_place(memref: SSAValue, indices: int, *widths: int) -> None:
    """Raise VerifyException unless a memref has elements of one of these widths, and so many dimensions."""
    type = memref.type
    if not isinstance(type, MemRefType) or type.get_num_dims() != indices:
        raise VerifyException(f"expected one index for each dimension of {type}, got {indices}")
    if type.element_type not in [IntegerType(bits) for bits in widths]:
        raise VerifyException(f"expected a memref of {' or '.join(f'i{bits}' for bits in widths)}, got {type}")
