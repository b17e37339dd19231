"""The activation functions of RNN, GRU and LSTM, which an attribute names, as nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ....dialects.harmless import in_quotes
from ..node import Unsupported
from .writing import NodeWriter


@dataclass(frozen=True)
class Activation:
    """A function with its parameters, None where it has no such one; `clip` bounds what it is given."""

    name: str
    alpha: float | None = None
    beta: float | None = None
    clip: float | None = None

    def write(self, to: NodeWriter, x: str) -> str:
        """The function of a value."""
        x = to.clipped(x, self.clip)
        return FUNCTIONS[self.name].write(to, x, self)


Write = Callable[[NodeWriter, str, Activation], str]


@dataclass(frozen=True)
class Function:
    """How a function is written, and the parameters it has where none are given; `asks` if ONNX gives it none."""

    write: Write
    alpha: float | None = None
    beta: float | None = None
    asks: bool = False


def operator(name: str, *parameters: str) -> Write:
    """A function that is an operator of its own, with these of the parameters."""

    def write(to: NodeWriter, x: str, f: Activation) -> str:
        return to.node(name, x, **{p: getattr(f, p) for p in parameters})

    return write


def affine(to: NodeWriter, x: str, f: Activation) -> str:
    """alpha x + beta"""
    assert f.alpha is not None and f.beta is not None
    return to.node("Add", to.node("Mul", x, to.number(f.alpha)), to.number(f.beta))


def scaled_tanh(to: NodeWriter, x: str, f: Activation) -> str:
    """alpha tanh(beta x)"""
    assert f.alpha is not None and f.beta is not None
    return to.node("Mul", to.node("Tanh", to.node("Mul", x, to.number(f.beta))), to.number(f.alpha))


FUNCTIONS: dict[str, Function] = {
    "affine": Function(affine, 1.0, 0.0, asks=True),
    "elu": Function(operator("Elu", "alpha"), 1.0),
    "hardsigmoid": Function(operator("HardSigmoid", "alpha", "beta"), 0.2, 0.5),
    "leakyrelu": Function(operator("LeakyRelu", "alpha"), 0.01),
    "relu": Function(operator("Relu")),
    "scaledtanh": Function(scaled_tanh, 1.0, 1.0, asks=True),
    "sigmoid": Function(operator("Sigmoid")),
    "softplus": Function(operator("Softplus")),
    "softsign": Function(operator("Softsign")),
    "tanh": Function(operator("Tanh")),
    "thresholdedrelu": Function(operator("ThresholdedRelu", "alpha"), 1.0),
}
"""By name in lower case, as ONNX's RNN lists them."""


def activations(attributes: dict[str, Any], defaults: Sequence[str], directions: int) -> list[list[Activation]]:
    """The functions of each direction. Parameters are taken in order by the functions that have some.

    Raises Unsupported for an unknown one, and for a wrong number of them.
    """
    given: Any = attributes.get("activations", list(defaults) * directions)
    if not isinstance(given, list) or len(given) != len(defaults) * directions:  # pyright: ignore[reportUnknownArgumentType]
        raise Unsupported(f"activations must list {len(defaults) * directions} functions; export the model again")
    names = [n.decode(errors="replace") if isinstance(n, bytes) else str(n) for n in given]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    alphas, betas = (list(attributes.get(f"activation_{p}", [])) for p in ("alpha", "beta"))
    clip: float | None = attributes.get("clip")
    found: list[Activation] = []
    for name in names:
        function = FUNCTIONS.get(name.lower())
        if function is None:
            raise Unsupported(f"activation {in_quotes(name)} is not supported, only {', '.join(FUNCTIONS)}")
        if function.asks and not (alphas and betas):
            raise Unsupported(f"activation {in_quotes(name)} needs activation_alpha and activation_beta")
        alpha = function.alpha if function.alpha is None or not alphas else float(alphas.pop(0))
        beta = function.beta if function.beta is None or not betas else float(betas.pop(0))
        found.append(Activation(name.lower(), alpha, beta, clip))
    return [found[d * len(defaults) : (d + 1) * len(defaults)] for d in range(directions)]
