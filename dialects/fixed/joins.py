"""Tensors beside each other and parts of tensors, at the level `fixed`: no number changes, and mostly none moves."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, IntegerAttr, StringAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .structured import shaped_type
from .types import IntsAttr, QType


@irdl_op_definition
class ConcatOp(IRDLOperation):
    """Tensors of one type beside each other along `axis`, the first operand first.

    ```mlir
    %y = fixed.concat %a, %b along 3 : tensor<1x4x4x2x!fixed.q<i8, 2^-4>>, tensor<1x4x4x6x!fixed.q<i8, 2^-4>>
      -> tensor<1x4x4x8x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "fixed.concat"
    parts = var_operand_def(TensorType)
    axis = prop_def(IntegerAttr[I64])
    node = opt_prop_def(StringAttr)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$parts `along` $axis attr-dict `:` type($parts) `->` type($result)"

    def __init__(self, parts: Sequence[SSAValue], axis: int, node: str | None = None):
        types = [shaped_type(part) for part in parts]
        shape = list(types[0].get_shape())
        shape[axis] = sum(type.get_shape()[axis] for type in types)
        super().__init__(
            operands=[parts],
            properties={"axis": IntegerAttr(axis, i64), "node": None if node is None else StringAttr(node)},
            result_types=[TensorType(types[0].element_type, shape)],
        )

    @property
    def axis_index(self) -> int:
        """The dimension that grows."""
        return self.axis.value.data

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each part begins along the axis."""
        sizes = [shaped_type(part).get_shape()[self.axis_index] for part in self.parts]
        return tuple(sum(sizes[:index]) for index in range(len(sizes)))

    def verify_(self) -> None:
        result, axis = shaped_type(self.result), self.axis_index
        if not self.parts or not 0 <= axis < len(result.get_shape()):
            raise VerifyException(f"fixed.concat takes operands and one of their dimensions, got {axis}")
        if isinstance(result.element_type, QType) and result.element_type.axis.data >= 0:
            raise VerifyException("fixed.concat takes one scale for all elements")
        total = 0
        for part in self.parts:
            type = shaped_type(part)
            same = [type.get_shape()[:axis] == result.get_shape()[:axis]]
            same += [type.get_shape()[axis + 1 :] == result.get_shape()[axis + 1 :]]
            if not all(same) or type.element_type != result.element_type:
                raise VerifyException(f"{type} is no part of {result} along dimension {axis}")
            total += type.get_shape()[axis]
        if total != result.get_shape()[axis]:
            raise VerifyException(f"the parts have {total} elements along dimension {axis}, {result} has others")


@irdl_op_definition
class SliceOp(IRDLOperation):
    """The box of the result's shape that begins at `offsets` in the source.

    ```mlir
    %y = fixed.slice %x at <0, 0, 0, 2> : tensor<1x4x4x8x!fixed.q<i8, 2^-4>> -> tensor<1x4x4x6x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "fixed.slice"
    source = operand_def(TensorType)
    offsets = prop_def(IntsAttr)
    node = opt_prop_def(StringAttr)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$source `at` $offsets attr-dict `:` type($source) `->` type($result)"

    def __init__(self, source: SSAValue, offsets: Sequence[int], shape: Sequence[int], node: str | None = None):
        super().__init__(
            operands=[source],
            properties={
                "offsets": IntsAttr(tuple(offsets)),
                "node": None if node is None else StringAttr(node),
            },
            result_types=[TensorType(shaped_type(source).element_type, shape)],
        )

    def verify_(self) -> None:
        source, result = shaped_type(self.source), shaped_type(self.result)
        if source.element_type != result.element_type:
            raise VerifyException("a slice keeps the element type")
        if isinstance(result.element_type, QType) and result.element_type.axis.data >= 0:
            raise VerifyException("fixed.slice takes one scale for all elements")
        if not len(self.offsets.data) == len(source.get_shape()) == len(result.get_shape()):
            raise VerifyException(f"a slice of {source} has {len(source.get_shape())} dimensions and offsets")
        for offset, size, whole in zip(self.offsets.data, result.get_shape(), source.get_shape(), strict=True):
            if offset < 0 or offset + size > whole:
                raise VerifyException(f"{result} at {list(self.offsets.data)} leaves {source}")
