"""`hls-interface`: how the top function meets what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import FunctionType, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.fixed.types import ports_of
from ...dialects.hls import InterfaceOp
from ...dialects.names import Names, identifier
from .nests.writer import Values, Writer

PORTS = {"memory": "ap_memory", "stream": "axis", "mapped": "m_axi"}
"""What a user calls it, and what synthesis does."""


@dataclass(frozen=True)
class InterfacePass(ModulePass):
    """Give the arguments of the public function a protocol, and copy them to and from arrays of its own.

    `ports=memory`: the ports of a memory; `stream`: AXI-Stream, each element once and in order; `mapped`: an address
    in the memory of a processor, read in bursts (AXI), with registers for addresses, start and end.
    """

    name = "hls-interface"
    ports: str = "memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.ports not in PORTS:
            raise UserError(f"hls-interface: ports are {', '.join(PORTS)}, not `{self.ports}`")
        functions = [f for f in op.ops if isinstance(f, func.FuncOp) and not f.is_declaration]
        names = Names([o.sym_name.data for o in op.ops if isinstance(o, memref.GlobalOp | func.FuncOp)])
        for function in functions:
            if is_public(function):
                copies = Copies(function, names, PORTS[self.ports])
                copies.run()
                op.body.block.insert_ops_before(copies.functions, function)


def is_public(function: func.FuncOp) -> bool:
    """True for the function that the caller calls."""
    return function.sym_visibility is None or function.sym_visibility.data == "public"


class Copies:
    """The copies of a function's arguments."""

    def __init__(self, function: func.FuncOp, names: Names, mode: str):
        self.function, self.names, self.mode = function, names, mode
        self.functions: list[func.FuncOp] = []

    def run(self) -> None:
        """Write the copies and the protocols."""
        block = self.function.body.block
        inputs, outputs = (ports_of(self.function, f"fixed.{kind}") for kind in ("inputs", "outputs"))
        labels = [port.label.data for port in (*inputs, *outputs)]
        if len(labels) != len(self.function.args):
            name = self.function.sym_name.data
            raise UserError(f"hls-interface: @{name} has {len(self.function.args)} arguments and {len(labels)} ports")
        first, last = block.first_op, block.last_op
        assert first is not None and last is not None
        writer = Writer(self.function, block)
        for number, (argument, label) in enumerate(zip(self.function.args, labels, strict=True)):
            type = argument.type
            assert isinstance(type, MemRefType) and isinstance(type.element_type, IntegerType)
            local = writer.local(MemRefType(type.element_type, type.get_shape()), identifier(label, "port"))
            argument.replace_all_uses_with(local)
            is_input = number < len(inputs)
            copy = self._copy(type, label, is_input)
            pair = (argument, local) if is_input else (local, argument)
            call = func.CallOp(copy.sym_name.data, list(pair), [])
            block.insert_op_before(call, first if is_input else last)
            block.insert_op_before(InterfaceOp(argument, self.mode), block.first_op or last)
        if self.mode == "m_axi":
            block.insert_op_before(InterfaceOp(None, "s_axilite"), block.first_op or last)

    def _copy(self, type: MemRefType[IntegerType], label: str, is_input: bool) -> func.FuncOp:
        """A function that copies all elements in order."""
        name = self.names.unique(f"{self.function.sym_name.data}_{'read' if is_input else 'write'}_{identifier(label)}")
        flat = MemRefType(type.element_type, type.get_shape())
        block = Block(arg_types=[flat, flat])
        block.args[0].name_hint, block.args[1].name_hint = "from", "to"
        copy = func.FuncOp(name, FunctionType.from_lists([flat, flat], []), Region(block), "private")
        writer = Writer(copy, block)
        self._loops(writer, list(block.args), type.get_shape(), [])
        block.add_op(func.ReturnOp())
        self.functions.append(copy)
        return copy

    def _loops(self, writer: Writer, places: Sequence[SSAValue], shape: Sequence[int], indices: Values) -> None:
        """A loop for each dimension that has more than one element."""
        if not shape:
            value = writer.do(memref.LoadOp.get(places[0], indices))
            writer.block.add_op(memref.StoreOp.get(value, places[1], indices))
            return
        if shape[0] == 1:
            self._loops(writer, places, shape[1:], [*indices, writer.number(0)])
            return

        def body(variable: SSAValue, _: Values) -> Values:
            self._loops(writer, places, shape[1:], [*indices, variable])
            return []

        writer.loop((0, shape[0], 1), [], body, "i", f"copy_{len(indices)}")
