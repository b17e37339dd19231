"""The same layers as calls of CMSIS-NN, whose sources are compiled into one file with the layer's constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .items import IN_SCALE, Item

FOLDERS = ("ConvolutionFunctions", "FullyConnectedFunctions", "NNSupportFunctions")

CONV = """
  cmsis_nn_conv_params params = {{{offset}, {zero}, {{{s}, {s}}}, {{{left}, {top}}}, {{1, 1}}, {{-128, 127}}}};
  cmsis_nn_per_channel_quant_params quant = {{(int32_t *)multipliers, (int32_t *)shifts}};
  arm_convolve_wrapper_s8(&ctx, &params, &quant, &in, x, &filter, weights, &one, bias, &out, y);"""

DEPTHWISE = """
  cmsis_nn_dw_conv_params params = {{{offset}, {zero}, 1, {{{s}, {s}}}, {{{left}, {top}}}, {{1, 1}}, {{-128, 127}}}};
  cmsis_nn_per_channel_quant_params quant = {{(int32_t *)multipliers, (int32_t *)shifts}};
  arm_depthwise_conv_wrapper_s8(&ctx, &params, &quant, &in, x, &filter, weights, &one, bias, &out, y);"""

DENSE = """
  cmsis_nn_fc_params params = {{{offset}, 0, {zero}, {{-128, 127}}}};
  cmsis_nn_per_tensor_quant_params quant = {{multipliers[0], shifts[0]}};
  arm_fully_connected_s8(&ctx, &params, &quant, &in, x, &filter, weights, &one, bias, &out, y);"""

CALLS = {"conv": CONV, "depthwise": DEPTHWISE, "dense": DENSE}

BUILTINS = (
    "#include <string.h>",
    *(f"#define {name}(...) __builtin_{name}(__VA_ARGS__)" for name in ("memcpy", "memset")),
)
"""The harness is freestanding; the library reads words by memcpy, which compilers otherwise make one load."""

BUFFER_WORDS = 4096
"""Of scratch memory for the library."""


def source(item: Item, folder: Path) -> str:
    """C of `NAME_run`, with the sources of the library."""
    sources = [path for name in FOLDERS for path in sorted((folder / "Source" / name).glob("*.c")) if is_bytes(path)]
    multipliers, shifts = quantized(IN_SCALE * item.weight_scales / item.out_scale)
    weights = item.weights if item.kind != "depthwise" else item.weights[..., 0].transpose(1, 2, 0)
    (height, wide, channels), (rows, columns, made), (top, left) = item.data, item.output, item.padding
    last = made if item.kind == "depthwise" else channels
    filter = (1 if item.kind == "depthwise" else made, *item.window, last)
    filter = (channels, 1, 1, made) if item.kind == "dense" else filter
    shapes = {
        "in": (1, height, wide, channels),
        "filter": filter,
        "one": (1, 1, 1, made),
        "out": (1, rows, columns, made),
    }
    numbers = {"offset": -item.zero_points[0], "zero": item.zero_points[1], "s": item.stride, "top": top, "left": left}
    return "\n".join(
        [
            *BUILTINS,
            *(f'#include "{path}"' for path in sources),
            f'#include "{item.name}.h"',
            array("int8_t", "weights", weights),
            array("int32_t", "bias", item.bias),
            array("int32_t", "multipliers", multipliers),
            array("int32_t", "shifts", shifts),
            f"static int32_t buffer[{BUFFER_WORDS}];",
            f"void {item.name}_run(const int8_t *x, int8_t *y) {{",
            "  cmsis_nn_context ctx = {buffer, sizeof buffer};",
            *(f"  cmsis_nn_dims {name} = {{{', '.join(map(str, shape))}}};" for name, shape in shapes.items()),
            CALLS[item.kind].format(**numbers),
            "}",
            "",
        ]
    )


def is_bytes(path: Path) -> bool:
    """True for a source of 8-bit layers."""
    return ("s8" in path.stem or "q7" in path.stem) and "transpose_conv" not in path.stem and "lstm" not in path.stem


def quantized(factors: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Multipliers of 31 bits and shifts to the left, as TensorFlow Lite makes them."""
    mantissas, exponents = np.frexp(factors.astype(np.float64))
    multipliers = np.round(mantissas * (1 << 31)).astype(np.int64)
    full = multipliers == 1 << 31
    return np.where(full, 1 << 30, multipliers), exponents + full


def array(type: str, name: str, values: NDArray[Any]) -> str:
    """A constant array."""
    return f"static const {type} {name}[] = {{{', '.join(map(str, values.reshape(-1).tolist()))}}};"
