"""Random graphs over all operators that the importer takes, of any rank and element type, in floats or quantized.

Each node is computed while the graph grows, so that its shape, its type and its range are known, and that what has no
finite result is left out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

from tinyml_opt.lowering.import_onnx.operators import TRANSLATIONS

from .random_choices import Recipe
from .random_operators import RECIPES
from .random_values import OPSET, computed, is_moderate, numbers, port

Array = NDArray[Any]

ROWS = 3
MOST_NODES = 5
TRIES = 4
"""How many operators are tried for a node that is not possible."""

INPUT_TYPES = ("float32",) * 8 + ("int8", "uint8", "int16", "int32", "int64", "bool")
STYLES = ("8 bits", "16 bits", "int8 QDQ", "uint8 QDQ", "int16 QDQ", "int8 QOperator", "uint8 QOperator")
"""Float models calibrated for so many bits; models with QuantizeLinear; the same with operators on integers."""

LEFT_OUT = ("ConstantOfShape", "DequantizeLinear", "QuantizeLinear")
"""Operators that are not drawn: of constants, and what the styles put in."""

Q_OPERATORS = {
    "Add": "com.microsoft.QLinearAdd",
    "Mul": "com.microsoft.QLinearMul",
    "Sigmoid": "com.microsoft.QLinearSigmoid",
    "LeakyRelu": "com.microsoft.QLinearLeakyRelu",
    "MatMul": "QLinearMatMul",
    "Conv": "QLinearConv",
}
"""Of a float operator that on integers: operands with scale and zero point, then the result's.

Those of com.microsoft take operands of one type."""


@dataclass
class Quantized:
    """The integers of a real value: names of the value, the scale and the zero point."""

    value: str
    scale: str
    zero_point: str

    @property
    def names(self) -> list[str]:
        """As operators take them."""
        return [self.value, self.scale, self.zero_point]


@dataclass
class RandomGraph:
    """A model under construction: `values` holds, by name, what each value is for the first row of the inputs."""

    style: str
    random: np.random.Generator
    named: int = 0
    values: dict[str, Array] = field(default_factory=dict[str, Array])
    inputs: dict[str, Array] = field(default_factory=dict[str, Array])
    constants: dict[str, Array] = field(default_factory=dict[str, Array])
    nodes: list[onnx.NodeProto] = field(default_factory=list[onnx.NodeProto])
    integers: dict[str, Quantized] = field(default_factory=dict[str, Quantized])

    def int(self, low: int, high: int) -> int:
        """A random integer."""
        return int(self.random.integers(low, high + 1))

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of several."""
        return choices[self.int(0, len(choices) - 1)]

    def name(self, kind: str) -> str:
        """A new name."""
        self.named += 1
        return f"{kind}{self.named}"

    @property
    def storage(self) -> str:
        """The type of quantized values; empty in float models."""
        return self.style.split()[0] if self.style[0] in "iu" else ""

    def input(self, shape: Sequence[int], dtype: str) -> str:
        """A new input with its rows."""
        name = f"x{len(self.inputs)}"
        self.inputs[name] = numbers(self.random, (ROWS, *shape), dtype)
        self.values[name] = self.inputs[name][0]
        return self.quantized(name) if dtype == "float32" and self.storage else name

    def constant(self, array: ArrayLike) -> str:
        """A new initializer."""
        name = self.name("c")
        self.constants[name] = np.asarray(array)
        return name

    def weight(self, *shape: int, low: float = -1, high: float = 1) -> str:
        """Random reals; in quantized models 8-bit integers behind a DequantizeLinear."""
        name = self.constant(self.random.uniform(low, high, shape).astype(np.float32))
        return self.quantized(name, "int8") if self.storage and shape else name

    def array(self, name: str) -> Array:
        """What a value or an initializer is."""
        return self.values[name] if name in self.values else self.constants[name]

    def quantized(self, name: str, storage: str | None = None) -> str:
        """The real value of what QuantizeLinear makes of one; the integers of an initializer are one themselves."""
        array, dtype = self.array(name), np.dtype(storage or self.storage)
        limits = np.iinfo(dtype)
        low, high = min(0.0, float(array.min())), max(0.0, float(array.max()))
        low, high = (low, high) if dtype.kind == "u" else (-max(-low, high), max(-low, high))
        step = np.float32(max(1.001 * (high - low), 1e-3) / (int(limits.max) - int(limits.min)))
        zero = np.rint(limits.min - low / step).astype(dtype) if dtype.kind == "u" else np.zeros((), dtype)
        integers = np.clip(np.rint(array / step) + zero, limits.min, limits.max).astype(dtype)
        parameters = [self.constant(step), self.constant(zero)]
        if name in self.constants:
            stored = self.constant(integers)
        else:
            stored = self.name("q")
            self.nodes.append(helper.make_node("QuantizeLinear", [name, *parameters], [stored]))
        self.integers[name] = Quantized(stored, *parameters)
        return self.real_of(self.integers[name], (integers.astype(np.float32) - zero) * step)

    def real_of(self, quantized: Quantized, array: Array) -> str:
        """The DequantizeLinear of integers."""
        name = self.name("d")
        self.nodes.append(helper.make_node("DequantizeLinear", quantized.names, [name]))
        self.values[name], self.integers[name] = array, quantized
        return name

    def grow(self, operators: Sequence[str]) -> None:
        """Add a node of one of the operators, if any of some tries has a result."""
        for _ in range(TRIES):
            operator = self.pick(operators)
            recipe = RECIPES[operator] if operator in RECIPES else generic(operator)
            marks = len(self.nodes), dict(self.constants), dict(self.values)
            operand = self.pick(list(self.values))
            made = recipe(self, operand) if recipe is not None else None
            if made is not None and self.add(operator, *made):
                return
            del self.nodes[marks[0] :]
            self.constants, self.values = marks[1], marks[2]

    def add(self, operator: str, inputs: list[str], attributes: dict[str, Any]) -> bool:
        """A node, where it has finite results of moderate size."""
        count = attributes.pop("outputs", 1)
        names = [self.name("v") for _ in range(count)]
        node = helper.make_node(operator, inputs, names, self.name("n"), **attributes)
        results = computed(node, {name: self.array(name) for name in inputs if name})
        if results is None or not all(map(is_moderate, results)):
            return False
        self.nodes.append(node)
        self.values.update(zip(names, results, strict=True))
        if self.storage and results[0].dtype == np.float32:
            for name in names:
                self.quantized(name)
            if count == 1 and "QOperator" in self.style:
                self.on_integers(node)
        return True

    def on_integers(self, node: onnx.NodeProto) -> None:
        """Put the operator on integers in the place of a float one and its QuantizeLinear, if there is one."""
        name = Q_OPERATORS.get(node.op_type)
        if name is None or len(node.input) != 2 or any(i not in self.integers for i in node.input):
            return
        domain, _, kind = name.rpartition(".")
        first, second = (self.integers[i].names for i in node.input)
        if domain and self.array(first[2]).dtype != self.array(second[2]).dtype:
            return
        result = self.integers[node.output[0]]
        place = self.nodes.index(node)
        inputs = [*first, *second, result.scale, result.zero_point]
        whole = helper.make_node(kind, inputs, [result.value], node.name, domain=domain)
        whole.attribute.extend(node.attribute)
        self.nodes[place : place + 2] = [whole]
        del self.values[node.output[0]]

    def model(self) -> onnx.ModelProto | None:
        """The model, with every value that no node reads as an output; None where none is computed of an input."""
        read = {i for node in self.nodes for i in node.input}
        results = [o for node in self.nodes for o in node.output if o not in read]
        if not any(name in self.values for name in results):
            return None
        ports = [port(name, rows[0]) for name, rows in self.inputs.items() if name in read]
        outputs = [port(name, self.values[name]) for name in results if name in self.values]
        weights = [numpy_helper.from_array(array, name) for name, array in self.constants.items() if name in read]
        graph = helper.make_graph(self.nodes, "random", ports, outputs, weights)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=11)


@dataclass(frozen=True)
class Drawn:
    """A random model, its number, its style, and rows for its inputs."""

    seed: int
    model: onnx.ModelProto
    style: str
    inputs: dict[str, Array]

    @property
    def bits(self) -> int:
        """The width of values: that of the style; without meaning in quantized models."""
        return 16 if "16" in self.style else 8


def generic(operator: str) -> Recipe | None:
    """Of an operator without a recipe of its own: one operand, or two that broadcast; None for one of later opsets."""
    if not onnx.defs.has(operator, OPSET, ""):
        return None
    count = onnx.defs.get_schema(operator, OPSET, "").min_input
    return {1: RECIPES["one operand"], 2: RECIPES["two operands"]}.get(count)


def random_graph(seed: int) -> Drawn | None:
    """A graph of up to five nodes on one or two inputs; None where no node was possible."""
    random = np.random.default_rng(seed)
    graph = RandomGraph(STYLES[seed % len(STYLES)], random)
    operators = [name for name in sorted(TRANSLATIONS) if name not in LEFT_OUT]
    for _ in range(graph.int(1, 2)):
        shape = [graph.int(1, 5) for _ in range(graph.int(1, 4))]
        graph.input([1, *shape[1:]] if len(shape) == 4 else shape, graph.pick(INPUT_TYPES))
    for _ in range(graph.int(1, MOST_NODES)):
        graph.grow(operators)
    model = graph.model()
    return (
        None
        if model is None
        else Drawn(seed, model, graph.style, {i.name: graph.inputs[i.name] for i in model.graph.input})
    )
