"""The table of kernels: what a core must have for each, and the tiles with which it computes a form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.tile import WIDE, Kernel, TileAttr
from ....dialects.machine import (
    dual_multiply_add,
    multiply,
    multiply_add,
    multiply_add_24,
    multiply_add_bytes,
    multiply_add_unsigned_24,
    unpack_bytes,
)
from ....dialects.memplan import round_dims
from .bytes import Bytes
from .channels import table_words
from .clipped import Clipped
from .columns import CHANNELS, Columns
from .direct import Direct
from .lanes import Lanes
from .pairs import Pairs
from .planes import Planes


@dataclass(frozen=True)
class Offer:
    """A tile of a form, the words of scratch memory that it needs, and the bytes of its packed weights.

    They are None where the weights stay as they are, packed in another order.
    """

    tile: TileAttr
    scratch_words: int = 0
    packed_bytes: int | None = None


Offers = Callable[[ContractOp, Sequence[int]], Iterator[Offer]]
"""The offers for a form, of which packed weights may have some widths; none where the kernel does not fit it."""


@dataclass(frozen=True)
class Row:
    """Kernels of cores that have all `needs`. The `lean` ones are for cores with little flash: code is not free there,
    and weights whose layout takes less flash keep it.
    """

    needs: frozenset[str]
    offers: Offers
    lean: bool = False


def needs(*operations: Callable[..., int]) -> frozenset[str]:
    """The names of machine operations."""
    return frozenset(operation.__name__ for operation in operations)


def wide(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Windows over each channel by itself, eight channels at once."""
    lanes = Lanes.of(form)
    if lanes is not None and lanes.is_wide:
        tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.WIDE, lanes.pixels)
        yield Offer(tile, lanes.scratch_words, lanes.packed_wide().nbytes)


def windows(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Windows over each channel by itself, four channels of a word, or rows taken apart by channels."""
    lanes, planes = Lanes.of(form), Planes.of(form)
    if lanes is None:
        return
    for bits in widths if lanes.fits_bytes else (WIDE,):
        tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.LANES, lanes.pixels, bits)
        yield Offer(tile, lanes.scratch_words, lanes.packed(bits).nbytes)
        if planes is not None:
            tile = TileAttr(lanes.size[1] * lanes.channels, Kernel.PLANES, planes.outputs, bits)
            packed = planes.packed(bits).nbytes
            yield Offer(tile, planes.scratch_words, packed)
            if bits == WIDE and lanes.size[0] > 1:
                held = TileAttr(lanes.size[1] * lanes.channels, Kernel.PLANES, planes.outputs, held=True)
                yield Offer(held, planes.scratch_words + planes.held_words + table_words(lanes.roles), packed)


def columns(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Columns of halves of one or two pixels; also with weights that are held, for cores that wait for flash."""
    found = Columns.of(form)
    if found is None:
        return
    paired = Pairs.of(form) is not None
    for pixels in range(pixels_together(form, found), 0, -1):
        for bits in widths:
            if bits == WIDE or found.fits_bytes:
                packed = found.groups * found.quads * 4 * CHANNELS * bits // 8
                kernels = [Kernel.COLUMNS, *([Kernel.PAIRS] if bits < WIDE and paired else [])]
                for kernel in kernels:
                    tile = TileAttr(found.channels * pixels, kernel, pixels, bits)
                    yield Offer(tile, found.scratch_words(pixels), packed)
        if WIDE in widths and found.roles.size(found.roles.pixels) > pixels:
            held = TileAttr(found.channels * pixels, Kernel.COLUMNS, pixels, held=True)
            words = found.scratch_words(pixels) + found.held_words + table_words(found.roles)
            yield Offer(held, words, 4 * found.held_words)


def vectors(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Columns of bytes in vectors."""
    yield from of_bytes(form, Kernel.VECTORS)


def pieces(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Columns of bytes in pieces."""
    yield from of_bytes(form, Kernel.BYTES)


def of_bytes(form: ContractOp, kernel: Kernel) -> Iterator[Offer]:
    """Columns of bytes."""
    found = Bytes.of(Columns.of(form), kernel.has_vectors)
    if found is not None:
        pixels = pixels_together(form, found.columns)
        tile = TileAttr(found.columns.channels * pixels, kernel, pixels)
        yield Offer(tile, found.scratch_words(pixels), found.groups * found.taps * found.channels)


def direct_narrow(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Data where they lie, in sums of 24 bits."""
    yield from direct(form, False)


def direct_wide(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Data where they lie, in sums of 32 bits."""
    yield from direct(form, True)


def direct(form: ContractOp, is_wide: bool) -> Iterator[Offer]:
    """Data where they lie."""
    found = Direct.of(form)
    if found is not None and found.wide is is_wide and found.channels * found.roles.size(found.pixels) > 1:
        yield Offer(TileAttr(found.channels * found.together, Kernel.DIRECT, found.together))


def clipped(form: ContractOp, widths: Sequence[int]) -> Iterator[Offer]:
    """Windows that leave the data, or of each channel by itself, as far as they lie in the data."""
    if Direct.of(form) is None and (found := Clipped.of(form)) is not None:
        yield Offer(TileAttr(found.channels, Kernel.CLIPPED, 1))


KERNELS = (
    Row(needs(multiply_add_bytes), wide),
    Row(needs(dual_multiply_add, unpack_bytes), windows),
    Row(needs(multiply_add_bytes), vectors),
    Row(needs(dual_multiply_add, unpack_bytes), columns),
    Row(needs(multiply_add_24), direct_narrow, lean=True),
    Row(needs(multiply_add), direct_wide, lean=True),
    Row(needs(multiply_add_24, multiply_add_unsigned_24), clipped, lean=True),
    Row(needs(multiply_add), pieces, lean=True),
    Row(needs(multiply), pieces, lean=True),
)
"""A form has the kernels of the first row that its core has and that fits it."""


def rows_of(operations: Collection[str]) -> list[Row]:
    """The rows of a core with these operations."""
    return [row for row in KERNELS if row.needs <= set(operations)]


def pixels_together(form: ContractOp, columns: Columns) -> int:
    """The most pixels of a block: 2 where there are more than one that no loop around the form holds."""
    around = round_dims(form)
    return 2 if any(dim not in around for dim in columns.roles.pixels) else 1
