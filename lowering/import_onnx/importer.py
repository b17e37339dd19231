"""From an ONNX file to the `onnx` dialect: the first lowering.

Everything that cannot be taken is collected and raised as one UserError before any work is done on the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import (
    ModuleOp,
    TensorType,
)
from xdsl.ir import Block, SSAValue

from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from ...dialects.names import model_name
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.budget import DEFAULT_ELEMENTS, Budget, TooLarge, Unlimited
from .casts import TYPES
from .check import infinite_masks
from .function import function_of
from .model_file import OLDEST_OPSET, file_name, opset, parse
from .naming import repeated
from .proto import read_by
from .recurrence.importer import RecurrentImporter
from .recurrence.rolling import rolled
from .refusals import reason_of
from .sizes import InputShapes, Sizes
from .sorting import in_order
from .tensors import taken_as_float32

if TYPE_CHECKING:
    import onnx

SHOWN = 20
"""Nodes of a cycle in a message."""


@dataclass(frozen=True)
class Imported:
    """A module with one function, and what its reader should know about how the model was taken.

    `states` pairs inputs that are states with the outputs that follow them, as `onnx-carry-states` takes it.
    """

    module: ModuleOp
    remarks: tuple[str, ...]
    states: str = ""


def import_onnx(
    source: str | Path | bytes,
    name: str | None = None,
    sizes: Sizes | None = None,
    max_elements: int = DEFAULT_ELEMENTS,
) -> ModuleOp:
    """The module that `read_model` makes of a model."""
    return read_model(source, name, sizes, max_elements).module


def read_model(
    source: str | Path | bytes,
    name: str | None = None,
    sizes: Sizes | None = None,
    max_elements: int = DEFAULT_ELEMENTS,
) -> Imported:
    """Read a model into a module with one function `@name` (by default from the file's name, as a C identifier).

    `sizes` are those of symbolic dimensions. `max_elements` is the most elements of one value;
    dialects/onnx/budget.py says what follows from it. Raises UserError with every reason why the model cannot be taken.
    """
    model = parse(source)
    path = None if isinstance(source, bytes) else Path(source)
    default = "model" if path is None else file_name(path)
    folder = None if path is None else path.parent
    return import_graph(model, name or default, sizes or Sizes(), Budget(max_elements), folder)


def import_graph(model: onnx.ModelProto, name: str, sizes: Sizes, budget: Budget, folder: Path | None) -> Imported:
    """The module of a model that is a complete ONNX one, under a name of any kind; weights beside it are in `folder`.

    Raises UserError.
    """
    importer = GraphImporter(model, sizes, budget, folder)
    module = importer.run(model_name(name))
    return Imported(module, tuple(importer.remarks))


class GraphImporter:
    """Builds the function; `refusals` grow instead of stopping at the first problem."""

    def __init__(self, model: onnx.ModelProto, sizes: Sizes, budget: Budget, folder: Path | None):
        self.graph = model.graph
        self.budget = budget
        self.sizes = sizes
        version = opset(model)
        self.block = Block()
        used = {i for node in self.graph.node for i in read_by(node)} | {o.name for o in self.graph.output}
        self.nodes = RecurrentImporter(self.block, version, budget, folder, used)
        self.refusals = self.nodes.refusals
        if version < OLDEST_OPSET:
            self.refusals.add(
                f"opset {version} is too old, {OLDEST_OPSET} is needed; convert with onnx.version_converter"
            )
        self.remarks: list[str] = []

    def run(self, name: str) -> ModuleOp:
        """The module. Raises UserError with all reasons."""
        values = self.nodes.values
        self.add_initializers()
        inputs = self.add_inputs()
        self.add_nodes()
        outputs = [o.name for o in self.graph.output]
        self.refusals.add(*("an output has no name; export the model again" for o in outputs if not o))
        self.refusals.add(
            *(f"output {in_quotes(o)} is listed twice; export the model again" for o in repeated(outputs))
        )
        if not self.refusals.lines():
            missing = [o for o in outputs if o not in values]
            self.refusals.add(*(f"output {in_quotes(o)} is not computed by any supported node" for o in missing))
            self.refusals.add(*(empty(o, values[o]) for o in outputs if is_empty(values.get(o))))
        if reasons := self.refusals.lines():
            raise UserError(*reasons)
        results = [value for o in outputs if (value := values[o]) is not None]
        function = function_of(self.block, name, inputs, outputs, results)
        if reasons := infinite_masks(function.body.block):
            raise UserError(*reasons)
        return ModuleOp([function])

    def add_initializers(self) -> None:
        """Weights as constants."""
        for sparse in self.graph.sparse_initializer:
            self.refusals.add(
                f"initializer {in_quotes(sparse.values.name)}: sparse weights are not supported; save them dense"
            )
            self.nodes.unknown.add(sparse.values.name)
        for tensor in self.graph.initializer:
            if tensor.name:
                self.nodes.add_weights(tensor.name, tensor)

    def add_inputs(self) -> list[str]:
        """Arguments for the inputs that are no initializers; returns their names."""
        values, unknown = self.nodes.values, self.nodes.unknown
        weights = values.keys() | unknown
        infos = [info for info in self.graph.input if not info.name or info.name not in weights]
        shapes = InputShapes(infos, self.sizes)
        names: list[str] = []
        for info in infos:
            if not info.name:
                self.refusals.add("an input has no name; export the model again")
                continue
            names.append(info.name)
            if info.name in values or info.name in unknown:
                continue
            type = self.input_type(info, shapes)
            if type is None:
                unknown.add(info.name)
                self.nodes.unknown_data.add(info.name)
            else:
                values[info.name] = self.block.insert_arg(type, len(self.block.args))
        self.refusals.add(*shapes.reasons)
        self.remarks += [*shapes.remarks, *taken_as_float32(self.graph, infos)]
        if not names:
            self.refusals.add("the model has no input that is computed on: every one is a weight; export it again")
        self.refusals.add(*(f"input {in_quotes(n)} is listed twice; export the model again" for n in repeated(names)))
        return names

    def input_type(self, info: onnx.ValueInfoProto, shapes: InputShapes) -> TensorType[Any] | None:
        """The tensor type of an input, or None with a reason."""
        where = f"input {in_quotes(info.name)}"
        element = TYPES.get(info.type.tensor_type.elem_type)
        if element is None:
            self.refusals.add(
                f"{where}: only float32, bool, int8 to int64 and uint8 to uint32 are taken; cast before it"
            )
            return None
        shape = shapes.shape(info)
        if shape is None:
            return None
        try:
            self.budget.take_value(shape, "it")
        except (TooLarge, Unlimited) as error:
            self.refusals.add(f"{where}: {reason_of(error)}")
            return None
        return TensorType(element, shape)

    def add_nodes(self) -> None:
        """Operands before their users, whatever the order of the file."""
        ordered, cycle = in_order(self.graph.node)
        outputs = {output.name for output in self.graph.output}
        nodes = rolled(ordered, self.graph.initializer, outputs)
        self.nodes.used |= {name for node in nodes for name in read_by(node)}
        self.nodes.whole, self.nodes.returned = nodes, frozenset(outputs)
        for node in nodes:
            self.nodes.add(node)
        if cycle:
            names = [in_quotes(node.name or node.output[0]) for node in cycle]
            shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
            self.refusals.add(f"{len(names)} nodes need each other's results ({shown}); export the model again")


def is_empty(value: SSAValue | None) -> bool:
    """Whether a value holds no numbers."""
    return value is not None and 0 in shape_of(value)


def empty(name: str, value: SSAValue | None) -> str:
    """The reason against an output without numbers."""
    shape = [] if value is None else list(shape_of(value))
    return f"output {in_quotes(name)}: the result of shape {shape} is empty; export the model again"
