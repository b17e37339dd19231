"""`onnx-carry-states`: a model that takes its state as an input and gives the next one becomes a scan over steps.

Streaming exports (MLPerf's wake word, LSTM cells) leave it to the caller to hand an output back as an input. Inside of
a scan the state is the program's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.dense import dtype_of, from_numpy
from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from ...dialects.onnx.base import element_of, port_names, shape_of
from ...dialects.onnx.scan import NextOp, ScanOp

NODE = "steps"
"""The node of the scan."""


@dataclass(frozen=True)
class CarryStatesPass(ModulePass):
    """Carry states over `rounds` steps; `states` pairs an input with the output that is its next value, `h=h_out,c=c2`.

    Every other input and output gets a first dimension, which counts the steps. States are 0 at first. Raises UserError
    for names that the model does not have, and for pairs of different types.
    """

    name = "onnx-carry-states"
    states: str
    rounds: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        pairs = parse_states(self.states)
        if self.rounds < 1:
            raise UserError(f"{self.name}: a sequence has one step or more, not {self.rounds}")
        for function in op.ops:
            if isinstance(function, func.FuncOp):
                carry(function, pairs, self.rounds)


def parse_states(text: str) -> dict[str, str]:
    """Inputs with the outputs that follow them, from `h=h_out,c=c_out`. Raises UserError for anything else."""
    pairs: dict[str, str] = {}
    for entry in text.split(","):
        name, equals, following = entry.partition("=")
        if not (name and equals and following) or name in pairs or following in pairs.values():
            raise UserError(
                f"{in_quotes(entry)} is no state: write INPUT=OUTPUT, each input and output once, such as h=h_out"
            )
        pairs[name] = following
    return pairs


def carry(function: func.FuncOp, pairs: dict[str, str], rounds: int) -> None:
    """Put the body of a function into a scan."""
    old = function.body.block
    end = old.last_op
    assert isinstance(end, func.ReturnOp), "a verified function ends in func.return"
    results = tuple(end.operands)
    inputs = port_names(function.arg_attrs, "x", len(old.args))
    outputs = port_names(function.res_attrs, "y", len(results))
    require_states(pairs, dict(zip(inputs, old.args, strict=True)), dict(zip(outputs, results, strict=True)))
    taken = [number for number, name in enumerate(inputs) if name not in pairs]
    given = [number for number, name in enumerate(outputs) if name not in pairs.values()]
    following = [results[outputs.index(pairs[inputs[n]])] for n in range(len(inputs)) if n not in taken]
    states = [argument for number, argument in enumerate(old.args) if number not in taken]
    block = Block(arg_types=[stacked(old.args[number], rounds) for number in taken])
    constants = [op for op in old.ops if isinstance(op, onnx.ConstantOp)]
    starts = [onnx.ConstantOp(zeros(state)) for state in states]
    for op in constants:
        op.detach()
    block.add_ops([*constants, *starts])
    order = [*states, *(old.args[number] for number in taken)]
    body = Block(arg_types=[argument.type for argument in order])
    for argument, new in zip(order, body.args, strict=True):
        argument.replace_all_uses_with(new)
        new.name_hint = argument.name_hint
    following = [renamed(value, order, body) for value in following]
    outs = [renamed(results[number], order, body) for number in given]
    end.detach()
    end.erase()
    for op in list(old.ops):
        op.detach()
        body.add_op(op)
    body.add_op(NextOp(following, outs))
    scan = ScanOp(
        rounds,
        [start.results[0] for start in starts],
        block.args,
        Region(body),
        [*(state.type for state in states), *(stacked(value, rounds) for value in outs)],
        [0] * len(taken),
        [False] * len(taken),
        [0] * len(given),
        [False] * len(given),
        NODE,
    )
    block.add_ops([scan, func.ReturnOp(*scan.stacked)])
    region = function.body
    region.detach_block(old)
    region.add_block(block)
    old.erase()
    function.function_type = FunctionType.from_lists([a.type for a in block.args], [v.type for v in scan.stacked])
    function.arg_attrs = named([inputs[number] for number in taken])
    function.res_attrs = named([outputs[number] for number in given])


def require_states(pairs: dict[str, str], inputs: dict[str, SSAValue], outputs: dict[str, SSAValue]) -> None:
    """Raise UserError with everything that is wrong with the pairs."""
    reasons: list[str] = []
    for name, following in pairs.items():
        for label, values, kind in ((name, inputs, "input"), (following, outputs, "output")):
            if label not in values:
                reasons.append(
                    f"state {in_quotes(f'{name}={following}')}: the model has no {kind} {in_quotes(label)}; "
                    f"it has {', '.join(map(in_quotes, values))}"
                )
        if name in inputs and following in outputs and inputs[name].type != outputs[following].type:
            reasons.append(
                f"state {in_quotes(f'{name}={following}')}: the input is {inputs[name].type}, "
                f"the output {outputs[following].type}"
            )
    if len(pairs) == len(inputs) or len(pairs) == len(outputs):
        reasons.append("beside its states a model has an input and an output")
    if reasons:
        raise UserError(*reasons)


def renamed(value: SSAValue, old: Sequence[SSAValue], body: Block) -> SSAValue:
    """A value of the function as the body sees it."""
    return body.args[old.index(value)] if value in old else value


def stacked(value: SSAValue, rounds: int) -> TensorType:
    """The type of a value of all steps."""
    return TensorType(element_of(value), [rounds, *shape_of(value)])


def zeros(state: SSAValue) -> DenseIntOrFPElementsAttr:
    """What a state is at first."""
    element = element_of(state)
    return from_numpy(np.zeros(shape_of(state), dtype_of(element)), element)


def named(names: Sequence[str]) -> ArrayAttr[DictionaryAttr]:
    """ONNX names as attributes of arguments or results."""
    return ArrayAttr([DictionaryAttr({"onnx.name": StringAttr(name)}) for name in names])
