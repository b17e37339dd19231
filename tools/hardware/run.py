"""`tinyml run` on an FPGA: the Verilog simulated, then synthesized, placed and routed as far as open tools go."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from ...dialects.errors import UserError
from ...targets.dataset import Dataset
from ...targets.device import Fpga
from ...targets.estimating.design import design_of
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.interface import Arrays, Measurement
from ...targets.executors.rtl import RtlExecutor
from ...targets.family import load_family
from ...targets.ports import input_ports, output_ports, to_stored
from ...targets.synthesis.nextpnr import place_and_route
from ...targets.synthesis.yosys import Cells, synthesize
from ...targets.verilog.program import image_files, print_verilog
from ..compiling.compilation import Compilation
from ..show import print_json, print_line, print_table
from ..verifying.levels import compare_runs
from .estimate import refuse_misfits

LABELS = {
    "cycles": "cycles per inference",
    "interval": "cycles from one inference to the next",
    "luts": "LUT",
    "ffs": "FF",
    "dsps": "DSP",
    "bram36": "BRAM, 36 Kbit",
    "fmax_mhz": "greatest clock, MHz",
    "target": "target clock",
    "clock_mhz": "clock that the figures are for, MHz",
    "us": "microseconds per inference",
}


def run_on_fpga(compilation: Compilation, dataset: Dataset, args: Namespace) -> int:
    """Print cycles, cells and clock; raises UserError where integers differ, or the part is too small."""
    fpga = compilation.board.fpga
    assert fpga is not None
    result = measure(compilation, dataset, fpga, args.simulator)
    if args.json:
        print_json(result)
    else:
        rows = [(LABELS.get(name, name), value) for name, value in result.items() if value is not None]
        print_table(f"{compilation.name} on {compilation.board.title}", ("figure", "value"), rows)
    refuse_too_small(compilation, fpga, result)
    return 0


def measure(compilation: Compilation, dataset: Dataset, fpga: Fpga, simulator: str) -> dict[str, Any]:
    """All figures. Raises UserError where a simulated integer is not that of `fixed`."""
    module = compilation.rtl()
    refuse_misfits(compilation, design_of(load_family(fpga.family), module.ops))
    say(f"simulating {len(dataset)} rows with {simulator}")
    seen = simulated(compilation, module, to_stored(dataset, input_ports(compilation.function)), simulator)
    assert seen.cycles is not None, "an RTL simulation counts them"
    cells = implement(compilation.name, module, fpga)
    clock = fpga.clock_hz if cells.fmax_hz is None else cells.fmax_hz
    return {
        "model": compilation.name,
        "board": compilation.board.name,
        "rows": len(dataset),
        "cycles": seen.cycles,
        "interval": seen.interval,
        "luts": cells.luts,
        "ffs": cells.ffs,
        "dsps": cells.dsps,
        "bram36": cells.bram36,
        "fmax_mhz": None if cells.fmax_hz is None else round(cells.fmax_hz / 1e6, 1),
        "target": reached(cells, fpga),
        "clock_mhz": round(clock / 1e6, 1),
        "us": round(seen.cycles / clock * 1e6, 2),
    }


def simulated(compilation: Compilation, module: ModuleOp, stored: Arrays, simulator: str) -> Measurement:
    """Cycles of an inference, and from one to the next. Raises UserError where an integer is not that of `fixed`."""
    function = compilation.function
    run = RtlExecutor(module, input_ports(function), output_ports(function), simulator).run(stored)
    compared = compare_runs("rtl", FixedExecutor(compilation.fixed).run(stored), run)
    if compared.difference is not None:
        raise UserError(f"the Verilog differs from fixed at {compared.difference}")
    return run.measurement


def implement(name: str, module: ModuleOp, fpga: Fpga, keep: Path | None = None) -> Cells:
    """Cells of a module of `rtl`; placed and routed where open tools do that for the family.

    What the tools read and write stays in the folder `keep`, beside the module as `NAME.mlir`, where one is given.
    """
    with TemporaryDirectory(prefix="tinyml-") as scratch:
        directory = keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        files = {f"{name}.v": print_verilog(module), **image_files(module)}
        if keep is not None:
            files[f"{name}.mlir"] = str(module) + "\n"
        for file, text in files.items():
            (directory / file).write_text(text, encoding="utf-8")
        say(f"synthesizing for {fpga.part} with Yosys")
        cells = synthesize(fpga.family, name, f"{name}.v", directory, say)
        if not fpga.device:
            return cells
        say(f"placing and routing: {cells.luts:,} LUT, {cells.ffs:,} FF, {cells.dsps} DSP, {cells.bram36:g} BRAM")
        return place_and_route(fpga, directory, say)


def reached(cells: Cells, fpga: Fpga) -> str:
    """Whether a design has the target clock."""
    target = f"{fpga.clock_hz / 1e6:g} MHz"
    if cells.fmax_hz is None:
        return f"{target}, not placed"
    return f"{target}, {'met' if cells.fmax_hz >= fpga.clock_hz else 'missed'}"


def refuse_too_small(compilation: Compilation, fpga: Fpga, result: dict[str, Any]) -> None:
    """Raise UserError with each resource of which the part has too little."""
    advice = "fewer --lanes, or a larger part"
    reasons = [
        f"{compilation.name} takes {result[name]:g} {LABELS[name]}, {fpga.part} has {has:g}: {advice}"
        for name, has in (("luts", fpga.luts), ("ffs", fpga.ffs), ("dsps", fpga.dsps), ("bram36", fpga.bram36))
        if result[name] > has
    ]
    if reasons:
        raise UserError(*reasons)


def say(text: str) -> None:
    """A line of progress."""
    print_line(text, sys.stderr)
