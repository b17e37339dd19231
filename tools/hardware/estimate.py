"""`tinyml analyze` of an FPGA: cycles and cells op by op, before any tool runs, and what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...dialects.errors import UserError
from ...targets.device import Fpga
from ...targets.estimating.cells import Estimate
from ...targets.estimating.design import Design
from ...targets.family import load_family
from ...targets.ports import input_ports, output_ports
from ..compiling.compilation import Compilation
from ..compiling.options import DOUBLE, RTL_PORTS
from ..show import print_json, print_table

CELLS = ("LUT", "FF", "DSP", "BRAM36")


def budget(fpga: Fpga) -> Estimate:
    """What a part has."""
    return Estimate(fpga.luts, fpga.ffs, fpga.dsps, fpga.bram36)


def misfits(name: str, design: Design, fpga: Fpga) -> list[str]:
    """What a part has too little of, and the op that takes the most; LUT and FF only where the estimate is surely off.

    Multipliers and block RAMs are counted, look-up tables and registers are estimated.
    """
    error = load_family(fpga.family).error / 100
    reasons: list[str] = []
    for number, (cell, has) in enumerate(zip(CELLS, budget(fpga).costs, strict=True)):
        takes = design.cells.costs[number]
        if takes * (1 - error if cell in ("LUT", "FF") else 1) <= has:
            continue
        most = max(design.parts, key=lambda part: part.cells.costs[number])
        reasons.append(
            f"{name} takes {takes:,g} {cell}, {fpga.part} has {has:,g}; most of them '{most.node}' "
            f"({most.cells.costs[number]:,g}): fewer --lanes, or a larger part"
        )
    return reasons


def refuse_misfits(compilation: Compilation, design: Design) -> None:
    """Raise UserError where a design does not fit its board's part."""
    fpga = compilation.board.fpga
    if fpga is not None and (reasons := misfits(compilation.name, design, fpga)):
        raise UserError(*reasons)


def interval_of(compilation: Compilation, cycles: int) -> int:
    """Cycles from the start of an inference to that of the next.

    Between them the caller writes an input and reads an output, an element of each in a clock; a clock ends the first.
    With double ports that is while the next one runs: all outputs are read before it is done, and its first clock, from
    which on inputs are those of another, is no clock for them.
    """
    function = compilation.function
    taken, given = (sum(prod(p.stored_shape) for p in of(function)) for of in (input_ports, output_ports))
    if compilation.options.ports != DOUBLE:
        return cycles + 1 + max(taken, given)
    before = max(0, given - cycles)
    return before + 2 + max(cycles - 1, taken, given - before)


def to_json(compilation: Compilation, design: Design, fpga: Fpga) -> dict[str, Any]:
    """The figures as plain data."""
    family = load_family(fpga.family)
    return {
        "model": compilation.name,
        "board": compilation.board.name,
        "part": fpga.part,
        "cycles": design.cycles,
        "interval": interval(compilation, design),
        "us": round(design.cycles / fpga.clock_hz * 1e6, 2),
        **dict(zip(CELLS, rounded(design.cells), strict=True)),
        "has": dict(zip(CELLS, budget(fpga).costs, strict=True)),
        "error_percent": family.error,
        "measured": family.measured,
        "ops": [
            {
                "op": part.node,
                "steps": part.steps,
                "end": part.end,
                **dict(zip(CELLS, rounded(part.cells), strict=True)),
            }
            for part in design.parts
        ],
        "buffers": dict(zip(CELLS, rounded(design.buffers), strict=True)),
        "misfit": misfits(compilation.name, design, fpga),
    }


def interval(compilation: Compilation, design: Design) -> int | None:
    """Cycles from the start of an inference to that of the next; None for ports that only HLS has."""
    return interval_of(compilation, design.cycles) if compilation.options.ports in RTL_PORTS else None


def rounded(cells: Estimate) -> tuple[int, int, int, float]:
    """As they are shown."""
    return round(cells.luts), round(cells.ffs), cells.dsps, cells.bram36


def show_estimate(compilation: Compilation, as_json: bool) -> None:
    """Print a row per op, then the totals against the part. Raises UserError for a part that is too small."""
    fpga, design = compilation.board.fpga, compilation.design()
    assert fpga is not None
    if as_json:
        print_json(to_json(compilation, design, fpga))
        return
    rows: list[Sequence[object]] = [(p.node, p.steps, p.end, *rounded(p.cells)) for p in design.parts]
    rows.append(("buffers", "", "", *rounded(design.buffers)))
    print_table(f"{compilation.name}, op by op", ("op", "steps", "done at", *CELLS), rows)
    family = load_family(fpga.family)
    microseconds = design.cycles / fpga.clock_hz * 1e6
    between = interval(compilation, design)
    totals: list[Sequence[object]] = [
        ("cycles per inference", design.cycles, "counted"),
        *([] if between is None else [("cycles from one inference to the next", between, "counted")]),
        ("microseconds", round(microseconds, 2), f"at {fpga.clock_hz / 1e6:g} MHz"),
    ]
    remarks = (f"about {family.error:g} % off ({family.measured})", "about", "counted", "counted")
    for cell, takes, has, remark in zip(CELLS, rounded(design.cells), budget(fpga).costs, remarks, strict=True):
        totals.append((cell, takes, f"of {has:g}, {remark}"))
    print_table(f"{compilation.name} on {compilation.board.title}", ("figure", "value", "remark"), totals)
    for reason in misfits(compilation.name, design, fpga):
        print(f"does not fit: {reason}")
