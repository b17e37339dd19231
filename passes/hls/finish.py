"""`hls-finish`: what follows a reduction as a function of its own, which takes results one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import FunctionType, IndexType, IntegerAttr, IntegerType, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.mcu import LANES, MULTIPLIERS
from ...dialects.names import Names
from ..loops.indices.loop import Loop
from .flows.process import WORD
from .interface import is_public
from .nests.chain import Chain, read_chain
from .nests.lanes import SAME_MEMORY


@dataclass(frozen=True)
class FinishPass(ModulePass):
    """Split functions whose lanes end sums together, and would each need multipliers of their own to scale them.

    Where a reduction takes at least as many turns as it has lanes of results, one multiplier keeps up with all of them
    if it takes one after the other. The first function stores sums, the second one reads them and does what followed.
    Meant for layers that run side by side: the sums between both are a stream then (`hls-dataflow`).
    """

    name = "hls-finish"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = {f.sym_name.data: f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration}
        names = Names([o.sym_name.data for o in op.ops if isinstance(o, memref.GlobalOp | func.FuncOp)])
        calls = [o for o in op.walk() if isinstance(o, func.CallOp)]
        times = Counter(call.callee.string_value() for call in calls)
        for call in calls:
            callee, caller = functions[call.callee.string_value()], call.parent_op()
            if not isinstance(caller, func.FuncOp) or not is_public(caller) or times[callee.sym_name.data] > 1:
                continue
            chain = read_chain(callee)
            if isinstance(chain, Chain) and pays(chain):
                split(op, chain, call, names.unique(f"{callee.sym_name.data}_finish"))


def pays(chain: Chain) -> bool:
    """Whether lanes would each multiply behind a reduction that leaves the time to do it one after the other."""
    results = prod(loop.lanes for loop in chain.loops[: chain.reduction])
    if not chain.is_reduction or results == 1 or prod(loop.turns for loop in chain.reducing) < results:
        return False
    carried = chain.loops[chain.reduction].op.results
    if len(carried) != 1 or not isinstance(type := carried[0].type, IntegerType) or type.width.data * results > WORD:
        return False
    behind = chain.behind(chain.reduction)
    return any(isinstance(op, arith.MuliOp) and isinstance(op.result.type, IntegerType) for op in behind)


def split(module: ModuleOp, chain: Chain, call: func.CallOp, name: str) -> None:
    """Make two functions of one, and a call of both."""
    first = chain.function
    second = first.clone()
    second.properties["sym_name"] = StringAttr(name)
    second.attributes.pop(MULTIPLIERS, None)
    module.body.block.insert_op_after(second, first)
    parallel = chain.loops[: chain.reduction]
    type = chain.loops[chain.reduction].op.results[0].type
    sums = memref.AllocaOp.get(type, None, [prod(loop.trips for loop in parallel)])
    sums.memref.name_hint = "sums"
    Rewriter.insert_op(sums, InsertPoint.before(call))
    keep_sums(chain, first.body.block.insert_arg(sums.memref.type, len(first.args)))
    again = read_chain(second)
    assert isinstance(again, Chain)
    take_sums(again, second.body.block.insert_arg(sums.memref.type, len(second.args)))
    for function in (first, second):
        passed = [value for value, kept in zip([*call.arguments, sums.memref], tidy(function), strict=True) if kept]
        Rewriter.insert_op(func.CallOp(function.sym_name.data, passed, []), InsertPoint.before(call))
    Rewriter.erase_op(call)


def keep_sums(chain: Chain, sums: SSAValue) -> None:
    """Store what is reduced, and do no more."""
    sums.name_hint = "sums"
    loop = chain.loops[chain.reduction].op
    behind = chain.behind(chain.reduction)
    place = number_of(chain, loop)
    Rewriter.insert_op(memref.StoreOp.get(loop.results[0], sums, [place]), InsertPoint.before(behind[0]))
    for op in reversed(behind):
        Rewriter.erase_op(op)


def take_sums(chain: Chain, sums: SSAValue) -> None:
    """Load what was reduced, one result after the other."""
    sums.name_hint = "sums"
    loop = chain.loops[chain.reduction].op
    load = memref.LoadOp.get(sums, [number_of(chain, loop)])
    load.res.name_hint = "acc"
    Rewriter.replace_op(loop, load)
    for outer in chain.loops[: chain.reduction]:
        outer.op.attributes.pop(LANES, None)


def number_of(chain: Chain, before: Operation) -> SSAValue:
    """The number of a result in the order of the loops, written before an op."""
    total: SSAValue | None = None
    for loop in chain.loops[: chain.reduction]:
        turn = turn_of(loop, before)
        if total is not None:
            total = insert(before, arith.MuliOp(total, constant(before, loop.trips)))
            turn = insert(before, arith.AddiOp(total, turn))
        total = turn
    assert total is not None, "lanes of results are loops"
    return total


def turn_of(loop: Loop, before: Operation) -> SSAValue:
    """The iteration of a loop, counted from 0."""
    turn: SSAValue = loop.op.body.block.args[0]
    if loop.lower:
        turn = insert(before, arith.SubiOp(turn, constant(before, loop.lower)))
    return turn if loop.step == 1 else insert(before, arith.DivSIOp(turn, constant(before, loop.step)))


def constant(before: Operation, number: int) -> SSAValue:
    """An index before an op."""
    return insert(before, arith.ConstantOp(IntegerAttr(number, IndexType())))


def insert(before: Operation, new: Operation) -> SSAValue:
    """Write an op before another."""
    Rewriter.insert_op(new, InsertPoint.before(before))
    return new.results[0]


def tidy(function: func.FuncOp) -> list[bool]:
    """Erase what nothing uses; which arguments are left."""
    pure = (memref.LoadOp, memref.GetGlobalOp, *SAME_MEMORY)
    for op in reversed(list(function.body.walk())):
        is_pure = isinstance(op, pure) or op.dialect_name() == arith.Arith.name
        if is_pure and not any(result.uses for result in op.results):
            Rewriter.erase_op(op)
    kept = [bool(argument.uses) for argument in function.args]
    for argument, used in zip(list(function.args), kept, strict=True):
        if not used:
            function.body.block.erase_arg(argument)
    function.properties["function_type"] = FunctionType.from_lists([a.type for a in function.args], [])
    return kept
