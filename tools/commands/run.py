"""`tinyml run`: the firmware in the board's simulator."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...targets.dataset import Dataset, load_dataset
from ...targets.executors.interface import Measurement
from ...targets.executors.select import board_executor
from ...targets.ports import Ports, input_ports, output_ports, predicted_classes, to_real, to_stored
from ...targets.timing import estimated_cycles, rules, total
from ..advice import advised
from ..analyze import analyze
from ..compiler import Compilation, compile_model, float_outputs, input_types, options_of
from ..fit import refuse_misfit
from ..hardware.run import run_on_fpga
from ..outputs import write_outputs
from ..planning_limit import say_limit
from ..show import print_json, print_line, print_remarks, print_table

LABELS = {
    "accuracy": "accuracy, integers",
    "float_accuracy": "accuracy, float",
    "ram_bytes": "RAM, bytes (model, input, output)",
    "flash_bytes": "flash, bytes (constants and code)",
    "stack_bytes": "stack, bytes",
    "stack_reserve_bytes": "stack reserve, bytes",
    "cycles": "cycles per inference",
    "instructions": "instructions per inference",
    "estimated_cycles": "cycles per inference, estimated",
    "estimated_ms": "ms per inference, estimated",
}


def execute(args: Namespace) -> int:
    """Build, simulate, print what the board would do; an error where the stack exceeded its reserve."""
    compilation = compile_model(options_of(args))
    if compilation.board.fpga is not None:
        return run_on_fpga(compilation, first_rows(compilation, args), args)
    refuse_misfit(advised(compilation, analyze(compilation)))
    dataset = first_rows(compilation, args)
    result, outputs = simulate(compilation, dataset)
    if args.outputs is not None:
        write_outputs(args.outputs, outputs)
    print_remarks(compilation.remarks)
    if args.timing:
        compilation.timing.print()
    if args.json:
        print_json({**result, "remarks": compilation.remarks})
    else:
        remark = result.pop("estimate_rules")
        rows = [(LABELS.get(name, name), value) for name, value in result.items() if value is not None]
        print_table(f"{compilation.function.sym_name.data} on {compilation.board.title}", ("figure", "value"), rows)
        if remark:
            print_line(f"the estimate: {remark}")
    say_limit(compilation)
    refuse_deep_stack(result)
    return 0


def first_rows(compilation: Compilation, args: Namespace) -> Dataset:
    """The rows that are asked for."""
    dataset = load_dataset(args.data, input_types(compilation.onnx))
    return dataset.head(args.limit) if args.limit else dataset


def refuse_deep_stack(result: dict[str, Any]) -> None:
    """Raise UserError where a call took more stack than was reserved: on a fuller board it would overwrite data."""
    stack, reserve = result["stack_bytes"], result["stack_reserve_bytes"]
    if stack is not None and stack > reserve:
        raise UserError(
            f"{result['model']} took {stack:,} bytes of stack on board {result['board']}, {stack - reserve:,} more "
            f"than the reserve of {reserve:,}: reserve --stack {stack} or more"
        )


def simulate(compilation: Compilation, dataset: Dataset) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The figures, and the outputs in real units by name, (rows, *shape in the model).

    Accuracy is the fraction of rows whose class is the label; a figure is None where there is no such thing.
    """
    function = compilation.function
    outputs = output_ports(function)
    executor = board_executor(compilation.generated(), compilation.board)
    run = executor.run(to_stored(dataset, input_ports(function)))
    figures: Measurement = run.measurement
    values = to_real(run.outputs, outputs)
    counts = total(figures.profile)
    estimate = None if figures.instructions is None else estimated_cycles(counts, compilation.board)
    clock = compilation.board.clock_hz
    result = {
        "model": function.sym_name.data,
        "board": compilation.board.name,
        "simulator": executor.level,
        "rows": len(dataset),
        "accuracy": accuracy(values, dataset, outputs),
        "float_accuracy": accuracy(float_outputs(compilation, dataset), dataset, outputs),
        "ram_bytes": figures.ram_bytes,
        "flash_bytes": figures.flash_bytes,
        "stack_bytes": figures.stack_bytes,
        "stack_reserve_bytes": compilation.board.stack_bytes,
        "cycles": figures.cycles,
        "instructions": figures.instructions,
        "estimated_cycles": None if estimate is None else round(estimate),
        "estimated_ms": None if estimate is None or clock is None else round(1000 * estimate / clock, 3),
        "estimate_rules": None if estimate is None else rules(counts, compilation.board),
    }
    return result, values


def accuracy(values: dict[str, Any], dataset: Dataset, outputs: Ports) -> float | None:
    """The fraction of rows whose predicted class is the label, by the model's first output."""
    if dataset.labels is None:
        return None
    port = outputs[0]
    is_index = values[port.label.data][0].size == 1
    return float((predicted_classes(values[port.label.data], is_index) == dataset.labels).mean())
