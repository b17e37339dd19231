"""`tinyml run`: the firmware in the board's simulator."""

from __future__ import annotations

from argparse import Namespace

from ..api.program import Program
from ..compiler import compile_model
from ..compiling.options import options_of
from ..hardware.run import run_on_fpga
from ..outputs import write_outputs
from ..planning_limit import say_limit
from ..show import print_json, print_line, print_remarks, print_table
from ..simulate import refuse_deep_stack

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
    program = Program(compilation)
    dataset = program.dataset(args.data, args.limit)
    if compilation.board.fpga is not None:
        return run_on_fpga(compilation, dataset, args)
    result = program.simulate(dataset)
    if args.outputs is not None:
        write_outputs(args.outputs, result.outputs)
    print_remarks(compilation.remarks)
    if args.timing:
        compilation.timing.print()
    figures = result.to_json()
    if args.json:
        print_json({**figures, "remarks": compilation.remarks})
    else:
        remark = figures.pop("estimate_rules")
        rows = [(LABELS.get(name, name), value) for name, value in figures.items() if value is not None]
        print_table(f"{compilation.name} on {compilation.board.title}", ("figure", "value"), rows)
        if remark:
            print_line(f"the estimate: {remark}")
    say_limit(compilation)
    refuse_deep_stack(result)
    return 0
