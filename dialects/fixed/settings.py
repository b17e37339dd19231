"""Widths and scales that somebody has set for single values: a search, a file, or a person.

They stand as attributes on the op that makes a value (a weight's on its constant), an input's on the function's
argument, and `fixed-assign-types` follows them:

fixed.bits    the width in bits, 4 to 16
fixed.clip    the share of the calibrated range, or of a weight's greatest magnitude, that gets steps; beyond saturates
fixed.between [low, high] instead of the calibrated range, for values; `range` in a file
fixed.scale   the real number that one step stands for, whatever the range
fixed.scheme  "affine", "symmetric" (no zero point) or "pow2" (a scale 2^k, no zero point)
fixed.per     of weights: a scale per "row" (output channel), or one for the whole "tensor"
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    f64,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

NAMES = {
    "bits": "fixed.bits",
    "clip": "fixed.clip",
    "range": "fixed.between",
    "scale": "fixed.scale",
    "scheme": "fixed.scheme",
    "per": "fixed.per",
}
"""The attribute of each setting."""

LEAST_BITS, MOST_BITS = 4, 16

LARGEST = 1e30
"""The greatest magnitude of a range and of a scale."""


@dataclass(frozen=True)
class Setting:
    """What is set of one value; None leaves it to the options of the pass.

    `range` is of computed values and inputs only, `per` of weights.
    """

    bits: int | None = None
    clip: float | None = None
    range: tuple[float, float] | None = None
    scale: float | None = None
    scheme: str | None = None
    per: str | None = None

    def __bool__(self) -> bool:
        return self != Setting()

    def attributes(self) -> dict[str, Attribute]:
        """The attributes that say so."""
        return {NAMES[name]: as_attribute(value) for name, value in self.to_dict().items()}

    def to_dict(self) -> dict[str, Any]:
        """What is set, by name."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}


def as_attribute(value: float | str | tuple[float, ...]) -> Attribute:
    """Numbers or a word as an attribute."""
    if isinstance(value, str):
        return StringAttr(value)
    if isinstance(value, tuple):
        return ArrayAttr([FloatAttr(number, f64) for number in value])
    return IntegerAttr(value, i64) if isinstance(value, int) else FloatAttr(value, f64)


def from_attribute(attribute: Attribute | None) -> Any:
    """The number, the word or the pair of numbers that an attribute holds; None where it holds none of these."""
    match attribute:
        case StringAttr(data=text):
            return text
        case IntegerAttr(value=number) | FloatAttr(value=number):
            return number.data
        case ArrayAttr(data=entries) if len(entries) == 2:
            return tuple(entry.value.data if isinstance(entry, FloatAttr) else math.nan for entry in entries)
        case _:
            return None


def setting_of(value: SSAValue) -> Setting:
    """What is set of a value; attributes of the wrong kind are none (`wellformed` refuses them)."""
    return setting_in(attributes_of(value))


def setting_in(attributes: Mapping[str, Attribute]) -> Setting:
    """What a dictionary of attributes sets."""
    given = {name: from_attribute(attributes.get(attribute)) for name, attribute in NAMES.items()}
    return Setting(**given) if any(value is not None for value in given.values()) else Setting()


def attributes_of(value: SSAValue) -> Mapping[str, Attribute]:
    """The attributes of the op that makes a value, or of a function's argument."""
    if isinstance(value.owner, Operation):
        return value.owner.attributes
    function = value.owner.parent_op()
    if not isinstance(value, BlockArgument) or not isinstance(function, FuncOp) or function.arg_attrs is None:
        return {}
    return function.arg_attrs.data[value.index].data


def put(value: SSAValue, setting: Setting) -> None:
    """Replace what is set of a value."""
    kept = {name: entry for name, entry in attributes_of(value).items() if name not in NAMES.values()}
    new = {**kept, **setting.attributes()}
    if isinstance(value.owner, Operation):
        value.owner.attributes.clear()
        value.owner.attributes.update(new)
        return
    function = value.owner.parent_op()
    assert isinstance(value, BlockArgument) and isinstance(function, FuncOp), "an argument of the model"
    arguments = function.body.block.args
    entries = [DictionaryAttr({})] * len(arguments) if function.arg_attrs is None else list(function.arg_attrs.data)
    entries[value.index] = DictionaryAttr(new)
    function.properties["arg_attrs"] = ArrayAttr(entries)


def wrong(name: str, value: object) -> str | None:
    """Why a setting cannot be, None where it can; `name` as in the file: `bits`."""
    if name not in RIGHT:
        return f"there are {', '.join(RIGHT)}"
    is_right, expected = RIGHT[name]
    return None if is_right(value) else f"expected {expected}"


def number(value: Any) -> float:
    """A number as float; NaN of anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def is_range(value: Any) -> bool:
    """Two numbers, the lesser first."""
    if not isinstance(value, list | tuple) or len(pair := list(map(number, value))) != 2:
        return False
    return -LARGEST <= pair[0] < pair[1] <= LARGEST


RIGHT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "bits": (
        lambda value: isinstance(value, int) and LEAST_BITS <= number(value) <= MOST_BITS,
        f"a width of {LEAST_BITS} to {MOST_BITS} bits",
    ),
    "clip": (lambda value: 0 < number(value) <= 2, "a share of the range, above 0 and at most 2"),
    "range": (is_range, "[low, high]"),
    "scale": (lambda value: 1 / LARGEST < number(value) < LARGEST, "a positive number"),
    "scheme": (lambda value: value in ("affine", "symmetric", "pow2"), "affine, symmetric or pow2"),
    "per": (lambda value: value in ("row", "tensor"), "row or tensor"),
}
"""What each setting may be, and how that is said."""
