"""The structured forms: the few shapes of computation that every operator becomes (after MLIR's linalg.generic).

A form is an iteration domain (parallel sizes, then reduction sizes), an affine access map per operand and a
scalar body.
For every point p of the parallel domain

    output[map_out(p)] = body(combine over the reduction domain, params[map(p)], tables)

where the form fixes the combination (contract: sum of products, reduce: sum, max, min or argmax, map: none). An input
element whose index falls outside the tensor contributes nothing: padding belongs to the access, never to a copy in RAM.

The same ops stand at two levels. On tensors they have a result (`fixed`); on memrefs they write into `outs`
(destination-passing style, `memplan`). `maps` lists the access maps of ins, params and the output, in this order; those
of params and output use parallel dimensions only. `node` names the ONNX node that the form came from.

A dimension of the domain may be held at a run-time index: `at <0>(%i : tensor<1xi8>) by [(d0, d1) -> (0)]`. It is not
iterated; at each point its value is the element of the index tensor that its own access map names, which uses earlier
dimensions only. So access maps stay linear, and what a form may touch is what it would if the dimension ran.

On memrefs a form may have a `tile`, the order in which a machine visits its points (tile.py), and `scratch` for it:
memory that the form writes before it reads it, and that means nothing afterwards.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DenseArrayBase,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
    i32,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
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
from .types import DomainAttr, IntsAttr, QType

Shaped = TensorType | MemRefType

MAX_ERROR = "fixed.max_error"
"""The attribute of a form whose body computes a real function of one number: the greatest distance from that function,
saturated, over every integer of the number's type, in steps of the result's scale. It holds half a step of rounding."""

FORMAT_HEAD = (
    "`ins` `(` $ins `:` type($ins) `)` (`params` `(` $params^ `:` type($params) `)`)? "
    "(`tables` `(` $tables^ `:` type($tables) `)`)? (`outs` `(` $outs^ `:` type($outs) `)`)? "
    "(`at` $held^ `(` $indices `:` type($indices) `)` `by` $index_maps)? "
    "(`scratch` `(` $scratch^ `:` type($scratch) `)`)? "
    "`domain` $domain `maps` $maps "
)
FORMAT_TAIL = " (`tile` $tile^)? (`node` $node^)? attr-dict-with-keyword $body (`->` type($result)^)?"


def segments(ins: int, params: int, tables: int, outs: int, indices: int = 0, scratch: int = 0) -> DenseArrayBase:
    """How many operands of each kind a form has, as its property `operandSegmentSizes` says it."""
    return DenseArrayBase.from_list(i32, [ins, params, tables, outs, indices, scratch])


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


@dataclass(frozen=True)
class At:
    """Dimensions that are held at run-time indices, and for each the index tensor and its access map."""

    dims: Sequence[int] = ()
    indices: Sequence[SSAValue] = ()
    maps: Sequence[AffineMap] = ()


SEGMENTS = Struct("<6i")
"""How the sizes of the six groups of operands lie in their attribute."""


class StructuredForm(IRDLOperation, ABC):
    """What all forms share; see the module's docstring for the meaning of the fields."""

    ins = var_operand_def()
    params = var_operand_def()
    tables = var_operand_def()
    outs = opt_operand_def()
    indices = var_operand_def()
    held = opt_prop_def(IntsAttr)
    index_maps = opt_prop_def(ArrayAttr[AffineMapAttr])
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
        at: At | None = None,
        **properties: Attribute,
    ) -> None:
        """Initialize the op; `out` is the destination memref, or the type of the resulting tensor."""
        at = At() if at is None else at
        in_memory = isinstance(out, SSAValue)
        IRDLOperation.__init__(
            self,
            operands=[ins, params, tables, out if in_memory else None, at.indices, None],
            result_types=[None if in_memory else out],
            properties={
                "domain": domain,
                "maps": ArrayAttr(AffineMapAttr(m) for m in maps),
                "node": None if node is None else StringAttr(node),
                "held": IntsAttr(tuple(at.dims)) if at.dims else None,
                "index_maps": ArrayAttr(AffineMapAttr(m) for m in at.maps) if at.dims else None,
                **properties,
            },
            regions=[body],
        )

    # Questions that executors, planners and lowerings ask.

    @property
    def target(self) -> SSAValue:
        """The value that holds the output: the result on tensors, the destination on memrefs."""
        if self.results:
            return self.results[0]
        ins, params, tables, outs, *_ = self.segments
        assert outs, "verified: a form has a result or a destination"
        return self.operands[ins + params + tables]

    @property
    def segments(self) -> tuple[int, ...]:
        """How many operands are ins, params, tables, outs, indices and scratch."""
        sizes = self.properties[AttrSizedOperandSegments.attribute_name]
        assert isinstance(sizes, DenseArrayBase)
        return SEGMENTS.unpack(sizes.data.data)

    @property
    def in_maps(self) -> tuple[AffineMap, ...]:
        """Access maps of `ins`, over all dimensions of the domain."""
        return tuple(m.data for m in self.maps.data[: self.segments[0]])

    @property
    def param_maps(self) -> tuple[AffineMap, ...]:
        """Access maps of `params`."""
        return tuple(m.data for m in self.maps.data[self.segments[0] : -1])

    @property
    def out_map(self) -> AffineMap:
        """Access map of the output."""
        return self.maps.data[-1].data

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of all dimensions, parallel first."""
        return self.domain.sizes

    @property
    def held_dims(self) -> tuple[int, ...]:
        """The dimensions that are held at run-time indices, one for each of `indices`."""
        return () if self.held is None else self.held.data

    @property
    def held_maps(self) -> tuple[AffineMap, ...]:
        """Access maps of `indices`, over all dimensions of the domain."""
        return () if self.index_maps is None else tuple(m.data for m in self.index_maps)

    @property
    def trips(self) -> tuple[int, ...]:
        """Sizes of all dimensions, 1 for those that are held: how often each is iterated."""
        held = self.held_dims
        return tuple(1 if dim in held else size for dim, size in enumerate(self.sizes)) if held else self.sizes

    def is_held(self, access: AffineMap) -> bool:
        """True where an access map uses a held dimension: any element that it names may be the one."""
        return self.held is not None and any(
            result.coefficients[dim] for result in linear_map(access) for dim in self.held_dims
        )

    @property
    def touched(self) -> tuple[AffineMap | None, ...]:
        """The access map of each operand; None where all of it may be touched: tables, scratch, held dimensions."""
        _, _, tables, outs, _, scratch = self.segments
        *read, written = (m.data for m in self.maps.data)
        reads = [None if self.is_held(access) else access for access in read] if self.held is not None else read
        return (*reads, *[None] * tables, *[written] * outs, *self.held_maps, *[None] * scratch)

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
        for operand in (*operands, *self.tables, *self.indices):
            if not isinstance(operand.type, kind):
                raise VerifyException(f"a form is on tensors or on memrefs: {operand.type} is no {kind.name}")
        for index, (operand, access) in enumerate(zip(operands, self.maps, strict=True)):
            self._verify_access(index, shaped_type(operand), access.data)
        verify_held(self)
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


def is_index(element: Attribute) -> bool:
    """Whether elements of a type can be indices: integers that stand for themselves."""
    if isinstance(element, QType):
        element = element.storage if element.scales.data == (1.0,) and element.zp == 0 else element
    return isinstance(element, IntegerType) and element.width.data <= 32


def verify_held(form: StructuredForm) -> None:
    """Raise VerifyException unless each held dimension has an index that is known where it is needed."""
    held, maps = form.held_dims, form.held_maps
    if not len(held) == len(maps) == len(form.indices):
        raise VerifyException(f"{len(held)} held dimensions, {len(form.indices)} indices and {len(maps)} access maps")
    if len(set(held)) != len(held) or not all(0 <= dim < len(form.sizes) for dim in held):
        raise VerifyException(f"held dimensions {list(held)} are not different ones of {len(form.sizes)}")
    for dim, value, access in zip(held, form.indices, maps, strict=True):
        type = shaped_type(value)
        if not is_index(type.element_type):
            raise VerifyException(f"an index is an integer of at most 32 bits, at scale 1, got {type.element_type}")
        if access.num_dims != len(form.sizes) or not is_in_bounds(access, form.trips, type.get_shape()):
            raise VerifyException(f"the index of dimension {dim} is read outside of {type}")
        used = {d for result in linear_map(access) for d, c in enumerate(result.coefficients) if c}
        if any(d >= dim or d in held for d in used):
            raise VerifyException(f"the index of dimension {dim} depends on a held dimension, or on a later one")
    if form.is_held(form.out_map):
        raise VerifyException("the output is written at a held dimension")
    for number, access in enumerate(form.in_maps):
        if form.is_held(access) and form.is_padded(number):
            raise VerifyException(f"input {number} is read at a held dimension and outside its bounds")
