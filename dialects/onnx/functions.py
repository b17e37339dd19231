"""Real functions of one number as ops: the class that they share, and how one is made of a line of `function_table`.

The line alone says what an operator computes. The float executor, the tables of `convert-onnx-to-fixed` and the
importer, which reads the defaults of its attributes there, all ask it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, StringAttr, TensorType, f64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from .base import UnaryOp, node_attribute, require_shape, shape_of

Reals = NDArray[np.floating[Any]]

Parameter = float | str
"""The value of an attribute: a number, or one of several words."""


@dataclass(frozen=True)
class Piece:
    """From `begin` on (which belongs to it unless it is `open`) a function is `slope * x + offset`."""

    begin: float
    slope: float
    offset: float = 0.0
    open: bool = False

    def holds(self, x: Reals) -> NDArray[np.bool_]:
        """Where the piece has begun."""
        return x > self.begin if self.open else x >= self.begin


Pieces = Sequence[Piece]
"""The straight lines of a function from minus infinity on."""


def along_pieces(pieces: Pieces, x: Reals) -> Reals:
    """A function of straight lines, in the type of x."""
    real = x.dtype.type
    result = real(pieces[0].slope) * x + real(pieces[0].offset)
    for piece in pieces[1:]:
        result = np.where(piece.holds(x), real(piece.slope) * x + real(piece.offset), result)
    return np.where(np.isnan(x), x, result)


@dataclass(frozen=True)
class Function:
    """A real function: its ONNX name, its formula for readers, its attributes with ONNX's defaults, and numpy's.

    Either `compute`, from an array of any real type to one of the same, or `pieces` says what it is; both take the
    attributes by name. `words` lists what an attribute that is a word can be, `domain` is "" for ONNX's own.
    """

    name: str
    formula: str
    compute: Callable[..., Reals] | None = None
    defaults: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    pieces: Callable[..., Pieces] | None = None
    words: tuple[str, ...] = ()
    domain: str = ""


class FunctionOp(UnaryOp):
    """A real function of each element of one tensor."""

    @classmethod
    def definition(cls) -> Function:
        """The line of the table that the class is made of."""
        raise NotImplementedError

    def __init__(self, x: SSAValue, type: TensorType, node: str | None = None, **parameters: Parameter):
        super().__init__(x, type, node)
        stated = {key: attribute(value) for key, value in {**self.definition().defaults, **parameters}.items()}
        self.properties.update({**{k: v for k, v in node_attribute(node).items() if v is not None}, **stated})

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The attributes of the function by name."""
        return {key: parameter(self.properties[key]) for key in self.definition().defaults}

    @property
    def pieces(self) -> Pieces | None:
        """The straight lines that the function consists of; None where it is curved."""
        pieces = self.definition().pieces
        return None if pieces is None else pieces(**self.parameters)

    def evaluate(self, x: Reals) -> Reals:
        """The function's values, in the type of x."""
        if (pieces := self.pieces) is not None:
            return along_pieces(pieces, x)
        compute = self.definition().compute
        assert compute is not None, "a function without pieces is computed"
        return compute(x, **self.parameters)

    def verify_(self) -> None:
        require_shape(self, shape_of(self.x))
        for key, value in self.parameters.items():
            if isinstance(value, str) and value not in self.definition().words:
                raise VerifyException(f"{key} is one of {', '.join(self.definition().words)}, got {value}")
            if not isinstance(value, str) and not np.isfinite(value):
                raise VerifyException(f"{key} must be finite, got {value}")


def attribute(value: Parameter) -> Attribute:
    """A number or a word as an attribute."""
    return StringAttr(value) if isinstance(value, str) else FloatAttr(float(value), f64)


def parameter(value: Attribute) -> Parameter:
    """The number or word of an attribute."""
    if isinstance(value, StringAttr):
        return value.data
    assert isinstance(value, FloatAttr), "verified: a parameter is a number or a word"
    return value.value.data


def op_of(function: Function) -> type[FunctionOp]:
    """The class of the op `onnx.NAME`; its docstring has the formula and a line of IR."""
    given = ", ".join(f"{k} = {spelled(v)}" for k, v in function.defaults.items())
    shown = f"{{{given}}} " if given else ""
    line = f"%y = onnx.{function.name} %x {shown}: tensor<1x4xf32> -> tensor<1x4xf32>"
    members: dict[str, Any] = {
        "name": f"onnx.{function.name}",
        "definition": classmethod(lambda cls: function),
        "assembly_format": UnaryOp.assembly_format,
        "__doc__": f"{function.formula}\n\n```mlir\n{line}\n```\n",
        "__module__": __name__,
    }
    for key, value in function.defaults.items():
        members[key] = prop_def(StringAttr if isinstance(value, str) else FloatAttr)
    return irdl_op_definition(type(f"{function.name}Op", (FunctionOp,), members))


def spelled(value: Parameter) -> str:
    """A parameter in the text of the IR."""
    return f'"{value}"' if isinstance(value, str) else f"{float(value)!r} : f64"
