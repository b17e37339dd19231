"""Memory that the caller owns: as many instances at once as there are states."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, ModuleOp, StringAttr, UnitAttr
from xdsl.dialects.emitc import EmitC_OpaqueType
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.emitc import CallOp, FuncOp, GetGlobalOp, GlobalOp, MemberOfPtrOp, PointerType
from ...dialects.emitc.types import ENTRIES, MEMORY, STATE
from ...dialects.errors import UserError


@dataclass(frozen=True)
class TakeStatePass(ModulePass):
    """Put all arrays that are written into a `NAME_state`, to which functions take a pointer first.

    Raises UserError where an array is meant for a memory of its own: a struct lies in one memory.
    """

    name = "emitc-take-state"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        written = {g.sym_name.data: g for g in op.ops if isinstance(g, GlobalOp) and g.const_specifier is None}
        elsewhere = sorted(name for name, array in written.items() if MEMORY in array.attributes)
        if elsewhere:
            raise UserError(
                f"--arena caller: {', '.join(elsewhere)} lie in memories of their own, a caller's state in one: leave "
                "out --memories"
            )
        functions = [f for f in op.ops if isinstance(f, FuncOp)]
        takers: set[str] = set()
        for function in functions:  # callees come first
            if any(needs_state(inner, takers, written) for inner in function.walk()):
                takers.add(function.sym_name.data)
        takers |= {f.sym_name.data for f in functions if not f.is_static and written}
        model = model_of(functions)
        for function in functions:
            if function.sym_name.data in takers:
                take(function, f"{model}_state", takers, written, model)
        for array in written.values():
            array.attributes[STATE] = UnitAttr()


def needs_state(op: object, takers: set[str], written: dict[str, GlobalOp]) -> bool:
    """True for an op that reaches an array that is written, or calls what does."""
    if isinstance(op, GetGlobalOp):
        return op.name_.string_value() in written
    return isinstance(op, CallOp) and op.callee.string_value() in takers


def model_of(functions: list[FuncOp]) -> str:
    """The name of the model, from that of a public function. Raises UserError where there is none."""
    public = [f.sym_name.data for f in functions if not f.is_static]
    if not public:
        raise UserError("no function is public: the model has no name")
    name = public[-1]
    for suffix in ENTRIES:
        name = name.removesuffix(suffix)
    return name


def take(function: FuncOp, struct: str, takers: set[str], written: dict[str, GlobalOp], model: str) -> None:
    """Give a function the pointer, and use it for arrays and in calls."""
    type = PointerType(EmitC_OpaqueType(StringAttr(struct)))
    state = function.body.block.insert_arg(type, 0)
    state.name_hint = "state"
    inputs = [type, *function.function_type.inputs]
    function.properties["function_type"] = FunctionType.from_lists(inputs, list(function.function_type.outputs))
    given = [DictionaryAttr({})] * (len(inputs) - 1) if function.arg_attrs is None else function.arg_attrs.data
    function.properties["arg_attrs"] = ArrayAttr([DictionaryAttr({STATE: UnitAttr()}), *given])
    for op in list(function.walk()):
        if isinstance(op, GetGlobalOp) and op.name_.string_value() in written:
            member = op.name_.string_value().removeprefix(f"{model}_")
            Rewriter.replace_op(op, MemberOfPtrOp(state, member, op.result.type))
        elif isinstance(op, CallOp) and op.callee.string_value() in takers:
            pass_state(op, state)


def pass_state(call: CallOp, state: SSAValue) -> None:
    """Call with the pointer in front."""
    result = None if call.result is None else call.result.type
    Rewriter.replace_op(call, CallOp(call.callee.string_value(), [state, *call.arguments], result))
