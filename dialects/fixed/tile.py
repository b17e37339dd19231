"""How a form visits its points on a machine: in blocks, each read before any of it is written.

The parallel domain is visited in row-major order; so many consecutive points are a block, the last of which may be cut.
All inputs of a block are read before it is written (unless its kernel `reads_late`), its params at any time in between:
that is what planners, which ask for in-place distances, and the plan checker need to know. Which kernel computes the
block only the lowering needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import auto

from xdsl.dialects.builtin import BoolAttr, IntAttr
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

WIDE = 16
"""Bits of packed weights, where a tile does not say it."""


class Kernel(StrEnum):
    """What computes a block of a contraction.

    columns  the inputs of some pixels are gathered into a column of 16-bit numbers each, in scratch memory, the zero
             point for padding; then four output channels at a time are sums of products of pairs
    pairs    the same with weights of two taps in one half, as bytes in flash, where they and the sums are small enough
    lanes    the rows of data that a row of the output needs are copied, with their padding, into scratch memory, each
             once; then four channels at a time, each with weights of its own, are summed in lanes
    planes   the same for windows of 3 x 3, with the rows taken apart by channels into 16-bit numbers: faster, and twice
             the scratch memory
    direct   some channels at one or two pixels are summed from the data where they lie, bytes, so that each weight and
             each element is loaded once for all of them; no scratch memory
    bytes    columns of bytes, two output channels at a time
    vectors  columns of bytes, four output channels at a time, 16 taps at once
    wide     as `lanes`, eight channels at a time, in vectors
    clipped  the same where windows leave the data, which are cut there, and where each channel has data of its own
    """

    COLUMNS = auto()
    PAIRS = auto()
    LANES = auto()
    PLANES = auto()
    DIRECT = auto()
    BYTES = auto()
    VECTORS = auto()
    WIDE = auto()
    CLIPPED = auto()

    @property
    def has_vectors(self) -> bool:
        """True where a core's vectors compute it."""
        return self is Kernel.VECTORS


HOLDING = (Kernel.COLUMNS, Kernel.PLANES)
"""The kernels that may hold weights in scratch memory."""


@irdl_attr_definition
class KernelAttr(EnumAttribute[Kernel], SpacedOpaqueSyntaxAttribute):
    """A kernel."""

    name = "fixed.kernel"


@irdl_attr_definition
class TileAttr(ParametrizedAttribute):
    """Points of a block, the kernel, and how many pixels a block has: `#fixed.tile<128, columns, 2>`

    Packed weights have 16 bits, or 8 where it says so, which take half the flash: `#fixed.tile<128, columns, 2, 8>`.
    Those that are `held` are copied into scratch memory before the first block: `#fixed.tile<128, columns, 2, held>`
    """

    name = "fixed.tile"
    points: IntAttr
    kernel: KernelAttr
    pixels: IntAttr
    bits: IntAttr
    held: BoolAttr

    def __init__(self, points: int, kernel: Kernel, pixels: int, bits: int = WIDE, held: bool = False):
        number = BoolAttr.from_bool(held)
        super().__init__(IntAttr(points), KernelAttr(kernel), IntAttr(pixels), IntAttr(bits), number)

    @property
    def holds_weights(self) -> bool:
        """True where packed weights are copied into scratch memory."""
        return bool(self.held)

    @property
    def reads_once(self) -> bool:
        """True where a kernel that runs whole keeps what it has read: the first block that needs an input reads it."""
        return self.kernel.data in (Kernel.LANES, Kernel.PLANES, Kernel.WIDE)

    @property
    def reads_late(self) -> bool:
        """True where a kernel reads while it writes its block, in any order."""
        return self.kernel.data in (Kernel.DIRECT, Kernel.CLIPPED)

    def verify(self) -> None:
        if self.points.data < 1 or self.pixels.data < 1:
            raise VerifyException("a block has at least one point and one pixel")
        if self.bits.data not in (8, WIDE):
            raise VerifyException(f"packed weights have 8 or {WIDE} bits, not {self.bits.data}")
        if self.holds_weights and (self.kernel.data not in HOLDING or self.bits.data != WIDE):
            raise VerifyException(f"only weights of {WIDE} bits of the kernels `columns` and `planes` are held")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            points = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            kernel = parser.parse_str_enum(Kernel)
            parser.parse_punctuation(",")
            pixels = parser.parse_integer(allow_boolean=False)
            bits, held = WIDE, False
            while not held and parser.parse_optional_punctuation(",") is not None:
                held = parser.parse_optional_keyword("held") is not None
                if not held:
                    bits = parser.parse_integer(allow_boolean=False)
        return (IntAttr(points), KernelAttr(kernel), IntAttr(pixels), IntAttr(bits), BoolAttr.from_bool(held))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            bits = "" if self.bits.data == WIDE else f", {self.bits.data}"
            held = ", held" if self.holds_weights else ""
            printer.print_string(f"{self.points.data}, {self.kernel.data}, {self.pixels.data}{bits}{held}")
