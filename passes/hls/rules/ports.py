"""The rule about memories: no bank is accessed more often in a cycle than it has ports."""

from __future__ import annotations

from collections import Counter
from math import prod

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import SSAValue

from ....dialects.hls import ArrayPartitionOp, ArrayReshapeOp, PipelineOp
from ...loops.indices.advance import trips_of
from ...loops.indices.affine import Affine
from ..nests.lanes import PORTS, Access, address_of, lanes_around, offsets_of, root_of
from . import Found
from .structure import pipelined

Cut = ArrayPartitionOp | ArrayReshapeOp


def ports(module: ModuleOp) -> Found:
    """Accesses of a pipelined iteration that meet in one bank."""
    cuts = cuts_of(module)
    for loop in pipelined(module):
        interval = next(op.ii.value.data for op in loop.body.block.ops if isinstance(op, PipelineOp))
        for op, taken in busiest(loop, cuts).values():
            if taken > PORTS * interval:
                reason = f"{taken} accesses of a bank in {interval} cycles, which has {PORTS} ports: "
                yield op, reason + "take fewer lanes, or a larger initiation interval"


def least_interval(loop: scf.ForOp, cuts: dict[SSAValue, Cut]) -> int:
    """The cycles that an iteration of a loop takes for the accesses of its busiest bank."""
    return max((-(-taken // PORTS) for _, taken in busiest(loop, cuts).values()), default=1)


def busiest(loop: scf.ForOp, cuts: dict[SSAValue, Cut]) -> dict[SSAValue, tuple[Access, int]]:
    """By memory, how many accesses of an iteration meet in one bank, and the last of them."""
    taken: dict[SSAValue, tuple[Access, int]] = {}
    known: set[tuple[SSAValue, str, int, frozenset[tuple[scf.ForOp, int]]]] = set()
    for op in loop.walk():
        if not isinstance(op, Access):
            continue
        root, address = root_of(op.memref), address_of(op)
        key = (root, op.name, address.base, frozenset(address.moves.items()))
        cut = cuts.get(root)
        if (key in known and not any(address.factors.values())) or (cut is not None and cut.kind.data == "complete"):
            continue
        known.add(key)
        taken[root] = op, most_in_a_bank(op, address, cut) + taken.get(root, (op, 0))[1]
    return taken


def most_in_a_bank(op: Access, address: Affine, cut: Cut | None) -> int:
    """How many elements of one bank the lanes of an access take."""
    offsets = offsets_of(op, address)
    any_place = prod(trips_of(loop) or 1 for loop in lanes_around(op) if moves_freely(loop, address))
    if isinstance(cut, ArrayReshapeOp):
        return any_place * len({offset // (cut.banks or 1) for offset in offsets})
    banks = Counter(offset % ((cut.banks if cut is not None else None) or 1) for offset in offsets)
    return any_place * max(banks.values())


def moves_freely(loop: scf.ForOp, address: Affine) -> bool:
    """True where a term of an address is computed anew in each lane of a loop."""
    return any(times and inside(value, loop) for value, times in address.factors.items())


def inside(value: SSAValue, loop: scf.ForOp) -> bool:
    """True for a value that is made in a loop."""
    block = value.owner if not isinstance(value.owner, func.FuncOp) else None
    parent = getattr(block, "parent_op", lambda: None)()
    while parent is not None and parent is not loop:
        parent = parent.parent_op()
    return parent is loop


def cuts_of(module: ModuleOp) -> dict[SSAValue, Cut]:
    """How memories are cut: those of a function, and what callers pass to it."""
    cuts: dict[SSAValue, Cut] = {}
    functions = {f.sym_name.data: f for f in module.ops if isinstance(f, func.FuncOp) and not f.is_declaration}
    for op in module.walk():
        if isinstance(op, Cut):
            cuts[root_of(op.array)] = op
    for op in module.walk():
        if isinstance(op, func.CallOp) and op.callee.string_value() in functions:
            for argument, value in zip(functions[op.callee.string_value()].args, op.arguments, strict=True):
                cut = cuts.get(root_of(value)) if isinstance(value.type, MemRefType) else None
                if cut is not None:
                    cuts.setdefault(argument, cut)
    return cuts


def writes(function: func.FuncOp, number: int) -> bool:
    """Whether a function stores to an argument."""
    argument = function.args[number]
    return any(isinstance(op, memref.StoreOp) and root_of(op.memref) is argument for op in function.walk())
