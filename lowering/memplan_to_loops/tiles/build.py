"""The loops of a form with a tile, by its kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ....dialects.access import Linear, linear_map
from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import Kernel
from ..emit import Emitter, Index
from ..index import Style
from ..nest import Operands, Storage
from ..rows import Rows
from .bytes import build_bytes
from .clipped import build_clipped
from .columns import build_columns
from .direct import build_direct
from .lanes import build_lanes
from .pairs import build_pairs
from .planes import build_planes
from .wide import build_wide

OF_PIXELS = {Kernel.COLUMNS: build_columns, Kernel.PAIRS: build_pairs}
"""Those that can number pixels along one dimension."""

KERNELS = {
    Kernel.LANES: build_lanes,
    Kernel.PLANES: build_planes,
    Kernel.DIRECT: build_direct,
    Kernel.BYTES: build_bytes,
    Kernel.VECTORS: build_bytes,
    Kernel.WIDE: build_wide,
    Kernel.CLIPPED: build_clipped,
}


def build_tile(
    form: StructuredForm,
    memory: Operands,
    emit: Emitter,
    style: Style,
    constant: Callable[[str, NDArray[Any]], SSAValue],
    held: Mapping[int, SSAValue],
) -> None:
    """Write the loops of a form with a tile; `constant` writes the memref of a packed constant.

    Raises OpError where padding is guarded: HLS has pipelines instead.
    """
    assert form.tile is not None
    if style.padding != "clip":
        raise OpError(form, "a form with a tile is for processors: use padding=clip, or leave memplan-tile out")
    kernel, memory = form.tile.kernel.data, with_rows(form, memory, emit, held)
    if kernel in OF_PIXELS:
        OF_PIXELS[kernel](form, memory, emit, constant, held, style.flat)
    else:
        KERNELS[kernel](form, memory, emit, constant, held)


def with_rows(
    form: StructuredForm, memory: Operands, emit: Emitter, held: Mapping[int, SSAValue]
) -> dict[SSAValue, Storage]:
    """The same operands; rows that a call touches one of are reached once, before all loops."""
    found = dict(memory)
    values = [*form.ins, *form.params, form.target]
    for operand, storage in memory.items():
        if isinstance(storage, Rows):
            accesses = [m.data for value, m in zip(values, form.maps, strict=True) if value is operand]
            rows = {linear_map(access)[storage.dim] for access in accesses}
            if len(rows) == 1 and all(d in held for row in rows for d, c in enumerate(row.coefficients) if c):
                found[operand] = replace(storage, only=storage.view(emit, place_of(rows.pop(), emit, held)))
    return found


def place_of(expression: Linear, emit: Emitter, held: Mapping[int, SSAValue]) -> Index:
    """The value of an affine expression of dimensions that are held."""
    total: Index = expression.offset
    for dim, coefficient in enumerate(expression.coefficients):
        if coefficient:
            total = emit.sum(total, emit.scale(held[dim], coefficient))
    return total
