"""The `fixed` dialect: fixed-point numbers and the integer computations on them.

`types` says how an integer stands for a real, `scalar` and `normalize` hold the scalar operations of a body, `forms`
the structured forms that every operator becomes, `joins` concatenations and slices, `scan` what is repeated over time;
here are constants, reshapes, and the dialect.
"""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, Signedness, StringAttr, TensorType
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from ..dense import to_numpy
from .forms import ContractOp, MapOp, ReduceOp
from .joins import ConcatOp, SliceOp
from .layout import EncodingAttr, LayoutAttr
from .normalize import ExponentOp, MantissaOp
from .scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from .scan import NextOp, ScanOp
from .structured import Shaped, scalar_type, shaped_type
from .tile import KernelAttr, TileAttr
from .types import DomainAttr, HoldsAttr, IntsAttr, PortAttr, QType, ReductionAttr, RoundingAttr, ScalesAttr


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """Integers known at compile time: weights, biases, multipliers, tables. They live in flash.

    `value` holds the storage integers; the result says how to read them. On memrefs the memory space is `"flash"`.
    `layout` says how the generated program stores them (`layout.py`); it changes no number.

    ```mlir
    %w = fixed.constant dense<[1, -2]> : tensor<2xi8> as tensor<2x!fixed.q<i8, 2^-7>>
    %u = fixed.constant dense<[[0, 0, 5]]> : tensor<1x3xi8> {layout = #fixed.layout<delta8 along 1>} as tensor<1x3xi8>
    ```
    """

    name = "fixed.constant"
    value = prop_def(DenseIntOrFPElementsAttr)
    node = opt_prop_def(StringAttr)
    layout = opt_prop_def(LayoutAttr)
    result = result_def()
    traits = traits_def(Pure(), ConstantLike())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$value attr-dict `as` type($result)"

    def __init__(self, value: DenseIntOrFPElementsAttr, result_type: Shaped, node: str | None = None):
        super().__init__(
            properties={"value": value, "node": None if node is None else StringAttr(node)},
            result_types=[result_type],
        )

    def verify_(self) -> None:
        type = shaped_type(self.result)
        if self.value.get_shape() != type.get_shape():
            raise VerifyException(f"the value's shape {self.value.get_shape()} is not the result's {type.get_shape()}")
        storage = scalar_type(type.element_type)
        element = self.value.get_element_type()
        if not isinstance(element, IntegerType) or element.width != storage.width:
            raise VerifyException(f"the value's elements are {element}, the result stores {storage}")
        if self.layout is not None:
            if storage.signedness.data == Signedness.UNSIGNED:
                raise VerifyException(f"layouts are those of signed integers, not of {storage}")
            self.layout.check(to_numpy(self.value))


@irdl_op_definition
class ReshapeOp(IRDLOperation):
    """The same integers in row-major order under another shape, another scale and zero point, or both; no data moves.

    ```mlir
    %y = fixed.reshape %x : tensor<1x4x4x2x!fixed.q<i8, 2^-4>> -> tensor<1x32x!fixed.q<i8, 2^-4>>
    %z = fixed.reshape %x : tensor<1x4x4x2x!fixed.q<i8, 2^-4>> -> tensor<1x4x4x2x!fixed.q<i8, 2^-3 : 5>>
    ```
    """

    name = "fixed.reshape"
    source = operand_def(TensorType)
    node = opt_prop_def(StringAttr)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$source attr-dict `:` type($source) `->` type($result)"

    def __init__(self, source: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(
            operands=[source],
            properties={"node": None if node is None else StringAttr(node)},
            result_types=[result_type],
        )

    @property
    def is_cast(self) -> bool:
        """True where the integers stand for other real numbers afterwards."""
        return shaped_type(self.source).element_type != shaped_type(self.result).element_type

    @property
    def is_pure_cast(self) -> bool:
        """True for a cast that keeps the shape."""
        return self.is_cast and shaped_type(self.source).get_shape() == shaped_type(self.result).get_shape()

    def verify_(self) -> None:
        source, result = shaped_type(self.source), shaped_type(self.result)
        if scalar_type(source.element_type) != scalar_type(result.element_type):
            raise VerifyException("a reshape keeps the integers' type")
        if self.is_cast and any(
            isinstance(t.element_type, QType) and t.element_type.axis.data >= 0 for t in (source, result)
        ):
            raise VerifyException("a reshape gives all elements one scale")
        if prod(source.get_shape()) != prod(result.get_shape()):
            raise VerifyException(f"cannot reshape {source} to {result}: the element counts differ")


Fixed = Dialect(
    "fixed",
    [
        ConstantOp,
        ReshapeOp,
        ConcatOp,
        SliceOp,
        ContractOp,
        ReduceOp,
        MapOp,
        NextOp,
        RescaleOp,
        SaturateOp,
        ScanOp,
        LookupOp,
        ExponentOp,
        ExtendOp,
        MantissaOp,
        YieldOp,
    ],
    [
        QType,
        ScalesAttr,
        IntsAttr,
        DomainAttr,
        EncodingAttr,
        LayoutAttr,
        HoldsAttr,
        PortAttr,
        RoundingAttr,
        ReductionAttr,
        KernelAttr,
        TileAttr,
    ],
)
