"""From a TFLite file to the `onnx` dialect: each operator as ONNX nodes, which the importer of ONNX then takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...dialects.errors import UserError
from ...dialects.onnx.budget import DEFAULT_ELEMENTS, Budget
from ..import_onnx.importer import Imported, import_graph
from ..import_onnx.model_file import file_name
from ..import_onnx.node import Unsupported
from ..import_onnx.refusals import Refusals
from ..import_onnx.sizes import Sizes
from .graph import Graph, name_of
from .model_file import DAMAGED, Damaged, Model, Operator, Tensor, parse
from .node import Node
from .operators import TRANSLATIONS

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""The ONNX operators that are written."""

BATCH = "batch"
"""The name of an open first dimension."""


def read_tflite(
    source: str | Path | bytes,
    name: str | None = None,
    sizes: Sizes | None = None,
    max_elements: int = DEFAULT_ELEMENTS,
) -> Imported:
    """Read a TFLite file, as `read_model` does one of ONNX. Raises UserError with every reason."""
    model = parse(source)
    graph, proto = written(model)
    default = "model" if isinstance(source, bytes) else file_name(Path(source))
    imported = import_graph(proto, name or default, sizes or Sizes(), Budget(max_elements), None)
    states = ",".join(f"{state.port}={state.port}:next" for state in graph.states.values())
    return replace(imported, states=states, remarks=(*imported.remarks, *graph.remarks))


def written(model: Model) -> tuple[Graph, onnx.ModelProto]:
    """The model in ONNX: states are further inputs, their next values further outputs.

    Raises UserError with every reason why an operator cannot be taken.
    """
    from onnx import helper

    graph, refusals = Graph(model), Refusals()
    inputs = ports(model, model.inputs, "input")
    outputs = ports(model, model.outputs, "output", taken=set(inputs))
    for index, port in zip(model.inputs, inputs, strict=True):
        graph.put_stored(index, port)
    known = {*model.inputs, *(i for i, tensor in enumerate(model.tensors) if tensor.is_variable)}
    for operator in model.operators:
        if missing := [i for i in operator.inputs if i >= 0 and i not in known and is_computed(model, i)]:
            known.difference_update(missing)
            refuse_or_skip(model, operator, refusals)
            continue
        reason = translated(graph, operator)
        if reason is None:
            known.update(operator.outputs)
        else:
            refusals.add_node(operator.kind, label(model, operator), reason)
    if not refusals.lines():
        finish(graph, outputs, refusals)
    if reasons := refusals.lines():
        raise UserError(*reasons)
    infos = [info(model.tensors[i], port) for i, port in zip(model.inputs, inputs, strict=True)]
    infos += [info(replace(model.tensors[i], shape=s.shape), s.port) for i, s in graph.states.items()]
    results = [helper.make_empty_tensor_value_info(port) for port in outputs]
    results += [helper.make_empty_tensor_value_info(f"{state.port}:next") for state in graph.states.values()]
    proto = helper.make_graph(graph.nodes, "model", infos, results, graph.initializers)
    return graph, helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)])


def is_computed(model: Model, index: int) -> bool:
    """Whether a tensor is no constant."""
    return not model.tensors[index].is_constant


def translated(graph: Graph, operator: Operator) -> str | None:
    """Write an operator; returns why it cannot be taken, None where it was."""
    translation = TRANSLATIONS.get(operator.kind)
    if translation is None:
        return "no translation of this operator; `tinyml supported-ops` lists those that have one"
    if not operator.outputs:
        return "it has no result; convert the model again"
    try:
        translation(Node(graph, operator))
    except (Unsupported, Damaged) as error:
        return str(error)
    except DAMAGED:
        return "its options or its inputs are damaged; convert or download the file again"
    return None


def refuse_or_skip(model: Model, operator: Operator, refusals: Refusals) -> None:
    """What is computed from something refused is passed over; an operator that no other may take is refused too."""
    if operator.kind not in TRANSLATIONS:
        reason = "no translation of this operator; `tinyml supported-ops` lists those that have one"
        refusals.add_node(operator.kind, label(model, operator), reason)
    elif not refusals.lines():
        reason = "an input is computed by no operator before it; convert the model again"
        refusals.add_node(operator.kind, label(model, operator), reason)


def finish(graph: Graph, outputs: list[str], refusals: Refusals) -> None:
    """Give the results of the model their names."""
    for index, port in zip(graph.model.outputs, outputs, strict=True):
        try:
            value = graph.stored(index)
        except (Unsupported, *DAMAGED) as error:
            refusals.add(f"output '{port}': {error}")
            continue
        graph.emit("Identity", [value], port)
        graph.nodes[-1].output[0] = port
    for state in graph.states.values():
        graph.emit("Identity", [state.following], state.port)
        graph.nodes[-1].output[0] = f"{state.port}:next"


def label(model: Model, operator: Operator) -> str:
    """The name of an operator in a message."""
    from ...dialects.harmless import in_terminal

    names = [name_of(model.tensors[index]) for index in operator.outputs[:1]]
    return in_terminal(names[0]) if names and names[0] else operator.kind.lower()


def ports(model: Model, indices: tuple[int, ...], default: str, taken: set[str] | None = None) -> list[str]:
    """Names of inputs or outputs, each unlike all others."""
    used = set(taken or ())
    names: list[str] = []
    for number, index in enumerate(indices):
        base = model.tensors[index].name or (default if len(indices) == 1 else f"{default}_{number}")
        name, count = base, 1
        while name in used:
            name, count = f"{base}_{count}", count + 1
        used.add(name)
        names.append(name)
    return names


def info(tensor: Tensor, name: str) -> onnx.ValueInfoProto:
    """An input's type; its open dimensions get names."""
    from onnx import TensorProto, helper

    element = TensorProto.UNDEFINED
    if tensor.dtype:
        import numpy as np

        element = helper.np_dtype_to_tensor_dtype(np.dtype(tensor.dtype))
    shape = [size if size >= 0 else BATCH if axis == 0 else "?" for axis, size in enumerate(tensor.shape)]
    return helper.make_tensor_value_info(name, element, shape)
