"""Is every level exact? The same inputs through all of them; the first level, node and element that differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes
from ...targets.executors.interface import Arrays, Executor, Run
from ...targets.ports import input_ports, output_ports
from ...targets.toolchain import ToolchainMissing
from ..compiling.compilation import Compilation


@dataclass(frozen=True)
class Difference:
    """The first element at which a level departs from the one above it."""

    node: str
    row: int
    index: tuple[int, ...]
    expected: int
    actual: int
    count: int

    def __str__(self) -> str:
        where = f"{in_quotes(self.node)}, input {self.row}, element {list(self.index)}"
        return f"{where}: expected {self.expected}, got {self.actual} ({self.count} elements differ)"


@dataclass(frozen=True)
class LevelResult:
    """How a level compares with `fixed`; `difference` is None where every integer is equal."""

    level: str
    compared: int
    difference: Difference | None = None
    cycles: int | None = None


@dataclass(frozen=True)
class Levels:
    """All levels below `fixed` that ran, `compiled` those of them that are compiled code, and why others did not."""

    results: tuple[LevelResult, ...]
    compiled: tuple[str, ...]
    not_run: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """True when every level that ran gave the integers of `fixed`."""
        return all(level.difference is None for level in self.results)

    def reasons(self) -> list[str]:
        """Why the result is not exact, a line each; none where it is."""
        reasons = [f"{r.level} differs from fixed at {r.difference}" for r in self.results if r.difference is not None]
        if not self.compiled:
            reasons.append(f"no compiled code ran: {'; '.join(self.not_run)}")
        return reasons


def first_difference(node: str, expected: NDArray[Any], actual: NDArray[Any]) -> Difference | None:
    """The first element, row by row, at which two arrays differ."""
    if expected.shape == actual.shape and np.array_equal(expected, actual):
        return None
    if expected.shape != actual.shape:
        return Difference(node, 0, (), expected.size, actual.size, max(expected.size, actual.size))
    places = np.argwhere(expected != actual)
    row, *index = (int(i) for i in places[0])
    place = (row, *index)
    return Difference(node, row, tuple(index), int(expected[place]), int(actual[place]), len(places))


def compare_runs(level: str, expected: Run, actual: Run) -> LevelResult:
    """Compare the traced nodes that both runs show, in the order of execution, then the outputs."""
    pairs = [(node, expected.values[node], value) for node, value in actual.values.items() if node in expected.values]
    pairs += [(label, expected.outputs[label], value) for label, value in actual.outputs.items()]
    compared = 0
    for node, left, right in pairs:
        difference = first_difference(node, left, right)
        if difference is not None:
            return LevelResult(level, compared, difference)
        compared += left.size
    return LevelResult(level, compared)


def compare_levels(
    compilation: Compilation, stored: Arrays, reference: Run, hls: bool, rtl: str | None = None
) -> Levels:
    """Run memplan, the host, the board's simulator, on request HLS and RTL, against the integers of `fixed`.

    `stored` holds the inputs, (rows, *stored shape) by label; `reference` has the trace of `fixed`, `rtl` names the
    simulator of Verilog.
    """
    from ...targets.executors.memplan import MemplanExecutor
    from ...targets.executors.select import executors_for

    executors, not_run = executors_for(compilation.generated(), compilation.board)
    if compilation.board.fpga is not None:
        not_run = []
    results = [compare_runs("memplan", reference, MemplanExecutor(compilation.memplan).run(stored, trace=True))]
    compiled: list[str] = []
    asked = [hls_executor(compilation)] if hls else []
    asked += [rtl_executor(compilation, rtl)] if rtl else []
    for executor in [*executors, *asked]:
        try:
            run = executor.run(stored)
            result = replace(compare_runs(executor.level, reference, run), cycles=run.measurement.cycles)
        except ToolchainMissing as error:
            not_run.extend(error.reasons)
            continue
        if result.difference is not None:
            node = first_node(compilation, executor.level, stored, reference)
            result = replace(result, difference=node or result.difference)
        results.append(result)
        compiled.append(executor.level)
    return Levels(tuple(results), tuple(compiled), tuple(dict.fromkeys(not_run)))


def hls_executor(compilation: Compilation) -> Executor:
    """The C simulation of the printed HLS C++."""
    from ...targets.executors.hls import HlsExecutor

    function = compilation.function
    return HlsExecutor(compilation.hls_files(), input_ports(function), output_ports(function), compilation.name)


def rtl_executor(compilation: Compilation, simulator: str) -> Executor:
    """The printed Verilog in a simulator."""
    from ...targets.executors.rtl import RtlExecutor

    function = compilation.function
    return RtlExecutor(compilation.rtl(), input_ports(function), output_ports(function), simulator)


def first_node(compilation: Compilation, level: str, stored: Arrays, reference: Run) -> Difference | None:
    """Where compiled code departs first, found by returning every node's value; None where that hides it."""
    from ...targets.executors.select import executors_for

    exposed = compilation.exposed()
    made: dict[str, Callable[[Compilation], Executor]] = {
        "hls": hls_executor,
        "rtl": lambda c: rtl_executor(c, "iverilog"),
    }
    executors = [made[level](exposed)] if level in made else executors_for(exposed.generated(), exposed.board)[0]
    try:
        (outputs,) = (executor.run(stored).outputs for executor in executors if executor.level == level)
    except UserError:
        return None
    for node, expected in reference.values.items():
        difference = first_difference(node, expected, outputs[node]) if node in outputs else None
        if difference is not None:
            return difference
    return None
