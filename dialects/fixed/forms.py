"""The structured forms: the few shapes of computation that every operator becomes (after MLIR's linalg.generic).

A form is an iteration domain (parallel sizes, then reduction sizes), an affine access map per operand and a
scalar body.
For every point p of the parallel domain

    output[map_out(p)] = body(combine over the reduction domain, params[map(p)], tables)

where the form fixes the combination (contract: sum of products, reduce: sum, max, min or argmax, map: none). An input
element whose index falls outside the tensor contributes nothing: padding belongs to the access, never to a copy in RAM.

The same ops stand at two levels. On tensors they have a result (`fixed`); on memrefs they write into `outs`
(destination-passing style, `memplan`). `maps` lists the access maps of ins, params and the output, in this order; those
of params and output use parallel dimensions only. `node` names the ONNX node that the form came from. On memrefs a form
may have a `tile`, the order in which a machine visits its points (tile.py), and `scratch` for it: memory that the form
writes before it reads it, and that means nothing afterwards.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    opt_operand_def,
    opt_prop_def,
    opt_result_def,
    prop_def,
    region_def,
    var_operand_def,
)
from xdsl.utils.exceptions import VerifyException

from ..access import full_box, is_in_bounds, linear_map
from .scalar import YieldOp
from .tile import TileAttr
from .types import DomainAttr, IntsAttr, QType, Reduction, ReductionAttr

Shaped = TensorType | MemRefType

MAX_ERROR = "fixed.max_error"
"""The attribute of a form whose body computes a real function of one number: the greatest distance from that function,
saturated, over every integer of the number's type, in steps of the result's scale. It holds half a step of rounding."""

FORMAT_HEAD = (
    "`ins` `(` $ins `:` type($ins) `)` (`params` `(` $params^ `:` type($params) `)`)? "
    "(`tables` `(` $tables^ `:` type($tables) `)`)? (`outs` `(` $outs^ `:` type($outs) `)`)? "
    "(`scratch` `(` $scratch^ `:` type($scratch) `)`)? "
    "`domain` $domain `maps` $maps "
)
FORMAT_TAIL = " (`tile` $tile^)? (`node` $node^)? attr-dict-with-keyword $body (`->` type($result)^)?"


def scalar_type(element: Attribute) -> IntegerType:
    """The integer type that a body sees for a tensor element: a quantized type's storage, or the integer itself."""
    if isinstance(element, QType):
        return element.storage
    if isinstance(element, IntegerType):
        return element
    raise VerifyException(f"a form's operand has integer or !fixed.q elements, got {element}")


def shaped_type(value: SSAValue) -> Shaped:
    """The tensor or memref type of a value. Raises VerifyException on any other."""
    if not isinstance(value.type, TensorType | MemRefType):
        raise VerifyException(f"a form's operand is a tensor or a memref, got {value.type}")
    return value.type


class StructuredForm(IRDLOperation, ABC):
    """What all forms share; see the module's docstring for the meaning of the fields."""

    ins = var_operand_def()
    params = var_operand_def()
    tables = var_operand_def()
    outs = opt_operand_def()
    scratch = opt_operand_def(MemRefType)
    domain = prop_def(DomainAttr)
    maps = prop_def(ArrayAttr[AffineMapAttr])
    node = opt_prop_def(StringAttr)
    tile = opt_prop_def(TileAttr)
    body = region_def("single_block")
    result = opt_result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())

    def build_form(
        self,
        ins: Sequence[SSAValue],
        params: Sequence[SSAValue],
        tables: Sequence[SSAValue],
        out: SSAValue | TensorType,
        domain: DomainAttr,
        maps: Sequence[AffineMap],
        body: Region,
        node: str | None,
        **properties: Attribute,
    ) -> None:
        """Initialize the op; `out` is the destination memref, or the type of the resulting tensor."""
        in_memory = isinstance(out, SSAValue)
        IRDLOperation.__init__(
            self,
            operands=[ins, params, tables, out if in_memory else None, None],
            result_types=[None if in_memory else out],
            properties={
                "domain": domain,
                "maps": ArrayAttr(AffineMapAttr(m) for m in maps),
                "node": None if node is None else StringAttr(node),
                **properties,
            },
            regions=[body],
        )

    # Questions that executors, planners and lowerings ask.

    @property
    def target(self) -> SSAValue:
        """The value that holds the output: the result on tensors, the destination on memrefs."""
        value = self.result if self.result is not None else self.outs
        assert value is not None, "verified: a form has a result or a destination"
        return value

    @property
    def in_maps(self) -> tuple[AffineMap, ...]:
        """Access maps of `ins`, over all dimensions of the domain."""
        return tuple(m.data for m in self.maps.data[: len(self.ins)])

    @property
    def param_maps(self) -> tuple[AffineMap, ...]:
        """Access maps of `params`."""
        return tuple(m.data for m in self.maps.data[len(self.ins) : -1])

    @property
    def out_map(self) -> AffineMap:
        """Access map of the output."""
        return self.maps.data[-1].data

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of all dimensions, parallel first."""
        return self.domain.sizes

    def is_padded(self, operand: int) -> bool:
        """True when input `operand` is read outside its bounds somewhere."""
        return not is_in_bounds(self.in_maps[operand], self.sizes, shaped_type(self.ins[operand]).get_shape())

    @property
    def macs(self) -> int:
        """Multiply-accumulates (only contractions have any); those on padding count, as is usual."""
        return 0

    @property
    def block_points(self) -> int:
        """How many consecutive points of the parallel domain are read before any of them is written."""
        return 1 if self.tile is None else self.tile.points.data

    def body_arguments(self) -> list[Attribute]:
        """The types of the body's arguments: the combined value or the input elements, then params, then tables."""
        raise NotImplementedError

    def param_arguments(self) -> list[Attribute]:
        """The body arguments that every form ends with: one element per param, then the tables as a whole."""
        elements = [scalar_type(shaped_type(p).element_type) for p in self.params]
        return [*elements, *(t.type for t in self.tables)]

    def verify_(self) -> None:
        if (self.result is None) == (self.outs is None):
            raise VerifyException("a form has either a tensor result or a memref destination")
        if (self.tile is not None or self.scratch is not None) and self.outs is None:
            raise VerifyException("only a form on memrefs has a tile and scratch memory")
        if self.scratch is not None and self.tile is None:
            raise VerifyException("only a form with a tile has scratch memory")
        if len(self.maps) != len(self.ins) + len(self.params) + 1:
            raise VerifyException(
                f"expected one access map for each of {len(self.ins)} ins, {len(self.params)} params and the output, "
                f"got {len(self.maps)}"
            )
        operands = [*self.ins, *self.params, self.target]
        kind = MemRefType if self.result is None else TensorType
        for operand in (*operands, *self.tables):
            if not isinstance(operand.type, kind):
                raise VerifyException(f"a form is on tensors or on memrefs: {operand.type} is no {kind.name}")
        for index, (operand, access) in enumerate(zip(operands, self.maps, strict=True)):
            self._verify_access(index, shaped_type(operand), access.data)
        self._verify_body()

    def _verify_access(self, index: int, type: Shaped, access: AffineMap) -> None:
        if access.num_dims != len(self.sizes) or len(access.results) != type.get_num_dims():
            raise VerifyException(
                f"access map {index} must take {len(self.sizes)} dimensions to {type.get_num_dims()} indices of {type}"
            )
        try:
            results = linear_map(access)
        except ValueError as error:
            raise VerifyException(f"access map {index}: {error}") from error
        if index < len(self.ins):
            return
        parallel = len(self.domain.parallel.data)
        if any(any(r.coefficients[parallel:]) for r in results):
            raise VerifyException(f"access map {index} of a param or the output uses a reduction dimension")
        ranges = [r.interval(full_box(self.sizes)) for r in results]
        for (low, high), size in zip(ranges, type.get_shape(), strict=True):
            if low < 0 or high >= size:
                raise VerifyException(f"access map {index} leaves {type}: index range [{low}, {high}]")

    def _verify_body(self) -> None:
        expected = self.body_arguments()
        actual = [a.type for a in self.body.block.args]
        if actual != expected:
            raise VerifyException(
                f"body arguments must be ({', '.join(map(str, expected))}), got ({', '.join(map(str, actual))})"
            )
        terminator: Operation | None = self.body.block.last_op
        element = scalar_type(shaped_type(self.target).element_type)
        if not isinstance(terminator, YieldOp) or [v.type for v in terminator.values] != [element]:
            raise VerifyException(f"the body must end in fixed.yield of one {element}")


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
    ):
        points = IntsAttr(tuple(zero_points))
        self.build_form(ins, params, tables, out, domain, maps, body, node, zero_points=points, acc=acc)

    @property
    def macs(self) -> int:
        product = 1
        for size in self.sizes:
            product *= size
        return product

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
    ):
        self.build_form(ins, params, tables, out, domain, maps, body, node)

    def body_arguments(self) -> list[Attribute]:
        elements = [scalar_type(shaped_type(i).element_type) for i in self.ins]
        return [*elements, *self.param_arguments()]

    def verify_(self) -> None:
        super().verify_()
        if self.domain.reduction.data:
            raise VerifyException("fixed.map has no reduction dimensions")
        if any(self.is_padded(i) for i in range(len(self.ins))):
            raise VerifyException("fixed.map may not read outside an input")
