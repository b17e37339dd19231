"""What the executors of compiled models share: rows of raw bytes in and out, and the build before a simulation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import PortAttr, storage_limits
from ..board import Board
from ..firmware import Firmware, GeneratedModel, build_firmware, port_dtype
from ..simulators.outcome import FirmwareFault, Outcome
from .interface import Arrays, Measurement, Run


def row_dtype(ports: Sequence[PortAttr]) -> np.dtype[Any]:
    """A row: the ports' arrays one after the other, without padding."""
    return np.dtype([(port.label.data, port_dtype(port), port.stored_shape) for port in ports])


def pack_rows(inputs: Arrays, ports: Sequence[PortAttr]) -> NDArray[Any]:
    """Inputs as (batch,) rows. Raises ValueError for a missing label, a wrong shape or a value outside the storage."""
    labels = [port.label.data for port in ports]
    if set(inputs) != set(labels):
        raise ValueError(f"inputs are {sorted(inputs)}, the model's ports {sorted(labels)}")
    batch = len(inputs[labels[0]])
    rows = np.empty(batch, row_dtype(ports))
    for port in ports:
        values, label = inputs[port.label.data], port.label.data
        if batch == 0 or values.shape != (batch, *port.stored_shape):
            raise ValueError(f"'{label}' has shape {values.shape}, expected (rows, *{port.stored_shape})")
        low, high = storage_limits(port.storage)
        if values.dtype.kind not in "iu" or values.size and (values.min() < low or values.max() > high):
            raise ValueError(f"'{label}' must hold integers from {low} to {high}")
        rows[label] = values
    return rows


def bytes_in_calls(rows: NDArray[Any], calls: int) -> bytes:
    """Rows as a harness reads them: for each of so many calls of a row its part of every port, one after the other."""
    if calls == 1 or rows.dtype.names is None:
        return rows.tobytes()
    ports = [np.ascontiguousarray(rows[name]).view(np.uint8).reshape(len(rows), calls, -1) for name in rows.dtype.names]
    return np.concatenate(ports, axis=2).tobytes()


def unpack_rows(data: bytes, ports: Sequence[PortAttr], batch: int) -> dict[str, NDArray[Any]]:
    """Output rows by label, (batch, *stored shape). Raises FirmwareFault where there are more or fewer rows."""
    dtype = row_dtype(ports)
    if len(data) != batch * dtype.itemsize:
        raise FirmwareFault(f"the program wrote {len(data):,} bytes for {batch:,} rows of {dtype.itemsize:,} bytes")
    rows = np.frombuffer(data, dtype)
    return {port.label.data: np.ascontiguousarray(rows[port.label.data]) for port in ports}


class FirmwareExecutor(ABC):
    """Builds the firmware of a model for a board and runs it in a simulator; counts are means per inference."""

    level: str

    def __init__(self, model: GeneratedModel, board: Board):
        self.model = model
        self.board = board

    @abstractmethod
    def simulate(self, firmware: Firmware, rows: bytes, directory: Path) -> Outcome:
        """Run all rows."""

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Outputs and measurements; a compiled model shows no inner values.

        Raises ToolchainMissing, CompileError, FirmwareFault, TooSlow, and UserError where the model does not fit the
        board.
        """
        rows = pack_rows(inputs, self.model.inputs)
        with TemporaryDirectory(prefix="tinyml-") as scratch:
            directory = Path(scratch)
            firmware = build_firmware(self.model, self.board, directory)
            outcome = self.simulate(firmware, bytes_in_calls(rows, self.model.calls), directory)
        measurement = Measurement(
            ram_bytes=firmware.ram_bytes,
            flash_bytes=firmware.flash_bytes,
            stack_bytes=outcome.stack_bytes,
            cycles=mean(outcome.cycles),
            instructions=mean(outcome.instructions),
            elf_ram_bytes=firmware.total_ram_bytes,
            elf_flash_bytes=firmware.total_flash_bytes,
            profile={
                function: {name: count / len(rows) for name, count in counts.items()}
                for function, counts in outcome.profile.items()
            },
        )
        return Run(unpack_rows(outcome.outputs, self.model.outputs, len(rows)), {}, measurement)


def mean(counts: NDArray[Any] | None) -> int | None:
    """The rounded mean."""
    return None if counts is None else round(float(counts.mean()))
