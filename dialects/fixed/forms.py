"""The three forms: sum of products, reduction, elementwise; what they share is in structured.py."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import Attribute, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from .structured import FORMAT_HEAD, FORMAT_TAIL, At, StructuredForm, scalar_type, shaped_type
from .types import DomainAttr, IntsAttr, Reduction, ReductionAttr


@irdl_op_definition
class ContractOp(StructuredForm):
    """Sum of products: convolutions, matrix products. The body finishes the accumulator (bias, requantization, clamp).

    `acc = sum((ins[0][..] - zero_points[0]) * (ins[1][..] - zero_points[1]))` over the reduction domain, in type `acc`.

    ```mlir
    %y = fixed.contract ins(%x, %w : tensor<1x8x!fixed.q<i8, 2^-4>>, tensor<4x8x!fixed.q<i8, 2^-7>>)
        params(%b : tensor<4xi32>) domain <4 | 8>
        maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
              affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (0, d0)>] zero_points <0, 0> acc i32 {
    ^bb0(%acc: i32, %bias: i32):
      %0 = arith.addi %acc, %bias : i32
      %1 = fixed.rescale %0 shift 7 half_up in i32 : i32 -> i32
      %2 = fixed.saturate %1 to [-128, 127] : i32 -> i8
      fixed.yield %2 : i8
    } -> tensor<1x4x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "fixed.contract"
    zero_points = prop_def(IntsAttr)
    acc = prop_def(IntegerType)
    assembly_format = FORMAT_HEAD + "`zero_points` $zero_points `acc` $acc" + FORMAT_TAIL

    def __init__(
        self,
        ins: Sequence[SSAValue],
        out: SSAValue | TensorType,
        domain: DomainAttr,
        maps: Sequence[AffineMap],
        body: Region,
        acc: IntegerType,
        zero_points: Sequence[int] = (0, 0),
        params: Sequence[SSAValue] = (),
        tables: Sequence[SSAValue] = (),
        node: str | None = None,
        at: At | None = None,
    ):
        points = IntsAttr(tuple(zero_points))
        self.build_form(ins, params, tables, out, domain, maps, body, node, at, zero_points=points, acc=acc)

    @property
    def macs(self) -> int:
        return prod(self.trips)

    @property
    def is_of_squares(self) -> bool:
        """True where both operands are read at the same places, so that padding is the same for both."""
        first, second = self.ins[0].type, self.ins[1].type
        return first == second and self.in_maps[0] == self.in_maps[1]

    def body_arguments(self) -> list[Attribute]:
        return [self.acc, *self.param_arguments()]

    def verify_(self) -> None:
        if len(self.ins) != 2 or len(self.zero_points.data) != 2:
            raise VerifyException("fixed.contract takes two ins and two zero points")
        super().verify_()
        if self.is_padded(1) and not self.is_of_squares:
            raise VerifyException("the second operand of fixed.contract may be padded only as the first is")


@irdl_op_definition
class ReduceOp(StructuredForm):
    """Sum, maximum, minimum or argmax of one input over a window or an axis: pools, reductions.

    sum: `acc = sum(x - zero_point)`; max, min: the extreme of x; argmax: the row-major index, in the reduction
    domain, of the first maximum. All in type `acc`, over the elements inside the tensor.

    ```mlir
    %y = fixed.reduce max ins(%x : tensor<1x8x8x4x!fixed.q<i8, 2^-4>>) domain <4, 4, 4 | 2, 2>
        maps [affine_map<(d0, d1, d2, d3, d4) -> (0, d0 * 2 + d3, d1 * 2 + d4, d2)>,
              affine_map<(d0, d1, d2, d3, d4) -> (0, d0, d1, d2)>] zero_point <0> acc i8 {
    ^bb0(%m: i8):
      fixed.yield %m : i8
    } -> tensor<1x4x4x4x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "fixed.reduce"
    kind = prop_def(ReductionAttr)
    zero_point = prop_def(IntsAttr)
    acc = prop_def(IntegerType)
    assembly_format = "$kind " + FORMAT_HEAD + "`zero_point` $zero_point `acc` $acc" + FORMAT_TAIL

    def __init__(
        self,
        kind: Reduction,
        ins: Sequence[SSAValue],
        out: SSAValue | TensorType,
        domain: DomainAttr,
        maps: Sequence[AffineMap],
        body: Region,
        acc: IntegerType,
        zero_point: int = 0,
        params: Sequence[SSAValue] = (),
        tables: Sequence[SSAValue] = (),
        node: str | None = None,
        at: At | None = None,
    ):
        point = IntsAttr((zero_point,))
        self.build_form(
            ins,
            params,
            tables,
            out,
            domain,
            maps,
            body,
            node,
            at,
            kind=ReductionAttr(kind),
            zero_point=point,
            acc=acc,
        )

    def body_arguments(self) -> list[Attribute]:
        return [self.acc, *self.param_arguments()]

    def verify_(self) -> None:
        if len(self.ins) != 1 or len(self.zero_point.data) != 1:
            raise VerifyException("fixed.reduce takes one input and one zero point")
        if self.kind.data != Reduction.SUM and self.zero_point.data != (0,):
            raise VerifyException("only a sum subtracts a zero point")
        super().verify_()
        if self.kind.data == Reduction.ARGMAX and any(d >= len(self.domain.parallel.data) for d in self.held_dims):
            raise VerifyException("argmax counts the points of its reduction domain: none of its dimensions is held")


@irdl_op_definition
class MapOp(StructuredForm):
    """A scalar function of one element of each input: elementwise operators, tables, requantization, broadcasting.

    ```mlir
    %y = fixed.map ins(%x : tensor<1x8x!fixed.q<i8, 2^-4>>) domain <8>
        maps [affine_map<(d0) -> (0, d0)>, affine_map<(d0) -> (0, d0)>] {
    ^bb0(%e: i8):
      %0 = fixed.saturate %e to [0, 127] : i8 -> i8
      fixed.yield %0 : i8
    } -> tensor<1x8x!fixed.q<i8, 2^-4>>
    ```
    """

    name = "fixed.map"
    assembly_format = FORMAT_HEAD + FORMAT_TAIL

    def __init__(
        self,
        ins: Sequence[SSAValue],
        out: SSAValue | TensorType,
        domain: DomainAttr,
        maps: Sequence[AffineMap],
        body: Region,
        params: Sequence[SSAValue] = (),
        tables: Sequence[SSAValue] = (),
        node: str | None = None,
        at: At | None = None,
    ):
        self.build_form(ins, params, tables, out, domain, maps, body, node, at)

    def body_arguments(self) -> list[Attribute]:
        elements = [scalar_type(shaped_type(i).element_type) for i in self.ins]
        return [*elements, *self.param_arguments()]

    def verify_(self) -> None:
        super().verify_()
        if self.domain.reduction.data:
            raise VerifyException("fixed.map has no reduction dimensions")
        if any(self.is_padded(i) for i in range(len(self.ins))):
            raise VerifyException("fixed.map may not read outside an input")
