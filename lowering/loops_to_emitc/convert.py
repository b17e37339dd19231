"""From loops to C as IR: integer types, pointers, names, and where constants live.

Private functions become static, the public function `@NAME` becomes `@NAME_run`, or `@NAME_push_row` where it takes the
input row by row; it takes pointers of the ports' C types. `memref.global` becomes a static array; constants in memory
space `"flash"` carry `mcu.flash`. All other memory may be accessed under several types: pointers into it carry
`mcu.alias`, and the public function, which the caller knows by plain types, casts its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerType,
    MemRefType,
    ModuleOp,
    Signedness,
    UnitAttr,
    i1,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ...dialects import emitc
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.emitc.types import ALIAS, ALIGNMENT, FLASH, MEMORY, PUSH_ROW, RESETS, RUN, SECTION, STEP
from ...dialects.errors import UserError
from ...dialects.fixed.types import PortAttr, ports_of
from ...dialects.hls import StreamType
from ...dialects.mcu import KEEP
from ...dialects.memplan import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS
from ...dialects.names import parameter_name
from ...passes.loops.keep_functions import has_nest
from .check import ReadOnly, check
from .control import BodyWriter, array_of
from .group import group_expressions
from .memory import Place, argument_attributes, element_type, is_flash, pointer_attributes
from .reach import far_constants, mark_reach
from .writer import Writer


@dataclass(frozen=True)
class ConvertLoopsToEmitcPass(ModulePass):
    """Lower func, scf, arith, memref and mcu to emitc; `index` becomes a signed integer of `index-bits`.

    Constants that find no place in the first `near-flash` bytes of flash, where that is given, are far.
    With `noinline` compilers keep private functions with a nest apart: each then has all registers for itself.
    With `signless-ports` the public function takes the bits of unsigned ports as signed integers and casts no pointers,
    which HLS does not allow. Raises UserError with everything that has no C, or that 16-bit indices cannot reach.
    """

    name = "convert-loops-to-emitc"
    index_bits: int = 32
    signless_ports: bool = False
    near_flash: int = 0
    noinline: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.index_bits not in (16, 32):
            raise UserError(f"convert-loops-to-emitc: index-bits is 16 or 32, not {self.index_bits}")
        check(op, self.index_bits)
        functions = [f for f in op.ops if isinstance(f, func.FuncOp)]
        read_only = ReadOnly({f.sym_name.data: f for f in functions})
        constants = {g.sym_name.data for g in op.ops if isinstance(g, memref.GlobalOp) and g.constant is not None}
        far = far_constants(op, self.near_flash)
        globals = [lower_global(g) for g in op.ops if isinstance(g, memref.GlobalOp)]
        mark_reach(globals, far)
        lowered = [self.lower(f, read_only, far) for f in sorted(functions, key=is_public)]
        for function in lowered:
            group_expressions(function.body.block, lambda base: is_constant(base, constants))
        for old in list(op.ops):
            op.body.block.erase_op(old, safe_erase=False)
        op.body.block.add_ops([*includes(lowered), *globals, *lowered])

    def lower(self, function: func.FuncOp, read_only: ReadOnly, far: frozenset[str]) -> emitc.FuncOp:
        """A function of C."""
        block = Block()
        body = BodyWriter(Writer(block, self.index_bits), far)
        inputs = [] if INPUT_ARENA in function.attributes else ports_of(function, "fixed.inputs")
        outputs = ports_of(function, "fixed.outputs")
        ports, public = [*inputs, *outputs], is_public(function)
        attributes: list[dict[str, Attribute]] = []
        for index, argument in enumerate(function.args):
            const = read_only.argument(function.sym_name.data, index) and (not ports or index < len(inputs))
            port = ports[index] if index < len(ports) else None
            hint = argument.name_hint if port is None else parameter_name(port.label.data, index < len(inputs))
            attributes.append(self.argument(argument, port, hint, public, const, body))
        body.block(function.body.block)
        results = [body.w.scalar_type(type) for type in function.function_type.outputs]
        type = FunctionType.from_lists([a.type for a in block.args], results)
        name = function.sym_name.data + (suffix_of(function) if public else "")
        lowered = emitc.FuncOp(name, type, Region(block), () if public else ("static",), attributes)
        lowered.attributes.update(function.attributes)
        if self.noinline and not public and has_nest(function):
            lowered.attributes[KEEP] = UnitAttr()
        return lowered

    def argument(
        self,
        argument: BlockArgument,
        port: PortAttr | None,
        hint: str | None,
        is_entry: bool,
        const: bool,
        body: BodyWriter,
    ) -> dict[str, Attribute]:
        """Add an argument to the function; the attributes that it carries."""
        block = body.w.block
        if not isinstance(argument.type, MemRefType):
            type = argument.type if isinstance(argument.type, StreamType) else body.w.scalar_type(argument.type)
            body.values[argument] = block.insert_arg(type, len(block.args))
            body.values[argument].name_hint = hint
            return {}
        element, flash = element_type(argument.type), is_flash(argument.type)
        outside = element if port is None or self.signless_ports else port_type(port)
        inside = pointer_attributes(element, const or flash, flash)
        aliased = is_entry and ALIAS in inside and not self.signless_ports
        base: SSAValue = block.insert_arg(emitc.PointerType(outside), len(block.args))
        base.name_hint = hint
        if outside != element or aliased:
            base = body.w.do(emitc.CastOp(base, emitc.PointerType(element), inside))
            base.name_hint = hint
        body.places[argument] = Place(base, argument.type, const=const or flash, flash=flash)
        attributes = argument_attributes(argument.type, const)
        return {name: a for name, a in attributes.items() if name != ALIAS} if is_entry else attributes


def is_public(function: func.FuncOp) -> bool:
    """True for the functions that the module is for; they come last."""
    return function.sym_visibility is None or function.sym_visibility.data == "public"


def suffix_of(function: func.FuncOp) -> str:
    """What the name of a public function ends in."""
    if RESETS in function.attributes:
        return ""
    if INPUT_STEPS in function.attributes:
        return STEP
    return PUSH_ROW if INPUT_ROWS in function.attributes else RUN


def port_type(port: PortAttr) -> IntegerType:
    """The integer that the caller sees: `uiN` where the port is unsigned, else `iN`."""
    unsigned = port.storage.signedness.data == Signedness.UNSIGNED
    return IntegerType(port.storage.width, Signedness.UNSIGNED if unsigned else Signedness.SIGNLESS)


def lower_global(op: memref.GlobalOp) -> emitc.GlobalOp:
    """An array, static unless it is public: flattened, with its alignment and memory as attributes."""
    type, value = array_of(op.type), op.initial_value
    dense = None
    if isinstance(value, DenseIntOrFPElementsAttr):
        dense = from_numpy(to_numpy(value).reshape(-1), type.element_type)
    static = op.sym_visibility.data == "private"
    result = emitc.GlobalOp(op.sym_name.data, type, dense, static=static, const=op.constant is not None)
    if op.alignment is not None:
        result.attributes[ALIGNMENT] = op.alignment
    if is_flash(op.type):
        result.attributes[FLASH] = UnitAttr()
    result.attributes.update({name: op.attributes[name] for name in (MEMORY, SECTION) if name in op.attributes})
    return result


def is_constant(base: SSAValue, constants: set[str]) -> bool:
    """True for the arrays that are never written."""
    return isinstance(base.owner, emitc.GetGlobalOp) and base.owner.name_.string_value() in constants


def includes(functions: list[emitc.FuncOp]) -> list[Operation]:
    """The headers that the types need."""
    values = (v for f in functions for op in f.walk() for v in (*op.results, *op.operands))
    headers = ["stdint.h", *(["stdbool.h"] if any(v.type == i1 for v in values) else [])]
    return [emitc.IncludeOp(header, True) for header in headers]
