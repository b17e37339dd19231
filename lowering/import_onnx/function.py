"""The one function of an imported module."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, StringAttr
from xdsl.ir import Block, Region, SSAValue


def function_of(
    block: Block, name: str, inputs: list[str], outputs: list[str], results: Sequence[SSAValue]
) -> func.FuncOp:
    """The function `@name` with this body; `inputs` and `outputs` are ONNX names."""
    block.add_op(func.ReturnOp(*results))
    drop_dead(block)
    return func.FuncOp(
        name,
        ([a.type for a in block.args], [v.type for v in results]),
        Region(block),
        arg_attrs=named(inputs),
        res_attrs=named(outputs),
    )


def named(names: list[str]) -> ArrayAttr[DictionaryAttr]:
    """ONNX names as attributes of arguments or results."""
    return ArrayAttr([DictionaryAttr({"onnx.name": StringAttr(n)}) for n in names])


def drop_dead(block: Block) -> None:
    """Remove ops whose results nothing uses, from the last to the first."""
    for op in reversed(list(block.ops)):
        if op.results and not any(r.uses.get_length() for r in op.results):
            op.detach()
            op.erase()
