"""How much of a computer a model may take while it is compiled, told from shapes alone.

A file of a hundred bytes can state a tensor of 2^60 elements. Whoever is about to allocate what a model states asks the
one Budget of the run first.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ..dense import stored_elements
from .base import OnnxOp, shape_of
from .conv_transpose import ConvTransposeOp
from .layers import BatchNormalizationOp, ConvOp, GemmOp, MatMulOp, PoolOp, WindowOp
from .shapes import ConstantOp

DEFAULT_ELEMENTS = 1 << 26
"""The most elements that one value has, unless the user raises it."""

MAX_RANK = 32
"""The most dimensions: numpy stops at 64, and the executors add some."""

MAX_CHANNELS = 1 << 20
"""The most channels that have numbers of their own: output channels of weights, channels of a normalization."""

MAX_LIST = 1 << 16
"""The most numbers in a constant that is a list: of axes, of sizes, of pads."""

PER_STORED = 8
"""Elements of computed constants for each that the file holds: its weights may be moved that often."""

WORK_PER_STORED = 64
"""Multiply-accumulates on constants for each element that the file holds."""


class TooLarge(Exception):
    """What exceeds the budget, and by how much; a greater number of elements allows it."""


class Unlimited(Exception):
    """What has more dimensions or channels than any model may have."""


class Exhausted(TooLarge):
    """What exceeds what the model has left: what comes next will, too."""


class Budget:
    """What is left of one run's limits, all of which follow from the most elements of one value.

    All values together have at most 4 times as many elements. Constants that are computed instead of stored have a 64th
    of it in all, and the multiply-accumulates that compute them are as many as it; both grow with what the file holds.
    """

    def __init__(self, elements: int = DEFAULT_ELEMENTS):
        self.elements = elements
        self._values = 4 * elements
        self._computed = elements // 64
        self._work = elements
        self._equal = elements // 2

    def store(self, count: int) -> None:
        """Take note of elements that the file holds."""
        self._computed += PER_STORED * count
        self._work += WORK_PER_STORED * count

    def check(self, shape: Sequence[int], what: str) -> int:
        """The elements of a shape. Raises TooLarge or Unlimited, in which `what` has the shape."""
        if len(shape) > MAX_RANK:
            raise Unlimited(f"{what} has {len(shape)} dimensions, {MAX_RANK} are supported")
        count = prod(shape)
        if count > self.elements:
            raise TooLarge(f"{what} has {count:,} elements in shape {list(shape)}, more than {self.elements:,}")
        return count

    def take_value(self, shape: Sequence[int], what: str) -> None:
        """Count a value of this shape. Raises TooLarge where it, or all values together, have too many elements."""
        count = self.check(shape, what)
        if count > self._values:
            raise Exhausted(
                f"with {what} of shape {list(shape)} all values have more than {4 * self.elements:,} elements"
            )
        self._values -= count

    def take_op(self, op: OnnxOp) -> None:
        """Count the results of an op. Raises TooLarge for these, and for a window's padded operand."""
        if isinstance(op, WindowOp):
            self.check(padded_shape(op), "the padded input")
        if channels_of(op) > MAX_CHANNELS:
            raise Unlimited(f"{channels_of(op):,} channels, {MAX_CHANNELS:,} are supported")
        for result in op.results:
            self.take_value(shape_of(result), "the result")

    def take_equal(self, op: ConstantOp) -> None:
        """Count the elements of a constant that the file does not hold, as all are equal.

        Raises TooLarge where they are more than a 16th of the limit, or all together more than half of it.
        """
        count = self.check(shape_of(op.result), "it") - stored_elements(op.value)
        if count > self.elements // 16 or count > self._equal:
            raise TooLarge(f"it states {count:,} elements that the file does not hold")
        self._equal -= count

    def take_constant(self, op: OnnxOp) -> None:
        """Count a constant that is not stored, or an op that is to be computed now, from constants.

        Raises Exhausted where too much was computed before.
        """
        if isinstance(op, ConstantOp):
            count = stored_elements(op.value)
        else:
            count = sum(self.check(shape_of(result), "the result") for result in op.results)
        work = multiply_accumulates(op)
        if work > self._work:
            excess = work - self._work
            raise Exhausted(f"its result is constant and takes {excess:,} multiply-accumulates more than are left")
        self.take_computed(count)
        self._work -= work

    def take_computed(self, count: int) -> None:
        """Count elements of constants that are to be computed now. Raises Exhausted, as `take_constant` does."""
        if count > self._computed:
            excess = count - self._computed
            raise Exhausted(
                f"its result is constant, and constants that are computed have {excess:,} elements too many"
            )
        self._computed -= count


def channels_of(op: OnnxOp) -> int:
    """How many numbers a layer has per channel; 0 for other ops."""
    match op:
        case ConvOp() | ConvTransposeOp() | GemmOp():
            return shape_of(op.w)[0]
        case MatMulOp():
            return shape_of(op.w)[-1]
        case BatchNormalizationOp():
            return shape_of(op.x)[1]
        case _:
            return 0


def padded_shape(op: WindowOp) -> tuple[int, ...]:
    """The shape of a window's operand with the padding around it."""
    shape, pads = shape_of(op.operands[0]), op.pad_list
    rank = len(pads) // 2
    if isinstance(op, ConvTransposeOp):
        return shape
    return (*shape[:2], *(n + pads[a] + pads[a + rank] for a, n in enumerate(shape[2:])))


def multiply_accumulates(op: OnnxOp) -> int:
    """The products of a layer, and the elements that a pool looks at; 0 for what costs no more than its operands."""
    match op:
        case ConvOp() | ConvTransposeOp():
            return prod(shape_of(op.result)) * prod(shape_of(op.w)[1:])
        case GemmOp():
            return prod(shape_of(op.result)) * shape_of(op.w)[1]
        case MatMulOp():
            return prod(shape_of(op.result)) * shape_of(op.w)[-2]
        case PoolOp():
            return prod(shape_of(op.result)) * prod(op.kernel_list)
        case _:
            return 0
