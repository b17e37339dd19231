"""ONNX's own definition of an operator, as nodes that stand for one of it.

Many operators have a function body in the specification (`onnx.defs`): LayerNormalization is a mean, a square and so
on. Where the importer has no translation of its own the body takes the node's place, and whatever it holds is imported
like the model's nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import Float32Type, IntegerType, Signedness, TensorType, i1
from xdsl.ir import Attribute, SSAValue

from .proto import DEFAULT_DOMAINS
from .renaming import renamed

if TYPE_CHECKING:
    import onnx

MAX_NODES = 1 << 12
"""The most nodes that bodies and branches of one model may add."""

MAX_DEPTH = 16
"""Bodies in bodies: ONNX's own end after three or four."""


AT_RUN_TIME = ("DynamicQuantizeLinear", "Range")
"""Operators whose definition computes a scale or a size at run time: the refusal of the operator itself says more."""

LOSSES = ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
"""Operators of training, of which inference needs none."""


@dataclass(frozen=True)
class Body:
    """Nodes in place of another one, and the version of the operators in them."""

    nodes: Sequence[onnx.NodeProto]
    opset: int


def body_of(proto: onnx.NodeProto, opset: int, operands: Sequence[SSAValue | None], prefix: str) -> Body | None:
    """What ONNX defines a node as, with `prefix` before all names of its own; None where it defines nothing.

    Some bodies depend on the types of the operands: all must be known.
    """
    function = function_of(proto, opset, operands)
    if function is None:
        return None
    names = dict(zip(function.input, (*proto.input, *[""] * len(function.input)), strict=False))
    names |= {formal: actual for formal, actual in zip(function.output, proto.output, strict=False) if actual}
    defaults = {a.name: a for a in function.attribute_proto}
    given = {**schema_defaults(proto, opset), **defaults, **{a.name: a for a in proto.attribute}}
    versions = [o.version for o in function.opset_import if o.domain in DEFAULT_DOMAINS]
    return Body(renamed(function.node, names, prefix, given), max(versions, default=opset))


OPSETS = 1 << 31
"""Versions below this are looked up."""


def has_body(proto: onnx.NodeProto, opset: int) -> bool:
    """Whether ONNX defines an operator by others, at a version that it has: a file may state any number."""
    known = proto.domain in DEFAULT_DOMAINS and 0 < opset < OPSETS and proto.op_type not in AT_RUN_TIME
    return known and is_function(proto.op_type, opset)


@cache
def is_function(op_type: str, opset: int) -> bool:
    """Whether an operator of ONNX's own domain has a function body at a version."""
    import onnx

    try:
        schema: Any = onnx.defs.get_schema(op_type, opset, "")
    except onnx.defs.SchemaError:
        return False
    return schema.has_function or schema.has_context_dependent_function


def function_of(proto: onnx.NodeProto, opset: int, operands: Sequence[SSAValue | None]) -> onnx.FunctionProto | None:
    """The function of an operator at a version; None where there is none for these operands and attributes."""
    import onnx

    schema: Any = onnx.defs.get_schema(proto.op_type, opset, "")
    if schema.has_function:
        version = chosen(schema.function_opset_versions, opset)
        return onnx.FunctionProto.FromString(schema.get_function_with_opset_version(version))
    version = chosen(schema.context_dependent_function_opset_versions, opset)
    types = [type_of(operand).SerializeToString() for operand in operands]
    try:
        data = schema.get_context_dependent_function_with_opset_version(version, proto.SerializeToString(), types)
    except Exception:  # C++, which raises what it likes for attributes that are not there
        return None
    return onnx.FunctionProto.FromString(data) if data else None


def chosen(versions: Sequence[int], opset: int) -> int:
    """The newest version that is not newer than the model's, else the oldest."""
    return max((v for v in versions if v <= opset), default=min(versions))


def schema_defaults(proto: onnx.NodeProto, opset: int) -> dict[str, onnx.AttributeProto]:
    """The attributes that an operator has where a node leaves them out."""
    import onnx

    schema = onnx.defs.get_schema(proto.op_type, opset, "")
    values = {name: attribute.default_value for name, attribute in schema.attributes.items()}
    return {name: value for name, value in values.items() if value.type != onnx.AttributeProto.UNDEFINED}


def type_of(value: SSAValue | None) -> onnx.TypeProto:
    """The type of an operand as ONNX writes it; an empty one where it is left out."""
    from onnx import TypeProto, helper

    if value is None:
        return TypeProto()
    assert isinstance(value.type, TensorType)
    return helper.make_tensor_type_proto(element_number(value.type.element_type), list(value.type.get_shape()))


def element_number(element: Attribute) -> int:
    """onnx.TensorProto's number of an element type."""
    from onnx import TensorProto

    if isinstance(element, Float32Type):
        return TensorProto.FLOAT
    if element == i1:
        return TensorProto.BOOL
    assert isinstance(element, IntegerType)
    sign = "U" if element.signedness.data == Signedness.UNSIGNED else ""
    return TensorProto.DataType.Value(f"{sign}INT{element.width.data}")
