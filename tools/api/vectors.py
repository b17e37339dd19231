"""The test vector of a program: one row of data with what the program makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import Holds, PortAttr, storage_limits
from ...targets.executors.fixed import FixedExecutor
from ...targets.firmware import port_dtype
from ...targets.ports import input_ports, to_stored
from ..compiling.compilation import Compilation, input_types
from .data import dataset_from

SEED = 1


def vector_of(compilation: Compilation) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Stored inputs and outputs by label, a row each: the first row of the calibration data, else any integers."""
    ports = input_ports(compilation.function)
    path = compilation.options.calibration
    if path is None:
        inputs = {port.label.data: any_row(port) for port in ports}
    else:
        inputs = to_stored(dataset_from(path, input_types(compilation.onnx)).head(1), ports)
    return inputs, dict(FixedExecutor(compilation.fixed).run(inputs).outputs)


def any_row(port: PortAttr) -> NDArray[Any]:
    """Integers that an input holds, (1, *stored shape)."""
    low, high = (0, 1) if port.holds.data is Holds.BOOL else storage_limits(port.storage)
    values = np.random.default_rng(SEED).integers(low, high, (1, *port.stored_shape), endpoint=True)
    return values.astype(port_dtype(port))
