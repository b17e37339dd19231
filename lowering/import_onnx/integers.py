"""Translations of operators on integers and truth values.

Where ONNX has an operator on reals and on integers alike, `by_element_type` chooses: the one place that does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, StringAttr, i1, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy, splat
from ...dialects.fixed.types import storage_limits
from ...dialects.onnx.base import broadcast_shape, element_of, shape_of
from ...dialects.onnx.weights import is_weight, numbers_of
from .joins import same
from .node import Node, Translation, Unsupported, like

GREATEST_EXPONENT = 64
"""The greatest exponent of an integer power, which is computed by products."""


DIVISIONS = ("div", "mod", "remainder")
"""Functions that say nothing of a divisor of 0."""


def by_element_type(integers: Translation, reals: Translation | None) -> Translation:
    """The translation for what a node's first operand holds. Raises Unsupported where there is none for reals."""

    def translate(node: Node) -> onnx.OnnxOp | list[onnx.OnnxOp]:
        if isinstance(element_of(node.operand(0)), IntegerType):
            return integers(node)
        if reals is None:
            raise Unsupported(f"it takes integers or truth values, not {element_of(node.operand(0))}")
        return reals(node)

    return translate


def with_integers(translations: dict[str, Translation]) -> dict[str, Translation]:
    """Translations on reals together with those on integers."""
    both = {name: by_element_type(new, translations.get(name)) for name, new in ON_INTEGERS.items()}
    return {**translations, **both}


def unary(function: str) -> Translation:
    """A function of one integer."""

    def translate(node: Node) -> onnx.OnnxOp:
        x = node.operand(0)
        if function == "abs" and unsigned(x):
            return same(node)
        return onnx.IntegerUnaryOp(function, x, like(x, shape_of(x)), node.name)

    return translate


def unsigned(value: SSAValue) -> bool:
    """Whether a value holds integers that are never negative."""
    element = element_of(value)
    return isinstance(element, IntegerType) and storage_limits(element)[0] == 0


def binary(function: str, truth: bool = False) -> Translation:
    """A function of two integers or more, one after the other; of truth values alone where `truth` says so."""

    def translate(node: Node) -> onnx.OnnxOp:
        operands = [node.operand(index) for index in range(len(node.operands))]
        if truth != (element_of(operands[0]) == i1):
            raise Unsupported(f"it takes {'truth values' if truth else 'integers'}, not {element_of(operands[0])}")
        result = operands[0]
        for index, operand in enumerate(operands[1:], 1):
            label = node.name if index == len(operands) - 1 else f"{node.name}_{index}"
            result = pair(function, result, operand, label)
        return same(node) if len(operands) == 1 else made(result)

    return translate


def pair(function: str, lhs: SSAValue, rhs: SSAValue, name: str) -> SSAValue:
    """A function of two integers."""
    if element_of(lhs) != element_of(rhs):
        raise Unsupported(f"operands hold {element_of(lhs)} and {element_of(rhs)}; put a Cast before one of them")
    if function in DIVISIONS and isinstance(rhs.owner, onnx.ConstantOp) and not numbers_of(rhs.owner).all():
        raise Unsupported("the divisor holds 0, by which integers have no quotient; divide by other numbers")
    type = like(lhs, broadcast_shape(shape_of(lhs), shape_of(rhs)))
    return onnx.IntegerBinaryOp(function, lhs, rhs, type, name).result


def made(value: SSAValue) -> onnx.OnnxOp:
    """The op that makes a value."""
    assert isinstance(value.owner, onnx.OnnxOp)
    return value.owner


def mod(node: Node) -> onnx.OnnxOp:
    """With the sign of the divisor; with `fmod` that of the dividend."""
    function = "remainder" if node.attributes.get("fmod", 0) else "mod"
    return made(pair(function, node.operand(0), node.operand(1), node.name))


def bit_shift(node: Node) -> onnx.OnnxOp:
    direction = node.attributes.get("direction")
    if direction not in ("LEFT", "RIGHT"):
        raise Unsupported("attribute direction must be LEFT or RIGHT; export the model again")
    x, amount = node.operand(0), node.operand(1)
    if direction == "LEFT" and element_of(x) == i64 and is_weight(amount):
        amounts = node.constant(1, "the amount")
        factors = np.where((amounts >= 0) & (amounts < 64), np.left_shift(np.int64(1), np.clip(amounts, 0, 63)), 0)
        return made(pair("mul", x, onnx.ConstantOp(from_numpy(factors)).result, node.name))
    return made(pair("shift_left" if direction == "LEFT" else "shift_right", x, amount, node.name))


def power(node: Node) -> onnx.OnnxOp:
    """By products of x, x^2, x^4, ...: constant exponents, not negative."""
    x, exponents = node.operand(0), node.constant(1, "the exponent of an integer")
    if exponents.size == 0 or exponents.min() < 0 or exponents.max() > GREATEST_EXPONENT or (exponents % 1).any():
        raise Unsupported(
            f"integers are raised to whole numbers from 0 to {GREATEST_EXPONENT}; put a Cast to float before it"
        )
    exponents = exponents.astype(np.int64)
    if not exponents.any():
        shape = broadcast_shape(shape_of(x), exponents.shape)
        return onnx.ConstantOp(splat(np.ones((), np.int64), shape, element_of(x)), node.name)
    one = onnx.ConstantOp(splat(np.ones((), np.int64), exponents.shape, element_of(x))).result
    result, square = one, x
    for bit in range(int(exponents.max()).bit_length()):
        square = pair("mul", square, square, f"{node.name}_square{bit}") if bit else x
        has_bit = exponents >> bit & 1 == 1
        factor = square if has_bit.all() else chosen(has_bit, square, one, f"{node.name}_factor{bit}")
        result = pair("mul", result, factor, f"{node.name}_product{bit}") if has_bit.any() else result
    made(result).node = StringAttr(node.name)
    return made(result)


def chosen(condition: NDArray[np.bool_], x: SSAValue, y: SSAValue, name: str) -> SSAValue:
    """x where a condition known now holds, else y."""
    shape = broadcast_shape(condition.shape, broadcast_shape(shape_of(x), shape_of(y)))
    return onnx.WhereOp(onnx.ConstantOp(from_numpy(condition)).result, x, y, like(x, shape), name).result


def relu(node: Node) -> onnx.OnnxOp:
    """max(x, 0)"""
    x = node.operand(0)
    return made(pair("max", x, onnx.ConstantOp(splat(np.zeros((), np.int64), (), element_of(x))).result, node.name))


def clip(node: Node) -> onnx.OnnxOp:
    """min(max(x, low), high), either bound left out or not."""
    result = node.operand(0)
    for index, function in ((1, "max"), (2, "min")):
        bound = node.optional(index)
        if bound is not None:
            node.number(index, "a bound")
            result = pair(function, result, bound, f"{node.name}_{function}")
    if result is node.operand(0):
        return same(node)
    made(result).node = StringAttr(node.name)
    return made(result)


def compare(function: str, exchanged: bool = False) -> Translation:
    """Whether the first operand is equal, less, less or equal; of exchanged operands greater."""

    def translate(node: Node) -> onnx.OnnxOp:
        lhs, rhs = node.operand(0), node.operand(1)
        if element_of(lhs) != element_of(rhs):
            raise Unsupported(f"operands hold {element_of(lhs)} and {element_of(rhs)}; put a Cast before one of them")
        type = like(lhs, broadcast_shape(shape_of(lhs), shape_of(rhs)), i1)
        first, second = (rhs, lhs) if exchanged else (lhs, rhs)
        return onnx.CompareOp(function, first, second, type, node.name)

    return translate


def where(node: Node) -> onnx.OnnxOp:
    condition, x, y = (node.operand(index) for index in range(3))
    if element_of(condition) != i1 or element_of(x) != element_of(y):
        held = f"{element_of(condition)}, {element_of(x)} and {element_of(y)}"
        raise Unsupported(f"operands hold {held}: a truth value and two of one type are expected; put a Cast there")
    shape = broadcast_shape(shape_of(condition), broadcast_shape(shape_of(x), shape_of(y)))
    if is_weight(condition) and isinstance(condition.owner, onnx.ConstantOp) and not is_weight(x):
        truths = numbers_of(condition.owner)
        if truths.all() and shape == shape_of(x):
            return onnx.IdentityOp(x, like(x, shape), node.name)
    return onnx.WhereOp(condition, x, y, like(x, shape), node.name)


def is_nan(node: Node) -> onnx.OnnxOp:
    return not_finite(node, "nan")


def is_infinite(node: Node) -> onnx.OnnxOp:
    """Of either sign unless one is not looked for; nothing is infinite where none is."""
    positive, negative = (bool(node.attributes.get(f"detect_{sign}", 1)) for sign in ("positive", "negative"))
    if not positive and not negative:
        return onnx.ConstantOp(splat(np.zeros((), np.bool_), shape_of(node.operand(0))), node.name)
    return not_finite(node, "infinite" if positive and negative else "positive" if positive else "negative")


def not_finite(node: Node, what: str) -> onnx.OnnxOp:
    """Whether a real is NaN or infinite."""
    x = node.operand(0)
    return onnx.NotFiniteOp(what, x, like(x, shape_of(x), i1), node.name)


ON_INTEGERS: dict[str, Translation] = {
    "Abs": unary("abs"),
    "Add": binary("add"),
    "And": binary("and", truth=True),
    "BitShift": bit_shift,
    "BitwiseAnd": binary("and"),
    "BitwiseNot": unary("not"),
    "BitwiseOr": binary("or"),
    "BitwiseXor": binary("xor"),
    "Clip": clip,
    "Div": binary("div"),
    "Max": binary("max"),
    "Min": binary("min"),
    "Mod": mod,
    "Mul": binary("mul"),
    "Neg": unary("neg"),
    "Not": unary("not"),
    "Or": binary("or", truth=True),
    "Pow": power,
    "Relu": relu,
    "Sign": unary("sign"),
    "Sub": binary("sub"),
    "Xor": binary("xor", truth=True),
}
"""Operators on integers, some of which are on reals as well."""
