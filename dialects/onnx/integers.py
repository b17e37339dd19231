"""Ops of the `onnx` dialect on integers and truth values (i1), and between them and reals.

ONNX has the arithmetic ones under the names of those on reals; they are ops of their own, because integers wrap.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntegerType, StringAttr, TensorType, f32, i1
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import OnnxOp, broadcast_shape, element_of, node_attribute, require_shape, shape_of

PREDICATES = ("equal", "less", "less_or_equal")
"""Comparisons; the others are these with exchanged operands."""

NOT_FINITE = ("nan", "infinite", "positive", "negative")
"""What NotFinite looks for: NaN, infinite numbers, those of a sign."""

UNARY = ("abs", "neg", "not", "sign")
"""Functions of one integer: `not` inverts every bit, and a truth value."""

BINARY = (
    *("add", "sub", "mul", "div", "mod", "remainder", "min", "max"),
    *("and", "or", "xor", "shift_left", "shift_right"),
)
"""Functions of two integers. `div` rounds towards zero, `mod` has the sign of the divisor, `remainder` that of the
dividend; x div 0 is x, and its rest 0."""


class NamedFunctionOp(OnnxOp):
    """An op whose `function` is one of a list of names."""

    NAMES: ClassVar[tuple[str, ...]] = ()
    function = prop_def(StringAttr)

    def verify_function(self) -> None:
        """Raise VerifyException for an unknown name."""
        if self.function.data not in self.NAMES:
            raise VerifyException(f"function {self.function} is none of {', '.join(self.NAMES)}")


def require_integers(op: OnnxOp) -> None:
    """Raise VerifyException unless all values have one element type, of integers."""
    types = {element_of(value) for value in (*op.operands, *op.results)}
    if len(types) != 1 or not isinstance(next(iter(types)), IntegerType):
        raise VerifyException(
            f"operands and result have one type of integers, not {', '.join(sorted(map(str, types)))}"
        )


class SingleOp(NamedFunctionOp):
    """A named function of each element of one tensor."""

    x = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, function: str, x: SSAValue, result_type: TensorType, node: str | None = None):
        properties = {"function": StringAttr(function), **node_attribute(node)}
        super().__init__(operands=[x], properties=properties, result_types=[result_type])


@irdl_op_definition
class IntegerUnaryOp(SingleOp):
    """A function of each integer, in the wrapping arithmetic of its type.

    ```mlir
    %y = onnx.IntegerUnary %x {function = "abs"} : tensor<1x4xi32> -> tensor<1x4xi32>
    ```
    """

    name = "onnx.IntegerUnary"
    NAMES: ClassVar[tuple[str, ...]] = UNARY

    def verify_(self) -> None:
        self.verify_function()
        require_integers(self)
        require_shape(self, shape_of(self.x))


class PairOp(NamedFunctionOp):
    """A named function of two tensors, with numpy's broadcasting."""

    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, function: str, lhs: SSAValue, rhs: SSAValue, result_type: TensorType, node: str | None = None):
        properties = {"function": StringAttr(function), **node_attribute(node)}
        super().__init__(operands=[lhs, rhs], properties=properties, result_types=[result_type])

    def verify_(self) -> None:
        self.verify_function()
        require_shape(self, broadcast_shape(shape_of(self.lhs), shape_of(self.rhs)))


@irdl_op_definition
class IntegerBinaryOp(PairOp):
    """A function of two integers, in the wrapping arithmetic of their type; of truth values `and`, `or`, `xor`.

    ```mlir
    %y = onnx.IntegerBinary %a, %b {function = "add"} : (tensor<1x4xi32>, tensor<4xi32>) -> tensor<1x4xi32>
    ```
    """

    name = "onnx.IntegerBinary"
    NAMES: ClassVar[tuple[str, ...]] = BINARY

    def verify_(self) -> None:
        super().verify_()
        require_integers(self)


@irdl_op_definition
class CompareOp(PairOp):
    """Whether two numbers are equal, or one is less than the other, or not greater.

    ```mlir
    %y = onnx.Compare %a, %b {function = "less"} : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xi1>
    ```
    """

    name = "onnx.Compare"
    NAMES: ClassVar[tuple[str, ...]] = PREDICATES

    def verify_(self) -> None:
        super().verify_()
        if element_of(self.lhs) != element_of(self.rhs) or element_of(self.result) != i1:
            raise VerifyException("operands of one type give truth values (i1)")


@irdl_op_definition
class NotFiniteOp(SingleOp):
    """Whether a real is NaN, or infinite, of a sign or of either.

    ```mlir
    %y = onnx.NotFinite %x {function = "nan"} : tensor<1x4xf32> -> tensor<1x4xi1>
    ```
    """

    name = "onnx.NotFinite"
    NAMES: ClassVar[tuple[str, ...]] = NOT_FINITE

    def verify_(self) -> None:
        self.verify_function()
        if element_of(self.x) != f32 or element_of(self.result) != i1:
            raise VerifyException("a real gives a truth value (i1)")
        require_shape(self, shape_of(self.x))


@irdl_op_definition
class WhereOp(OnnxOp):
    """condition ? x : y, with numpy's broadcasting.

    ```mlir
    %r = onnx.Where %c, %x, %y : (tensor<1x4xi1>, tensor<1x4xf32>, tensor<1xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Where"
    condition = operand_def(TensorType)
    x = operand_def(TensorType)
    y = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$condition `,` $x `,` $y attr-dict `:` functional-type(operands, results)"

    def __init__(self, condition: SSAValue, x: SSAValue, y: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(operands=[condition, x, y], properties=node_attribute(node), result_types=[result_type])

    def verify_(self) -> None:
        if element_of(self.condition) != i1:
            raise VerifyException(f"the condition holds {element_of(self.condition)}, expected i1")
        if not element_of(self.x) == element_of(self.y) == element_of(self.result):
            raise VerifyException("both branches and the result have one type")
        require_shape(
            self, broadcast_shape(shape_of(self.condition), broadcast_shape(*map(shape_of, (self.x, self.y))))
        )


@irdl_op_definition
class CastOp(OnnxOp):
    """The same number in another type. Reals become integers towards zero, within the integers' limits; wider integers
    lose their highest bits; every truth value but 0 is 1.

    ```mlir
    %y = onnx.Cast %x : tensor<1x4xf32> -> tensor<1x4xi32>
    ```
    """

    name = "onnx.Cast"
    x = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(operands=[x], properties=node_attribute(node), result_types=[result_type])

    def verify_(self) -> None:
        require_shape(self, shape_of(self.x))
