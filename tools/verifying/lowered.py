"""The values of a model's nodes as integers, each beside the value of the model that it stands for.

The lowering is repeated and stopped before layouts are chosen and layers fused: its values have the shapes of the model
and none is inside a body. From there down no pass changes an integer, so these are the integers of the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Float32Type, IntegerType, ModuleOp, i1
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.dense import dtype_of
from ...dialects.fixed import ConcatOp, ReshapeOp, ScanOp, SliceOp
from ...dialects.fixed.numbers import of_rows, scales_of
from ...dialects.fixed.structured import StructuredForm
from ...dialects.fixed.types import QType, integer_type
from ...dialects.onnx.base import OnnxOp, element_of, port_names, shape_of
from ...dialects.onnx.shapes import SameElementsOp
from ...dialects.onnx.weights import is_weight
from ...lowering.onnx_to_fixed.convert import convert_function
from ...passes.fixed.assigning.kinds import CLAMPS, preserves
from ...passes.fixed.calibrate import the_function
from ...passes.fixed.legalize_bitwidths import LegalizeBitwidthsPass
from ...passes.fixed.scales.saturating import UNBOUNDED, reach_that_matters
from ...targets.dataset import Dataset
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.rounds import rounds_around
from ...targets.ports import input_ports, to_stored
from ..compiling.compilation import Compilation
from ..compiling.to_fixed import product_bits

CHUNK_BYTES = 256 << 20
"""About how much memory the traced values of one chunk of the rows may take."""

Stored = StructuredForm | ConcatOp | ReshapeOp | SliceOp
"""Ops whose values are traced."""

MOVES = (SameElementsOp, onnx.GatherOp, onnx.TransposeOp, onnx.SliceOp)
"""Ops that compute nothing: their values are those of another node."""

Integers = dict[SSAValue, NDArray[Any]]
"""Stored integers by the value of the model for which they stand, (rows, *shape)."""


@dataclass(frozen=True)
class Node:
    """A stored value of the model, and the name of the layer that computes it (its first op, before a clamp).

    Where the type is `stated` by a QuantizeLinear behind it, to saturate is part of the model. Beyond `reach` no reader
    of the value tells numbers apart.
    """

    name: str
    value: SSAValue
    element: QType | IntegerType
    stated: bool = False
    reach: tuple[float, float] = UNBOUNDED

    @property
    def is_plain(self) -> bool:
        """Whether the integers mean themselves: they are the model's own, and no reals are read in them."""
        storage = element_of(self.value)
        return isinstance(storage, IntegerType) and self.element in (storage, integer_type(storage))

    @property
    def step(self) -> NDArray[np.float64]:
        """The real number that one integer stands for; of a type with an axis, to be broadcast to (rows, *shape)."""
        if not isinstance(self.element, QType):
            return np.array(1.0)
        return scales_of(of_rows(self.element), (0, *shape_of(self.value)))

    def reals(self, integers: NDArray[Any]) -> NDArray[Any]:
        """Stored integers as real numbers; plain integers as they are."""
        if not isinstance(self.element, QType):
            return integers
        return (integers.astype(np.float64) - self.element.zp) * self.step

    def in_steps(self, reals: NDArray[Any]) -> NDArray[np.float64]:
        """Real numbers in units of the integers, zero point added, neither rounded nor saturated."""
        if not isinstance(self.element, QType):
            return reals.astype(np.float64)
        return reals.astype(np.float64) / self.step + self.element.zp


class LoweredModel:
    """A compilation's model and its integers, node by node in the order of execution, inputs first.

    Nodes in the body of a scan have their values of all rounds, (rows, rounds, *shape).
    """

    def __init__(self, compilation: Compilation):
        self.model = the_function(compilation.typed)
        bits = product_bits(compilation.options, compilation.board)
        lowered, self.stands_for = convert_function(self.model, compilation.options.arithmetic, bits)
        self.module = ModuleOp([lowered])
        LegalizeBitwidthsPass(bits).apply(Context(), self.module)
        self.executor = FixedExecutor(self.module)
        self.ports = input_ports(lowered)
        self.nodes = list(self._nodes())

    def element_of(self, value: SSAValue) -> QType | IntegerType:
        """How a value of the model is stored."""
        element = element_of(self.stands_for[value])
        assert isinstance(element, QType | IntegerType)
        return element

    def is_computed(self, value: SSAValue) -> bool:
        """Whether integers stand for a value; false for weights."""
        return value in self.stands_for and not is_weight(value)

    def _nodes(self) -> Iterator[Node]:
        arguments = self.model.body.block.args
        names = port_names(self.model.arg_attrs, "input", len(arguments))
        for argument, name in zip(arguments, names, strict=True):
            if isinstance(element_of(argument), Float32Type):
                yield self.node(name, argument)
        seen = {self.stands_for[argument] for argument in arguments}
        layer: dict[SSAValue, str] = {}
        for op in self.model.body.walk():
            if isinstance(op, onnx.ScanOp):
                seen |= {self.stands_for[value] for value in (*op.body.block.args, *op.results)}
                continue
            if not isinstance(op, OnnxOp) or not self.is_computed(value := op.results[0]):
                continue
            name = layer.get(op.operands[0], op.label)
            if self.goes_on(value):
                layer[value] = name
            elif self.stands_for[value] not in seen and not isinstance(op, MOVES):
                yield self.node(name, value)
            seen.add(self.stands_for[value])

    def node(self, name: str, value: SSAValue) -> Node:
        """The node of a value."""
        users = [use.operation for use in value.uses]
        stated = [isinstance(u, onnx.QuantizeLinearOp) and self.same_integers(u.result, value) for u in users]
        reach = reach_that_matters(value, self.type_of)
        return Node(name, value, self.element_of(value), bool(stated) and all(stated), reach)

    def type_of(self, op: Operation) -> QType | None:
        """The type of an op's result, None where it is a plain integer or nothing computes it."""
        element = self.element_of(op.results[0]) if self.is_computed(op.results[0]) else None
        return element if isinstance(element, QType) else None

    def same_integers(self, first: SSAValue, second: SSAValue) -> bool:
        """Whether two values of the model are one in the program."""
        return self.stands_for.get(first) is self.stands_for[second]

    def goes_on(self, value: SSAValue) -> bool:
        """Whether a value is nothing but what a clamp after it takes, in the same type: one layer, one node."""
        users = [use.operation for use in value.uses]
        if len(users) != 1 or not self.is_computed(user := users[0].results[0] if users[0].results else value):
            return False
        if user is value or self.element_of(user) != self.element_of(value):
            return False
        return isinstance(users[0], CLAMPS) or (preserves(users[0]) and self.goes_on(user))

    def chunks(self, dataset: Dataset, most: int) -> Iterator[tuple[slice, Integers]]:
        """The integers of every value of the model, some rows at a time, at most this many."""
        ops = [op for op in self.executor.function.body.walk() if isinstance(op, ScanOp | Stored)]
        size = sum(rounds_around(op) * prod(shape_of(result)) for op in ops for result in op.results)
        rows = max(1, min(most, CHUNK_BYTES // max(1, 4 * size)))
        stored = to_stored(dataset, self.ports)
        for start in range(0, len(dataset), rows):
            part = slice(start, start + rows)
            yield part, self.integers({name: values[part] for name, values in stored.items()})

    def integers(self, stored: dict[str, NDArray[Any]]) -> Integers:
        """The integers of every value of the model for some rows; of those in the body of a scan for all rounds."""
        block = self.executor.function.body.block
        values: Integers = {a: stored[p.label.data] for a, p in zip(block.args, self.ports, strict=True)}

        def keep(op: Operation, array: NDArray[Any]) -> None:
            values[op.results[0]] = array

        def keep_results(op: ScanOp, results: list[NDArray[Any]]) -> None:
            values.update(zip(op.results, results, strict=True))

        self.executor.visit(stored, keep, keep_results)
        return {value: values[other] for value, other in self.stands_for.items() if other in values}

    def as_model(self, value: SSAValue, integers: NDArray[Any]) -> NDArray[Any]:
        """Stored integers as the model's ops take them: float64, or integers where the model has some."""
        element = element_of(value)
        if isinstance(element, IntegerType):
            return integers.astype(np.bool_ if element == i1 else dtype_of(element))
        return Node("", value, self.element_of(value)).reals(integers).astype(np.float64)
