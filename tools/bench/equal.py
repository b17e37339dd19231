"""The same integers everywhere: `python -m tinyml_opt.tools.bench.equal [FOLDER...] [--boards ...]`.

Every model is compiled for a board of each core, whole, by slices and by rows of the input, with assembly and without,
and runs on one random input: by the plan, on this computer, and in the board's simulator at several levels of
optimization. All results must be the integers of `fixed`; the exit code is 1 where one is not. A second table says how
much slower slices are than whole layers, at most `MOST_SLOWER` percent where the figure is asked for.

With `--record FILE` each case is a line of JSON there as it ends, and those that stand there do not run again: a
campaign of hours goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...dialects.errors import UserError
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.host import HostExecutor
from ...targets.executors.interface import Executor, Run
from ...targets.executors.memplan import MemplanExecutor
from ...targets.executors.select import board_executor
from ...targets.toolchain import CompileError
from ..analyze import analyze
from ..compiling.compilation import Compilation
from ..fit import refuse_misfit
from ..show import print_table
from ..verifying.levels import Arrays, compare_runs
from .models import random_rows
from .samples import Sample, samples

BOARDS = (
    "uno",
    "mega2560",
    "metro-m0",
    "bluepill",
    "nano33ble",
    "stm32f746",
    "mps2-an505",
    "mps3-an547",
    "longan-nano",
)
"""One of each core that is simulated here."""

LEVELS = ("-O2", "-Os", "-O3")

MEMORIES: dict[str, dict[str, Any]] = {"whole": {}, "slices": {"stream": True}, "rows": {"input": "rows"}}
"""Options of the compiler, by name."""

MOST_SLOWER = 15
"""Percent that slices may take more."""


@dataclass(frozen=True)
class Case:
    """A model on a board, compiled in one way: what ran, what differed, and the work of an inference as simulated.

    `refused` is the reason why nothing ran: it does not fit, or cannot be compiled or simulated.
    """

    model: str
    board: str
    memory: str
    ran: int = 0
    differing: tuple[str, ...] = ()
    work: int | None = None
    refused: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells cases apart."""
        return self.model, self.board, self.memory

    def line(self) -> str:
        """A line for a person."""
        name = f"{self.model} on {self.board}, {self.memory}"
        verdict = "; ".join(self.differing) or "equal"
        return f"{name}: {self.refused or f'{self.ran} runs, {verdict}'}"


def main(arguments: Sequence[str]) -> int:
    """Run all cases, a line each."""
    parser = argparse.ArgumentParser(prog="bench_equal", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="where more .onnx files are, at any depth")
    parser.add_argument("--calibrations", type=Path, metavar="FOLDER", help="MODEL.npz: calibration data by model")
    parser.add_argument("--models", nargs="*", help="only these")
    parser.add_argument("--boards", nargs="*", default=BOARDS, help="one for each core")
    parser.add_argument("--memories", nargs="*", default=[*MEMORIES], choices=MEMORIES, help="ways of planning")
    parser.add_argument("--levels", nargs="*", default=LEVELS, help="of optimization: O2 Os O3")
    parser.add_argument("--record", type=Path, metavar="FILE", help="cases that ran; they do not run again")
    args = parser.parse_args(arguments)
    chosen = [s for s in samples(args.folders, args.calibrations) if not args.models or s.name in args.models]
    levels = [f"-{level.lstrip('-')}" for level in args.levels]
    done = recorded(args.record)
    for board in args.boards:
        for sample in chosen:
            for memory in args.memories:
                if (sample.name, board, memory) not in done:
                    case = case_of(sample, board, memory, levels)
                    print(case.line(), flush=True)
                    done[case.key] = case
                    record(case, args.record)
    cases = [case for case in done.values() if not case.refused]
    show(cases)
    return int(any(case.differing for case in cases))


def recorded(file: Path | None) -> dict[tuple[str, str, str], Case]:
    """The cases that a file holds; none where there is no file yet."""
    if file is None or not file.is_file():
        return {}
    found = [Case(**json.loads(line)) for line in file.read_text().splitlines()]
    return {case.key: replace(case, differing=tuple(case.differing)) for case in found}


def record(case: Case, file: Path | None) -> None:
    """Write a case to the end of a file."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as lines:
            lines.write(json.dumps(asdict(case)) + "\n")


def case_of(sample: Sample, board: str, memory: str, levels: Sequence[str]) -> Case:
    """A case, which says why where nothing ran; what a compiler refuses is wrong."""
    try:
        return run_case(sample, board, memory, levels)
    except CompileError as error:
        return Case(sample.name, board, memory, differing=tuple(error.reasons[:2]))
    except UserError as error:
        return Case(sample.name, board, memory, refused=error.reasons[0])


def run_case(sample: Sample, board: str, memory: str, levels: Sequence[str]) -> Case:
    """Compile and run a model. Raises UserError where it does not fit, or cannot be compiled or simulated."""
    ran, differing, work = 0, list[str](), None
    for asm in (True, False):
        compilation = sample.compile(board, asm=asm, **MEMORIES[memory])
        refuse_misfit(analyze(compilation))
        stored = {port.label.data: random_rows(port, 1) for port in compilation.generated().inputs}
        expected = FixedExecutor(compilation.fixed).run(stored, trace=True)
        for name, executor in executors(compilation, asm, levels):
            run = execute(executor, stored)
            found = compare_runs(name, expected, run)
            ran += 1
            if found.difference is not None:
                differing.append(f"{name}, assembly {'on' if asm else 'off'}: {found.difference}")
            if asm and name == levels[0]:
                work = run.measurement.cycles or run.measurement.instructions
    return Case(sample.name, board, memory, ran, tuple(differing), work)


def executors(compilation: Compilation, asm: bool, levels: Sequence[str]) -> Iterator[tuple[str, Executor]]:
    """What runs a compiled model: the plan, once, the host, and the board at each level of optimization."""
    model = compilation.generated()
    if asm:
        yield "memplan", MemplanExecutor(compilation.memplan)
    yield "host", HostExecutor(model)
    board = compilation.board
    others = [flag for flag in board.flags if flag not in LEVELS]
    for level in levels:
        yield level, board_executor(model, replace(board, flags=(*others, level)))


def execute(executor: Executor, stored: Arrays) -> Run:
    """A run, with its nodes where the executor shows them."""
    return executor.run(stored, trace=True) if isinstance(executor, MemplanExecutor) else executor.run(stored)


def show(cases: Sequence[Case]) -> None:
    """All cases by model and board, then how much slower slices are."""
    by_case = {(case.model, case.board, case.memory): case for case in cases}
    rows = [
        (case.model, case.board, case.memory, case.ran, "yes" if not case.differing else "NO", work_of(case))
        for case in cases
    ]
    print_table("the same integers", ("model", "board", "memory", "runs", "equal", "instructions or cycles"), rows)
    slower = list(slowdowns(by_case))
    if slower:
        print_table("slices beside whole layers", ("model", "board", "memory", "more", "within"), slower)


def slowdowns(cases: Mapping[tuple[str, str, str], Case]) -> Iterator[tuple[str, str, str, str, str]]:
    """How many percent more slices take, of the models that run whole, too."""
    for (model, board, memory), case in cases.items():
        whole = cases.get((model, board, "whole"))
        if memory != "whole" and whole is not None and whole.work and case.work:
            more = 100 * (case.work / whole.work - 1)
            yield model, board, memory, f"{more:+.1f} %", "yes" if more <= MOST_SLOWER else "NO"


def work_of(case: Case) -> str:
    """What the simulator counted."""
    return "-" if case.work is None else f"{case.work:,}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
