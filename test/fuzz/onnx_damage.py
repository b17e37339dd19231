"""Damage to ONNX models: each function changes one thing of a model, as files in the wild are wrong or hostile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

SMALL = (-3, -2, -1, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 13, 64, 255)
"""Numbers that a dimension, an axis, a pad or a count may well be."""

LARGE = (-(1 << 63), -(1 << 31), 1 << 16, 1 << 20, 1 << 26, 1 << 28, (1 << 31) - 1, 1 << 31, 1 << 40, 1 << 62)
"""Numbers that none of them should be."""

REALS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e-38, 1e-20, 1e20, 3e38, -3e38, float("inf"), float("-inf"), float("nan"))
"""Numbers that a weight or scale may be, or should not."""

NAMES = ("", "x", "y", "w", "q", "17", "a b", "int", "../../x", "*/ int main(", "é", "\u202e", "a\nb", "n" * 300)
"""Names of values and nodes."""

KINDS = (
    *("Relu", "Add", "Conv", "Gemm", "Concat", "Pad", "Reshape", "Softmax", "Split", "Transpose", "Sum", "Clip"),
    *("QuantizeLinear", "DequantizeLinear", "MaxPool", "Slice", "ReduceMean", "ConstantOfShape", "If", "Loop", "LSTM"),
)
"""Operators that a node may be turned into."""

ATTRIBUTES = (
    *("axis", "axes", "pads", "strides", "dilations", "kernel_shape", "group", "num_outputs", "perm", "alpha"),
    *("keepdims", "auto_pad", "mode", "ceil_mode", "value", "transA", "transB", "epsilon", "split", "block_size"),
)
"""Attributes that a node may be given."""


def pick(random: Random, items: Sequence[Any]) -> Any:
    """One of the items, None where there are none."""
    return items[random.randrange(len(items))] if len(items) else None


def size(random: Random) -> int:
    """A number that counts something."""
    return pick(random, SMALL if random.random() < 0.7 else LARGE)


def values_of(model: onnx.ModelProto) -> list[str]:
    """The names of all values."""
    graph = model.graph
    names = [i.name for i in graph.input] + [i.name for i in graph.initializer]
    return names + [name for node in graph.node for name in node.output] + ["", "nowhere"]


def change_input_shape(random: Random, model: onnx.ModelProto) -> None:
    """Another size, one more or less, a name instead of a size, or no shape at all."""
    shape = model.graph.input[0].type.tensor_type.shape
    what = random.randrange(6)
    if what == 0:
        shape.dim.add().dim_value = size(random)
    elif what == 1 and len(shape.dim):
        del shape.dim[random.randrange(len(shape.dim))]
    elif what == 2:
        model.graph.input[0].type.tensor_type.ClearField("shape")
    elif what == 3:
        for _ in range(random.choice((29, 40, 70))):
            shape.dim.add().dim_value = 1
    elif len(shape.dim):
        dim = pick(random, shape.dim)
        if what == 4:
            dim.dim_param = pick(random, NAMES)
        else:
            dim.dim_value = size(random)


def change_input_type(random: Random, model: onnx.ModelProto) -> None:
    """Another element type, or no tensor."""
    info = model.graph.input[0]
    if random.random() < 0.8:
        info.type.tensor_type.elem_type = random.randrange(-1, 25)
    else:
        info.type.ClearField("tensor_type")


def change_tensor(random: Random, model: onnx.ModelProto) -> None:
    """Other dimensions, another type, less data, other data, data elsewhere."""
    tensors = [*model.graph.initializer, *(a.t for n in model.graph.node for a in n.attribute if a.HasField("t"))]
    tensor = pick(random, tensors)
    if tensor is None:
        return
    what = random.randrange(12)
    if what >= 9:
        resize(random, tensor)
    elif what == 0 and len(tensor.dims):
        tensor.dims[random.randrange(len(tensor.dims))] = size(random)
    elif what == 1:
        tensor.dims.append(size(random))
    elif what == 2:
        del tensor.dims[:]
    elif what == 3:
        tensor.data_type = random.randrange(-1, 25)
    elif what == 4:
        tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)]
    elif what == 5:
        tensor.raw_data = random.randbytes(len(tensor.raw_data))
    elif what == 6:
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", pick(random, ("/etc/passwd", "../w.bin", "", "w.bin"))
    elif what == 7:
        del tensor.dims[:]
        tensor.dims.extend(random.choice(([1 << 40, 0], [0], [1 << 31, 1 << 31, 1 << 2], [0, 0], [1] * 65)))
        tensor.ClearField("raw_data")
    else:
        change_numbers(random, tensor)


def resize(random: Random, tensor: onnx.TensorProto) -> None:
    """Other dimensions, with numbers for them."""
    shape = list(tensor.dims) or [1]
    at = random.randrange(len(shape))
    if random.random() < 0.5:
        shape[at] = random.choice((1, 2, 3, 5, 8))
    else:
        shape[at : at + random.randrange(2)] = [random.choice((1, 2, 3)) for _ in range(random.randrange(3))]
    known = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    values = np.random.default_rng(random.randrange(100)).uniform(-3, 3, shape)
    tensor.CopyFrom(numpy_helper.from_array(values.astype(known), tensor.name))


def change_numbers(random: Random, tensor: onnx.TensorProto) -> None:
    """Some or all numbers of a tensor become others that are hard to take."""
    try:
        array = np.array(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError):
        return
    flat = array.reshape(-1)
    for index in random.choice((range(len(flat)), random.sample(range(len(flat)), min(1, len(flat))))):
        if array.dtype.kind == "f":
            flat[index] = pick(random, REALS) if random.random() < 0.5 else random.uniform(-3, 3)
        elif array.dtype.kind in "iu":
            limits = np.iinfo(array.dtype)
            flat[index] = min(max(size(random), int(limits.min)), int(limits.max))
    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(array, name))


def change_attribute(random: Random, model: onnx.ModelProto) -> None:
    """Another value, another type, one less, one more."""
    node = pick(random, model.graph.node)
    if node is None:
        return
    what = random.randrange(5)
    if what == 0 and len(node.attribute):
        del node.attribute[random.randrange(len(node.attribute))]
    elif what == 1:
        node.attribute.append(any_attribute(random, pick(random, ATTRIBUTES)))
    elif what == 2 and len(node.attribute):
        attribute = pick(random, node.attribute)
        attribute.CopyFrom(any_attribute(random, attribute.name))
    elif len(node.attribute):
        attribute = pick(random, node.attribute)
        if attribute.ints:
            attribute.ints[random.randrange(len(attribute.ints))] = size(random)
        elif attribute.type == AttributeProto.INT:
            attribute.i = size(random)
        elif attribute.type == AttributeProto.FLOAT:
            attribute.f = pick(random, REALS)
        else:
            attribute.type = random.randrange(0, 15)


def any_attribute(random: Random, name: str) -> onnx.AttributeProto:
    """An attribute of this name of any type."""
    values: tuple[Any, ...] = (
        size(random),
        [size(random) for _ in range(random.choice((1, 2, 4, 200)))],
        pick(random, REALS),
        [pick(random, REALS)],
        pick(random, NAMES),
        numpy_helper.from_array(np.array(pick(random, REALS), np.float32)),
        helper.make_graph([], "inner", [], []),
    )
    return helper.make_attribute(name, pick(random, values))


def change_operator(random: Random, model: onnx.ModelProto) -> None:
    """Another operator, or one of another domain."""
    node = pick(random, model.graph.node)
    if node is not None:
        node.op_type = pick(random, KINDS)
        node.domain = random.choice(("", "", "ai.onnx", "com.microsoft", "\x1b[31m"))


def change_edges(random: Random, model: onnx.ModelProto) -> None:
    """Inputs and results of a node: dropped, doubled, exchanged, or of another name."""
    node = pick(random, model.graph.node)
    if node is None:
        return
    names = node.input if random.random() < 0.7 else node.output
    what = random.randrange(4)
    if what == 0 and len(names):
        del names[random.randrange(len(names))]
    elif what == 1:
        names.append(pick(random, values_of(model)))
    elif what == 2 and len(names):
        names[random.randrange(len(names))] = pick(random, values_of(model))
    else:
        names.extend([pick(random, list(names) or [""])] * random.choice((1, 3, 300)))


def change_nodes(random: Random, model: onnx.ModelProto) -> None:
    """Nodes dropped, doubled, in another order."""
    nodes = list(model.graph.node)
    what = random.randrange(3)
    if what == 0 and nodes:
        nodes.pop(random.randrange(len(nodes)))
    elif what == 1 and nodes:
        nodes.insert(random.randrange(len(nodes)), pick(random, nodes))
    else:
        random.shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def change_names(random: Random, model: onnx.ModelProto) -> None:
    """One name, everywhere, or only where it is made."""
    old, new = pick(random, values_of(model)), pick(random, NAMES)
    everywhere = random.random() < 0.7
    for node in model.graph.node:
        if random.random() < 0.2:
            node.name = new
        for names in (node.input, node.output) if everywhere else (node.output,):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
    for info in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        if info.name == old:
            info.name = new


def change_ports(random: Random, model: onnx.ModelProto) -> None:
    """Inputs and outputs of the model: more, fewer, the same twice."""
    graph = model.graph
    what = random.randrange(6)
    if what == 0:
        name = pick(random, values_of(model))
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    elif what == 1:
        del graph.output[:]
    elif what == 2:
        graph.output.extend(list(graph.output))
    elif what == 3:
        del graph.input[:]
    elif what == 4:
        graph.input.append(helper.make_tensor_value_info(pick(random, NAMES), TensorProto.FLOAT, (1, 4)))
    elif graph.initializer:
        tensor = pick(random, graph.initializer)
        graph.sparse_initializer.add().values.CopyFrom(tensor)
        graph.initializer.remove(tensor)


def change_versions(random: Random, model: onnx.ModelProto) -> None:
    """Operator sets and the format's version."""
    if random.random() < 0.2:
        del model.opset_import[:]
    for entry in model.opset_import:
        entry.version = random.choice((-1, 0, 1, 6, 7, 8, 9, 10, 11, 12, 13, 17, 18, 21, 1 << 62))
        if random.random() < 0.2:
            entry.domain = random.choice(("ai.onnx", "other"))
    model.ir_version = random.choice((0, 3, 8, 10, 1 << 40))


DAMAGES: tuple[Callable[[Random, onnx.ModelProto], None], ...] = (
    change_input_shape,
    change_input_type,
    *(change_tensor,) * 4,
    *(change_attribute,) * 4,
    change_operator,
    *(change_edges,) * 2,
    change_nodes,
    change_names,
    change_ports,
    change_versions,
)
"""What happens to a model; what stands here more than once happens as much more often."""


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """The file with bits turned, bytes dropped, put in or repeated, or its end missing."""
    result = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        at = random.randrange(len(result) + 1)
        what = random.randrange(5)
        if what == 0 and at < len(result):
            result[at] ^= 1 << random.randrange(8)
        elif what == 1:
            del result[at : at + random.choice((1, 2, 9))]
        elif what == 2:
            result[at:at] = random.randbytes(random.choice((1, 2, 9)))
        elif what == 3:
            result[at:at] = result[at : at + random.choice((8, 40, 200))]
        elif random.random() < 0.1:
            del result[at:]
    return bytes(result)
