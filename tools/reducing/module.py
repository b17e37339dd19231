"""Parts of an MLIR module: ops, results of functions, arguments, attributes, the elements of constants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FunctionType, ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import ParseError

from ...dialects.errors import UserError
from ..opt.parser import LocatingParser
from ..opt.printing import module_text
from ..registry import DIALECTS, load
from .subject import Part

SMALL = 16
"""Elements of a constant that is left as it is."""


class Module:
    """A module, parsed once; each candidate is a changed copy."""

    kinds: tuple[str, ...] = ("ops", "results", "arguments", "attributes", "constants")

    def __init__(self, path: Path):
        ctx = Context(allow_unregistered=True)
        for name, where in DIALECTS.items():
            ctx.register_dialect(name, partial(load, where))
        try:
            self.module = LocatingParser(ctx, path.read_text(), path.name).parse_module()
        except (UnicodeDecodeError, ParseError) as error:
            raise UserError(f"{path}: cannot be read as MLIR: {str(error).strip()}") from None

    def parts(self) -> list[Part]:
        """All parts; ops are numbered as `walk` meets them."""
        parts: list[Part] = []
        for index, op in enumerate(self.module.walk()):
            if not isinstance(op, ModuleOp) and not op.has_trait(IsTerminator):
                parts.append(("ops", index, ""))
            if isinstance(op, ReturnOp):
                parts += [("results", index, str(i)) for i in range(len(op.operands))]
            if isinstance(op, FuncOp) and not op.is_declaration:
                parts += [("arguments", index, str(i)) for i in range(len(op.body.block.args))]
            parts += [("attributes", index, name) for name in op.attributes]
            parts += [("constants", index, name) for name, value in op.properties.items() if is_large(value)]
        return parts

    def written(self, kept: Sequence[Part]) -> bytes | None:
        """The text of the module with these parts alone; what a kept op reads of another is an argument."""
        copy = self.module.clone()
        ops = list(copy.walk())
        gone = [part for part in self.parts() if part not in set(kept)]
        for kind, index, name in gone:
            if kind == "attributes":
                del ops[index].attributes[name]
            elif kind == "constants":
                ops[index].properties[name] = filled(ops[index].properties[name])
        for kind, index, name in reversed(gone):
            if kind == "results":
                drop_result(ops[index], int(name))
            elif kind == "ops" and not take_out(ops[index]):
                return None
        for kind, index, name in reversed(gone):
            if kind == "arguments" and ops[index].parent is not None:
                drop_argument(ops[index], int(name))
        return module_text(copy).encode()


def is_large(value: Any) -> bool:
    """True for constants of many elements that are not all one."""
    return isinstance(value, DenseIntOrFPElementsAttr) and len(value) > SMALL and not value.is_splat()


def filled(value: Any) -> DenseIntOrFPElementsAttr[Any]:
    """A constant of one value: the first."""
    first = next(iter(value.iter_values()))
    return DenseIntOrFPElementsAttr.from_list(value.type, [first])


def take_out(op: Operation) -> bool:
    """Erase an op; what reads its results reads an operand of the same type, else a new argument of the function."""
    if op.parent is None:
        return True
    for result in op.results:
        if any(True for _ in result.uses):
            value = next((o for o in op.operands if o.type == result.type), None) or new_argument(op, result)
            if value is None:
                return False
            result.replace_all_uses_with(value)
    op.detach()
    op.erase(safe_erase=False)
    return True


def new_argument(op: Operation, result: SSAValue) -> SSAValue | None:
    """An argument of the function around an op; None where there is no function."""
    function = op.parent_op()
    while function is not None and not isinstance(function, FuncOp):
        function = function.parent_op()
    if function is None:
        return None
    block = function.body.block
    argument = block.insert_arg(result.type, len(block.args))
    retype(function, block)
    return argument


def retype(function: FuncOp, block: Block) -> None:
    """The type that a function's body says."""
    last = block.last_op
    results = last.operand_types if isinstance(last, ReturnOp) else ()
    function.properties["function_type"] = FunctionType.from_lists([a.type for a in block.args], list(results))


def drop_result(op: Operation, index: int) -> None:
    """A function returns one value less."""
    function = op.parent_op()
    if isinstance(function, FuncOp):
        op.operands = [operand for i, operand in enumerate(op.operands) if i != index]
        retype(function, function.body.block)


def drop_argument(op: Operation, index: int) -> None:
    """A function takes one value less, if nothing reads it."""
    assert isinstance(op, FuncOp)
    block = op.body.block
    if not any(True for _ in block.args[index].uses):
        block.erase_arg(block.args[index])
        retype(op, block)
