"""The body of a function: loops, conditionals, switches and loop-carried values on C variables.

A value that `scf.for` carries, or that `scf.if` gives, is a variable. Where an inner loop only hands its result on, it
works on the outer loop's variable: a nest of reductions has one accumulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IntegerAttr, IntegerType, MemRefType, StridedLayoutAttr, i1
from xdsl.ir import Block, Operation, Region, SSAValue

from ...dialects import emitc
from ...dialects.mcu import LABEL, BlockOp
from ...dialects.mcu.bytes import SparseBlockOp
from ...dialects.mcu.words import AtOp, LoadWordOp, MachineOp
from .arith import RULES, write_compare
from .check import SAME_START
from .hls import HLS_OPS, write_hls
from .machine import (
    write_at,
    write_block,
    write_load_word,
    write_local,
    write_sparse_block,
)
from .memory import Place, element_type, is_flash, write_pointer, write_subscript, write_view
from .writer import Writer, constant_of, integer

INITS = 3
"""Number of operands of `scf.for` before the first carried value."""


class BodyWriter:
    """Writes the ops of one function. `values` are scalars, `variables` what is read at each use, `places` memrefs."""

    def __init__(self, writer: Writer, far: frozenset[str] = frozenset()):
        self.w, self.far = writer, far
        self.values: dict[SSAValue, SSAValue] = {}
        self.variables: dict[SSAValue, SSAValue] = {}
        self.carriers: dict[SSAValue, SSAValue | None] = {}
        self.places: dict[SSAValue, Place] = {}

    def value(self, value: SSAValue) -> SSAValue:
        """A scalar at this point: constants and variables are written anew for each use."""
        if isinstance(value.owner, arith.ConstantOp):
            attribute = value.owner.value
            assert isinstance(attribute, IntegerAttr)
            return self.w.constant(attribute.value.data, self.w.scalar_type(value.type))
        if value in self.variables:
            return self.w.do(emitc.LoadOp(self.variables[value]))
        return self.values[value]

    def block(self, block: Block) -> None:
        """Write all ops but a terminator of scf."""
        for op in block.ops:
            if not isinstance(op, scf.YieldOp):
                self.op(op)

    def op(self, op: Operation) -> None:
        """Write one op."""
        w = self.w
        match op:
            case arith.ConstantOp():
                pass
            case scf.ForOp():
                self.loop(op)
            case scf.IfOp():
                self.conditional(op)
            case scf.IndexSwitchOp():
                self.switch(op)
            case memref.StoreOp():
                value, indices = self.value(op.value), self.indices(op)
                w.block.add_op(emitc.AssignOp(value, write_subscript(w, self.places[op.memref], indices)))
            case func.CallOp():
                self.call(op)
            case func.ReturnOp():
                w.block.add_op(emitc.ReturnOp(*(self.value(v) for v in op.arguments)))
            case LoadWordOp():
                write_load_word(self, op)
            case AtOp():
                write_at(self, op)
            case BlockOp():
                write_block(self, op)
            case SparseBlockOp():
                write_sparse_block(self, op)
            case memref.AllocaOp():
                write_local(self, op)
            case memref.GetGlobalOp() | memref.ViewOp():
                self.places[op.results[0]] = self.place(op)
            case _ if isinstance(op, HLS_OPS):
                write_hls(self, op)
            case _ if isinstance(op, SAME_START):
                type = op.results[0].type
                assert isinstance(type, MemRefType)
                self.places[op.results[0]] = self.places[op.operands[0]].retyped(type)
            case _:
                self.values[op.results[0]] = self.scalar(op)

    def scalar(self, op: Operation) -> SSAValue:
        """Write an op that gives a scalar, and return it under the op's name."""
        if isinstance(op, memref.LoadOp):
            result = self.w.do(emitc.LoadOp(write_subscript(self.w, self.places[op.memref], self.indices(op))))
            result.name_hint = op.res.name_hint
            return result
        operands = tuple(self.value(v) for v in op.operands)
        match op:
            case MachineOp():
                result = self.w.do(emitc.MachineOp(op.operation.data, operands, op.numbers, op.called is not None))
            case arith.CmpiOp():
                result = write_compare(self.w, op.predicate.value.data, *operands)
            case _:
                result = RULES[type(op)](self.w, operands, self.w.scalar_type(op.results[0].type))
        result.name_hint = result.name_hint or op.results[0].name_hint
        return result

    def indices(self, op: memref.LoadOp | memref.StoreOp) -> list[SSAValue]:
        """The indices of an access; a single one that is a narrower integer stays that."""
        place = self.places[op.memref]
        if len(op.indices) == 1 and place.offset == 0 and not isinstance(place.type.layout, StridedLayoutAttr):
            cast = op.indices[0].owner
            if isinstance(cast, arith.IndexCastOp) and cast.input.type != i1:
                return [self.value(cast.input)]
        return [self.value(index) for index in op.indices]

    def place(self, op: memref.GetGlobalOp | memref.ViewOp) -> Place:
        """Where a global or a view lies."""
        type = op.results[0].type
        assert isinstance(type, MemRefType)
        if isinstance(op, memref.GetGlobalOp):
            base = self.w.do(emitc.GetGlobalOp(op.name_.string_value(), array_of(type)))
            far = op.name_.string_value() in self.far
            return Place(base, type, const=is_flash(type), flash=is_flash(type), far=far)
        source, shift = self.places[op.source], op.byte_shift.owner
        if isinstance(shift, arith.ConstantOp):
            assert isinstance(shift.value, IntegerAttr)
            offset = source.offset + shift.value.value.data
            return Place(source.base, type, offset, source.const, source.flash, source.far)
        return write_view(self.w, source, self.value(op.byte_shift), type, op.result.name_hint)

    def call(self, op: func.CallOp) -> None:
        """Write a call; memrefs are passed as pointers."""
        assert not any(v in self.places and self.places[v].far for v in op.arguments), "constants are not passed"
        arguments = [write_pointer(self.w, self.places[v]) if v in self.places else self.value(v) for v in op.arguments]
        types = [self.w.scalar_type(result.type) for result in op.results]
        call = emitc.CallOp(op.callee.string_value(), arguments, *types)
        self.w.block.add_op(call)
        self.values.update(zip(op.results, call.results, strict=True))

    def loop(self, op: scf.ForOp) -> None:
        """Write a loop; its carried values are variables, which start with their first values."""
        index, *carried = op.body.block.args
        lower, upper, step = (self.value(bound) for bound in (op.lb, op.ub, op.step))
        starts = [self.variables.get(init) for init in op.iter_args]
        firsts = [self.value(init) for init in op.iter_args]
        for result, argument, start, first in zip(op.results, carried, starts, firsts, strict=True):
            if result not in self.variables:
                self.variables[result] = self.variable(first, argument.name_hint)
            elif start is not self.variables[result]:
                self.w.block.add_op(emitc.AssignOp(first, self.variables[result]))
            self.variables[argument] = self.variables[result]
        body = Block(arg_types=[self.w.scalar_type(index.type)])
        body.args[0].name_hint = index.name_hint
        self.values[index] = body.args[0]
        loop = emitc.ForOp(lower, upper, step, Region(body))
        if LABEL in op.attributes:
            loop.attributes[LABEL] = op.attributes[LABEL]
        self.w.block.add_op(loop)
        self.nested(op.body.block, body, [self.variables[r] for r in op.results], carried)

    def conditional(self, op: scf.IfOp) -> None:
        """Write a conditional; its results are variables that both branches assign."""
        condition = self.value(op.cond)
        for result in op.results:
            if result not in self.variables:
                self.variables[result] = self.variable(self.w.scalar_type(result.type), result.name_hint)
        targets = [self.variables[result] for result in op.results]
        carriers = [self.carriers.get(result) for result in op.results]
        regions = [Region(), Region()]
        for source, region in zip(op.regions, regions, strict=True):
            if source.blocks:
                region.add_block(Block())
                self.nested(source.block, region.block, targets, carriers)
        if regions[1].blocks and isinstance(regions[1].block.first_op, emitc.YieldOp):
            regions[1] = Region()
        self.w.block.add_op(emitc.IfOp(condition, *regions))

    def switch(self, op: scf.IndexSwitchOp) -> None:
        """Write a switch without results."""
        value = self.value(op.arg)
        regions = [Region(Block()) for _ in op.regions]
        for source, region in zip(op.regions, regions, strict=True):
            self.nested(source.block, region.block, [], [])
        self.w.block.add_op(emitc.SwitchOp(value, list(op.cases.iter_values()), regions[0], regions[1:]))

    def nested(
        self,
        source: Block,
        block: Block,
        targets: Sequence[SSAValue],
        carriers: Sequence[SSAValue | None],
    ) -> None:
        """Write a block of scf into `block`; what it yields goes to the variables `targets`.

        `carriers` are the values by which the source reads those variables as they were on entry, where it can.
        """
        terminator = source.last_op
        assert isinstance(terminator, scf.YieldOp), "verified: blocks of scf end in scf.yield"
        for value, target, carrier in zip(terminator.arguments, targets, carriers, strict=True):
            if hands_on(value, source, carrier):
                self.variables[value], self.carriers[value] = target, carrier
        with self.w.inside(block):
            self.block(source)
            pairs = [
                (v, t) for v, t in zip(terminator.arguments, targets, strict=True) if self.variables.get(v) is not t
            ]
            values = [self.value(value) for value, _ in pairs]
            block.add_ops(emitc.AssignOp(v, target) for v, (_, target) in zip(values, pairs, strict=True))
            block.add_op(emitc.YieldOp())

    def variable(self, first: SSAValue | IntegerType, hint: str | None) -> SSAValue:
        """A variable with a first value, or of a type with none."""
        if isinstance(first, IntegerType):
            variable = self.w.do(emitc.VariableOp(emitc.LValueType(first)))
        else:
            known = constant_of(first)
            variable = self.w.do(emitc.VariableOp(emitc.LValueType(integer(first)), known))
            if known is None:
                self.w.block.add_op(emitc.AssignOp(first, variable))
        variable.name_hint = hint
        return variable


def hands_on(value: SSAValue, block: Block, carrier: SSAValue | None) -> bool:
    """True when a loop or conditional of `block` may work on the variable that its result `value` ends in.

    The result must go nowhere else, and what the variable held before (`carrier`) must not be read once the op runs,
    but as the first value of this very result, or (in a conditional, which assigns last) inside.
    """
    op = value.owner
    if not isinstance(op, scf.ForOp | scf.IfOp) or op.parent is not block or not value.has_one_use():
        return False
    if carrier is None:
        return True
    order = {other: place for place, other in enumerate(block.ops)}
    for use in carrier.uses:
        user = block.find_ancestor_op_in_block(use.operation)
        if user is None or order[user] < order[op]:
            continue
        first = use.operation is op and isinstance(op, scf.ForOp) and use.index - INITS == op.results.index(value)
        inside = user is op and isinstance(op, scf.IfOp)
        if not first and not inside:
            return False
    return True


def array_of(type: MemRefType) -> emitc.ArrayType:
    """The flat array that holds a memref."""
    return emitc.ArrayType([prod(type.get_shape())], element_type(type))
