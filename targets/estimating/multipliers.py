"""Which operations and registers of a module lie inside multipliers, as Yosys packs them (xilinx_dsp)."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from ...dialects import rtl
from ..family import Family
from .bits import Bits


def multipliers_of(module: rtl.ModuleOp, family: Family, bits: Bits) -> tuple[int, set[Operation]]:
    """How many multipliers a module takes, and what lies in them: products, registers and adders around these."""
    inside: set[Operation] = set()
    count = 0
    for op in module.body.block.ops:
        if type(op) is rtl.ComputeOp and op.kind.data == "mul" and product_bits(op, bits) >= family.product_bits:
            count += 1
            inside.add(op)
            inside.update(in_front(op, family))
            inside.update(behind(op, family, inside))
    return count, inside


def product_bits(product: rtl.ComputeOp, bits: Bits) -> int:
    """The bits of a product that something reads, without the lowest ones that a constant makes 0."""
    constants = [a.owner.value.value.data for a in product.args if isinstance(a.owner, rtl.ConstantOp)]
    return bits.read(product.result)[1] - sum((n & -n).bit_length() - 1 for n in constants if n)


def in_front(product: rtl.ComputeOp, family: Family) -> list[Operation]:
    """Registers of factors that nothing else reads, and one sum that is a factor, with the register of an operand."""
    found: list[Operation] = []
    has_sum = False
    for value in product.args:
        if isinstance(value.owner, rtl.DelayOp) and is_read_once(value):
            found.append(value.owner)
            value = value.owner.value
        if not has_sum and is_sum(value, family.pre_adder_bits) and is_read_once(value):
            has_sum = True
            assert isinstance(value.owner, Operation)
            found.append(value.owner)
            registers = [v.owner for v in value.owner.operands if is_read_once(v) and isinstance(v.owner, rtl.DelayOp)]
            found += registers[:1]
    return found


def behind(product: rtl.ComputeOp, family: Family, taken: set[Operation]) -> list[Operation]:
    """The register of a product, a sum that it alone goes into, and the register of that."""
    found: list[Operation] = []
    at = register_of(product.result)
    if at is not None:
        found.append(at)
    value = product.result if at is None else at.result
    reader = only_reader(value)
    if isinstance(reader, rtl.ComputeOp) and reader not in taken and is_sum(reader.result, family.post_adder_bits):
        found.append(reader)
        following = register_of(reader.result)
        if following is not None:
            found.append(following)
    return found


def register_of(value: SSAValue) -> rtl.DelayOp | None:
    """The register that alone reads a value."""
    reader = only_reader(value)
    return reader if isinstance(reader, rtl.DelayOp) and reader.reset is None else None


def only_reader(value: SSAValue) -> Operation | None:
    """The operation that alone reads a value."""
    return next(iter(value.uses)).operation if is_read_once(value) else None


def is_read_once(value: SSAValue) -> bool:
    """Whether one operation reads a value, once."""
    return value.has_one_use()


def is_sum(value: SSAValue, most: int) -> bool:
    """Whether a value is a sum of so many bits at most."""
    op = value.owner
    return isinstance(op, rtl.ComputeOp) and op.kind.data == "add" and rtl.bits_of(value) <= most
