"""An input that comes one slice a round: which loop takes it, and what keeps it from doing so."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from xdsl.dialects.builtin import ArrayAttr, MemRefType, StringAttr, UnitAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.access import Linear, linear_map
from ....dialects.errors import UserError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.types import IntsAttr
from ....dialects.memplan import LAST, WHOLE, AliasOp, LoopOp, OpaqueOp, RetireOp, StreamOp, forms_of, outermost
from ....dialects.memplan.liveness import root_of, touched

NODE = "rounds"
"""The node of a loop that takes the input, where it has none."""


def taking_loop(function: FuncOp, source: SSAValue) -> LoopOp | None:
    """The loop each of whose rounds reads its own slice of an input, in order; None where others read it, or more."""
    readers = {outermost(form): form for form in forms(function) if reads(form, source)}
    if len(readers) != 1:
        return None
    (loop,) = readers
    if not isinstance(loop, LoopOp):
        return None
    return loop if all(takes_slice(form, loop, source) for form in forms_of(loop)) else None


def name_loop(function: FuncOp, loop: LoopOp) -> StringAttr:
    """The node of a loop, which no form has."""
    taken = {form.node.data for form in forms(function) if form.node is not None}
    name = loop.node.data if loop.node is not None else NODE
    while name in taken or any(other is not loop and other.node == StringAttr(name) for other in loops(function)):
        name += "_rounds"
    loop.node = StringAttr(name)
    return loop.node


def take_all(function: FuncOp, loop: LoopOp) -> None:
    """Let each round do what comes after the loop, so that its outputs are written in each.

    Raises UserError where a round needs more than the states, its slice, and what is written before the first round.
    """
    name, block = function.sym_name.data, function.body.block
    following = [op for op in block.ops if op is not loop and is_after(op, loop)]
    steps = [op for op in following if isinstance(op, StructuredForm | LoopOp | StreamOp | OpaqueOp)]
    if any(isinstance(op, StreamOp | OpaqueOp) for op in steps):
        raise UserError(f"the input of @{name} cannot come in steps: what follows the loop runs in a stream")
    inputs = len(ports) if isinstance(ports := function.attributes.get("fixed.inputs"), ArrayAttr) else 1
    sources, outputs = function.body.block.args[:inputs], function.body.block.args[inputs:]
    before = [op for op in block.ops if op is not loop and op not in following]
    early = [form for op in before for form in op.walk() if isinstance(form, StructuredForm)]
    if any(isinstance(root_of(value), BlockArgument) for form in early for value in form.operands):
        raise UserError(f"the input of @{name} cannot come in steps: an output does not depend on it")
    dims = loop.dims
    for form in loop.forms:
        for value, access in touched(form):
            moving = form in dims and access is not None and any(r.coefficients[dims[form]] for r in linear_map(access))
            port = root_of(value) in sources or root_of(value) in outputs
            dim = slice_dim(value, access, dims[form], loop) if port and moving and access is not None else None
            if moving and dim is None:
                raise UserError(
                    f"the input of @{name} cannot come in steps: `{form.node.data if form.node else form.name}` keeps "
                    "something of every step, needs something else in each, or writes no rows in order"
                )
    along = list(loop.along.data)
    for op in following:
        if not isinstance(op, StructuredForm | LoopOp | RetireOp | ReturnOp):
            op.detach()
            block.insert_op_before(op, loop)
    for op in steps:
        op.detach()
        loop.body.block.add_op(op)
        for form in (inner for inner in op.walk() if isinstance(inner, StructuredForm)):
            form.attributes[LAST] = UnitAttr()
        along += [WHOLE] * (1 if isinstance(op, StructuredForm) else len(op.forms) if isinstance(op, LoopOp) else 0)
    loop.along = IntsAttr(tuple(along))


def is_after(op: Operation, loop: LoopOp) -> bool:
    """True for an op that comes after a loop in its block."""
    following = loop.next_op
    while following is not None and following is not op:
        following = following.next_op
    return following is op


def forms(function: FuncOp) -> Iterator[StructuredForm]:
    """All forms of a function."""
    return (op for op in function.walk() if isinstance(op, StructuredForm))


def loops(function: FuncOp) -> Iterator[LoopOp]:
    """All loops of a function."""
    return (op for op in function.walk() if isinstance(op, LoopOp))


def reads(form: StructuredForm, source: SSAValue) -> bool:
    """True for a form that uses some storage."""
    return any(root_of(value) is source for value in form.operands)


def takes_slice(form: StructuredForm, loop: LoopOp, source: SSAValue) -> bool:
    """Whether a form of a loop touches of some storage no more than the slice of the round."""
    pairs = [(value, access) for value, access in touched(form) if root_of(value) is source]
    dim = loop.dims.get(form)
    return all(
        dim is not None and access is not None and slice_dim(value, access, dim, loop) is not None
        for value, access in pairs
    )


def slice_dim(value: SSAValue, access: AffineMap, dim: int, loop: LoopOp) -> int | None:
    """The dimension of a memref that counts rounds, where a round has the next of its outermost slices."""
    assert isinstance(value.type, MemRefType)
    shape, results = value.type.get_shape(), linear_map(access)
    own = Linear(tuple(int(d == dim) for d in range(access.num_dims)), 0)
    found = [number for number, result in enumerate(results) if result == own and shape[number] == loop.trips]
    others = [number for number, result in enumerate(results) if result != own and result.coefficients[dim]]
    whole = all(alias.offset.value.data == 0 for alias in aliases(value))
    if len(found) != 1 or others or not whole or prod(shape[: found[0]]) != 1:
        return None
    root = root_of(value)
    assert isinstance(root.type, MemRefType)
    return found[0] if prod(shape) == prod(root.type.get_shape()) else None


def aliases(value: SSAValue) -> Iterator[AliasOp]:
    """The aliases through which a memref is seen."""
    while isinstance(value.owner, AliasOp):
        yield value.owner
        value = value.owner.source
