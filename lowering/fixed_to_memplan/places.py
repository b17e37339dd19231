"""Where a tensor lies once it is in memory: all of a memref, a box of one, or the slice that a round of a loop has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, footprint, from_linear, full_box, linear_map
from ...dialects.memplan import element_bytes


@dataclass(frozen=True)
class Turn:
    """The index `start + step * round` of a memref's dimension; `level` counts the loops around from the outermost."""

    level: int
    start: int
    step: int


@dataclass(frozen=True)
class Place:
    """The box of `shape` that begins at `offsets` in a memref, in its dimensions without `turns`.

    `turns` pairs each other dimension with the index that it has in a round.
    """

    memref: SSAValue
    offsets: tuple[int, ...]
    shape: tuple[int, ...]
    turns: tuple[tuple[int, Turn], ...] = ()

    @property
    def type(self) -> MemRefType:
        """The type of the memref."""
        assert isinstance(self.memref.type, MemRefType)
        return self.memref.type

    @property
    def is_whole(self) -> bool:
        """True where the box is all of the memref."""
        return self.shape == self.type.get_shape()

    @property
    def levels(self) -> frozenset[int]:
        """The loops on whose round it depends."""
        return frozenset(turn.level for _, turn in self.turns)

    @property
    def dims(self) -> tuple[int, ...]:
        """The dimensions of the memref that the box has."""
        held = {dim for dim, _ in self.turns}
        return tuple(dim for dim in range(self.type.get_num_dims()) if dim not in held)

    @property
    def whole_shape(self) -> tuple[int, ...]:
        """The sizes of the memref in the dimensions of the box."""
        return tuple(self.type.get_shape()[dim] for dim in self.dims)

    def box(self, offsets: Sequence[int], shape: Sequence[int]) -> Place:
        """A box of this box."""
        summed = tuple(a + b for a, b in zip(self.offsets, offsets, strict=True))
        return Place(self.memref, summed, tuple(shape), self.turns)

    def slice(self, axis: int, turn: Turn) -> Place:
        """The slice of this box, at the round's index of dimension `axis`, which it does not have any more."""
        held = self.dims[axis], Turn(turn.level, turn.start + self.offsets[axis], turn.step)
        turns = tuple(sorted((*self.turns, held), key=lambda pair: pair[0]))
        offsets, shape = list(self.offsets), list(self.shape)
        del offsets[axis], shape[axis]
        return Place(self.memref, tuple(offsets), tuple(shape), turns)

    @property
    def block_offset(self) -> int | None:
        """The byte at which the box begins where its elements lie one after the other in every round, else None."""
        if self.turns:
            return None
        whole = self.type.get_shape()
        outer = next((dim for dim, size in enumerate(self.shape) if size != 1), len(self.shape))
        if self.shape[outer + 1 :] != whole[outer + 1 :]:
            return None
        position = 0
        for size, offset in zip(whole, self.offsets, strict=True):
            position = position * size + offset
        return position * element_bytes(self.type)

    @property
    def is_stack(self) -> bool:
        """True where rounds give all indices that are not 0, and what remains is one block of all of the rest."""
        outer = max((dim for dim, _ in self.turns), default=-1)
        ones = all(self.type.get_shape()[dim] == 1 for dim in self.dims if dim < outer)
        return ones and self.shape == self.whole_shape

    def reach(self, access: AffineMap, levels: Sequence[int] = ()) -> AffineMap:
        """The access to the memref that reaches what `access` reaches in the box.

        Its domain has a dimension for the round of each of the loops `levels` before its own.
        """
        if not any(self.offsets) and not levels:
            return access
        results: list[Linear] = [Linear((), 0)] * self.type.get_num_dims()
        for dim, index, offset in zip(self.dims, linear_map(access), self.offsets, strict=True):
            results[dim] = Linear((0,) * len(levels) + index.coefficients, index.offset + offset)
        for dim, turn in self.turns:
            rounds = tuple(turn.step if level == turn.level else 0 for level in levels)
            results[dim] = Linear(rounds + (0,) * access.num_dims, turn.start)
        return from_linear(results, len(levels) + access.num_dims)

    def holds(self, access: AffineMap, sizes: Sequence[int]) -> bool:
        """Whether an access leaves the box only where it leaves the memref, too: elsewhere it would read neighbours."""
        ranges = footprint(access, full_box(sizes))
        bounds = zip(ranges, self.shape, self.whole_shape, strict=True)
        return all(size == whole or (low >= 0 and high < size) for (low, high), size, whole in bounds)


def whole(memref: SSAValue) -> Place:
    """All of a memref."""
    assert isinstance(memref.type, MemRefType)
    shape = memref.type.get_shape()
    return Place(memref, (0,) * len(shape), shape)
