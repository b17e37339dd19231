"""Damaged ONNX files: some of those of `make fuzz`, each refused in words, or compiled to C that compiles."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from fuzz.onnx_files import FUZZER, make, warm_up
from fuzz.pool import Fuzzer, Limits, run_cases

CASES = 40


def test_damaged_models_are_refused_or_compiled(capfd: pytest.CaptureFixture[str]) -> None:
    warm_up()
    with capfd.disabled():  # the cases write into files that the pool opens
        outcomes = list(run_cases(FUZZER, range(CASES)))
    assert [f"seed {o.seed}: {o.verdict}\n{o.output}" for o in outcomes if o.failed] == []
    assert {outcome.verdict for outcome in outcomes} == {"ok", "refused"}


def test_a_seed_always_makes_the_same_file() -> None:
    assert make(5) == make(5) != make(6)


def ending(how: int) -> int:
    """A tool that ends in one of the ways that the pool tells apart."""
    match how:
        case 0:
            print("done")
            return 0
        case 1:
            print("error: no; do it otherwise")
            return 1
        case 2:
            return 1
        case 3:
            print("internal error: oh")
            return 0
        case 4:
            raise ValueError("oh")
        case 5:
            os.kill(os.getpid(), signal.SIGTERM)
            return 0
        case 6:
            return len(bytearray(1 << 30))
        case _:
            while True:
                pass


def test_the_pool_tells_how_a_case_ended(capfd: pytest.CaptureFixture[str]) -> None:
    fuzzer = Fuzzer("ways", ".txt", lambda seed: b"x" * seed, lambda path, seed: ending(path.stat().st_size))
    with capfd.disabled():
        outcomes = run_cases(fuzzer, range(8), limits=Limits(memory=1 << 28, cpu=1))
        verdicts = {outcome.seed: outcome.verdict for outcome in outcomes}
    expected = ["ok", "refused", "INTERNAL", "INTERNAL", "INTERNAL", "CRASH", "MEMORY", "TIME"]
    assert [verdicts[seed] for seed in range(8)] == expected


def test_a_case_leaves_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seen = tmp_path / "folder"

    def run(path: Path, seed: int) -> int:
        seen.write_text(str(path.parent))
        (path.parent / "more").write_text("x")
        return 0

    with capfd.disabled():
        (outcome,) = run_cases(Fuzzer("one", ".txt", lambda seed: b"", run), [0])
    assert outcome.verdict == "ok"
    assert not Path(seen.read_text()).exists()
