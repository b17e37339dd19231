"""The work of the kernels of tiles (tiling/; lowering/memplan_to_loops/tiles/ writes their loops)."""

from __future__ import annotations

from math import ceil, prod

import numpy as np

from ....dialects.access import linear_map
from ....dialects.fixed.structured import StructuredForm, shaped_type
from ....dialects.fixed.tile import WIDE, Kernel, TileAttr
from ....targets.costs import Work
from ..tiling.bytes import Bytes
from ..tiling.channels import table_words
from ..tiling.clipped import Clipped
from ..tiling.columns import Columns, cuts_last
from ..tiling.direct import Direct
from ..tiling.lanes import CHANNELS, WIDE_CHANNELS, Lanes
from ..tiling.planes import TAPS, Planes

UNPACKED_OF_PAIRS = 0.5
"""Half of the weights that are pairs are taken apart."""

UNPACKED_OF_WINDOWS = 0.4
"""Of what a quad's weights take, four channels at a tap take so much to be taken apart."""

CELL_BYTES, TAP_BYTES, GROUP_BYTES = 12, 20, 100
"""Code of windows: of four channels of a cell, which are taken apart, of a tap of a pixel, and around each pixel.

Windows are written out, or where weights are bytes a row of them (targets/machine/blocks/windows.py).
"""

UNPACKED_OF_PLANES = 3.3
"""So many times as long takes a row of taps of a channel, of which words are made and stored."""


def kernel_work(form: StructuredForm, tile: TileAttr, slices: int = 1) -> Work | None:
    """The sums of a form by its kernel, in so many slices; None where its work is not known."""
    pixels = tile.pixels.data
    match tile.kernel.data:
        case Kernel.COLUMNS | Kernel.PAIRS if (columns := Columns.of(form)) is not None:
            return columns_work(columns, tile, slices)
        case Kernel.BYTES | Kernel.VECTORS as kernel:
            bytes = Bytes.of(Columns.of(form), kernel.has_vectors)
            return None if bytes is None else bytes_work(bytes, pixels)
        case Kernel.DIRECT if (direct := Direct.of(form)) is not None:
            return direct_work(direct, pixels)
        case Kernel.CLIPPED if (clipped := Clipped.of(form)) is not None:
            return clipped_work(clipped)
        case Kernel.LANES if (lanes := Lanes.of(form)) is not None:
            return lanes_work(lanes, pixels, tile.bits.data)
        case Kernel.WIDE if (lanes := Lanes.of(form)) is not None:
            return wide_work(lanes, pixels)
        case Kernel.PLANES if (planes := Planes.of(form)) is not None:
            return planes_work(planes, tile, slices > 1)
        case _:
            return None


def columns_work(columns: Columns, tile: TileAttr, slices: int = 1) -> Work:
    """Columns of the pixels of a tile at once, in so many slices, each of which copies weights that are held."""
    pixels, bits = tile.pixels.data, tile.bits.data
    points = columns.roles.size(columns.roles.pixels) // slices
    alone = int(pixels == 1) * points or int(cuts_last(points, pixels, bits))
    pairs = ceil((points - alone) / 2)
    gathered = slices * (2 * pairs + alone)
    inside = columns.runs * padded_share(columns.roles.form)
    units = {
        "dot_quad_1": slices * alone * columns.groups * columns.quads,
        "dot_run_2" if tile.holds_weights else "dot_quad_2": slices * pairs * columns.groups * columns.quads,
        "dot_group_1": slices * alone * columns.groups,
        "dot_group_2": slices * pairs * columns.groups,
        "gather_word": gathered * inside * columns.words,
        "gather_run": gathered * columns.runs * (columns.words > 0),
        "gather_tap": gathered * columns.runs * columns.left,
    }
    blocks = slices * (pairs + alone)
    if bits < WIDE:
        share = UNPACKED_OF_PAIRS if tile.kernel.data is Kernel.PAIRS else 1
        units["dot_unpack_1"] = share * slices * alone * columns.groups * columns.quads
        units["dot_unpack_2"] = share * slices * pairs * columns.groups * columns.quads
    if tile.holds_weights:
        units["copy_word"] = slices * (columns.held_words + table_words(columns.roles))
        blocks = slices
    return Work(units, ((columns.groups * columns.quads * 2 * bits + 4 * table_words(columns.roles), blocks),))


def bytes_work(bytes: Bytes, pixels: int) -> Work:
    """Columns of bytes: steps of a tap, or of a vector of them, of two pixels or half as much of one."""
    columns = bytes.columns
    blocks = ceil(columns.roles.size(columns.roles.pixels) / pixels)
    name = "bytes_vector" if bytes.lanes > 1 else "bytes_tap"
    units = {
        name: blocks * bytes.groups * (bytes.taps // bytes.lanes) * max(1, pixels) / 2,
        "gather_word": blocks * pixels * columns.runs * padded_share(columns.roles.form) * columns.words,
        "gather_run": blocks * pixels * columns.runs * (columns.words > 0),
        "gather_tap": blocks * pixels * columns.runs * columns.left,
    }
    return Work(units, ((bytes.groups * bytes.taps * bytes.channels, blocks),))


def lanes_work(lanes: Lanes, pixels: int, bits: int) -> Work:
    """Lanes of so many pixels at once, weights of so many bits."""
    groups, (rows, columns), (high, wide) = lanes.channels // CHANNELS, lanes.size, lanes.taps
    row_words = lanes.cells * groups
    units: dict[str, float] = {
        "lanes_tap": rows * columns * groups * high * wide,
        "lanes_group": rows * columns * groups,
        "lanes_word": rows * high * row_words,
    }
    if bits < WIDE:
        units["dot_unpack_1"] = UNPACKED_OF_WINDOWS * units["lanes_tap"]
    walks = rows * ceil(columns / pixels)
    cells = wide + (pixels - 1) * lanes.strides[1]
    written = (CELL_BYTES * cells + TAP_BYTES * wide * pixels) * (high if bits == WIDE else 1) + GROUP_BYTES * pixels
    constants = ((lanes.channels * high * wide * bits // 8, walks),)
    return Work(units, constants, ((written, walks * groups),))


def wide_work(lanes: Lanes, pixels: int) -> Work:
    """Lanes of eight channels, priced by their own units."""
    groups, (rows, columns), (high, wide) = lanes.channels // WIDE_CHANNELS, lanes.size, lanes.taps
    units = {
        "wide_tap": rows * columns * groups * high * wide,
        "wide_group": rows * columns * groups,
        "copy_word": rows * high * lanes.cells * lanes.channels / CHANNELS,
    }
    return Work(units, ((lanes.channels * high * wide, rows * ceil(columns / pixels)),))


def planes_work(planes: Planes, tile: TileAttr, sliced: bool) -> Work:
    """Planes, so many outputs at once as a tile has pixels."""
    lanes = planes.lanes
    rows, columns = lanes.size
    blocks = ceil(columns / tile.pixels.data)
    fresh = TAPS if sliced else min(TAPS, lanes.strides[0])
    units: dict[str, float] = {
        "plane_run" if tile.holds_weights else "plane_row": rows * lanes.channels * TAPS * columns,
        "plane_block": rows * lanes.channels * blocks,
        "plane_channel": rows * lanes.channels,
        "plane_word": (rows * fresh + TAPS - fresh) * planes.row_words * lanes.channels / CHANNELS,
    }
    if tile.bits.data < WIDE:
        units["dot_unpack_1"] = UNPACKED_OF_PLANES * units["plane_channel"] * TAPS
    walks = rows
    if tile.holds_weights:
        walks = rows if sliced else 1
        units["copy_word"] = walks * (planes.held_words + table_words(lanes.roles))
    taps = 4 * TAPS * WIDE // 8 if tile.bits.data == WIDE else TAPS * TAPS
    return Work(units, ((lanes.channels * taps + 4 * table_words(lanes.roles), walks),))


def direct_work(direct: Direct, together: int) -> Work:
    """Sums of data where they lie, so many pixels together."""
    roles = direct.roles
    points, taps = roles.size(direct.pixels), roles.size(roles.taps)
    once = roles.form.trips[: len(roles.form.domain.parallel.data)]
    repeated = prod(once) // max(1, points * direct.channels)
    blocks, groups = ceil(points / together), ceil(direct.channels / direct.group(together))
    units = {
        "direct_mac": direct.channels * points * taps,
        "direct_weight": blocks * direct.channels * taps,
        "direct_element": groups * points * taps,
        "direct_run": blocks * groups * roles.size(direct.outer) * direct.row_count,
        "direct_block": blocks * groups,
    }
    return Work({name: max(1, repeated) * count for name, count in units.items()}, ((direct.channels * taps, blocks),))


def clipped_work(clipped: Clipped) -> Work:
    """Sums of windows that are cut, priced as those of data where they lie."""
    roles = clipped.roles
    points, groups = roles.size(clipped.pixels), ceil(clipped.channels / clipped.group)
    sums = points * roles.size(roles.taps) * padded_share(roles.form)
    units = {
        "direct_mac": clipped.channels * sums,
        "direct_weight": clipped.channels * sums,
        "direct_element": (clipped.channels if clipped.each else groups) * sums,
        "direct_run": points * groups * roles.form.sizes[clipped.rows],
        "direct_block": points * groups,
    }
    return Work(units, ((clipped.channels * roles.size(roles.taps), points),))


def padded_share(form: StructuredForm) -> float:
    """The share of the points of a form's domain at which its first input is read inside its bounds."""
    share, box = 1.0, form.trips
    for result, size in zip(linear_map(form.in_maps[0]), shaped_type(form.ins[0]).get_shape(), strict=True):
        dims = [dim for dim, coefficient in enumerate(result.coefficients) if coefficient]
        low = result.offset + sum(min(0, result.coefficients[d] * (box[d] - 1)) for d in dims)
        high = result.offset + sum(max(0, result.coefficients[d] * (box[d] - 1)) for d in dims)
        if low >= 0 and high < size:
            continue
        index = np.full(1, result.offset)
        for dim in dims:
            index = (index[:, None] + result.coefficients[dim] * np.arange(box[dim])).reshape(-1)
        share *= float(((index >= 0) & (index < size)).mean())
    return share if prod(box) else 0.0
