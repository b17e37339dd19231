"""Blocks of products of weights with columns that were gathered."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from .block import BlockOp

FURTHEST = 4096
"""Bytes that loads and stores reach from a pointer."""

LONGEST_SHIFT = 31


class QuadBlockOp(BlockOp, ABC):
    """A block of quads: its window is how many, and the pixels. With a count these are the quads of a turn, and the
    count is the number of turns, at least one.
    """

    NUMBERS: ClassVar[int] = 2

    @property
    def counts_needed(self) -> int:
        return min(1, len(self.counts))

    def take_turns(self, quads: int, turns: SSAValue) -> None:
        """Become a block of so many quads in each turn."""
        window = (quads, *self.numbers[1:])
        op = type(self)((self.weights, [*self.indices]), self.places, self.sums, window, [turns])
        Rewriter.replace_op(self, op)

    @property
    def sums_needed(self) -> int:
        return 4 * self.numbers[1]

    def verify_window(self) -> None:
        quads, pixels = self.numbers
        if quads < 1 or pixels not in (1, 2):
            raise VerifyException("a block has at least one quad, and one or two pixels")
        column = self.data[0].type if len(self.data) == 1 else None
        words = column.get_shape()[0] if isinstance(column, MemRefType) else 0
        if words != DYNAMIC_INDEX and words < 2 * quads * pixels:
            raise VerifyException(f"a block of {quads} quads and {pixels} pixels has a column of as many words")


@irdl_op_definition
class DotBlockOp(QuadBlockOp):
    """Add products of weights and columns to sums: four channels at one or two pixels, the inside of a tile.

    `window [quads, pixels]`: `sums[p * 4 + c] += sum over quads q, halves h, lanes l of
    w[q][h][c][l] * x[q][h][p][l]`, modulo 2^32, where the words of the column hold two lanes each, the first low. The
    weights begin at an element of their memref. Those of bytes are packed `[q][c][4]`, in the order of the taps, of
    which a half takes (0, 2) and (1, 3). A memref of words holds the halves of weights, two in each.

    ```mlir
    mcu.dot_block %w[%group, %c0] data(%x) at(%c0) sums %sums window [16, 2]
        : memref<16x256xi16, "flash"> (memref<64xi32>) memref<8xi32>
    ```
    """

    name = "mcu.dot_block"
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (16, 8, 32)


@irdl_op_definition
class PairBlockOp(QuadBlockOp):
    """Add products of pairs of weights and columns to sums: four channels at one or two pixels, the inside of a tile.

    `window [quads, pixels]`: `sums[p * 4 + c] += sum over quads q, lanes l of w[q][c][l] * x[q][1][p][l] +
    low(w[q][c][l]) * x[q][0][p][l]`, modulo 2^32, where words hold two lanes each, the first low, and `low` is the low
    byte of a lane with its sign.

    ```mlir
    mcu.pair_block %w[%group, %c0] data(%x) at(%c0) sums %sums window [16, 2]
        : memref<16x256xi8, "flash"> (memref<64xi32>) memref<8xi32>
    mcu.pair_block %v[%first] data(%y) at(%c0) counts(%turns) sums %sums window [2, 2]
        : memref<?xi8, "flash"> (memref<?xi32>) memref<8xi32>
    ```
    """

    name = "mcu.pair_block"
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (8,)


@irdl_op_definition
class ByteBlockOp(BlockOp):
    """Add products of weights and columns of bytes to sums: some channels at one or two pixels.

    `window [channels, pixels, taps, lanes, piece]`: `sums[p * channels + c] += sum over taps k of
    w[k / lanes][c][k % lanes] * x[k / piece][p][k % piece]`, modulo 2^32, where `x` are the bytes of words: signed ones
    where there are several lanes, else unsigned ones.

    ```mlir
    mcu.byte_block %w[%group, %c0] data(%x) at(%c0) sums %sums window [4, 2, 64, 16, 64]
        : memref<16x256xi8, "flash"> (memref<32xi32>) memref<8xi32>
    ```
    """

    name = "mcu.byte_block"
    NUMBERS: ClassVar[int] = 5

    @property
    def sums_needed(self) -> int:
        return self.numbers[0] * self.numbers[1]

    def verify_window(self) -> None:
        channels, pixels, taps, lanes, piece = self.numbers
        if min(self.numbers) < 1 or channels > 4 or pixels > 2 or len(self.data) != 1:
            raise VerifyException("a block of bytes has numbers of at least 1, at most four channels and two pixels")
        if taps % lanes or taps % piece:
            raise VerifyException("taps are whole lanes and whole pieces")


@irdl_op_definition
class FinishBlockOp(BlockOp):
    """Sums of four channels at one or two pixels as results of 8 bits; `weights` are a table of channels with their
    multipliers, from that of the first one on, `sums` the results.

    `window [pixels, apart, step, row, shift, addend]`: `sums[p * apart + c * step] = saturate(multiply_high_add(data[p
    * 4 + c], table[c * row], addend) >> shift)`. Where the distance `apart` of two pixels is not known it is 0 there,
    and a count.

    ```mlir
    mcu.finish_block %table[%first, %c1] data(%sums) at(%c0) sums %out window [2, 64, 1, 2, 6, -8160]
        : memref<64x2xi32, "flash"> (memref<8xi32>) memref<68xi8>
    ```
    """

    name = "mcu.finish_block"
    NUMBERS: ClassVar[int] = 6
    WEIGHT_BITS: ClassVar[tuple[int, ...]] = (32,)
    SUM_BITS: ClassVar[tuple[int, ...]] = (8,)

    @property
    def counts_needed(self) -> int:
        return int(self.numbers[0] == 2 and self.numbers[1] == 0)

    @property
    def sums_needed(self) -> int:
        pixels, apart, step, *_ = self.numbers
        return (pixels - 1) * apart + 3 * step + 1

    def verify_window(self) -> None:
        pixels, apart, step, row, shift, _ = self.numbers
        if pixels not in (1, 2) or apart < 0 or step < 1 or row < 1 or len(self.data) != 1:
            raise VerifyException("sums of one or two pixels become results, from one table of channels")
        if self.sums_needed > FURTHEST or 12 * row > FURTHEST:
            raise VerifyException(f"results, and multipliers, lie within {FURTHEST} bytes")
        if not 1 <= shift <= LONGEST_SHIFT:
            raise VerifyException("results are shifted by 1 to 31")


@irdl_op_definition
class GatherBlockOp(BlockOp):
    """Make a column, or a part of it, of bytes; here `weights` are the bytes, and `sums` the words of the column.

    `window [runs, apart, words, pixels]`: word `w` of run `r` are the bytes from `apart * r + 4 * w` on, and becomes
    `sums[2 * pixels * (words * r + w)]`, its first and third byte as halves, and what is `pixels` words behind that,
    the second and fourth.

    ```mlir
    mcu.gather_block %x[%c0, %row, %column, %c0] data() at() sums %column window [3, 288, 2, 2]
        : memref<1x96x96x3xi8> () memref<28xi32>
    ```
    """

    name = "mcu.gather_block"
    NUMBERS: ClassVar[int] = 4

    @property
    def sums_needed(self) -> int:
        runs, _, words, pixels = self.numbers
        return 2 * pixels * runs * words - pixels + 1

    def verify_window(self) -> None:
        runs, apart, words, pixels = self.numbers
        if min(runs, words) < 1 or apart < 0 or pixels not in (1, 2) or self.data:
            raise VerifyException("a column is made of at least one word, of one or two pixels, and no other data")
