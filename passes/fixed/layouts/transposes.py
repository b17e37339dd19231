"""Transposes at the level `fixed`: a `fixed.map` that only reorders the dimensions of its one input.

Permutations are numpy's: dimension i of the result is dimension `permutation[i]` of the source.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import MemRefType, TensorType
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from ....dialects.access import linear_map
from ....dialects.fixed import ConcatOp, ConstantOp, ReshapeOp, SliceOp
from ....dialects.fixed.forms import MapOp
from ....dialects.fixed.scalar import YieldOp
from ....dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ....dialects.fixed.types import DomainAttr, QType

Permutation = tuple[int, ...]


def node_of(op: StructuredForm | ReshapeOp | ConcatOp | SliceOp) -> str | None:
    """The ONNX node of an op, if it has one."""
    return None if op.node is None else op.node.data


def transpose(value: SSAValue, permutation: Sequence[int], node: str | None = None) -> MapOp:
    """A map whose result is `value` with its dimensions reordered."""
    result_type = permuted_type(shaped_type(value), permutation)
    rank = len(permutation)
    source_map = AffineMap(rank, 0, tuple(AffineExpr.dimension(d) for d in inverse(permutation)))
    domain = DomainAttr(result_type.get_shape())
    maps = [source_map, AffineMap.identity(rank)]
    return MapOp([value], result_type, domain, maps, identity_body(result_type.element_type), node=node)


def copy_into(source: SSAValue, target: SSAValue, node: str) -> MapOp:
    """The form that copies a memref into another of its type."""
    assert isinstance(source.type, MemRefType)
    shape = source.type.get_shape()
    maps, body = [AffineMap.identity(len(shape))] * 2, identity_body(source.type.element_type)
    return MapOp([source], target, DomainAttr(shape), maps, body, node=node)


def identity_body(element: Attribute) -> Region:
    """A body that yields its one argument, of the type that a body sees for `element`."""
    block = Block(arg_types=[scalar_type(element)])
    block.add_op(YieldOp(block.args[0]))
    return Region(block)


def permuted_type(type: Attribute, permutation: Sequence[int]) -> TensorType:
    """The tensor type with its dimensions reordered; the axis of per-axis scales moves along."""
    assert isinstance(type, TensorType)
    element, shape = type.element_type, type.get_shape()
    element = element.permuted(permutation) if isinstance(element, QType) else element
    return TensorType(element, [shape[axis] for axis in permutation])


def permutation_of(op: object) -> Permutation | None:
    """The permutation when `op` is a transpose, else None."""
    if not isinstance(op, MapOp) or len(op.operands) != 1 or not op.results or op.held_dims:
        return None
    if not isinstance(op.regions[0].block.first_op, YieldOp):
        return None
    source, result = shaped_type(op.operands[0]), shaped_type(op.results[0])
    in_map, out_map = op.maps
    read, written = dimension_order(in_map.data), dimension_order(out_map.data)
    if read is None or written is None or tuple(op.sizes[d] for d in written) != result.get_shape():
        return None
    permutation = tuple(read.index(d) for d in written)
    return permutation if is_permuted(source, permutation, result) else None


def is_permuted(source: TensorType | MemRefType, permutation: Permutation, result: TensorType | MemRefType) -> bool:
    """Whether a type is another one with its dimensions reordered."""
    shape, element = source.get_shape(), source.element_type
    if tuple(shape[axis] for axis in permutation) != result.get_shape() or type(source) is not type(result):
        return False
    return (element.permuted(permutation) if isinstance(element, QType) else element) == result.element_type


def dimension_order(access: AffineMap) -> Permutation | None:
    """Which dimension each index of an access map is, when the indices are exactly the dimensions in some order."""
    order: list[int] = []
    for result in linear_map(access):
        used = [d for d, c in enumerate(result.coefficients) if c]
        if result.offset or len(used) != 1 or result.coefficients[used[0]] != 1:
            return None
        order.append(used[0])
    return tuple(order) if sorted(order) == list(range(access.num_dims)) else None


def inverse(permutation: Sequence[int]) -> Permutation:
    """The permutation that undoes this one."""
    return tuple(list(permutation).index(d) for d in range(len(permutation)))


def compose(first: Sequence[int], second: Sequence[int]) -> Permutation:
    """The one transpose that does `first`, then `second`."""
    return tuple(first[axis] for axis in second)


def is_identity(permutation: Permutation) -> bool:
    """True when nothing moves."""
    return list(permutation) == sorted(permutation)


def settled_permutation(value: SSAValue) -> Permutation | None:
    """The permutation by which a transpose makes a value, unless that transpose itself can be folded first."""
    permutation = permutation_of(value.owner)
    if permutation is None or not isinstance(value.owner, MapOp):
        return None
    source = value.owner.ins[0].owner
    folds = isinstance(source, ConstantOp) or permutation_of(source) is not None or is_identity(permutation)
    return None if folds else permutation
