"""The work of a form: its sums, by its kernel, and its body for each element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import prod

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Operation, SSAValue

from ....dialects.dense import to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp, MapOp
from ....dialects.fixed.layout import Encoding, encode
from ....dialects.fixed.scalar import LookupOp, RescaleOp, YieldOp
from ....dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ....dialects.fixed.tile import Kernel, TileAttr
from ....dialects.memplan import StreamOp, size_in_bytes
from ....dialects.memplan.loops import rounds_of
from ....targets.costs import Work, add
from .kernels import kernel_work, padded_share

LONG, WIDE = 32, 8
"""Bits beyond which an operation takes several instructions on cores of 32 bits, and a number more than a byte."""


def form_work(form: StructuredForm) -> Work:
    """The work of a form in all its runs, with the tile that it has."""
    return tiled_work(form, form.tile, slices_of(form))


def tiled_work(form: StructuredForm, tile: TileAttr | None, slices: int = 1) -> Work:
    """The work of a form with a tile, or without any, in so many slices."""
    sums = None if tile is None else kernel_work(form, tile, slices)
    sums = plain_work(form) if sums is None else sums
    units: dict[str, float] = {}
    shifted = elements_of(form) if tile is not None and tile.kernel.data is Kernel.PAIRS else 0
    for part in (sums.units, body_units(form), {"call": slices, "op": shifted}):
        add(units, part)
    params = [value for value in form.params if isinstance(value.owner, ConstantOp)]
    reads = [(constant_bytes(value), elements_of(form) / max(1, number_of(value))) for value in params]
    return Work(units, (*sums.reads, *reads), sums.code).times(rounds_of(form))


def slices_of(form: StructuredForm) -> int:
    """How many slices a stream runs of a form; 1 outside of streams."""
    stream = form.parent_op()
    if not isinstance(stream, StreamOp):
        return 1
    number = list(stream.forms).index(form)
    return max(1, int((stream.slices[:, 0] == number).sum()))


def elements_of(form: StructuredForm) -> int:
    """The results of a run."""
    return prod(size for dim, size in enumerate(form.domain.parallel.data) if dim not in form.held_dims)


def plain_work(form: StructuredForm) -> Work:
    """Sums that are made one step after the other."""
    reduction = prod(size for dim, size in enumerate(form.trips) if dim >= len(form.domain.parallel.data))
    steps = elements_of(form) * reduction * padded_share(form)
    inner = next((size for size in reversed(form.trips) if size > 1), 1)
    units: dict[str, float] = {"index": elements_of(form) * len(form.held_dims)}
    if isinstance(form, ContractOp):
        add(units, {**product_units(form, steps), "row": steps / inner})
        constants = [v for v in form.ins if isinstance(v.owner, ConstantOp)]
        return Work(units, tuple((constant_bytes(v), steps / max(1, number_of(v))) for v in constants))
    if isinstance(form, MapOp):
        units["row"] = elements_of(form) / inner
    else:
        add(units, {"step": steps, "row": steps / inner})
    return Work(units)


def product_units(form: ContractOp, steps: float) -> Mapping[str, float]:
    """Multiply-accumulates by the widths of their operands; of encoded constants the entries."""
    units: dict[str, float] = {}
    if form.acc.width.data > LONG:
        units["mac_wide_sum"] = steps
    if form.zero_points.data[0] and form.is_padded(0):
        units["mac_padded"] = steps
    for value in form.ins:
        if width(value) > WIDE:
            kind = "mac_wide_weight" if isinstance(value.owner, ConstantOp) else "mac_wide_input"
            add(units, {kind: steps})
    for value in form.ins:
        if isinstance(value.owner, ConstantOp) and value.owner.layout is not None:
            walks = steps / max(1, number_of(value))
            return {**units, **{name: walks * count for name, count in entries(value.owner).items()}}
    return {**units, "mac": steps}


def entries(constant: ConstantOp) -> Mapping[str, float]:
    """The entries of all rows of an encoded constant, under the encoding's name."""
    assert constant.layout is not None
    encoding, values = constant.layout.encoding.data, to_numpy(constant.value)
    elements = int((values != 0).sum()) if encoding is Encoding.BITMAP else 0
    return {str(encoding): encode(values, constant.layout).entries, "bitmap_element": elements}


def body_units(form: StructuredForm) -> Mapping[str, float]:
    """What is done for each result."""
    elements = elements_of(form)
    values = [*(form.ins if isinstance(form, MapOp) else ()), form.target]
    once = Counter(element=1, param=len(form.params), wide=sum(width(value) > WIDE for value in values))
    once.update(name for op in form.body.block.ops if (name := unit_of(op)))
    return {name: elements * count for name, count in once.items()}


def unit_of(op: Operation) -> str | None:
    """The unit of an operation in a body; None for what costs nothing."""
    match op:
        case YieldOp() | arith.ConstantOp():
            return None
        case LookupOp():
            return "lookup"
        case RescaleOp():
            return "op" if op.multiplier is None else "product"
        case arith.MuliOp() if bits(op.result) > 16:
            return "product"
        case _:
            return "op_long" if bits(op.results[0]) > LONG else "op"


def width(value: SSAValue) -> int:
    """The bits of an operand's elements."""
    return scalar_type(shaped_type(value).element_type).width.data


def bits(value: SSAValue) -> int:
    """The bits of a scalar."""
    return scalar_type(value.type).width.data


def number_of(value: SSAValue) -> int:
    """The elements of an operand."""
    return int(np.prod(shaped_type(value).get_shape(), dtype=np.int64))


def constant_bytes(value: SSAValue) -> int:
    """The bytes of a constant that is stored densely."""
    assert isinstance(value.type, MemRefType)
    return size_in_bytes(value.type)
