"""Float networks as `onnxruntime.quantization.quantize_static` quantizes them, in the ways that it offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, to_stored
from tinyml_opt.tools.verify import Comparison, verify

from .networks import Network, compile_network, onnxruntime_outputs, real_inputs, steps_from

S8, U8, S16, U16 = QuantType.QInt8, QuantType.QUInt8, QuantType.QInt16, QuantType.QUInt16
S4, U4 = QuantType.QInt4, QuantType.QUInt4


@dataclass(frozen=True)
class Configuration:
    """What `quantize_static` is told: types of activations and weights, the file's format and opset, and the rest."""

    activations: QuantType = S8
    weights: QuantType = S8
    operators: bool = False
    opset: int = 13
    excluded: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    def quantize(self, net: Network, rows: NDArray[Any], folder: Path) -> onnx.ModelProto:
        """The quantized model, calibrated on the rows; `excluded` are operators that stay in float."""
        model = net.model()
        if self.opset != 13:
            model = onnx.version_converter.convert_version(model, self.opset)
        onnx.save(model, folder / "float.onnx")
        quantize_static(
            folder / "float.onnx",
            folder / "quantized.onnx",
            Rows(rows),
            quant_format=QuantFormat.QOperator if self.operators else QuantFormat.QDQ,
            activation_type=self.activations,
            weight_type=self.weights,
            nodes_to_exclude=[node.name for node in model.graph.node if node.op_type in self.excluded],
            extra_options=self.extra,
            **self.options,
        )
        return onnx.load(folder / "quantized.onnx")


class Rows(CalibrationDataReader):
    """Rows of the input `x`, one after the other."""

    def __init__(self, rows: NDArray[Any]):
        self.left = iter(rows)

    def get_next(self) -> Any:
        row = next(self.left, None)
        return None if row is None else {"x": row}


PER_CHANNEL = {"per_channel": True}
PERCENTILE = {"calibrate_method": CalibrationMethod.Percentile}
ENTROPY = {"calibrate_method": CalibrationMethod.Entropy}
REDUCED = {"reduce_range": True}
CONTRIBUTED = {"UseQDQContribOps": True}

CONFIGURATIONS: dict[str, Configuration] = {
    "int8": Configuration(),
    "uint8, int8": Configuration(U8),
    "uint8": Configuration(U8, U8),
    "int8 per channel": Configuration(options=PER_CHANNEL),
    "uint8, int8 per channel": Configuration(U8, options=PER_CHANNEL),
    "uint8 per channel": Configuration(U8, U8, options=PER_CHANNEL),
    "int8 symmetric": Configuration(extra={"ActivationSymmetric": True}),
    "int8, weights asymmetric": Configuration(extra={"WeightSymmetric": False}),
    "int8 percentile": Configuration(options=PERCENTILE),
    "int8 entropy": Configuration(options=ENTROPY),
    "uint8, int8 reduced": Configuration(U8, options=REDUCED),
    "uint8, int8 reduced per channel": Configuration(U8, options={**REDUCED, **PER_CHANNEL}),
    "int8 without convolutions": Configuration(excluded=("Conv",)),
    "int8 without pools and softmax": Configuration(excluded=("AveragePool", "MaxPool", "Softmax", "ReduceMean")),
    "int8 without sums": Configuration(excluded=("Add", "Mul", "Relu")),
    "int8 convolutions only": Configuration(options={"op_types_to_quantize": ["Conv"]}),
    "int8 float biases": Configuration(extra={"QuantizeBias": False}),
    "int8 dedicated pairs": Configuration(extra={"DedicatedQDQPair": True}),
    "int8 pairs at weights": Configuration(extra={"AddQDQPairToWeight": True}),
    "int8 com.microsoft": Configuration(extra=CONTRIBUTED),
    "int8 opset 15": Configuration(opset=15),
    "int8 opset 17": Configuration(opset=17),
    "int8 opset 21": Configuration(opset=21),
    "int16, int8 com.microsoft": Configuration(S16, extra=CONTRIBUTED),
    "int16, int8 opset 21": Configuration(S16, opset=21),
    "uint16, uint8 per channel opset 21": Configuration(U16, U8, opset=21, options=PER_CHANNEL),
    "int16 opset 21": Configuration(S16, S16, opset=21),
    "int8, int4 opset 21": Configuration(S8, S4, opset=21),
    "uint8, uint4 opset 21": Configuration(U8, U4, opset=21),
    "operators int8": Configuration(operators=True),
    "operators uint8, int8": Configuration(U8, operators=True),
    "operators uint8": Configuration(U8, U8, operators=True),
    "operators uint8, int8 per channel": Configuration(U8, operators=True, options=PER_CHANNEL),
    "operators int8 percentile": Configuration(operators=True, options=PERCENTILE),
    "operators uint8, int8 reduced": Configuration(U8, operators=True, options=REDUCED),
    "operators int8 symmetric": Configuration(operators=True, extra={"ActivationSymmetric": True}),
    "operators int8 without sums": Configuration(operators=True, excluded=("Add", "Mul", "Relu")),
    "operators int8 opset 17": Configuration(operators=True, opset=17),
}
"""Types of activations and weights, and what else differs from the defaults."""


@dataclass(frozen=True)
class Outcome:
    """Greatest distance from onnxruntime in steps, ties of nodes in exact arithmetic, and what `verify` finds wrong."""

    steps: float
    ties: int
    faults: list[str]

    @property
    def right(self) -> bool:
        """Within two steps of onnxruntime, but for what a tie, which float32 rounds otherwise, becomes behind it."""
        return not self.faults and (self.ties > 0 or self.steps <= 2.01)


def outcome(model: onnx.ModelProto, rows: NDArray[Any], folder: Path) -> Outcome:
    """How a model that is quantized throughout compares with onnxruntime, and node by node with exact arithmetic.

    Raises UserError where it is refused.
    """
    compilation = compile_network(model, folder)
    result = verify(compilation, real_inputs(rows), comparison=Comparison(against="exact"))
    run = FixedExecutor(compilation.fixed).run(to_stored(real_inputs(rows), input_ports(compilation.function)))
    steps = steps_from(onnxruntime_outputs(model, rows), compilation, run)
    return Outcome(max(steps.values()), sum(node.ties for node in result.exactness), result.reasons())


def mixed_outcome(model: onnx.ModelProto, rows: NDArray[Any], folder: Path) -> Outcome:
    """The same of a model with values in float, which take their types from the rows; its reference is onnxruntime.

    Its steps are those of values that nobody quantized before: `verify` judges it by the signal-to-noise ratio.
    """
    compilation = compile_network(model, folder, rows)
    result = verify(compilation, real_inputs(rows), comparison=Comparison(against="onnxruntime"))
    return Outcome(max(distance.max_steps for distance in result.outputs.values()), 0, result.reasons())
