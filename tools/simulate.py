"""A compiled model in its board's simulator: figures, and outputs as real numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from ..dialects.errors import UserError
from ..targets.dataset import Dataset
from ..targets.executors.interface import Measurement
from ..targets.executors.select import board_executor
from ..targets.ports import Ports, input_ports, output_ports, predicted_classes, to_real, to_stored
from ..targets.timing import estimated_cycles, rules, total
from .compiling.compilation import Compilation, float_outputs


@dataclass(frozen=True)
class Simulation:
    """What a run of the firmware showed; sizes in bytes, counts per inference, None where there is no such thing.

    `accuracy` is the fraction of rows whose class is the label. `outputs` are real numbers by name, (rows, *shape in
    the model).
    """

    model: str
    board: str
    simulator: str
    rows: int
    accuracy: float | None
    float_accuracy: float | None
    ram_bytes: int | None
    flash_bytes: int | None
    stack_bytes: int | None
    stack_reserve_bytes: int
    cycles: int | None
    instructions: int | None
    estimated_cycles: int | None
    estimated_ms: float | None
    estimate_rules: str | None
    outputs: dict[str, NDArray[Any]]

    def to_json(self) -> dict[str, Any]:
        """The figures as plain data, without outputs."""
        figures = asdict(self)
        del figures["outputs"]
        return figures


def simulate(compilation: Compilation, dataset: Dataset) -> Simulation:
    """Build the firmware and run all rows. Raises UserError, ToolchainMissing, CompileError, FirmwareFault, TooSlow."""
    function = compilation.function
    outputs = output_ports(function)
    executor = board_executor(compilation.generated(), compilation.board)
    run = executor.run(to_stored(dataset, input_ports(function)))
    figures: Measurement = run.measurement
    values = to_real(run.outputs, outputs)
    counts = total(figures.profile)
    estimate = None if figures.instructions is None else estimated_cycles(counts, compilation.board)
    clock = compilation.board.clock_hz
    return Simulation(
        model=function.sym_name.data,
        board=compilation.board.name,
        simulator=executor.level,
        rows=len(dataset),
        accuracy=accuracy(values, dataset, outputs),
        float_accuracy=accuracy(float_outputs(compilation, dataset), dataset, outputs),
        ram_bytes=figures.ram_bytes,
        flash_bytes=figures.flash_bytes,
        stack_bytes=figures.stack_bytes,
        stack_reserve_bytes=compilation.board.stack_bytes,
        cycles=figures.cycles,
        instructions=figures.instructions,
        estimated_cycles=None if estimate is None else round(estimate),
        estimated_ms=None if estimate is None or clock is None else round(1000 * estimate / clock, 3),
        estimate_rules=None if estimate is None else rules(counts, compilation.board),
        outputs=values,
    )


def refuse_deep_stack(result: Simulation) -> None:
    """Raise UserError where a call took more stack than was reserved: on a fuller board it would overwrite data."""
    stack, reserve = result.stack_bytes, result.stack_reserve_bytes
    if stack is not None and stack > reserve:
        raise UserError(
            f"{result.model} took {stack:,} bytes of stack on board {result.board}, {stack - reserve:,} more "
            f"than the reserve of {reserve:,}: reserve --stack {stack} or more"
        )


def accuracy(values: dict[str, Any], dataset: Dataset, outputs: Ports) -> float | None:
    """The fraction of rows whose predicted class is the label, by the model's first output."""
    if dataset.labels is None:
        return None
    port = outputs[0]
    is_index = values[port.label.data][0].size == 1
    return float((predicted_classes(values[port.label.data], is_index) == dataset.labels).mean())
