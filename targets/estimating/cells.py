"""Cells of hardware from its IR: multipliers and registers are counted, look-up tables are features times prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from xdsl.ir import Operation, SSAValue

from ...dialects import rtl
from ..family import Family
from .bits import Bits
from .memories import MemoryCells, Shape, shape_cells, shape_of
from .multipliers import multipliers_of

FEATURES: Mapping[str, str] = {
    **dict.fromkeys(("add", "sub"), "add"),
    **dict.fromkeys(("max", "min", "umax", "umin"), "choose"),
    **dict.fromkeys(("slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"), "compare"),
    **dict.fromkeys(("eq", "ne"), "equal"),
    **dict.fromkeys(("and", "or", "xor", "not", "mask"), "logic"),
    **dict.fromkeys(("shl_by", "shr_by"), "shift_by"),
    "select": "select",
}
"""The feature that the bits of an operation count for; what is not here are wires."""

SHORTEST_CHAIN = 3
"""Registers behind each other that nothing else reads become a shift register from this length on."""


@dataclass(frozen=True)
class Estimate:
    """Cells of a part of a design; sums of them are of the whole."""

    luts: float = 0
    ffs: float = 0
    dsps: int = 0
    bram36: float = 0

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.luts + other.luts, self.ffs + other.ffs, self.dsps + other.dsps, self.bram36 + other.bram36
        )

    @property
    def costs(self) -> tuple[float, float, float, float]:
        """In the order of a device's budget."""
        return self.luts, self.ffs, float(self.dsps), self.bram36


def module_cells(
    family: Family, module: rtl.ModuleOp, units: Mapping[str, rtl.UnitOp], blocks: frozenset[str] = frozenset()
) -> Estimate:
    """The cells of a module and of the units, by name, that it uses; without its memories, which `blocks` may hold."""
    features = features_of(module, family, units, blocks)
    ffs, dsps = features.pop("ff", 0), features.pop("dsp", 0)
    return Estimate(sum(family.luts.get(name, 0.0) * n for name, n in features.items()), ffs, dsps, 0)


def features_of(
    module: rtl.ModuleOp, family: Family, units: Mapping[str, rtl.UnitOp], blocks: frozenset[str] = frozenset()
) -> Counter[str]:
    """How many bits of each feature a module has; `ff` are registers, `dsp` multipliers, `module` is 1."""
    bits = Bits()
    dsps, inside = multipliers_of(module, family, bits)
    found: Counter[str] = Counter({"module": 1, "dsp": dsps})
    used: Counter[str] = Counter()
    blocks = blocks if family.block_registers else frozenset()
    for op in module.body.block.ops:
        if type(op) is rtl.UseOp:
            used[op.unit.string_value()] += 1
        elif op not in inside:
            add_any(found, op, family, bits, blocks)
    for name, number in used.items():
        for feature, bits in features_of_unit(units[name], family).items():
            found[feature] += bits * number
    return found


def is_in_block(value: SSAValue, blocks: frozenset[str]) -> bool:
    """Whether the register of a value lies in block RAM: that of a word of one of these memories."""
    read = value.owner
    return type(read) is rtl.ReadOp and value.has_one_use() and read.memory.string_value() in blocks


def features_of_unit(unit: rtl.UnitOp, family: Family) -> Counter[str]:
    """How many bits of each feature a unit has: it multiplies nothing."""
    found: Counter[str] = Counter()
    bits = Bits()
    for op in unit.body.block.ops:
        add_any(found, op, family, bits)
    return found


def units_of(ops: Iterable[Operation]) -> dict[str, rtl.UnitOp]:
    """The units among ops, by name."""
    return {op.sym_name.data: op for op in ops if isinstance(op, rtl.UnitOp)}


def add_any(
    found: Counter[str], op: Operation, family: Family, bits: Bits, blocks: frozenset[str] = frozenset()
) -> None:
    """Count an op, but for registers that lie in these memories."""
    if type(op) is rtl.ComputeOp:
        add_operation(found, op, bits)
    elif type(op) is rtl.DelayOp:
        value = op.operands[0]
        if not is_in_block(value, blocks):
            add_chain(found, op, value, family.srl_bits, bits)
    else:
        add_other(found, op)


def add_other(found: Counter[str], op: Operation) -> None:
    """Count counters, addresses, and what else holds bits."""
    match op:
        case rtl.RunningOp():
            found["running"] += rtl.bits_of(op.result)
            found["ff"] += rtl.bits_of(op.result)
        case rtl.CounterOp():
            found["counter"] += rtl.bits_of(op.value)
            found["ff"] += rtl.bits_of(op.value) + 1
        case rtl.HeldOp():
            found["ff"] += 1
        case rtl.CarriedOp():
            found["ff"] += rtl.bits_of(op.result)
        case rtl.SerializeOp():
            bits = sum(rtl.bits_of(v) for v in op.values)
            found["serialize"] += bits
            found["ff"] += bits
        case rtl.SignalOp() | rtl.NeedOp():
            found["logic"] += 8
            found["ff"] += 5
        case _:
            pass


def add_operation(found: Counter[str], op: rtl.ComputeOp, known: Bits) -> None:
    """Count an operation."""
    kind, operands, bits = op.kind.data, op.operands, rtl.bits_of(op.results[0])
    if kind == "pick":
        found["pick"] += bits * (rtl.bits_of(operands[0]) // bits - 1)
    elif kind == "select" and is_zero(operands[2]):
        found["row"] += bits
    elif kind in FEATURES:
        feature = FEATURES[kind]
        if feature == "add":
            zeros = [known.low_zeros(a) for a in operands]
            bits = max(0, bits - (zeros[1] if kind == "sub" else max(zeros)))
            if any(type(a.owner) is rtl.ConstantOp for a in operands):
                feature = "add_constant"
        if feature == "choose" and any(type(a.owner) is rtl.ConstantOp for a in operands):
            feature = "choose_constant"
        if feature in ("compare", "equal"):
            bits = max(bits, *(rtl.bits_of(a) for a in operands))
        found[feature] += bits


def is_zero(value: SSAValue) -> bool:
    """Whether a wire is the number 0."""
    return isinstance(value.owner, rtl.ConstantOp) and value.owner.value.value.data == 0


def add_chain(found: Counter[str], op: rtl.DelayOp, value: SSAValue, longest: int, known: Bits) -> None:
    """Count a register of a value, or at its end a chain of them."""
    bits = known.built(op, value)
    if op.reset is not None or not longest:
        found["ff"] += bits
        return
    if goes_on(op):
        return
    length, at = 1, value.owner
    while type(at) is rtl.DelayOp and goes_on(at):
        length, at = length + 1, at.operands[0].owner
    if length < SHORTEST_CHAIN:
        found["ff"] += bits * length
    else:
        found["ff"] += bits
        found["chain"] += bits * ceil(length / longest)


def goes_on(op: rtl.DelayOp) -> bool:
    """Whether only another register of data reads a register."""
    use = op.results[0].get_user_of_unique_use()
    return type(use) is rtl.DelayOp and op.reset is None and use.reset is None


def memories_cells(
    family: Family, memories: Iterable[rtl.MemoryOp], modules: Iterable[rtl.ModuleOp]
) -> dict[str, Estimate]:
    """The cells of each memory, by name; a constant has ports in each module that reads it."""
    found: dict[str, Estimate] = {}
    for name, (shape, counts) in shapes_of(memories, modules).items():
        cells = [shape_cells(family, shape, n) for n in counts]
        found[name] = stored(cells)
    return found


def stored(memories: Iterable[MemoryCells]) -> Estimate:
    """The cells of memories together."""
    return sum((Estimate(m.luts, m.ffs, 0, m.bram36) for m in memories), Estimate())


def shapes_of(
    memories: Iterable[rtl.MemoryOp], modules: Iterable[rtl.ModuleOp]
) -> dict[str, tuple[Shape, Sequence[int]]]:
    """The shape of each memory, by name, and how many places read each of its copies."""
    ports: dict[str, set[int]] = {}
    copies: dict[str, list[int]] = {}
    for module in modules:
        own: Counter[str] = Counter()
        for op in module.body.block.ops:
            if type(op) is rtl.ReadOp:
                ports.setdefault(op.memory.string_value(), set()).add(op.port.value.data)
                own[op.memory.string_value()] += 1
        for name, number in own.items():
            copies.setdefault(name, []).append(number)
    found: dict[str, tuple[Shape, Sequence[int]]] = {}
    for memory in memories:
        name, is_constant = memory.sym_name.data, memory.init is not None
        found[name] = (
            shape_of(memory),
            copies.get(name, []) if is_constant else [max(1, len(ports.get(name, ())))],
        )
    return found
