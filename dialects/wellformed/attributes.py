"""Discardable attributes: what each may hold, and on which op. A table, as MLIR's dialects verify theirs.

Attributes that nothing reads back (the summaries that planners leave) may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite

import numpy as np
from xdsl.dialects import scf
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    UnitAttr,
    i64,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Operation

from .. import onnx
from ..dataflow import AWAITS, OVERLAP, RING, STAGE, is_await
from ..dense import to_numpy
from ..diagnostics import OpError
from ..emitc.types import (
    ALIAS,
    ALIGNMENT,
    COMPUTES,
    CONST,
    ELEMENTS,
    FAR,
    FILE,
    FLASH,
    HOOKS,
    MEMORY,
    NEAR,
    NODE,
    RESETS,
    SECTION,
    SINGLE_FILE,
    STANDARD,
    STANDARDS,
    STATE,
)
from ..fixed.settings import NAMES as SETTINGS
from ..fixed.settings import from_attribute, wrong
from ..fixed.structured import MAX_ERROR, StructuredForm
from ..fixed.types import QType
from ..mcu import FINISH_CLOCKS, KEEP, LABEL, LANES, LOGIC, MULTIPLIERS, SHARED
from ..memplan.inputs import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS
from ..memplan.loops import LAST, LoopOp
from ..memplan.steps import TIMES
from .ports import verify_ports

Check = Callable[[Operation, Attribute], str | None]
"""Why an attribute is wrong on an op; None where it is right."""

LARGEST = 1e30
"""The greatest magnitude of a calibrated range: its square is still a double, its scale a float."""


def verify_attributes(module: ModuleOp) -> None:
    """Raise OpError for the first attribute that does not hold what its name stands for."""
    for op in module.walk():
        for name, attribute in op.attributes.items():
            check = CHECKS.get(name)
            reason = check(op, attribute) if check else None
            if reason is not None:
                raise OpError(op, f"attribute '{name}': {reason}")
        verify_arguments(op)
        if isinstance(op, FuncOp):
            if len(op.body.blocks) != 1 or not isinstance(op.body.block.last_op, ReturnOp):
                raise OpError(op, "a function has a body of one block that ends in func.return")
            verify_ports(op)


def verify_arguments(op: Operation) -> None:
    """The attributes of a function's arguments and results."""
    for kind in ("arg_attrs", "res_attrs"):
        entries = op.properties.get(kind)
        for entry in entries.data if isinstance(entries, ArrayAttr) else ():
            for name, attribute in getattr(entry, "data", dict[str, Attribute]()).items():
                check = CHECKS.get(name)
                reason = check(op, attribute) if check else None
                if reason is not None:
                    raise OpError(op, f"attribute '{name}': {reason}")


def is_range(attribute: Attribute) -> bool:
    """`[min, max]`."""
    if not isinstance(attribute, ArrayAttr) or len(attribute) != 2:
        return False
    values = [entry.value.data for entry in attribute if isinstance(entry, FloatAttr)]
    return len(values) == 2 and all(map(isfinite, values)) and -LARGEST <= values[0] <= values[1] <= LARGEST


def range_of_result(op: Operation, attribute: Attribute) -> str | None:
    """The range of an op's one result."""
    return None if is_range(attribute) and len(op.results) == 1 else "expected [min, max] of one result, as f64"


def per_argument(holds: Callable[[Attribute], bool], what: str) -> Check:
    """An array with an entry for each argument of a function."""

    def check(op: Operation, attribute: Attribute) -> str | None:
        count = len(op.args) if isinstance(op, FuncOp) and not op.is_declaration else -1
        entries = attribute.data if isinstance(attribute, ArrayAttr) else ()
        return None if len(entries) == count and all(map(holds, entries)) else f"expected {what} for each argument"

    return check


def per_state(op: Operation, attribute: Attribute) -> str | None:
    """A type for each state of a scan."""
    entries = attribute.data if isinstance(attribute, ArrayAttr) else ()
    right = (
        isinstance(op, onnx.ScanOp) and len(entries) == len(op.states) and all(isinstance(e, QType) for e in entries)
    )
    return None if right else "expected a quantized type for each state of a scan"


def one_of(*types: type[Attribute]) -> Check:
    """An attribute of one of these kinds."""
    names = " or ".join(type.name for type in types)
    return lambda op, attribute: None if isinstance(attribute, types) else f"expected {names}, got {attribute}"


def names_a_form(op: Operation, attribute: Attribute) -> str | None:
    """The name of the form, or loop, that takes the input; below memplan there are no forms any more."""
    forms = [inner for inner in op.walk() if isinstance(inner, StructuredForm | LoopOp)]
    if not isinstance(attribute, StringAttr):
        return f"expected the name of a form, got {attribute}"
    named = [form for form in forms if form.node == attribute]
    return None if not forms or len(named) == 1 else f"{len(named)} forms are called {attribute}"


def times(op: Operation, attribute: Attribute) -> str | None:
    """The times of steps, ascending."""
    if not isinstance(attribute, DenseIntOrFPElementsAttr) or attribute.get_element_type() != i64:
        return f"expected an i64 for each step, got {attribute}"
    return None if bool((np.diff(to_numpy(attribute).reshape(-1)) >= 0).all()) else "times do not ascend"


def distances(op: Operation, attribute: Attribute) -> str | None:
    """A distance in bytes, or -1, for each operand that is read element by element."""
    count = len(op.ins) + len(op.params) if isinstance(op, StructuredForm) else -1
    right = isinstance(attribute, DenseArrayBase) and attribute.elt_type == i64 and len(attribute) == count
    return None if right else "expected an i64 for each of the ins and params of a form"


def text(pattern: str, what: str) -> Check:
    """A string of this pattern."""

    def check(op: Operation, attribute: Attribute) -> str | None:
        right = isinstance(attribute, StringAttr) and re.fullmatch(pattern, attribute.data, re.ASCII)
        return None if right else f"expected {what}, got {attribute}"

    return check


def positive(op: Operation, attribute: Attribute) -> str | None:
    """A count."""
    right = isinstance(attribute, IntegerAttr) and 0 < attribute.value.data < 1 << 31
    return None if right else f"expected a positive number, got {attribute}"


def distance_in_steps(op: Operation, attribute: Attribute) -> str | None:
    """The greatest error of a form."""
    value = attribute.value.data if isinstance(attribute, FloatAttr) else -1.0
    right = isinstance(op, StructuredForm) and isfinite(value) and value >= 0
    return None if right else f"expected a number that is not negative, of a form, got {attribute}"


def setting(name: str) -> Check:
    """What is set of a value, such as its width."""
    return lambda op, attribute: wrong(name, from_attribute(attribute))


def power_of_two(op: Operation, attribute: Attribute) -> str | None:
    """An alignment in bytes."""
    value = attribute.value.data if isinstance(attribute, IntegerAttr) else 0
    return None if 0 < value <= 4096 and value & (value - 1) == 0 else f"expected a power of two, got {attribute}"


def lanes(op: Operation, attribute: Attribute) -> str | None:
    """Of a loop a number, of a form one for each dimension, which divides it."""
    if isinstance(op, StructuredForm):
        numbers: tuple[int, ...] = ()
        if isinstance(attribute, DenseArrayBase) and isinstance(attribute.elt_type, IntegerType):
            numbers = tuple(attribute.get_values())
        right = len(numbers) == len(op.sizes) and all(
            0 < n <= MOST_LANES and size % n == 0 for n, size in zip(numbers, op.sizes, strict=True)
        )
        return None if right else "expected a number for each dimension, which divides its size"
    number = attribute.value.data if isinstance(attribute, IntegerAttr) else 0
    right = isinstance(op, scf.ForOp) and 0 < number <= MOST_LANES
    return None if right else f"expected a number of at most {MOST_LANES:,} on a loop"


def awaits(op: Operation, attribute: Attribute) -> str | None:
    """Of a form or its function: what it waits for."""
    right = isinstance(attribute, ArrayAttr) and all(is_await(entry) for entry in attribute)
    return None if right else "expected an array of [stage, rows, scale, base, shift]"


def ring(op: Operation, attribute: Attribute) -> str | None:
    """Of a buffer or its global: a power of two."""
    elements = attribute.value.data if isinstance(attribute, IntegerAttr) else 0
    return None if elements > 0 and elements & (elements - 1) == 0 else f"expected a power of two, got {attribute}"


MOST_LANES = 1 << 12
"""More lanes than any device has multipliers for."""

CHECKS: dict[str, Check] = {
    "onnx.name": one_of(StringAttr),
    "fixed.range": range_of_result,
    "fixed.input_ranges": per_argument(is_range, "[min, max] as f64"),
    "fixed.type": one_of(QType, IntegerType),
    "fixed.state_types": per_state,
    "fixed.input_types": per_argument(lambda entry: isinstance(entry, QType | IntegerType), "a type"),
    **{attribute: setting(name) for name, attribute in SETTINGS.items()},
    MAX_ERROR: distance_in_steps,
    INPUT_ROWS: names_a_form,
    INPUT_STEPS: names_a_form,
    INPUT_ARENA: names_a_form,
    LAST: one_of(UnitAttr),
    TIMES: times,
    "memplan.distance": distances,
    KEEP: one_of(UnitAttr),
    LANES: lanes,
    MULTIPLIERS: text(f"{SHARED}|{LOGIC}", f"{SHARED} or {LOGIC}"),
    FINISH_CLOCKS: positive,
    OVERLAP: one_of(UnitAttr),
    STAGE: one_of(IntegerAttr),
    AWAITS: awaits,
    RING: ring,
    LABEL: text(r"[A-Za-z_]\w*", "a label of C"),
    CONST: one_of(UnitAttr),
    FLASH: one_of(UnitAttr),
    FAR: one_of(UnitAttr),
    NEAR: one_of(UnitAttr),
    ALIAS: one_of(UnitAttr),
    ELEMENTS: positive,
    RESETS: one_of(UnitAttr),
    ALIGNMENT: power_of_two,
    MEMORY: text(r"[a-z][a-z0-9_]*", "the name of a memory, such as dtcm"),
    SECTION: text(r"[.\w]+", "the name of a section, such as .dtcm"),
    NODE: one_of(StringAttr),
    COMPUTES: one_of(StringAttr),
    FILE: text(r"weights", "`weights`"),
    STATE: one_of(UnitAttr),
    HOOKS: one_of(ArrayAttr),
    STANDARD: text("|".join(map(re.escape, STANDARDS)), f"one of {', '.join(STANDARDS)}"),
    SINGLE_FILE: one_of(UnitAttr),
}
