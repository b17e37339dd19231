"""`tinyml explore`: sweeps that resume, share and lose nothing, and the algebra of fronts."""

from __future__ import annotations

import json
import logging
import os
import signal
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.tools.exploring.candidate import Candidate
from tinyml_opt.tools.exploring.cluster import run_on_dask
from tinyml_opt.tools.exploring.local import Worker
from tinyml_opt.tools.exploring.result import Result
from tinyml_opt.tools.exploring.space import candidates_of
from tinyml_opt.tools.exploring.store import Store
from tinyml_opt.tools.exploring.sweep import Sweep
from tinyml_opt.tools.pareto import Costs, dominates, pareto
from tinyml_opt.tools.tinyml import argument_parser, main

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
SWEEP = [str(DIGITS / "digits.onnx"), "--calib", str(DIGITS / "calib.npz"), "--data", str(DIGITS / "test.npz")]
POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)))


def same(point: Costs) -> Costs:
    return point


@given(POINTS)
def test_a_front_has_whatever_nothing_dominates(points: list[Costs]):
    front = pareto(points, same)
    assert set(front) == {p for p in points if not any(dominates(q, p) for q in points)}
    assert len(front) == len(set(front)) and front == sorted(front)


@given(POINTS, POINTS)
def test_fronts_of_parts_make_the_front_of_all(one: list[Costs], two: list[Costs]):
    assert pareto(pareto(one, same) + pareto(two, same), same) == pareto(two + one, same)


def parsed(*arguments: object) -> Namespace:
    return argument_parser().parse_args(["explore", *map(str, arguments)])


def candidates(*options: str) -> list[Candidate]:
    return candidates_of(parsed(*SWEEP, "--limit", "20", *options))


def explore(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> dict[str, Any]:
    assert main(["explore", *SWEEP, "--limit", "40", "--json", "-q", "--results", str(folder), *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_sweep_is_measured_once(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    options = ["--board", "uno,host", "--objective", "speed", "--ram", "60,2000", "--jobs", "2"]
    files = ["--csv", str(tmp_path / "all.csv"), "--html", str(tmp_path / "page.html")]
    first = explore(capsys, tmp_path / "results", *options, *files)
    assert first["computed"] == len(first["candidates"]) == 8 and first["quality"] == "accuracy"
    assert first["missing"] == 0
    small = [row for row in first["candidates"] if "--ram 60" in row["options"]]
    assert len(small) == 4 and not any(row["fits"] for row in small) and all("RAM" in row["reason"] for row in small)
    assert {row["board"] for row in first["front"]} == {"uno", "host"}
    assert all(row["accuracy"] > 0.8 and row["snr_db"] > 8 for row in first["front"])
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert len(lines) == 9 and sum(line.startswith("1,") for line in lines) == len(first["front"])
    page = (tmp_path / "page.html").read_text()
    assert page.count("<circle") == 4 and "<script" not in page and "http" not in page

    assert len(list((tmp_path / "results").iterdir())) == 8
    again = explore(capsys, tmp_path / "results", *options)
    assert again["computed"] == 0 and again["candidates"] == first["candidates"]
    (tmp_path / "results" / f"{first['candidates'][0]['key']}.json").write_text("{")
    assert explore(capsys, tmp_path / "results", *options)["computed"] == 1


def test_ctrl_c_leaves_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    from tinyml_opt.tools.exploring import sweep

    whole: Callable[..., Any] = sweep.completed

    def interrupted(*args: Any):
        yield next(found := whole(*args))
        found.close()
        raise KeyboardInterrupt

    command = ["explore", *SWEEP, "--board", "uno", "--limit", "20", "--jobs", "1", "--results", str(tmp_path)]
    monkeypatch.setattr(sweep, "completed", interrupted)
    assert main([*command, "--json"]) == 130
    out, err = capsys.readouterr()
    partial = json.loads(out)
    assert partial["front"] and 0 < partial["missing"] == 6 - len(partial["candidates"]) and "interrupted" in err
    monkeypatch.undo()
    assert main([*command, "--json"]) == 0
    whole_run = json.loads(capsys.readouterr().out)
    assert len(whole_run["candidates"]) == 6 and whole_run["computed"] < 6


def test_a_killed_process_costs_only_its_candidate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    begin, victims = Worker.begin, list[int]()

    def begin_and_kill(self: Worker, candidate: Candidate, wait: bool) -> None:
        begin(self, candidate, wait)
        if not victims:
            victims.append(self.process.pid or 0)
            os.kill(victims[0], signal.SIGKILL)

    monkeypatch.setattr(Worker, "begin", begin_and_kill)
    sweep = Sweep(candidates("--board", "uno", "--objective", "speed"), Store(tmp_path))
    sweep.run(jobs=1)
    assert len(sweep.results) == 2 and all(result.fits for result in sweep.results)
    assert not any(result.worker.endswith(f":{victims[0]}") for result in sweep.results)


def test_a_candidate_that_kills_is_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    begin = Worker.begin
    first, second = candidates("--board", "uno", "--objective", "speed")

    def begin_and_kill(self: Worker, candidate: Candidate, wait: bool) -> None:
        begin(self, candidate, wait)
        if candidate == first:
            self.process.kill()

    monkeypatch.setattr(Worker, "begin", begin_and_kill)
    sweep = Sweep([first, second], Store(tmp_path))
    sweep.run(jobs=1)
    assert "killed" in sweep.found[first.key].reason and sweep.found[second.key].fits
    assert Store(tmp_path).get(first.key) is None


def test_runs_share(tmp_path: Path):
    (candidate,) = candidates("--board", "uno", "--objective", "speed", "--bits", "8")
    store, worker = Store(tmp_path), Worker(tmp_path)
    other = replace(Result.refused(candidate, "measured by another run"), worker="another")
    try:
        with store.claim(candidate.key, wait=True) as mine:
            worker.begin(candidate, wait=False)
            assert mine and worker.connection.recv() is None
            store.put(other)
        worker.begin(candidate, wait=True)
        assert worker.connection.recv() == other
    finally:
        worker.end()


def test_a_killed_dask_worker_loses_nothing(tmp_path: Path):
    distributed = pytest.importorskip("distributed")
    left = candidates("--board", "uno,host,nano33ble")
    arguments = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.CRITICAL}
    kept: dict[Path, tuple[int, int]] = {}
    victim = 0
    with distributed.LocalCluster(**arguments) as cluster, distributed.Client(cluster) as client:
        pids = set(client.run(os.getpid).values())
        found = [(results := run_on_dask(left, tmp_path, client), next(results))[1]]
        victim = min(pids - {int(found[0].worker.rpartition(":")[2])})
        os.kill(victim, signal.SIGKILL)
        for path in tmp_path.glob("*.json"):
            kept[path] = (path.stat().st_ino, path.stat().st_mtime_ns)
        found += results
    assert len(pids) == 2 and 1 <= len(kept) < len(left)
    assert sorted(result.key for result in found) == sorted(candidate.key for candidate in left)
    assert len(list(tmp_path.glob("*.json"))) == len(left) and all(result.fits for result in found)
    assert all((path.stat().st_ino, path.stat().st_mtime_ns) == then for path, then in kept.items())


def test_one_message_for_bad_input(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    def error(*arguments: object) -> str:
        assert main(["explore", *map(str, arguments), "--results", str(tmp_path / "results")]) == 1
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1
        return err

    assert "no such model file" in error("none.onnx", "--board", "uno")
    assert "mars" in error(SWEEP[0], "--board", "uno,mars")
    assert "--calib" in error(SWEEP[0], "--board", "uno", "--bits", "mixed")
    assert "local-cluster" in error(*SWEEP, "--board", "uno", "--scheduler", "udp")
    many = ",".join(map(str, range(1, 20_000)))
    assert "sweep fewer" in error(*SWEEP, "--board", "uno", "--ram", many)
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model")
    assert "damaged.onnx" in error(damaged, "--board", "uno")
