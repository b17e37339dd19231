"""Schedules a folder of graphs and prints what was reached: `python -m tinyml_opt.tools.bench_memplan FOLDER`.

A graph is a JSON file `{"tensors": {name: bytes}, "inputs": [name], "outputs": [name], "ops": [{"inputs": [name],
"outputs": [name]}]}`, ops in the given order. Inputs and outputs of the graph count: inputs live from the start to
their last use, outputs from their first write to the end. Tensors without a writer that are no input are constants.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ..passes.memplan.schedule_graph import Graph, dataflow, peak_of, with_ends
from ..passes.memplan.schedule_search import schedule

VARIABLE = "MEMPLAN_GRAPHS"
"""The environment variable that names the folder when no argument does."""

ROW = "{:36} {:>10} {:>10} {:6} {:>10} {:>8} {:>8}"


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


def main(arguments: list[str]) -> int:
    """Print the table; 1 when there are no graphs."""
    folder = arguments[0] if arguments else os.environ.get(VARIABLE)
    if folder is None:
        print(f"bench_memplan: no graphs: give a folder of JSON files as argument or in {VARIABLE}", file=sys.stderr)
        return 1
    paths = sorted(Path(folder).glob("*.json"))
    if not paths:
        print(f"bench_memplan: no graphs: {folder} is no folder with JSON files", file=sys.stderr)
        return 1
    print(ROW.format("graph", "given", "ours", "method", "bound", "states", "seconds"))
    for path in paths:
        graph = read_graph(path)
        given = range(len(graph.preds))
        start = time.perf_counter()
        found = schedule(graph, given)
        seconds = f"{time.perf_counter() - start:.2f}"
        figures = peak_of(graph, given), found.peak, found.method, found.lower_bound, found.states, seconds
        print(ROW.format(path.stem, *figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
