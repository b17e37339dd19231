"""Runs a tool on many damaged inputs, each in a process of its own with little memory and time, and says how it ended.

The tool is imported once; a case is a fork of this process, so that thousands of cases take minutes. A case is named by
its seed alone: the same seed makes the same input again.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

REFUSED = 1
"""The exit code of a tool that refuses its input."""

BROKEN = 70
"""The exit code of a case that an exception ended."""

SHOWN = 20
"""How many failures are printed."""


@dataclass(frozen=True)
class Limits:
    """What one case may take beyond what the importing process has: bytes, resident and of address space; CPU seconds
    of each command that it runs, and seconds on the clock.
    """

    memory: int = 1 << 30
    cpu: int = 10
    wall: float = 120.0


@dataclass(frozen=True)
class Fuzzer:
    """A way to make damaged inputs, and the tool that reads them.

    `make(seed)` gives the bytes of an input. `run(path, seed)` runs the tool on a file in a folder that it may write
    to, `commands` times, and returns its exit code; it may raise.
    """

    name: str
    suffix: str
    make: Callable[[int], bytes]
    run: Callable[[Path, int], int]
    commands: int = 1


@dataclass(frozen=True)
class Outcome:
    """How a case ended: `ok`, `refused`, or one of the failures `INTERNAL`, `CRASH`, `MEMORY` and `TIME`.

    `size` counts the bytes of the input, `output` is what the tool printed.
    """

    seed: int
    verdict: str
    size: int
    seconds: float
    output: str

    @property
    def failed(self) -> bool:
        """Whether a person would call it a defect."""
        return self.verdict not in ("ok", "refused")

    @property
    def line(self) -> str:
        """What was printed last."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1][:200] if lines else "nothing was printed"


@dataclass(frozen=True)
class Started:
    """A case that is running; `resident` counts the bytes that it began with."""

    seed: int
    size: int
    resident: int
    output: Path
    begin: float


def run_cases(fuzzer: Fuzzer, seeds: Iterable[int], jobs: int = 2, limits: Limits | None = None) -> Iterator[Outcome]:
    """The outcome of each seed, in the order in which they end; `jobs` of them run at a time."""
    limits = limits or Limits()
    limits = replace(limits, cpu=limits.cpu * fuzzer.commands)
    waiting, running = iter(seeds), dict[int, Started]()
    with tempfile.TemporaryDirectory(prefix="tinyml-fuzz-") as scratch:
        while True:
            while len(running) < jobs and (seed := next(waiting, None)) is not None:
                pid, started = start(fuzzer, seed, Path(scratch), limits)
                running[pid] = started
            if not running:
                return
            for pid, status, usage in ended(running, limits):
                yield outcome(running.pop(pid), status, usage, limits)


def start(fuzzer: Fuzzer, seed: int, scratch: Path, limits: Limits) -> tuple[int, Started]:
    """Fork a process that makes the input of a seed and runs the tool on it."""
    folder = scratch / str(seed)
    folder.mkdir()
    data = fuzzer.make(seed)
    (folder / f"case{fuzzer.suffix}").write_bytes(data)
    begin, resident = time.monotonic(), memory_in_use()[1]
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(run_here(fuzzer, folder / f"case{fuzzer.suffix}", seed, limits))
    return pid, Started(seed, len(data), resident, folder / "output", begin)


def run_here(fuzzer: Fuzzer, path: Path, seed: int, limits: Limits) -> int:
    """Run the tool in this process, within the limits; its output goes to a file."""
    output = os.open(path.parent / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    memory = memory_in_use()[0] + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        code = fuzzer.run(path, seed)
    except BaseException:
        traceback.print_exc()
        code = BROKEN
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def memory_in_use() -> tuple[int, int]:
    """The bytes of address space that this process has now, and how many of them are resident."""
    space, resident, *_ = Path("/proc/self/statm").read_text().split()
    return int(space) * resource.getpagesize(), int(resident) * resource.getpagesize()


def ended(running: dict[int, Started], limits: Limits) -> Iterator[tuple[int, int, resource.struct_rusage]]:
    """Wait for one process that ends; what has run too long is ended."""
    while True:
        for pid in list(running):
            found, status, usage = os.wait4(pid, os.WNOHANG)
            if found:
                yield pid, status, usage
                return
            if time.monotonic() - running[pid].begin > limits.wall:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def outcome(started: Started, status: int, usage: resource.struct_rusage, limits: Limits) -> Outcome:
    """How a case ended; its folder goes."""
    output = started.output.read_text(errors="replace") if started.output.is_file() else ""
    shutil.rmtree(started.output.parent, ignore_errors=True)
    seconds = usage.ru_utime + usage.ru_stime
    verdict = verdict_of(status, output, seconds, usage.ru_maxrss * 1024 - started.resident, limits)
    return Outcome(started.seed, verdict, started.size, seconds, output)


def verdict_of(status: int, output: str, seconds: float, peak: int, limits: Limits) -> str:
    """The verdict on an exit status, what was printed, CPU seconds and the most resident bytes that it added.

    A warning of Python's is a defect, too.
    """
    if "MemoryError" in output or "not enough memory" in output or peak > limits.memory:
        return "MEMORY"
    if os.WIFSIGNALED(status):
        late = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return "TIME" if late else "CRASH"
    if seconds > limits.cpu:
        return "TIME"
    code = os.WEXITSTATUS(status)
    if "internal error" in output or "Traceback" in output or "Warning: " in output:
        return "INTERNAL"
    if code == 0:
        return "ok"
    return "refused" if code == REFUSED and "error: " in output else "INTERNAL"


def main(fuzzer: Fuzzer, arguments: Sequence[str] | None = None) -> int:
    """The command line of a fuzzer; 1 where a case failed."""
    parser = argparse.ArgumentParser(prog=fuzzer.name)
    parser.add_argument("--cases", type=int, default=2500, metavar="N", help="how many seeds")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="cases at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the inputs of failures here")
    parser.add_argument("--show", type=int, metavar="SEED", help="run one seed and print what the tool prints")
    args = parser.parse_args(arguments)
    if args.show is not None:
        (shown,) = run_cases(fuzzer, [args.show], 1)
        print(f"{shown.output}{shown.verdict}, {shown.size} bytes, {shown.seconds:.2f} s")
        return int(shown.failed)
    outcomes = list(run_cases(fuzzer, range(args.first, args.first + args.cases), args.jobs))
    report(fuzzer, outcomes, args.keep)
    return int(any(o.failed for o in outcomes))


def report(fuzzer: Fuzzer, outcomes: Sequence[Outcome], keep: Path | None) -> None:
    """Print the counts and the failures, the smallest inputs first; keep their inputs where a folder is given."""
    verdicts = ("ok", "refused", "INTERNAL", "CRASH", "MEMORY", "TIME")
    counts = ", ".join(f"{sum(o.verdict == v for o in outcomes)} {v}" for v in verdicts)
    slowest = max((o.seconds for o in outcomes), default=0.0)
    total = sum(o.seconds for o in outcomes)
    print(f"{fuzzer.name}: {len(outcomes)} cases: {counts}; {total:.0f} s of CPU, {slowest:.1f} s the slowest")
    failures = sorted((o for o in outcomes if o.failed), key=lambda o: o.size)
    for failure in failures[:SHOWN]:
        print(f"  --show {failure.seed}: {failure.verdict}, {failure.size} bytes: {failure.line}")
    if len(failures) > SHOWN:
        print(f"  and {len(failures) - SHOWN} more")
    if keep is not None and failures:
        keep.mkdir(parents=True, exist_ok=True)
        for failure in failures:
            path = keep / f"{failure.verdict.lower()}_{failure.seed}{fuzzer.suffix}"
            path.write_bytes(fuzzer.make(failure.seed))
        print(f"  their inputs are in {keep}")
