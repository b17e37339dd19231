"""xDSL's interpreter on a module of loops, with the memref ops and integer ops that it lacks.

Integers are kept as signed Python numbers.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, MemRefType, ModuleOp
from xdsl.interpreter import Interpreter, InterpreterFunctions, PythonValues, impl, register_impls
from xdsl.interpreters import register_implementations
from xdsl.interpreters.shaped_array import ShapedArray
from xdsl.interpreters.utils.ptr import RawPtr, TypedPtr
from xdsl.ir import SSAValue

from tinyml_opt.dialects.dense import dtype_of, to_numpy
from tinyml_opt.dialects.hls import PipelineOp

Array = NDArray[Any]


def pointer(memory: bytearray, offset: int, type: MemRefType[Any]) -> ShapedArray[int]:
    """A memref at a byte offset."""
    return ShapedArray(TypedPtr(RawPtr(memory, offset), xtype=type.element_type), list(type.get_shape()))


def signed(value: int, width: int) -> int:
    """The signed number with these bits."""
    return (value + (1 << (width - 1))) % (1 << width) - (1 << (width - 1))


def width_of(value: SSAValue) -> int:
    """The width of an integer value; 64 for an index."""
    return value.type.width.data if isinstance(value.type, IntegerType) else 64


@register_impls
class LoopsFunctions(InterpreterFunctions):
    """Globals with memory that lasts, views of bytes, and the integer ops that xDSL leaves out."""

    def __init__(self, module: ModuleOp):
        self.memory: dict[str, bytearray] = {}
        for op in module.ops:
            if isinstance(op, memref.GlobalOp):
                self.memory[op.sym_name.data] = initial_bytes(op)

    @impl(memref.GetGlobalOp)
    def get_global(self, interpreter: Interpreter, op: memref.GetGlobalOp, args: PythonValues) -> PythonValues:
        assert isinstance(op.memref.type, MemRefType)
        return (pointer(self.memory[op.name_.root_reference.data], 0, op.memref.type),)

    @impl(memref.ViewOp)
    def view(self, interpreter: Interpreter, op: memref.ViewOp, args: PythonValues) -> PythonValues:
        raw = args[0].data_ptr.raw
        return (pointer(raw.memory, raw.offset + args[1], op.result.type),)

    @impl(memref.ReinterpretCastOp)
    def cast(self, interpreter: Interpreter, op: memref.ReinterpretCastOp, args: PythonValues) -> PythonValues:
        pointed = args[0].data_ptr
        (offset,) = op.static_offsets.get_values()
        return (pointer(pointed.raw.memory, pointed.raw.offset + int(offset) * pointed.size, op.result.type),)

    @impl(memref.CollapseShapeOp)
    def collapse(self, interpreter: Interpreter, op: memref.CollapseShapeOp, args: PythonValues) -> PythonValues:
        raw = args[0].data_ptr.raw
        return (pointer(raw.memory, raw.offset, op.result.type),)

    @impl(arith.ExtSIOp)
    def extend(self, interpreter: Interpreter, op: arith.ExtSIOp, args: PythonValues) -> PythonValues:
        return args

    @impl(arith.ExtUIOp)
    def zero_extend(self, interpreter: Interpreter, op: arith.ExtUIOp, args: PythonValues) -> PythonValues:
        return (args[0] % (1 << width_of(op.input)),)

    @impl(arith.TruncIOp)
    def truncate(self, interpreter: Interpreter, op: arith.TruncIOp, args: PythonValues) -> PythonValues:
        return (signed(args[0], width_of(op.result)),)

    @impl(arith.ShRUIOp)
    def shift_right(self, interpreter: Interpreter, op: arith.ShRUIOp, args: PythonValues) -> PythonValues:
        width = width_of(op.result)
        return (signed(args[0] % (1 << width) >> args[1], width),)

    @impl(arith.MaxSIOp)
    def maximum(self, interpreter: Interpreter, op: arith.MaxSIOp, args: PythonValues) -> PythonValues:
        return (max(args),)

    @impl(arith.MinSIOp)
    def minimum(self, interpreter: Interpreter, op: arith.MinSIOp, args: PythonValues) -> PythonValues:
        return (min(args),)

    @impl(arith.MaxUIOp)
    def unsigned_maximum(self, interpreter: Interpreter, op: arith.MaxUIOp, args: PythonValues) -> PythonValues:
        return (max(args, key=lambda value: value % (1 << width_of(op.result))),)

    @impl(arith.MinUIOp)
    def unsigned_minimum(self, interpreter: Interpreter, op: arith.MinUIOp, args: PythonValues) -> PythonValues:
        return (min(args, key=lambda value: value % (1 << width_of(op.result))),)

    @impl(PipelineOp)
    def pipeline(self, interpreter: Interpreter, op: PipelineOp, args: PythonValues) -> PythonValues:
        return ()


def initial_bytes(op: memref.GlobalOp) -> bytearray:
    """A global's memory; 0x5A where it is not initialized."""
    if isinstance(op.initial_value, DenseIntOrFPElementsAttr):
        return bytearray(np.ascontiguousarray(to_numpy(op.initial_value)).tobytes())
    return bytearray(b"\x5a" * (prod(op.type.get_shape()) * dtype_of(op.type.element_type).itemsize))


def run_loops(module: ModuleOp, inputs: list[Array], outputs: list[Array]) -> None:
    """Run the public function of a loops module; it fills `outputs`."""
    interpreter = Interpreter(module)
    register_implementations(interpreter, Context())
    interpreter.register_implementations(LoopsFunctions(module), override=True)
    public = next(op for op in module.ops if isinstance(op, func.FuncOp) and op.sym_visibility is None)
    memories = [bytearray(array.tobytes()) for array in (*inputs, *outputs)]
    arguments: list[ShapedArray[int]] = []
    for memory, type in zip(memories, public.function_type.inputs, strict=True):
        assert isinstance(type, MemRefType)
        arguments.append(pointer(memory, 0, type))
    interpreter.call_op(public, tuple(arguments))
    for array, memory in zip(outputs, memories[len(inputs) :], strict=True):
        array[...] = np.frombuffer(bytes(memory), array.dtype).reshape(array.shape)
