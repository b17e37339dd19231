"""Random graphs over all operators through all levels, as a table: right, refused and why, wrong.

    PYTHONPATH=test python -m fuzz.random_graphs [--graphs N] [--first SEED] [--show SEED]

Exit code 1 where one is wrong: its float outputs are not onnxruntime's, its integers are far from them or not the same
at every level, or an exception ended it.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import onnx
from support.random_graphs import random_graph
from support.random_verdicts import FAILURES, REFUSED, Verdict, judged

CHUNK = 50
"""Graphs to one run of the compiler."""

SHOWN = 20


def verdicts_of(seeds: range) -> list[Verdict]:
    """Some of the graphs, in a process of its own."""
    warnings.simplefilter("ignore")
    return judged([graph for seed in seeds if (graph := random_graph(seed)) is not None])


def all_verdicts(first: int, count: int, jobs: int) -> Iterator[Verdict]:
    """All graphs, some at a time."""
    chunks = [range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK)]
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        for verdicts in pool.map(verdicts_of, chunks):
            yield from verdicts


def report(verdicts: Sequence[Verdict]) -> list[str]:
    """How many are what, and by style; the failures, smallest first; the reasons of refusals, most frequent first."""
    words = Counter(verdict.word for verdict in verdicts)
    styles: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        styles[verdict.graph.style][verdict.word] += 1
    lines = [f"{len(verdicts)} graphs: {counted(words)}"]
    lines += [f"  {style:<16}{counted(styles[style])}" for style in sorted(styles)]
    failures = sorted((v for v in verdicts if v.word in FAILURES), key=lambda v: len(v.graph.model.graph.node))
    lines += [f"  {failure(verdict)}" for verdict in failures[:SHOWN]]
    lines += [f"  and {len(failures) - SHOWN} more"] if len(failures) > SHOWN else []
    reasons = Counter(kind_of(verdict.reason) for verdict in verdicts if verdict.word == REFUSED)
    return [*lines, *(f"{count:>6}  {reason}" for reason, count in reasons.most_common())]


def counted(words: Counter[str]) -> str:
    """`3 right, 1 refused`"""
    return ", ".join(f"{count} {word}" for word, count in words.most_common())


def failure(verdict: Verdict) -> str:
    """How to see one again, and what is wrong with it."""
    return f"--show {verdict.graph.seed}: {verdict.word.upper()}: {verdict.reason} ({operators(verdict)})"


def operators(verdict: Verdict) -> str:
    """The operators of a graph, but for those that quantize, and its style."""
    kinds = [node.op_type for node in verdict.graph.model.graph.node if "quantizeLinear" not in node.op_type]
    return f"{', '.join(kind for kind in kinds if kind != 'QuantizeLinear')}; {verdict.graph.style}"


def kind_of(reason: str) -> str:
    """A reason without the names and numbers of its graph."""
    return re.sub(r"-?\d[\d.,e]*", "#", re.sub(r"'[^']*'", "'...'", reason))


def show(seed: int) -> int:
    """Print one graph and its verdict."""
    graph = random_graph(seed)
    if graph is None:
        print(f"{seed}: no graph")
        return 0
    (verdict,) = judged([graph])
    print(onnx.printer.to_text(graph.model), f"{graph.style}: {verdict.word} {verdict.reason}", sep="\n")
    return int(verdict.word in FAILURES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="random_graphs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--graphs", type=int, default=10_000, metavar="N", help="how many seeds")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time")
    parser.add_argument("--show", type=int, metavar="SEED", help="print one graph and what becomes of it")
    args = parser.parse_args(arguments)
    if args.show is not None:
        return show(args.show)
    verdicts: list[Verdict] = []
    for verdict in all_verdicts(args.first, args.graphs, args.jobs):
        verdicts.append(verdict)
        if verdict.word in FAILURES:
            print(failure(verdict), file=sys.stderr, flush=True)
        if len(verdicts) % 500 == 0:
            print(f"{len(verdicts)} graphs", file=sys.stderr, flush=True)
    print(*report(verdicts), sep="\n")
    return int(any(verdict.word in FAILURES for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
