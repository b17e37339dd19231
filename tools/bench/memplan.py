"""Orders and offsets of known instances: `python -m tinyml_opt.tools.bench.memplan FOLDER...`.

A `.json` file is a graph to be scheduled, `{"tensors": {name: bytes}, "inputs": [name], "outputs": [name], "ops":
[{"inputs": [name], "outputs": [name]}]}`, ops in the given order. Inputs and outputs of the graph count: inputs live
from the start to their last use, outputs from their first write to the end. Tensors without a writer that are no input
are constants. A `.csv` file is an instance of MiniMalloc, `id,lower,upper,size`; where its name is `NAME.BYTES.csv`,
BYTES is a capacity, and the search stops at the first plan that fits.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...lowering.import_minimalloc import parse
from ...passes.memplan.offsets.placement import Request, place
from ...passes.memplan.scheduling.graph import Graph, dataflow, peak_of, with_ends
from ...passes.memplan.scheduling.search import schedule

GRAPH = "{:36} {:>10} {:>10} {:>8} {:>10} {:>8} {:>8}"
OFFSETS = "{:40} {:>8} {:>12} {:>12} {:>8} {:>10} {:>8}"


def main(arguments: Sequence[str]) -> int:
    """Print a table for each folder; 1 where there is nothing."""
    found = False
    for folder in map(Path, arguments):
        graphs, instances = sorted(folder.glob("*.json")), sorted(folder.glob("*.csv"))
        found = found or bool(graphs or instances)
        if graphs:
            show_graphs(graphs)
        if instances:
            show_instances(instances)
    if not found:
        print("bench_memplan: give folders of .json graphs or .csv instances", file=sys.stderr)
    return 0 if found else 1


def show_graphs(paths: Sequence[Path]) -> None:
    """The least peak of each graph, and the bound (bytes)."""
    print(GRAPH.format("graph", "given", "ours", "method", "bound", "states", "seconds"))
    for path in paths:
        graph = read_graph(path)
        given = range(len(graph.preds))
        start = time.perf_counter()
        found = schedule(graph, given)
        seconds = f"{time.perf_counter() - start:.2f}"
        figures = peak_of(graph, given), found.peak, found.method, found.lower_bound, found.states, seconds
        print(GRAPH.format(path.stem, *figures), flush=True)
    print()


def read_graph(path: Path) -> Graph:
    """The graph of a JSON file."""
    data: dict[str, Any] = json.loads(path.read_text())
    numbers = {name: number for number, name in enumerate(data["tensors"])}
    written = {name for op in data["ops"] for name in op["outputs"]}
    known = written | set(data["inputs"])
    inputs = [[numbers[name] for name in op["inputs"] if name in known] for op in data["ops"]]
    outputs = [[numbers[name] for name in op["outputs"]] for op in data["ops"]]
    graph = dataflow(list(data["tensors"].values()), inputs, outputs)
    return with_ends(graph, [numbers[name] for name in data["inputs"]], [numbers[name] for name in data["outputs"]])


def show_instances(paths: Sequence[Path]) -> None:
    """The arena of each instance, and how far it lies above the bound or whether it fits the capacity (bytes)."""
    print(OFFSETS.format("instance", "buffers", "bound", "ours", "waste", "capacity", "seconds"))
    fits = total = 0
    seconds = 0.0
    for path in paths:
        requests = [Request(row.lower, row.upper, row.size) for row in parse(path.read_text())]
        named = path.stem.rpartition(".")[2]
        capacity = int(named) if named.isdigit() and "." in path.stem and int(named) > 1000 else None
        start = time.perf_counter()
        found = place(requests, capacity=capacity)
        spent = time.perf_counter() - start
        verdict = "" if capacity is None else "fits" if found.peak <= capacity else "exceeded"
        if capacity is not None:
            total, fits, seconds = total + 1, fits + (found.peak <= capacity), seconds + spent
        waste = f"{100 * (found.peak / found.lower_bound - 1):.2f} %"
        figures = len(requests), found.lower_bound, found.peak, waste, verdict, f"{spent:.2f}"
        print(OFFSETS.format(path.stem, *figures), flush=True)
    if total:
        print(f"{fits} of {total} fit their capacity, in {seconds:.1f} s")
    print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
