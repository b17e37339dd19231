"""What every rewrite from an ONNX op to structured forms needs: operands, types, constants, and requantization."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType, i8, i16, i32, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.scalar import RescaleOp
from ...dialects.fixed.structured import scalar_type
from ...dialects.fixed.types import QType, storage_limits
from ...dialects.onnx.weights import is_weight, weight_reals
from ...passes.fixed.scales.stated import stated_type
from .biases import Integers, Reals, following, magnitudes
from .bodies import ROUNDING, Body
from .lifts import lifts_of
from .requantize import Requantization, bounded_factors, requantization
from .ties import is_quantized, rounding_of

WIDE_PRODUCT = 64
"""Bits of the products that changes of scale are first written with."""

TYPE = "fixed.type"
"""The attribute on an onnx op that says how its result is stored (see passes/fixed/assign_types.py)."""


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def element_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.element_type


def described(source: SSAValue) -> str:
    """The op that makes a value, with the name of its node, for messages."""
    owner = source.owner
    return f"{owner.name} '{owner.label}'" if isinstance(owner, onnx.OnnxOp) else f"the operand '{source.name_hint}'"


class FixedBuilder:
    """Builds the body of the new function; holds the value that stands for each ONNX value."""

    def __init__(self, block: Block, product_bits: int = WIDE_PRODUCT):
        self.block = block
        self.product_bits = product_bits
        """Of the widest product that the target computes well."""
        self.top = block
        """Where constants stand: before what is repeated."""
        self.values: dict[SSAValue, SSAValue] = {}
        self.bounds: dict[SSAValue, tuple[int, int]] = {}
        """The least and greatest stored integer, of values of the model for which more is known than their type."""

    def emit(self, op: Operation) -> SSAValue:
        """Append an op and return its one result."""
        Rewriter.insert_op(op, InsertPoint.at_end(self.block))
        return op.results[0]

    def emit_last(self, op: Operation) -> None:
        """Append an op with any number of results."""
        Rewriter.insert_op(op, InsertPoint.at_end(self.block))

    def value(self, source: SSAValue) -> SSAValue:
        """The `fixed` tensor that stands for an ONNX value; a constant is quantized on first use."""
        if source not in self.values:
            integers, type = self.integers(source)
            self.values[source] = self.constant(integers, type)
        return self.values[source]

    def type_of(self, source: SSAValue) -> QType:
        """How an ONNX value is stored."""
        if source in self.values:
            element = element_of(self.values[source])
        else:
            assert isinstance(source.owner, Operation), "arguments have values"
            element = source.owner.attributes.get(TYPE)
        if not isinstance(element, QType):
            raise UserError(f"{described(source)} has no quantized type: nothing says how it is stored")
        return element

    def integers(self, source: SSAValue) -> tuple[NDArray[Any], QType]:
        """The stored integers and the type of a constant: the model's own where it states that type."""
        owner = source.owner
        assert isinstance(owner, Operation)
        type = self.type_of(source)
        if not is_weight(source):
            raise UserError(f"{described(source)} is no constant")
        if isinstance(owner, onnx.ConstantOp) and isinstance(element_of(source), IntegerType):
            return to_numpy(owner.value), type
        if isinstance(owner, onnx.DequantizeLinearOp) and stated_type(owner) == type:
            assert isinstance(owner.x.owner, onnx.ConstantOp)
            return to_numpy(owner.x.owner.value), type
        return quantize(weight_reals(source), type), type

    def constant(self, integers: NDArray[Any], element: QType | IntegerType, node: str | None = None) -> SSAValue:
        """A `fixed.constant` tensor of stored integers."""
        storage = scalar_type(element)
        op = ConstantOp(from_numpy(integers, storage), TensorType(element, integers.shape), node)
        Rewriter.insert_op(op, InsertPoint.at_end(self.top))
        return op.result

    def requantizer(
        self, factors: Reals, sums: NDArray[Any], bias: Integers | None, access: AffineMap | None, op: Operation
    ) -> tuple[ChangeOfScale, Integers | None]:
        """How the sums of a layer, each up to one of `sums`, get the scale of its result; and the bias for that."""
        bounds, lifts = magnitudes(sums, bias), np.zeros(len(sums), np.int64)
        if self.product_bits == WIDE_PRODUCT and access is not None and is_quantized(op):
            lifts = lifts_of(bounded_factors(factors), sums, bias, 2.0 ** self.type_of(op.results[0]).bits)
        if access is not None and lifts.any():
            change = LiftedRequantizer(self, factors, bounds, lifts, access, op)
        else:
            change = Requantizer(self, factors, int(bounds.max()), access, op)
        return change, None if bias is None else following(
            bias, sums, factors, change.plan.actual_factors(lifts), lifts
        )


def access(num_dims: int, *results: AffineExpr | int) -> AffineMap:
    """An access map with these results; an integer is a constant index."""
    return AffineMap(num_dims, 0, tuple(AffineExpr.constant(r) if isinstance(r, int) else r for r in results))


def dimensions(num_dims: int) -> tuple[AffineExpr, ...]:
    """d0, d1, ... to write access maps with."""
    return tuple(AffineExpr.dimension(d) for d in range(num_dims))


class ChangeOfScale(Protocol):
    """What a change of scale inside a form needs and does; `Requantizer` says how it is used."""

    params: list[SSAValue]
    maps: list[AffineMap]

    def stored(self, body: Body, value: SSAValue, y: QType, *params: SSAValue) -> SSAValue:
        """The value in the new scale, with its zero point, saturated; `params` are the body's arguments for its own."""
        ...


def result_type(bound: float) -> IntegerType:
    """The type of a value of magnitude up to `bound`, to which a zero point is still added."""
    return i32 if bound < (1 << 31) - (1 << 16) else i64


class Requantizer:
    """A change of scale inside a form: the params it needs, and the ops that it puts into the body.

    `factors` is one factor, or an array of them that `access` indexes (per channel, per position). Make it before the
    body, whose arguments its `params` extend; then `apply` takes the body argument of the multiplier, if there is one.
    `op`, the op whose result is rescaled, says how ties round: up, or as the model's QuantizeLinear behind it.
    """

    def __init__(
        self,
        builder: FixedBuilder,
        factors: NDArray[np.float64],
        bound: int,
        access: AffineMap | None = None,
        op: Operation | None = None,
    ):
        factors = bounded_factors(factors)
        self.rounding = ROUNDING if op is None else rounding_of(op, factors)
        self.plan: Requantization = requantization(factors.ravel().tolist(), bound)
        self.result_type = result_type(bound * factors.max())
        self.params: list[SSAValue] = []
        self.maps: list[AffineMap] = []
        self._uniform: int | None = None
        multipliers = self.plan.multipliers
        if multipliers is None:
            return
        if access is None or len(np.unique(multipliers)) == 1:
            self._uniform = int(multipliers[0])
            return
        type = i16 if multipliers.max() <= storage_limits(i16)[1] else i32
        self.params = [builder.constant(multipliers.reshape(factors.shape), type)]
        self.maps = [access]

    def apply(self, body: Body, value: SSAValue, *params: SSAValue) -> SSAValue:
        """The value in the new scale, as `result_type`."""
        multiplier = params[0] if params else None
        plan = self.plan
        assert isinstance(value.type, IntegerType)
        if self._uniform is not None:
            multiplier = body.constant(self._uniform, i32)
        product = i32 if plan.product_bits == 32 and value.type == i32 else i64
        return body.add_op(RescaleOp(value, plan.shift, self.rounding, product, self.result_type, multiplier))

    def stored(self, body: Body, value: SSAValue, y: QType, *params: SSAValue) -> SSAValue:
        """The value in the new scale, with its zero point, saturated to its storage."""
        return body.to_storage(self.apply(body, value, *params), y)


class LiftedRequantizer(Requantizer):
    """A change of scale whose value, up to `bounds`, is first shifted left, by `lifts` bits in each channel."""

    def __init__(
        self, builder: FixedBuilder, factors: Reals, bounds: Integers, lifts: Integers, access: AffineMap, op: Operation
    ):
        super().__init__(builder, np.ldexp(factors, -lifts), int((bounds << lifts).max()), access, op)
        self.result_type = result_type(float((2.0 * bounds * factors).max()))
        self.params.append(builder.constant(lifts, i8))
        self.maps.append(access)

    def apply(self, body: Body, value: SSAValue, *params: SSAValue) -> SSAValue:
        """The value in the new scale, as `result_type`."""
        *multiplier, lift = params
        assert isinstance(value.type, IntegerType)
        return super().apply(body, body.shift_left(value, body.extend(lift, value.type)), *multiplier)
