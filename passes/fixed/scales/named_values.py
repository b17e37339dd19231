"""The values of a model whose widths and scales can be set, by the names that a file has for them."""

from __future__ import annotations

from xdsl.dialects.builtin import Float32Type
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import OnnxOp, element_of, port_names
from ....dialects.onnx.weights import is_weight

TABLES = ("inputs", "values", "weights")
"""Inputs by their names, results by their nodes, weights by their constants."""

Named = dict[tuple[str, str], list[SSAValue]]
"""Values by table and name: several constants may have one name, what is set holds for all of them."""


def named_values(function: FuncOp) -> Named:
    """All real values of a function, those inside of regions included."""
    found: Named = {}
    arguments = function.body.block.args
    for name, argument in zip(port_names(function.arg_attrs, "input", len(arguments)), arguments, strict=True):
        if isinstance(element_of(argument), Float32Type):
            found.setdefault(("inputs", name), []).append(argument)
    for op in function.walk():
        if not isinstance(op, OnnxOp) or op.node is None or len(op.results) != 1:
            continue
        value = op.results[0]
        if isinstance(op, onnx.ConstantOp) or is_weight(value):
            found.setdefault(("weights", op.label), []).append(value)
        elif isinstance(element_of(value), Float32Type):
            found.setdefault(("values", op.label), []).append(value)
    return found
