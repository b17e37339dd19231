"""From an ONNX file to the `onnx` dialect: the first lowering.

Everything that cannot be taken is collected and raised as one UserError before any work is done on the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    StringAttr,
    TensorType,
    f32,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from ...dialects import onnx as dialect
from ...dialects.dense import from_numpy
from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes, in_terminal, shortened
from ...dialects.names import identifier, model_name
from ...dialects.onnx.budget import DEFAULT_ELEMENTS, Budget, Exhausted, TooLarge, Unlimited
from ...passes.onnx.folding.folder import Folder
from .check import check_attributes, check_op
from .node import Node, Unsupported
from .quantized_operators import full_name, translations, way_out
from .tensors import array_of

if TYPE_CHECKING:
    import onnx

OLDEST_OPSET = 7
"""Before it, operators had other attributes (BatchNormalization, broadcasting)."""

INPUT_TYPES: dict[int, Attribute] = {
    **{1: f32, 2: IntegerType(8, Signedness.UNSIGNED), 3: IntegerType(8)},
    **{4: IntegerType(16, Signedness.UNSIGNED), 5: IntegerType(16)},
}
"""Element types of model inputs, by onnx.TensorProto's numbers: float, uint8, int8, uint16, int16."""

NARROW_TYPES: dict[str, IntegerType] = {"int4": IntegerType(4), "uint4": IntegerType(4, Signedness.UNSIGNED)}
"""Element types that numpy has from ml_dtypes: a byte each in the IR."""

CONSTANT_TYPES: dict[str, type[np.generic]] = {
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
"""Element types of a Constant node's numbers and lists, by attribute."""

NODE_LIMIT = 40
"""Characters of a node's name: the names of functions and arrays are made of it."""

ARRAY_TYPES = ("bool", "float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
"""Element types of weights, by numpy's names; float16 and float64 become float32."""

Shapes = Mapping[str, tuple[int, ...]]


REFUSALS = (
    *(Unsupported, TooLarge, Unlimited, VerifyException),
    *(KeyError, IndexError, ValueError, TypeError, OverflowError),
)
"""What a translation raises for a node that says nonsense."""

RAISE_LIMIT = "--max-elements N allows more"
"""What to do about a model that exceeds the budget."""


def import_onnx(
    source: str | Path | bytes,
    name: str | None = None,
    input_shapes: Shapes | None = None,
    max_elements: int = DEFAULT_ELEMENTS,
) -> ModuleOp:
    """Read a model into a module with one function `@name` (by default from the file's name, as a C identifier).

    `input_shapes` replaces the shapes of inputs by name, for models with symbolic dimensions. `max_elements` is the
    most elements of one value; dialects/onnx/budget.py says what follows from it. Raises UserError with every reason
    why the model cannot be taken.
    """
    model = parse(source)
    default = "model" if isinstance(source, bytes) else file_name(Path(source))
    importer = GraphImporter(model.graph, input_shapes or {}, opset(model), Budget(max_elements))
    return importer.run(model_name(name or default))


def file_name(path: Path) -> str:
    """The file's name; of a file just called `model.onnx`, its folder's."""
    return path.parent.resolve().name if path.stem == "model" and path.parent.resolve().name else path.stem


def parse(source: str | Path | bytes) -> onnx.ModelProto:
    """The model, checked to be a complete ONNX file."""
    import onnx
    from google.protobuf.message import DecodeError

    where = "the model" if isinstance(source, bytes) else str(source)
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}; check the path") from None
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError:
        raise UserError(f"{where}: not an ONNX file, or a truncated one; export or download it again") from None
    if not model.graph.node or not model.graph.output:
        raise UserError(f"{where}: not an ONNX model: it has no graph; export or download it again")
    if bad := [name for name in names_in(model.graph) if not isinstance(name, str)]:
        shown = ", ".join(map(in_quotes, bad[:3]))
        raise UserError(f"{where}: {len(bad)} names in it are not UTF-8 text ({shown}); export or download it again")
    return model


def names_in(graph: onnx.GraphProto) -> Iterator[str | bytes]:
    """Every name in a graph that the importer reads; protobuf gives bytes for one that is not UTF-8."""
    for info in (*graph.input, *graph.output):
        yield info.name
        yield from (dim.dim_param for dim in info.type.tensor_type.shape.dim)
    yield from (tensor.name for tensor in graph.initializer)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield from (node.op_type, node.domain, node.name, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)


def opset(model: onnx.ModelProto) -> int:
    """The version of the default operator set."""
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    return max(versions, default=1)


class GraphImporter:
    """Builds the function node by node; `reasons` grows instead of stopping at the first problem."""

    def __init__(self, graph: onnx.GraphProto, input_shapes: Shapes, version: int, budget: Budget):
        self.graph = graph
        self.budget = budget
        self.folder = Folder(budget)
        self.translations = translations()
        self.input_shapes = input_shapes
        self.opset = version
        self.reasons: list[str] = []
        self.exhausted = False
        if version < OLDEST_OPSET:
            self.reasons.append(
                f"opset {version} is too old, {OLDEST_OPSET} is needed; convert with onnx.version_converter"
            )
        self.block = Block()
        self.values: dict[str, SSAValue | None] = {"": None}
        self.unknown: set[str] = set()
        self.names: dict[str, int] = {}
        self.used = {i for node in graph.node for i in node.input} | {o.name for o in graph.output}

    def run(self, name: str) -> ModuleOp:
        """The module. Raises UserError with all reasons."""
        self.add_initializers()
        inputs = self.add_inputs()
        for node in self.graph.node:
            self.add_node(node)
        outputs = [o.name for o in self.graph.output]
        self.reasons += ["an output has no name; export the model again" for o in outputs if not o]
        self.reasons += [f"output {in_quotes(o)} is listed twice; export the model again" for o in repeated(outputs)]
        if not self.reasons:
            self.reasons += [
                f"output {in_quotes(o)} is not computed by any supported node" for o in outputs if o not in self.values
            ]
        if self.reasons:
            raise UserError(*self.reasons)
        results = [self.values[o] for o in outputs]
        values = [v for v in results if v is not None]
        self.block.add_op(func.ReturnOp(*values))
        drop_dead(self.block)
        function = func.FuncOp(
            name,
            ([a.type for a in self.block.args], [v.type for v in values]),
            Region(self.block),
            arg_attrs=named(inputs),
            res_attrs=named(outputs),
        )
        return ModuleOp([function])

    def add_initializers(self) -> None:
        """Weights as constants."""
        for sparse in self.graph.sparse_initializer:
            self.refuse_values(
                f"initializer {in_quotes(sparse.values.name)}: sparse weights are not supported; save them dense",
                [sparse.values.name],
            )
        for tensor in self.graph.initializer:
            if not tensor.name:
                continue
            array = self.weights(tensor, f"initializer {in_quotes(tensor.name)}")
            if array is None:
                self.unknown.add(tensor.name)
            else:
                self.add_constant(tensor.name, array)

    def weights(self, tensor: onnx.TensorProto, where: str) -> Any:
        """The numbers of a tensor, or None with a reason."""
        try:
            return self.checked(array_of(tensor, self.budget), where)
        except (Unsupported, TooLarge, Unlimited) as error:
            self.reasons.append(f"{where}: {reason_of(error)}")
            return None

    def checked(self, array: Any, where: str) -> Any:
        """Weights, floats as float32, or None with a reason; one number alone may be an infinite bound."""
        if array.dtype == np.float64 or array.dtype == np.float16:
            with np.errstate(over="ignore"):
                array = array.astype(np.float32)
        if array.dtype.name in NARROW_TYPES:
            return array
        if array.dtype.name not in ARRAY_TYPES:
            self.reasons.append(f"{where}: element type {array.dtype} is not supported; use float32 or int8")
            return None
        bad = np.isnan(array) if array.size == 1 else ~np.isfinite(array)
        if bad.any():
            self.reasons.append(
                f"{where}: {bad.sum()} of {array.size} weights are NaN or infinite; train or export it again"
            )
            return None
        return array

    def add_constant(self, name: str, array: Any) -> None:
        """A constant under an ONNX value name."""
        self.budget.store(array.size)
        op = dialect.ConstantOp(from_numpy(array, NARROW_TYPES.get(array.dtype.name)), self.unique(name))
        self.block.add_op(op)
        self.values[name] = op.result

    def add_inputs(self) -> list[str]:
        """Arguments for the inputs that are no initializers; returns their names."""
        names: list[str] = []
        unknown = self.input_shapes.keys() - {info.name for info in self.graph.input}
        self.reasons += [
            f"input {in_quotes(name)}: the model has no such input, but its shape is given" for name in unknown
        ]
        for info in self.graph.input:
            if not info.name:
                self.reasons.append("an input has no name; export the model again")
                continue
            if info.name in self.values or info.name in self.unknown:
                continue
            names.append(info.name)
            type = self.input_type(info)
            if type is None:
                self.unknown.add(info.name)
            else:
                self.values[info.name] = self.block.insert_arg(type, len(self.block.args))
        if not names:
            self.reasons.append("the model has no input that is computed on: every one is a weight; export it again")
        self.reasons += [f"input {in_quotes(name)} is listed twice; export the model again" for name in repeated(names)]
        return names

    def input_type(self, info: onnx.ValueInfoProto) -> TensorType[Any] | None:
        """The tensor type of an input, or None with a reason."""
        tensor, where = info.type.tensor_type, f"input {in_quotes(info.name)}"
        element = INPUT_TYPES.get(tensor.elem_type)
        if element is None:
            self.reasons.append(f"{where}: only float32 and integers of 8 or 16 bits are taken; cast before it")
            return None
        if not tensor.HasField("shape"):
            self.reasons.append(f"{where}: the model does not state its shape; state it when exporting")
            return None
        dims = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
        known = tuple(d for d in dims if isinstance(d, int) and d > 0)
        shape = self.input_shapes.get(info.name, known)
        if info.name in self.input_shapes and not fits(shape, dims):
            self.reasons.append(
                f"{where}: the given shape {list(shape)} does not fit the model's {in_terminal(str(dims))}"
            )
            return None
        if len(shape) != len(dims):
            given = in_terminal(",".join(str(d) for d in dims))
            fixed = in_terminal(",".join("1" if not isinstance(d, int) or d <= 0 else str(d) for d in dims))
            self.reasons.append(
                f"{where}: the shape [{given}] is dynamic; fix it when exporting, or with `python -m "
                "onnxruntime.tools.make_dynamic_shape_fixed "
                f"--input_name {quote(in_terminal(info.name))} --input_shape {fixed}`"
            )
            return None
        try:
            self.budget.take_value(shape, "it")
        except (TooLarge, Unlimited) as error:
            self.reasons.append(f"{where}: {reason_of(error)}")
            return None
        return TensorType(element, shape)

    def add_node(self, proto: onnx.NodeProto) -> None:
        """Translate a node, or record why not; one without a result means nothing."""
        if not any(proto.output):
            return
        name = self.unique(node_name(proto))
        if proto.op_type == "Constant" and proto.domain in ("", "ai.onnx"):
            self.add_constant_node(proto, name)
            return
        operator = in_terminal(proto.op_type)
        where = f"{operator} '{name}'"
        again = [o for o in proto.output if o and (o in self.values or o in self.unknown)]
        if again:
            self.reasons.append(
                f"{where}: {in_quotes(again[0])} is already computed by another node; export the model again"
            )
            return
        kind = full_name(proto.domain, proto.op_type)
        if kind not in self.translations:
            domain = in_terminal(proto.domain or "ai.onnx")
            self.refuse_values(f"{where}: operator {domain}.{operator} is not supported; {way_out(kind)}", proto.output)
            return
        if any(i in self.unknown for i in proto.input):
            self.unknown.update(proto.output)
            return
        try:
            operands = tuple(self.lookup(i) for i in proto.input)
            node = Node(proto.op_type, name, operands, attributes_of(proto), self.budget, self.opset, len(proto.output))
            check_attributes(node.attributes)
            translated = self.translations[kind](node)
            values = [self.insert(op, index, name) for index, op in enumerate(listed(translated))]
        except REFUSALS as error:
            self.refuse_values(f"{where}: {reason_of(error)}", proto.output, isinstance(error, Exhausted))
            return
        self.values.update((output, value) for value, output in zip(values, proto.output, strict=False) if output)
        others = proto.output[len(values) :]
        self.reasons += [
            f"{where}: only its first result is supported, but {in_quotes(o)} is used" for o in others if o in self.used
        ]
        self.unknown.update(o for o in others if o)

    def refuse_values(self, reason: str, values: Iterable[str], exhausted: bool = False) -> None:
        """Record why values are not computed; what is computed from them is then passed over.

        Once the budget is exhausted it is so for all that follows: this is said once.
        """
        if not (exhausted and self.exhausted):
            self.reasons.append(reason)
        self.exhausted |= exhausted
        self.unknown.update(value for value in values if value)

    def insert(self, op: dialect.OnnxOp, index: int, name: str) -> SSAValue:
        """Append a node's op, and before it what its translation made for it; the value of its result number `index`.

        Each is checked, counted, and computed now where its operands are constants. The last one that bears the node's
        name keeps it.
        """
        value = op.results[0]
        steps = translated_together(op)
        namesake = next((step for step in reversed(steps) if step.label == name), op)
        for step in steps:
            value = step.results[0]
            step.verify_()
            check_op(step)
            self.budget.take_op(step)
            if isinstance(step, dialect.ConstantOp):
                self.budget.take_constant(step)
            else:
                folded = self.folder.fold(step, self.block.add_op)
                if folded is not None:
                    value.replace_all_uses_with(folded)
                    step.erase()
                    value = folded
                    continue
                if step.node is not None and (index or step is not namesake):
                    step.node = StringAttr(self.unique(f"{step.node.data}_{index}" if index else step.node.data))
            self.block.add_op(step)
        return value

    def add_constant_node(self, proto: onnx.NodeProto, name: str) -> None:
        """A Constant node: a tensor, a number or a list."""
        from onnx import TensorProto

        where = f"Constant '{name}'"
        try:
            (key, value), *_ = *attributes_of(proto).items(), ("no value", None)
        except ValueError:
            key, value = "its attribute", None
        array = None
        if key == "value" and isinstance(value, TensorProto):
            array = self.weights(value, where)
        elif key in CONSTANT_TYPES and not isinstance(value, str):
            array = self.checked(np.asarray(value, CONSTANT_TYPES[key]), where)
        else:
            self.reasons.append(f"{where}: {key} is not supported; use a tensor of numbers")
        if array is None:
            self.unknown.update(proto.output)
        else:
            self.add_constant(proto.output[0], array)

    def lookup(self, name: str) -> SSAValue | None:
        """The value of an ONNX name; None for an input left out. Raises Unsupported where nothing computes it."""
        if name not in self.values:
            raise Unsupported(f"input {in_quotes(name)} is not computed by any node before it")
        return self.values[name]

    def unique(self, name: str) -> str:
        """A short, readable name, unlike all before it: the last part of a path."""
        parts = [p for p in re.split(r"[/;:]", name) if p and not p.isdigit()]
        base = shortened(identifier(parts[-1] if parts else name, "node"), NODE_LIMIT, "_")
        candidate, number = base, self.names.get(base, 0) + 1
        while candidate in self.names:
            candidate, number = f"{base}_{number}", number + 1
        self.names[base] = number
        self.names.setdefault(candidate, 1)
        return candidate


def listed(translated: dialect.OnnxOp | list[dialect.OnnxOp]) -> list[dialect.OnnxOp]:
    """The ops of a node's results."""
    return translated if isinstance(translated, list) else [translated]


def translated_together(op: dialect.OnnxOp) -> list[dialect.OnnxOp]:
    """An op and those below it that are in no block yet, operands before their users."""
    found: list[dialect.OnnxOp] = []
    waiting: list[SSAValue] = [op.results[0]]
    while waiting:
        owner = waiting.pop().owner
        if isinstance(owner, dialect.OnnxOp) and owner.parent is None:
            found.append(owner)
            waiting += owner.operands
    return list(dict.fromkeys(reversed(found)))


def reason_of(error: Exception) -> str:
    """What is wrong with a node or tensor, in words."""
    if isinstance(error, TooLarge):
        return f"{error}; {RAISE_LIMIT}"
    return f"attribute {error} is missing" if isinstance(error, KeyError) else str(error)


def node_name(node: onnx.NodeProto) -> str:
    """The node's name, or that of its output; its operator where a converter joined the names of all that it fused."""
    name = node.name or (node.output[0] if node.output else "")
    return node.op_type if not name or ";" in name else name


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes as Python values."""
    from onnx import helper

    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode(errors="replace") if isinstance(v, bytes) else v for k, v in values.items()}


def repeated(names: list[str]) -> list[str]:
    """What stands in a list more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def fits(shape: Sequence[int], dims: Sequence[int | str]) -> bool:
    """Whether a shape has positive sizes, and those that the model states."""
    return len(shape) == len(dims) and all(
        n > 0 and (n == d or not isinstance(d, int) or d <= 0) for n, d in zip(shape, dims, strict=True)
    )


def named(names: list[str]) -> ArrayAttr[DictionaryAttr]:
    """ONNX names as attributes of arguments or results."""
    return ArrayAttr([DictionaryAttr({"onnx.name": StringAttr(n)}) for n in names])


def drop_dead(block: Block) -> None:
    """Remove ops whose results nothing uses, from the last to the first."""
    for op in reversed(list(block.ops)):
        if op.results and not any(r.uses.get_length() for r in op.results):
            op.detach()
            op.erase()
