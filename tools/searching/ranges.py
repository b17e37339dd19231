"""Other ranges of computed values than all that the data show: what a few values far outside leave."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import Attribute, BlockArgument, Operation

from ...passes.fixed.assigning.kinds import numbers
from ...passes.fixed.calibrate import CalibratePass, the_function
from ...targets.dataset import Dataset
from .variables import Key, Variable

PERCENTILES = (99.99, 99.9, 99.0)

Ranges = dict[Key, list[tuple[float, float]]]


def other_ranges(module: ModuleOp, dataset: Dataset, variables: Sequence[Variable]) -> Ranges:
    """The ranges by percentiles, from the widest on, without repetitions; the module is left as it was."""
    computed = [v for v in variables if not v.is_weight]
    found: Ranges = {v.key: [] for v in computed}
    function = the_function(module)
    kept = {op: op.attributes["fixed.range"] for op in function.walk() if "fixed.range" in op.attributes}
    inputs = function.attributes.get("fixed.input_ranges")
    for percentile in PERCENTILES:
        CalibratePass("", method="percentile", percentile=percentile).calibrate(module, dataset)
        for variable in computed:
            pair = range_of(variable)
            if pair is not None and pair not in found[variable.key]:
                found[variable.key].append(pair)
    for op, attribute in kept.items():
        op.attributes["fixed.range"] = attribute
    if inputs is not None:
        function.attributes["fixed.input_ranges"] = inputs
    return {v.key: [pair for pair in found[v.key] if pair != range_of(v)] for v in computed}


def range_of(variable: Variable) -> tuple[float, float] | None:
    """The calibrated range of a variable, that of its first value."""
    value, attribute = variable.values[0], None
    if isinstance(value.owner, Operation):
        attribute = value.owner.attributes.get("fixed.range")
    elif isinstance(value, BlockArgument) and (function := value.owner.parent_op()) is not None:
        attribute = entry(function.attributes.get("fixed.input_ranges"), value.index)
    if attribute is None:
        return None
    low, high = numbers(attribute)
    return (low, high) if low < high else None


def entry(attribute: Attribute | None, index: int) -> Attribute | None:
    """An entry of an array."""
    return attribute.data[index] if isinstance(attribute, ArrayAttr) else None
