"""Where a tensor lies once it is in memory: all of a memref, or a box of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, footprint, from_linear, full_box, linear_map
from ...dialects.memplan import element_bytes


@dataclass(frozen=True)
class Place:
    """The box of `shape` that begins at `offsets` in a memref."""

    memref: SSAValue
    offsets: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def type(self) -> MemRefType:
        """The type of the memref."""
        assert isinstance(self.memref.type, MemRefType)
        return self.memref.type

    @property
    def is_whole(self) -> bool:
        """True where the box is all of the memref."""
        return self.shape == self.type.get_shape()

    def box(self, offsets: Sequence[int], shape: Sequence[int]) -> Place:
        """A box of this box."""
        summed = tuple(a + b for a, b in zip(self.offsets, offsets, strict=True))
        return Place(self.memref, summed, tuple(shape))

    @property
    def block_offset(self) -> int | None:
        """The byte at which the box begins where its elements lie one after the other, else None."""
        whole = self.type.get_shape()
        outer = next((dim for dim, size in enumerate(self.shape) if size != 1), len(self.shape))
        if self.shape[outer + 1 :] != whole[outer + 1 :]:
            return None
        position = 0
        for size, offset in zip(whole, self.offsets, strict=True):
            position = position * size + offset
        return position * element_bytes(self.type)

    def shifted(self, access: AffineMap) -> AffineMap:
        """The access to the memref that reaches what `access` reaches in the box."""
        if not any(self.offsets):
            return access
        results = linear_map(access)
        moved = [Linear(r.coefficients, r.offset + o) for r, o in zip(results, self.offsets, strict=True)]
        return from_linear(moved, access.num_dims)

    def holds(self, access: AffineMap, sizes: Sequence[int]) -> bool:
        """Whether an access leaves the box only where it leaves the memref, too: elsewhere it would read neighbours."""
        ranges = footprint(access, full_box(sizes))
        bounds = zip(ranges, self.shape, self.type.get_shape(), strict=True)
        return all(size == whole or (low >= 0 and high < size) for (low, high), size, whole in bounds)


def whole(memref: SSAValue) -> Place:
    """All of a memref."""
    assert isinstance(memref.type, MemRefType)
    shape = memref.type.get_shape()
    return Place(memref, (0,) * len(shape), shape)
