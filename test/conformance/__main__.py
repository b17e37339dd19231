"""ONNX's own node tests, per operator: right in the float executor, right through C, refused and why, wrong, crashed.

    PYTHONPATH=test python -m conformance [--float-only] [--only OPERATOR] [--json FILE]

A case counts once: as it stands, or with all inputs but the first made constant; calibrated on its own input, at 16
bits. Exit code 1 where one is wrong or crashed.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from conformance.cases import Case, node_cases
from conformance.judging import judge
from conformance.verdicts import COARSE, CRASHED, REFUSED, RIGHT, WRONG, Outcome, Verdict, kind_of

CHUNK = 60
"""Cases that are compiled together."""

CASES: list[Case] = []
"""Those of this run: processes that are forked have them."""


def judged(indices: Sequence[int], float_only: bool) -> list[Outcome]:
    """Some of the cases, in a process of its own."""
    warnings.simplefilter("ignore")
    return judge([CASES[index] for index in indices], float_only)


def outcomes_of(jobs: int, float_only: bool) -> list[Outcome]:
    """All cases, some at a time."""
    chunks = [range(start, min(start + CHUNK, len(CASES))) for start in range(0, len(CASES), CHUNK)]
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        parts = pool.map(judged, chunks, [float_only] * len(chunks))
        return [outcome for part in parts for outcome in part]


def counts_of(verdicts: Sequence[Verdict]) -> Counter[str]:
    """How many of each word."""
    return Counter(verdict.word for verdict in verdicts)


def stages(outcomes: Sequence[Outcome]) -> dict[str, list[Verdict]]:
    """The verdicts by where they were spoken."""
    compiled = [o.c for o in outcomes if o.c is not None]
    return {"float": [o.float for o in outcomes], **({"C": compiled} if compiled else {})}


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """A line per operator, and the totals."""
    by_operator: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_operator[outcome.operator].append(outcome)
    return [line(name, by_operator[name]) for name in sorted(by_operator)] + [line("all", outcomes)]


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """Cases, and what became of them at each stage."""
    text = f"{name:<32}{len(outcomes):>5} cases"
    for stage, verdicts in stages(outcomes).items():
        counts = counts_of(verdicts)
        text += f" | {stage}: {counts[RIGHT]:>4} right {counts[REFUSED]:>4} refused"
        text += "".join(f" {counts[word]} {word.upper()}" for word in (COARSE, WRONG, CRASHED) if counts[word])
    return text


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """What is wrong or crashed, a line each."""
    return [
        f"{verdict.word.upper()} {stage} {outcome.name} ({verdict.variant}): {verdict.reason}"
        for outcome in outcomes
        for stage, verdict in (("float", outcome.float), ("C", outcome.c))
        if verdict is not None and verdict.word in (WRONG, CRASHED)
    ]


def refusals(outcomes: Sequence[Outcome]) -> list[str]:
    """The reasons, the most frequent first, each with the operators of its cases."""
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        verdict = outcome.float if outcome.c is None else outcome.c
        if verdict.word == REFUSED:
            reasons[kind_of(verdict.reason)][outcome.operator] += 1
    ranked = sorted(reasons.items(), key=lambda item: (-item[1].total(), item[0]))
    return [f"{counts.total():>5}  {reason}\n       {operators(counts)}" for reason, counts in ranked]


def operators(counts: Counter[str]) -> str:
    """`Add 3, Mul`, the most frequent first."""
    return ", ".join(name if count == 1 else f"{name} {count}" for name, count in counts.most_common())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="conformance", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--float-only", action="store_true", help="leave the way through C out")
    parser.add_argument("--only", action="append", metavar="OPERATOR", help="cases of this operator; may be repeated")
    parser.add_argument("--case", action="append", metavar="NAME", help="this case; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdict on each case")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time")
    args = parser.parse_args(arguments)
    wanted, names = set[str](args.only or ()), set[str](args.case or ())
    CASES[:] = [case for case in node_cases() if case.name in names or case.operator in wanted or not wanted | names]
    if not CASES:
        parser.error("there is no such case")
    outcomes = outcomes_of(args.jobs, args.float_only)
    if args.json is not None:
        args.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    print(*table(outcomes), "", *failures(outcomes), "", *refusals(outcomes), sep="\n")
    return int(bool(failures(outcomes)))


if __name__ == "__main__":
    sys.exit(main())
