"""The attributes of the `fixed` dialect: how an integer stands for a real number.

The quantized type follows the affine model of Jacob et al. (CVPR 2018), `real = scale * (integer - zero_point)`,
with power-of-two scales (SeeDot, PLDI 2019) as the special case that prints as `2^k`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import auto

from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntegerType, Signedness, StringAttr, TensorType
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, Data, Operation, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

PER_TENSOR = -1
"""The `axis` of a type whose one scale holds for the whole tensor."""


def power_of_two(scale: float) -> int | None:
    """The exponent k when `scale` is exactly 2^k, else None."""
    mantissa, exponent = math.frexp(scale)
    return exponent - 1 if mantissa == 0.5 else None


def scale_text(scale: float) -> str:
    """`2^k` for an exact power of two, else the shortest decimal that reads back as the same double."""
    exponent = power_of_two(scale)
    return repr(scale) if exponent is None else f"2^{exponent}"


@irdl_attr_definition
class ScalesAttr(Data[tuple[float, ...]]):
    """The scales of a quantized type, as doubles: one per tensor, or one per index of an axis."""

    name = "fixed.scales"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[float, ...]:
        with parser.in_angle_brackets():
            return tuple(parser.parse_comma_separated_list(parser.Delimiter.NONE, lambda: parse_scale(parser)))

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_list(self.data, lambda scale: printer.print_string(scale_text(scale)))


def parse_scale(parser: AttrParser) -> float:
    """Read `2^k` or a decimal number."""
    source, start = parser.lexer.input, parser.pos
    if source.slice(start, start + 2) != "2^":
        return as_double(parser, parser.parse_number)
    # MLIR's lexer takes `^` for the start of a block name, so it must not see it.
    parser._resume_from(start + 2)  # pyright: ignore[reportPrivateUsage]
    return as_double(parser, lambda: math.ldexp(1.0, parser.parse_integer()))


def as_double(parser: AttrParser, parse: Callable[[], float]) -> float:
    """A number that was read, where it is a double."""
    start = parser.pos
    try:
        return float(parse())
    except OverflowError:
        parser.raise_error("this scale is larger than any double", start, parser.pos)


@irdl_attr_definition
class QType(ParametrizedAttribute, TypeAttribute):
    """An integer that stands for `scale * (integer - zero_point)`.

    Storage `iN` is signed and `uiN` unsigned. With an axis, index j of that axis has its own scale.

    ```mlir
    !fixed.q<i8, 2^-5>
    !fixed.q<ui8, 0.0235 : 128>
    !fixed.q<i8, axis 0 {0.01, 0.02}>
    ```
    """

    name = "fixed.q"
    storage: IntegerType
    scales: ScalesAttr
    zero_point: IntAttr
    axis: IntAttr

    def __init__(
        self,
        storage: IntegerType,
        scales: float | Sequence[float],
        zero_point: int = 0,
        axis: int = PER_TENSOR,
    ):
        values = (float(scales),) if isinstance(scales, int | float) else tuple(float(s) for s in scales)
        super().__init__(storage, ScalesAttr(values), IntAttr(zero_point), IntAttr(axis))

    @property
    def bits(self) -> int:
        """Storage width in bits."""
        return self.storage.width.data

    @property
    def signed(self) -> bool:
        """False only for `uiN` storage."""
        return self.storage.signedness.data != Signedness.UNSIGNED

    @property
    def scale(self) -> float:
        """The one scale of a per-tensor type."""
        if self.axis.data != PER_TENSOR:
            raise ValueError(f"{self} has one scale per index of axis {self.axis.data}")
        return self.scales.data[0]

    @property
    def zp(self) -> int:
        """The zero point: the integer that stands for 0."""
        return self.zero_point.data

    @property
    def limits(self) -> tuple[int, int]:
        """The least and greatest integer that the storage holds."""
        return storage_limits(self.storage)

    def permuted(self, permutation: Sequence[int]) -> QType:
        """The type after a transpose to dimensions `permutation`: the axis of a per-axis type moves along."""
        if self.axis.data == PER_TENSOR:
            return self
        return QType(self.storage, self.scales.data, self.zp, list(permutation).index(self.axis.data))

    def verify(self) -> None:
        if self.bits < 1 or self.bits > 64:
            raise VerifyException(f"storage width must be between 1 and 64 bits, got {self.bits}")
        if not all(math.isfinite(s) and s > 0 for s in self.scales.data):
            raise VerifyException("every scale must be positive and finite")
        low, high = self.limits
        if not low <= self.zp <= high:
            raise VerifyException(f"zero point {self.zp} is outside the storage range [{low}, {high}]")
        if self.axis.data == PER_TENSOR and len(self.scales.data) != 1:
            raise VerifyException("a type without an axis has exactly one scale")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[ScalesAttr | IntegerType | IntAttr]:
        axis, zero_point = PER_TENSOR, 0
        with parser.in_angle_brackets():
            storage = parser.parse_type()
            if not isinstance(storage, IntegerType):
                parser.raise_error("expected an integer storage type such as i8 or ui8")
            parser.parse_punctuation(",")
            if parser.parse_optional_keyword("axis") is not None:
                axis = parser.parse_integer(allow_negative=False)
                scales = tuple(parser.parse_comma_separated_list(parser.Delimiter.BRACES, lambda: parse_scale(parser)))
            else:
                scales = (parse_scale(parser),)
            if parser.parse_optional_punctuation(":") is not None:
                zero_point = parser.parse_integer()
        return (storage, ScalesAttr(scales), IntAttr(zero_point), IntAttr(axis))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.storage)
            printer.print_string(", ")
            if self.axis.data == PER_TENSOR:
                printer.print_string(scale_text(self.scale))
            else:
                printer.print_string(f"axis {self.axis.data} ")
                with printer.in_braces():
                    printer.print_list(self.scales.data, lambda s: printer.print_string(scale_text(s)))
            if self.zp != 0:
                printer.print_string(f" : {self.zp}")


def storage_limits(storage: IntegerType) -> tuple[int, int]:
    """Least and greatest value of an integer type; `iN` counts as signed, `uiN` as unsigned."""
    bits = storage.width.data
    if storage.signedness.data == Signedness.UNSIGNED:
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


@irdl_attr_definition
class IntsAttr(Data[tuple[int, ...]]):
    """A list of integers: sizes, or zero points."""

    name = "fixed.ints"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[int, ...]:
        with parser.in_angle_brackets():
            return parse_ints(parser)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(", ".join(map(str, self.data)))


def parse_ints(parser: AttrParser) -> tuple[int, ...]:
    """Read a possibly empty comma-separated list of integers."""
    first = parser.parse_optional_integer(allow_boolean=False)
    if first is None:
        return ()
    sizes = [first]
    while parser.parse_optional_punctuation(",") is not None:
        sizes.append(parser.parse_integer(allow_boolean=False))
    return tuple(sizes)


@irdl_attr_definition
class DomainAttr(ParametrizedAttribute):
    """The iteration space of a structured form: parallel sizes, then (after `|`) reduction sizes.

    Dimension i of the access maps is the i-th size. `#fixed.domain<14, 14, 8 | 3, 3, 1>`
    """

    name = "fixed.domain"
    parallel: IntsAttr
    reduction: IntsAttr

    def __init__(self, parallel: Sequence[int], reduction: Sequence[int] = ()):
        super().__init__(IntsAttr(tuple(parallel)), IntsAttr(tuple(reduction)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """All sizes, parallel first."""
        return self.parallel.data + self.reduction.data

    def verify(self) -> None:
        if any(size < 1 for size in self.sizes):
            raise VerifyException("every domain size must be at least 1")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[IntsAttr]:
        with parser.in_angle_brackets():
            parallel = parse_ints(parser)
            reduction = parse_ints(parser) if parser.parse_optional_punctuation("|") else ()
        return (IntsAttr(parallel), IntsAttr(reduction))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(", ".join(map(str, self.parallel.data)))
            if self.reduction.data:
                printer.print_string(" | " + ", ".join(map(str, self.reduction.data)))


def integer_type(storage: IntegerType) -> QType:
    """How the integers of a tensor of the model are stored: as they are, and truth values (i1) as 0 and 1 in `ui8`.

    Such a type has scale 1 and no zero point: `!fixed.q<i32, 2^0>`.
    """
    return QType(IntegerType(8, Signedness.UNSIGNED) if storage.width.data == 1 else storage, 1.0)


class Holds(StrEnum):
    """What the elements of a port are to its caller: reals, which integers stand for, integers, or truth values."""

    REAL = auto()
    INTEGER = auto()
    BOOL = auto()


@irdl_attr_definition
class HoldsAttr(EnumAttribute[Holds], SpacedOpaqueSyntaxAttribute):
    """What the elements of a port are."""

    name = "fixed.holds"


@irdl_attr_definition
class PortAttr(ParametrizedAttribute):
    """An input or output of the model as its caller sees it; kept on the function at every level from `fixed` down.

    `type` has the ONNX shape; the program stores the tensor transposed by `permutation` (stored dimension i is ONNX
    dimension `permutation[i]`). `integer` and `bool` say that the elements are no reals: their type is `integer_type`.

    `#fixed.port<"image", tensor<1x3x32x32x!fixed.q<i8, 2^-7>>, permutation <0, 2, 3, 1>>`
    `#fixed.port<"mask", tensor<1x10x!fixed.q<ui8, 2^0>>, permutation <0, 1>, bool>`
    """

    name = "fixed.port"
    label: StringAttr
    type: TensorType
    permutation: IntsAttr
    holds: HoldsAttr

    def __init__(self, label: StringAttr, type: TensorType, permutation: IntsAttr, holds: Holds = Holds.REAL):
        super().__init__(label, type, permutation, HoldsAttr(holds))

    @property
    def is_real(self) -> bool:
        """Whether the integers stand for reals: else they mean themselves."""
        return self.holds.data is Holds.REAL and isinstance(self.element, QType)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape in memory."""
        shape = self.type.get_shape()
        return tuple(shape[axis] for axis in self.permutation.data)

    @property
    def element(self) -> QType | IntegerType:
        """The element type: quantized, or a plain integer (an argmax)."""
        element = self.type.element_type
        assert isinstance(element, QType | IntegerType)
        return element

    @property
    def storage(self) -> IntegerType:
        """The integers in memory."""
        return self.element.storage if isinstance(self.element, QType) else self.element

    def verify(self) -> None:
        if sorted(self.permutation.data) != list(range(len(self.type.get_shape()))):
            raise VerifyException(
                f"{list(self.permutation.data)} is not a permutation of the dimensions of {self.type}"
            )
        if not isinstance(self.type.element_type, QType | IntegerType):
            raise VerifyException(f"a port holds integers or !fixed.q values, got {self.type.element_type}")
        if self.holds.data is not Holds.REAL:
            width = IntegerType(1) if self.holds.data is Holds.BOOL else self.storage
            if self.element != integer_type(width):
                raise VerifyException(
                    f"a port that holds `{self.holds.data}` is stored as {integer_type(width)}, not {self.element}"
                )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            label = parser.parse_str_literal()
            parser.parse_punctuation(",")
            type = parser.parse_type()
            parser.parse_punctuation(",")
            parser.parse_keyword("permutation")
            with parser.in_angle_brackets():
                permutation = parse_ints(parser)
            holds = parser.parse_str_enum(Holds) if parser.parse_optional_punctuation(",") else Holds.REAL
        return (StringAttr(label), type, IntsAttr(permutation), HoldsAttr(holds))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.label.data)
            printer.print_string(", ")
            printer.print_attribute(self.type)
            printer.print_string(", permutation <" + ", ".join(map(str, self.permutation.data)) + ">")
            if self.holds.data is not Holds.REAL:
                printer.print_string(f", {self.holds.data}")


class Rounding(StrEnum):
    """How the bits below a right shift are rounded away; x and s are integers, the result is an integer.

    half_up    floor(x / 2^s + 1/2)
    half_even  nearest, ties to the even integer (IEEE 754, ONNX QuantizeLinear)
    half_away  nearest, ties away from zero
    tflite     gemmlowp's two roundings: saturating doubling high multiply, then a half_away shift
    truncate   towards zero
    floor      towards minus infinity: the plain arithmetic shift
    """

    HALF_UP = auto()
    HALF_EVEN = auto()
    HALF_AWAY = auto()
    TFLITE = auto()
    TRUNCATE = auto()
    FLOOR = auto()


@irdl_attr_definition
class RoundingAttr(EnumAttribute[Rounding], SpacedOpaqueSyntaxAttribute):
    """A rounding mode."""

    name = "fixed.rounding"


class Reduction(StrEnum):
    """What a `fixed.reduce` computes over its reduction dimensions; argmax takes the first of equals."""

    SUM = auto()
    MAX = auto()
    MIN = auto()
    ARGMAX = auto()


@irdl_attr_definition
class ReductionAttr(EnumAttribute[Reduction], SpacedOpaqueSyntaxAttribute):
    """A reduction kind."""

    name = "fixed.reduction"


def ports_of(function: Operation, name: str) -> list[PortAttr]:
    """The ports in an attribute of a function, of any level; none where it has no such attribute."""
    ports = function.attributes.get(name)
    return [port for port in ports if isinstance(port, PortAttr)] if isinstance(ports, ArrayAttr) else []
