"""The node tests that the onnx package carries, and the two ways in which each may be taken."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from tinyml_opt.lowering.import_onnx.sizes import Sizes

Array = NDArray[Any]

AS_IT_STANDS, WITH_CONSTANTS = "as it stands", "all inputs but the first constant"


@dataclass(frozen=True)
class Case:
    """A node test: its operator, the model with its inputs and expected outputs; `rtol` is ONNX's own."""

    name: str
    operator: str
    model: onnx.ModelProto
    inputs: tuple[Any, ...]
    expected: tuple[Any, ...]
    rtol: float


@dataclass(frozen=True)
class Variant:
    """A way to take a case: what is still given at run time, by name, and the sizes of what the model leaves open."""

    kind: str
    model: bytes
    inputs: dict[str, Array]
    sizes: Sizes


def node_cases() -> list[Case]:
    """All cases, by name. Importing their 200 files takes some seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        found = collect_testcases(None)
    operators = {case.name: operator_of(case.model) for case in found if case.model is not None}
    cases: list[Case] = []
    for case in sorted(found, key=lambda case: case.name):
        if case.model is not None and case.data_sets:
            operator = operators.get(unexpanded(case.name), operators[case.name])
            inputs, expected = case.data_sets[0]
            cases.append(Case(case.name, operator, case.model, tuple(inputs), tuple(expected), case.rtol))
    return cases


def operator_of(model: onnx.ModelProto) -> str:
    """The operator that a test is about: the last of its nodes."""
    return model.graph.node[-1].op_type


def unexpanded(name: str) -> str:
    """The name of the test whose function body this one has written out."""
    return re.sub(r"_expanded(_ver\d+|_function_ver\d+|_function)?$", "", name)


def variants(case: Case) -> Iterator[Variant]:
    """The case as it stands; then with every input but the first as an initializer."""
    infos = list(case.model.graph.input)
    yield Variant(AS_IT_STANDS, case.model.SerializeToString(), given(infos, case.inputs), sizes_of(infos, case.inputs))
    if len(infos) < 2 or not all(map(is_tensor, case.inputs[1:])):
        return
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    for info, value in list(zip(infos, case.inputs, strict=True))[1:]:
        tensor = onnx.TensorProto()
        tensor.CopyFrom(value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value)))
        tensor.name = info.name
        model.graph.initializer.append(tensor)
    inputs = given(infos[:1], case.inputs[:1])
    yield Variant(WITH_CONSTANTS, model.SerializeToString(), inputs, sizes_of(infos[:1], case.inputs[:1]))


def is_tensor(value: Any) -> bool:
    """Whether a value can be an initializer: no sequence, and there."""
    return isinstance(value, onnx.TensorProto | np.ndarray | np.generic)


def given(infos: list[onnx.ValueInfoProto], values: tuple[Any, ...]) -> dict[str, Array]:
    """Tensors by name; what is none the importer refuses."""
    return {i.name: numbers(v) for i, v in zip(infos, values, strict=True) if is_tensor(v)}


def sizes_of(infos: list[onnx.ValueInfoProto], values: tuple[Any, ...]) -> Sizes:
    """The shapes of inputs with symbolic dimensions, as a user gives them with --shape."""
    symbolic = {i.name for i in infos if any(d.dim_param for d in i.type.tensor_type.shape.dim)}
    return Sizes({name: x.shape for name, x in given(infos, values).items() if name in symbolic})


def numbers(value: Any) -> Array:
    """The numbers of a test's input or output."""
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
