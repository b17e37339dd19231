"""Widths and scales that somebody has set for single values: a search, a file, or a person.

They stand as attributes on the op that makes a value (a weight's on its constant), an input's on the function's
argument, and `fixed-assign-types` follows them:

fixed.bits    the width in bits, 4 to 16
fixed.clip    the share of the calibrated range, or of a weight's greatest magnitude, that gets steps; beyond saturates
fixed.scale   the real number that one step stands for, whatever the range
fixed.scheme  "affine" or "pow2" (a scale 2^k, no zero point)
fixed.per     of weights: a scale per "row" (output channel), or one for the whole "tensor"
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    f64,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

BITS, CLIP, SCALE, SCHEME, PER = NAMES = ("fixed.bits", "fixed.clip", "fixed.scale", "fixed.scheme", "fixed.per")

LEAST_BITS, MOST_BITS = 4, 16

SCHEMES, GRANULARITIES = ("affine", "pow2"), ("row", "tensor")


@dataclass(frozen=True)
class Setting:
    """What is set of one value; None leaves it to the options of the pass. `per` is of weights only."""

    bits: int | None = None
    clip: float | None = None
    scale: float | None = None
    scheme: str | None = None
    per: str | None = None

    def __bool__(self) -> bool:
        return self != Setting()

    def attributes(self) -> dict[str, Attribute]:
        """The attributes that say so."""
        given = {f"fixed.{f.name}": getattr(self, f.name) for f in fields(self)}
        return {name: as_attribute(value) for name, value in given.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """What is set, by name."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}


def as_attribute(value: float | str) -> Attribute:
    """A number or a word as an attribute."""
    if isinstance(value, str):
        return StringAttr(value)
    return IntegerAttr(value, i64) if isinstance(value, int) else FloatAttr(value, f64)


def setting_of(value: SSAValue) -> Setting:
    """What is set of a value; attributes of the wrong kind are none (`wellformed` refuses them)."""
    return setting_in(attributes_of(value))


def setting_in(attributes: Mapping[str, Attribute]) -> Setting:
    """What a dictionary of attributes sets."""
    if attributes.keys().isdisjoint(NAMES):
        return Setting()
    given: dict[str, Any] = {}
    for name in NAMES:
        match attributes.get(name):
            case StringAttr(data=text):
                given[name.removeprefix("fixed.")] = text
            case IntegerAttr(value=number) | FloatAttr(value=number, type=Float64Type()):
                given[name.removeprefix("fixed.")] = number.data
            case _:
                pass
    return Setting(**given)


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
    kept = {name: entry for name, entry in attributes_of(value).items() if name not in NAMES}
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
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    match name:
        case "bits":
            right = isinstance(value, int) and LEAST_BITS <= number <= MOST_BITS
            return None if right else f"expected a width of {LEAST_BITS} to {MOST_BITS} bits"
        case "clip":
            return None if 0 < number <= 2 else "expected a share of the range, above 0 and at most 2"
        case "scale":
            return None if 1e-30 < number < 1e30 else "expected a positive number"
        case "scheme":
            return None if value in SCHEMES else f"expected {' or '.join(SCHEMES)}"
        case "per":
            return None if value in GRANULARITIES else f"expected {' or '.join(GRANULARITIES)}"
        case _:
            return f"there are {', '.join(n.removeprefix('fixed.') for n in NAMES)}"
