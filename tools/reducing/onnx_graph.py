"""Parts of an ONNX model: any subset of its nodes is a model, and any constant may have but one value.

What a kept node reads of one that is left out becomes an input, what no kept node reads becomes an output; the types
of both are ONNX's own shape inference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...dialects.errors import UserError
from .subject import Part

if TYPE_CHECKING:
    import onnx

SMALL = 16
"""Elements of a constant that is left as it is."""


class OnnxGraph:
    """An ONNX model in memory, its weights in it."""

    kinds: tuple[str, ...] = ("nodes", "constants")

    def __init__(self, path: Path):
        import onnx

        try:
            self.model = onnx.load(path)
        except Exception as error:
            # protobuf and onnx.external_data_helper raise exceptions of several kinds, all about the file.
            raise UserError(f"{path}: cannot be read as an ONNX model: {error}") from None
        self.types = types_in(self.model)
        self.constants = {tensor.name: tensor for tensor in self.model.graph.initializer}

    def parts(self) -> list[Part]:
        """Nodes, and the values of large constants."""
        nodes = [("nodes", index, "") for index in range(len(self.model.graph.node))]
        large = [
            ("constants", index, tensor.name)
            for index, tensor in enumerate(self.model.graph.initializer)
            if size_of(tensor) > SMALL
        ]
        return [*nodes, *large]

    def written(self, kept: Sequence[Part]) -> bytes | None:
        """The model of the kept nodes; constants that are not kept have their first element everywhere."""
        import onnx

        whole = {name for kind, _, name in kept if kind == "constants"}
        nodes = [self.model.graph.node[index] for kind, index, _ in kept if kind == "nodes"]
        if not nodes:
            return None
        made = {name for node in nodes for name in node.output if name}
        read = dict.fromkeys(name for node in nodes for name in reads(node) if name)
        outer = [name for name in read if name not in made and name not in self.constants]
        inputs = [name for name in outer if name in self.types]
        outputs = [n for node in nodes for n in node.output if n in self.types and n not in read]
        outputs += [o.name for o in self.model.graph.output if o.name in made and o.name in read]
        if not outputs:
            return None
        graph = onnx.GraphProto(name=self.model.graph.name or "reduced")
        for name in read:
            if name in self.constants and (name in whole or size_of(self.constants[name]) <= SMALL):
                graph.initializer.append(self.constants[name])
            elif name in self.constants:
                graph.node.extend(filled(self.constants[name]))
        graph.node.extend(nodes)
        graph.input.extend(self.types[name] for name in inputs)
        graph.output.extend(self.types[name] for name in outputs)
        model = onnx.ModelProto(ir_version=self.model.ir_version, graph=graph)
        model.opset_import.extend(self.model.opset_import)
        model.functions.extend(self.model.functions)
        return model.SerializeToString()


def types_in(model: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """The type of each value of the main graph, as far as shape inference knows it, else as the model states it."""
    import onnx

    graph = model.graph
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:
        # A wrong model, which may be what fails: its own types must do.
        inferred = graph
    stated = (*graph.input, *graph.output, *graph.value_info, *inferred.value_info)
    constants = {tensor.name for tensor in graph.initializer}
    return {info.name: info for info in stated if info.name not in constants}


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """What a node reads, and the graphs in it; names of values inside of these are among them."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from reads(inner)
            yield from (output.name for output in graph.output)


def size_of(tensor: onnx.TensorProto) -> int:
    """Elements of a constant."""
    count = 1
    for dim in tensor.dims:
        count *= dim
    return count


def filled(tensor: onnx.TensorProto) -> list[onnx.NodeProto]:
    """Nodes that make a constant of one value, the first that the tensor has."""
    from onnx import TensorProto, helper, numpy_helper

    first = numpy_helper.to_array(tensor).reshape(-1)[:1]
    shape = helper.make_tensor("shape", TensorProto.INT64, [len(tensor.dims)], tensor.dims)
    name = f"{tensor.name}.shape"
    return [
        helper.make_node("Constant", [], [name], value=shape),
        helper.make_node("ConstantOfShape", [name], [tensor.name], value=numpy_helper.from_array(first)),
    ]
