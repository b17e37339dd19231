"""An ONNX file, read and checked to be complete, with the bodies of its local functions in place of their calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from .functions import inlined
from .proto import DEFAULT_DOMAINS, graphs_of

if TYPE_CHECKING:
    import onnx

UNUSED_OPSET = 13
"""What the version of operators counts as that a model has none of."""

OLDEST_OPSET = 7
"""Before it, operators had other attributes (BatchNormalization, broadcasting)."""


def file_name(path: Path) -> str:
    """The file's name; of a file just called `model.onnx`, its folder's."""
    return path.parent.resolve().name if path.stem == "model" and path.parent.resolve().name else path.stem


def parse(source: str | Path | bytes) -> onnx.ModelProto:
    """The model, checked to be a complete ONNX file, without local functions. Raises UserError."""
    import onnx
    from google.protobuf.message import DecodeError

    where = "the model" if isinstance(source, bytes) else str(source)
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}; check the path") from None
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError:
        raise UserError(f"{where}: not an ONNX file, or a truncated one; export or download it again") from None
    if not model.graph.node or not model.graph.output:
        raise UserError(f"{where}: not an ONNX model: it has no graph; export or download it again")
    model = inlined(model, where)
    if bad := [name for name in names_in(model.graph) if not isinstance(name, str)]:
        shown = ", ".join(map(in_quotes, bad[:3]))
        raise UserError(f"{where}: {len(bad)} names in it are not UTF-8 text ({shown}); export or download it again")
    return model


def names_in(graph: onnx.GraphProto) -> Iterator[str | bytes]:
    """Every name in a graph that the importer reads; protobuf gives bytes for one that is not UTF-8."""
    for info in (*graph.input, *graph.output):
        yield info.name
        yield from (dim.dim_param for dim in info.type.tensor_type.shape.dim)
    yield from (tensor.name for tensor in graph.initializer)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield from (node.op_type, node.domain, node.name, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
        for inner in graphs_of(node):
            yield from names_in(inner)


def opset(model: onnx.ModelProto) -> int:
    """The version of the default operator set; one that is new enough where no node is of that set."""
    versions = [o.version for o in model.opset_import if o.domain in DEFAULT_DOMAINS]
    if not model.functions and all(node.domain not in DEFAULT_DOMAINS for node in model.graph.node):
        return max([*versions, UNUSED_OPSET])
    return max(versions, default=1)
