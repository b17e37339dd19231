"""The loops of a form with a tile, by its kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import Kernel
from ..emit import Emitter
from ..index import Style
from .bytes import build_bytes
from .clipped import build_clipped
from .columns import build_columns
from .direct import build_direct
from .lanes import build_lanes
from .pairs import build_pairs
from .planes import build_planes
from .scope import Operands
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
    kernel = form.tile.kernel.data
    if kernel in OF_PIXELS:
        OF_PIXELS[kernel](form, memory, emit, constant, held, style.flat)
    else:
        KERNELS[kernel](form, memory, emit, constant, held)
