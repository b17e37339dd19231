"""What hardware cannot do of a model, said of the model's own node."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects import memref
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from ...dialects.diagnostics import OpError
from ...dialects.emitc.types import NODE
from ...dialects.errors import UserError
from ...dialects.fixed.structured import StructuredForm
from ...dialects.harmless import in_quotes


@contextmanager
def refusing(target: str) -> Generator[None]:
    """Raise UserError, with the node or the array, where a pass refuses an op."""
    try:
        yield
    except OpError as error:
        name = name_of(error.op)
        raise UserError(f"{target}: {name + ': ' if name else ''}{error}") from error


def name_of(op: Operation) -> str:
    """The node that an op is part of, or the array that it makes; nothing where there is none."""
    at: Operation | None = op
    while at is not None:
        node = at.node if isinstance(at, StructuredForm) else at.attributes.get(NODE)
        if isinstance(node, StringAttr):
            return in_quotes(node.data)
        if isinstance(at, memref.GlobalOp):
            return f"array {in_quotes(at.sym_name.data)}"
        at = at.parent_op()
    return ""
