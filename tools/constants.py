"""What the constants of a plan take in flash, as the generated program stores them."""

from __future__ import annotations

from xdsl.dialects.builtin import MemRefType

from ..dialects.dense import to_numpy
from ..dialects.fixed import ConstantOp
from ..dialects.fixed.forms import StructuredForm
from ..dialects.fixed.layout import encode
from ..dialects.memplan import size_in_bytes


def stored_bytes(constant: ConstantOp) -> int:
    """The bytes of a constant's array: none where it is one number that no table is looked up in."""
    values = to_numpy(constant.value)
    is_table = any(
        isinstance(use.operation, StructuredForm) and constant.result in use.operation.tables
        for use in constant.result.uses
    )
    if not is_table and values.size and bool((values == values.reshape(-1)[0]).all()):
        return 0
    if constant.layout is not None:
        return len(encode(values, constant.layout).data)
    assert isinstance(constant.result.type, MemRefType)
    return size_in_bytes(constant.result.type)


def layout_text(constant: ConstantOp) -> str:
    """`dense`, or the encoding."""
    return "dense" if constant.layout is None else str(constant.layout.encoding.data)
