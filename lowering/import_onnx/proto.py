"""What a NodeProto says, and what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...dialects.harmless import in_terminal

if TYPE_CHECKING:
    import onnx


def operator_of(proto: onnx.NodeProto) -> str:
    """The operator with its domain, in a message."""
    return f"{in_terminal(proto.domain or 'ai.onnx')}.{in_terminal(proto.op_type)}"


def at_run_time(proto: onnx.NodeProto) -> str:
    """The reason against a node whose operator is computed by the importer only."""
    return (
        f"operator {operator_of(proto)} is supported on constants only, and this is computed at run time; "
        "`tinyml supported-ops` lists what can be"
    )


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes as Python values."""
    from onnx import helper

    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode(errors="replace") if isinstance(v, bytes) else v for k, v in values.items()}
