"""Every real function of one number that has an op, a line each: formula, numpy's computation, attributes.

ONNX operator specification, opset 25; QuickGelu is of com.microsoft. Outside of its domain a function is NaN, as
numpy's is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from .functions import Function, FunctionOp, Piece, Pieces, Reals, op_of

EVERYWHERE = -np.inf
"""Where a function's first piece begins."""


def erf(x: Reals) -> Reals:
    """2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, all of one sign (Abramowitz and Stegun, 7.1.6)."""
    inside = np.clip(x.astype(np.float64), -6.0, 6.0)
    term = inside * np.exp(-inside * inside) * (2 / np.sqrt(np.pi))
    total, n = term.copy(), 0
    while np.abs(term).max(initial=0.0) > 1e-17:
        n += 1
        term = term * (2 * inside * inside / (2 * n + 1))
        total += term
    return np.asarray(np.where(np.isnan(x), np.nan, np.clip(total, -1, 1)), x.dtype)


def sigmoid(x: Reals) -> Reals:
    """1 / (1 + exp(-x)); exp(-x) that is infinite makes it 0."""
    return 1 / (1 + np.exp(-x))


def softplus(x: Reals) -> Reals:
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(x, x.dtype.type(0))


def exponential_below_zero(x: Reals, above: float, factor: float, width: float) -> Reals:
    """above x from 0 on, factor (exp(x / width) - 1) below."""
    return np.where(x < 0, factor * np.expm1(np.minimum(x, 0) / width), above * x)


def celu(x: Reals, alpha: float) -> Reals:
    """x, alpha (exp(x / alpha) - 1)"""
    return exponential_below_zero(x, 1.0, alpha, alpha)


def elu(x: Reals, alpha: float) -> Reals:
    """x, alpha (exp(x) - 1)"""
    return exponential_below_zero(x, 1.0, alpha, 1.0)


def selu(x: Reals, alpha: float, gamma: float) -> Reals:
    """gamma times x, alpha (exp(x) - 1)"""
    return exponential_below_zero(x, gamma, gamma * alpha, 1.0)


def swish(x: Reals, alpha: float) -> Reals:
    """x times the sigmoid of alpha x"""
    return x * sigmoid(alpha * x)


def hard_swish(x: Reals) -> Reals:
    """x times a clamped line"""
    return x * np.clip(x / 6 + 0.5, 0, 1)


def mish(x: Reals) -> Reals:
    """x times the hyperbolic tangent of softplus"""
    return x * np.tanh(softplus(x))


def softsign(x: Reals) -> Reals:
    """x over one more than its magnitude"""
    return x / (1 + np.abs(x))


def gelu(x: Reals, approximate: str) -> Reals:
    """x times the normal distribution function, or its approximation by tanh."""
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi).astype(x.dtype) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / np.sqrt(2).astype(x.dtype)))


def leaky_relu(alpha: float) -> Pieces:
    """alpha x, x"""
    return Piece(EVERYWHERE, alpha), Piece(0.0, 1.0)


def thresholded_relu(alpha: float) -> Pieces:
    """0, x"""
    return Piece(EVERYWHERE, 0.0), Piece(alpha, 1.0, open=True)


def hard_sigmoid(alpha: float, beta: float) -> Pieces:
    """0, the line, 1; the other way round where alpha is negative; a constant where it is 0."""
    if alpha == 0:
        return (Piece(EVERYWHERE, 0.0, min(max(beta, 0.0), 1.0)),)
    zero, one = -beta / alpha, (1 - beta) / alpha
    if alpha > 0:
        return Piece(EVERYWHERE, 0.0), Piece(zero, alpha, beta), Piece(one, 0.0, 1.0)
    return Piece(EVERYWHERE, 0.0, 1.0), Piece(one, alpha, beta), Piece(zero, 0.0)


def shrink(lambd: float, bias: float) -> Pieces:
    """x + bias, 0, x - bias; where lambd is negative, the first condition that holds counts."""
    above = Piece(max(lambd, -lambd), 1.0, -bias, open=lambd >= 0)
    if lambd < 0:
        return Piece(EVERYWHERE, 1.0, bias), above
    return Piece(EVERYWHERE, 1.0, bias), Piece(-lambd, 0.0), above


ALPHA_OF_SELU, GAMMA_OF_SELU = 1.67326319217681884765625, 1.05070102214813232421875

TABLE = (
    Function("Abs", "|x|", pieces=lambda: (Piece(EVERYWHERE, -1.0), Piece(0.0, 1.0))),
    Function("Acos", "arccos(x)", np.arccos),
    Function("Acosh", "arcosh(x)", np.arccosh),
    Function("Asin", "arcsin(x)", np.arcsin),
    Function("Asinh", "arsinh(x)", np.arcsinh),
    Function("Atan", "arctan(x)", np.arctan),
    Function("Atanh", "artanh(x)", np.arctanh),
    Function("Ceil", "the least integer that is not less than x", np.ceil),
    Function("Celu", "x, below 0 alpha (exp(x / alpha) - 1)", celu, {"alpha": 1.0}),
    Function("Cos", "cos(x)", np.cos),
    Function("Cosh", "cosh(x)", np.cosh),
    Function("Elu", "x, below 0 alpha (exp(x) - 1)", elu, {"alpha": 1.0}),
    Function("Erf", "2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x", erf),
    Function("Exp", "exp(x)", np.exp),
    Function("Floor", "the greatest integer that is not greater than x", np.floor),
    Function(
        "Gelu",
        "x (1 + erf(x / sqrt(2))) / 2, or x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
        gelu,
        {"approximate": "none"},
        words=("none", "tanh"),
    ),
    Function(
        "HardSigmoid", "min(max(alpha x + beta, 0), 1)", defaults={"alpha": 0.2, "beta": 0.5}, pieces=hard_sigmoid
    ),
    Function("HardSwish", "x min(max(x / 6 + 1 / 2, 0), 1)", hard_swish),
    Function(
        "LeakyRelu",
        "x, below 0 alpha x",
        defaults={"alpha": 0.01},
        pieces=leaky_relu,
    ),
    Function("Log", "the natural logarithm of x", np.log),
    Function("Mish", "x tanh(log(1 + exp(x)))", mish),
    Function("Neg", "-x", pieces=lambda: (Piece(EVERYWHERE, -1.0),)),
    Function(
        "QuickGelu",
        "x / (1 + exp(-alpha x)) (com.microsoft)",
        swish,
        {"alpha": 1.702},
        domain="com.microsoft",
    ),
    Function("Reciprocal", "1 / x", np.reciprocal),
    Function("Round", "the integer nearest to x, of two the even one", np.rint),
    Function(
        "Selu",
        "gamma x, below 0 gamma alpha (exp(x) - 1)",
        selu,
        {"alpha": ALPHA_OF_SELU, "gamma": GAMMA_OF_SELU},
    ),
    Function(
        "Shrink",
        "x + bias below -lambd, x - bias above lambd, 0 between them",
        defaults={"lambd": 0.5, "bias": 0.0},
        pieces=shrink,
    ),
    Function("Sigmoid", "1 / (1 + exp(-x))", sigmoid),
    Function(
        "Sign",
        "-1, 0 or 1",
        pieces=lambda: (Piece(EVERYWHERE, 0.0, -1.0), Piece(0.0, 0.0), Piece(0.0, 0.0, 1.0, open=True)),
    ),
    Function("Sin", "sin(x)", np.sin),
    Function("Sinh", "sinh(x)", np.sinh),
    Function("Softplus", "log(1 + exp(x))", softplus),
    Function("Softsign", "x / (1 + |x|)", softsign),
    Function("Sqrt", "the square root of x", np.sqrt),
    Function("Swish", "x / (1 + exp(-alpha x))", swish, {"alpha": 1.0}),
    Function("Tan", "tan(x)", np.tan),
    Function("Tanh", "tanh(x)", np.tanh),
    Function(
        "ThresholdedRelu",
        "x above alpha, else 0",
        defaults={"alpha": 1.0},
        pieces=thresholded_relu,
    ),
)

FUNCTIONS: Mapping[str, type[FunctionOp]] = MappingProxyType({f.name: op_of(f) for f in TABLE})
"""The op of each function by its ONNX name."""
